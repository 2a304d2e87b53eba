"""`--aml-explain CODE | FILE | -`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from building import in_world

from pytest_amlpreflight import data as tables
from pytest_amlpreflight.emulator.failures import failure_names, load
from pytest_amlpreflight.facts.errors.meaning import code_meanings, meaning_of
from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.fix import fixes_of
from pytest_amlpreflight.reporting.conclusion import conclusion
from pytest_amlpreflight.reporting.explained import explain_text
from pytest_amlpreflight.reporting.explanation import Explanation
from pytest_amlpreflight.run.suite.built_in import built_in_checks, mark_of

NO_WORKSPACE = ("-p", "no:cacheprovider")
CODES = tuple(meaning.code for meaning in code_meanings().values())
KUBERNETES = {"code": "BadRequest", "details": [{"code": "KubernetesUnaccessible", "message": "InvalidCertificate"}]}
AZ = """ERROR: (BadRequest) The request is invalid.
Code: BadRequest
Exception Details: (ImageBuildFailure) Image build failed.
    Code: ImageBuildFailure
"""


def explained_codes() -> list[str]:
    """A failure file for every code and every check that it can come from, once each."""
    failures = [load(name) for name in failure_names()]
    told = {(one.code, one.blocks): one.name for one in failures if one.blocks and one.code and meaning_of(one.code)}
    return sorted(told.values())


def all_checks() -> set[str]:
    """Every check, as `<topic>::check_<name>`."""
    return {name.replace("::", "::check_") for name in built_in_checks()}


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained_without_a_workspace(pytester: pytest.Pytester, code: str) -> None:
    """Title, advice and guide, and exit code 0; nothing is asked of Azure."""
    result = pytester.runpytest_inprocess(*NO_WORKSPACE, "--aml-explain", code)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"{code}: *", "  https://*", "--aml-workspace NAME runs *"])


@pytest.mark.parametrize(("name", "check"), built_in_checks().items(), ids=built_in_checks())
def test_every_code_that_a_check_explains_is_in_the_table(name: str, check: Callable[..., None]) -> None:
    """A marker's code that nobody could ask about would be a dead end."""
    assert [code for code in mark_of(check)["explains"] if meaning_of(code) is None] == [], name


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (json.dumps({"error": KUBERNETES}), ["KubernetesUnaccessible"]),
        (
            json.dumps({"error": {"code": "UserError", "message": json.dumps(KUBERNETES)}}),
            ["KubernetesUnaccessible"],
        ),
        (AZ, ["ImageBuildFailure"]),
        ("x\nModuleNotFoundError: No module named 'lightgbm'\n", ["UserScriptImportError"]),
        ("ERR_1200 : Unable to download user container image", ["ERR_1200"]),
        ("HTTP/1.1 424 Failed Dependency", ["424"]),
        ("the score was 404 of 500, and the conflict is over", []),
        ("OutOfQuota: Kubernetes unschedulable. Details:0/1 nodes are available", ["OutOfQuota"]),
    ],
)
def test_the_telling_code_of_a_text_comes_first(text: str, codes: list[str]) -> None:
    """Raw JSON, JSON in JSON, what `az` prints, a log, the codes of 2021, a status; and no code where there is none."""
    assert list(explain_text(text, "x").codes) == codes


def test_a_file_is_explained(pytester: pytest.Pytester) -> None:
    """What was kept from a failed pipeline is enough."""
    pytester.path.joinpath("error.txt").write_text(AZ, encoding="utf-8")

    result = pytester.runpytest_inprocess(*NO_WORKSPACE, "--aml-explain", "error.txt")

    result.stdout.fnmatch_lines(["ImageBuildFailure: the image of the environment could not be built"])


def test_standard_input_is_explained(pytester: pytest.Pytester) -> None:
    """`az ... 2>&1 | pytest --aml-explain -`."""
    result = pytester.run(sys.executable, "-m", "pytest", "--aml-explain", "-", stdin=AZ.encode())

    result.stdout.fnmatch_lines(["ImageBuildFailure: *"])
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("what", "words"), [("OutOfQota", "*did you mean OutOfQuota*"), ("qwrtz", "*--aml-explain list*")]
)
def test_an_unknown_code_names_the_near_ones(pytester: pytest.Pytester, what: str, words: str) -> None:
    """A usage error in one sentence."""
    result = pytester.runpytest_inprocess(*NO_WORKSPACE, "--aml-explain", what)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([words])


def test_a_file_without_a_code_is_a_usage_error(pytester: pytest.Pytester) -> None:
    """Nothing is explained where nothing is known."""
    pytester.path.joinpath("log.txt").write_text("all is well\n", encoding="utf-8")

    result = pytester.runpytest_inprocess(*NO_WORKSPACE, "--aml-explain", "log.txt")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*log.txt: it names no code and no cause that the tables know*"])


@pytest.mark.parametrize("name", explained_codes())
def test_the_right_cause_comes_first_in_its_failures_world(example: pytest.Pytester, name: str) -> None:
    """Exactly the checks that could explain the code run, and the likeliest cause is one that the failure names."""
    failure = load(name)
    how = ("--aml-phase", failure.phase, *(("--aml-kube-context", failure.context) if failure.context else ()))

    result = example.runpytest_inprocess(
        "-p", "no:xdist", *in_world(failure.world), "--aml-explain", str(failure.code), "--aml-failure", name, *how
    )

    screen = result.stdout.str()
    first = next((line for line in screen.splitlines() if line.startswith("  1. ")), "no cause")
    assert any(first.endswith(f"({check})") for check in failure.blocks), screen


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ERR_1100", "quota-family-exhausted"),
        ("ERR_1200", "registry-pull-role-missing"),
        ("ERR_1300", "storage-read-role-missing"),
        ("ERR_2200", "log-init-fails"),
        ("ACRSecretError", "registry-pull-role-missing"),
        ("ImagePullLoopBackOff", "registry-egress-connection-rejected"),
        ("Conflict", "endpoint-being-updated"),
        ("DeploymentCrashLoopBackOff", "log-module-missing"),
        ("KubernetesCrashLoopBackOff", "log-module-missing"),
        ("MissingSubscriptionRegistration", "provider-cdn-not-registered"),
        ("UserScriptException", "log-run-function-missing"),
        ("InvalidComputeInformation", "compute-attach-failed"),
        ("InvalidComputeNoKubernetesConfiguration", "compute-attach-failed"),
        ("GetAADTokenFailed", "aks-without-a-way-to-the-registry"),
        ("InferencingClientCallFailed", "arc-cluster-offline"),
        ("TokenRefreshFailed", "nodes-without-the-extension-identity"),
        ("ACRTokenExchangeForbidden", "kubernetes-endpoint-identity-may-not-pull"),
        ("PodUnschedulable", "aks-with-two-nodes"),
    ],
)
def test_other_names_of_a_failure_lead_to_the_same_cause(example: pytest.Pytester, code: str, name: str) -> None:
    """The codes of 2021 and those of Kubernetes report the same failures as today's."""
    failure = load(name)

    result = example.runpytest_inprocess(
        *("-p", "no:xdist", *in_world(failure.world)),
        *("--aml-explain", code, "--aml-failure", name, "--aml-phase", failure.phase),
    )

    screen = result.stdout.str()
    first = next((line for line in screen.splitlines() if line.startswith("  1. ")), "no cause")
    assert any(first.endswith(f"({check})") for check in failure.blocks), screen


def test_what_no_table_knows_all_checks_of_the_phase_look_into(example: pytest.Pytester) -> None:
    """With a workspace the run never refuses: it says that nothing is known, and what was nearest."""
    example.path.joinpath("error.txt").write_text("the FrobnicatorNotReady flag is set\n", encoding="utf-8")

    result = example.runpytest_inprocess("-p", "no:xdist", "--aml-explain", "error.txt")

    result.stdout.fnmatch_lines(
        ["it names no code and no cause *every check of the phase looks", "no check found a cause"]
    )
    assert result.parseoutcomes()["passed"] > 20
    assert result.ret == pytest.ExitCode.OK


def test_a_code_that_no_check_explains_is_looked_into_by_all(example: pytest.Pytester) -> None:
    """A sign-in that failed has no check of its own."""
    example.path.joinpath("error.txt").write_text("AADSTS50076: use multi-factor authentication\n", encoding="utf-8")

    result = example.runpytest_inprocess("-p", "no:xdist", "--aml-explain", "error.txt")

    result.stdout.fnmatch_lines(["whoever calls is not signed in"])
    assert result.parseoutcomes()["passed"] > 20


def test_the_checks_that_the_words_name_come_first(example: pytest.Pytester) -> None:
    """The commonest text of all: cores, and then whatever else the code covers."""
    text = "Not enough quota available for Standard_DS3_v2 in SubscriptionId x. Current usage/limit: 0/6"
    example.path.joinpath("error.txt").write_text(text, encoding="utf-8")

    result = example.runpytest_inprocess(
        "-p", "no:xdist", "--aml-explain", "error.txt", "--aml-failure", "quota-family-exhausted"
    )

    result.stdout.fnmatch_lines(["OutOfQuota: the cores of *", "likeliest cause:", "  1. *(quota::family_quota_fits_*"])


def test_only_the_checks_that_could_explain_it_run(example: pytest.Pytester) -> None:
    """Of every phase: what was ruled out is named, and so is what does not arise."""
    result = example.runpytest_inprocess("-p", "no:xdist", "--aml-explain", "V1LegacyMode")

    result.assert_outcomes(passed=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(["no check found a cause", "ruled out: workspace::workspace_allows_v2_apis"])


def test_the_end_of_a_run_sorts_what_was_said() -> None:
    """Causes by likelihood, then what was ruled out, what could not be looked at, and what does not arise."""
    quota = Explanation("OutOfQuota", ("OutOfQuota",))
    said = [
        Finding(
            "deployment::deployment_is_provisioned",
            Outcome.FAILED,
            headline="deployment blue failed",
            fixes=fixes_of("x"),
        ),
        Finding("quota::family_quota_fits_the_deployment", Outcome.FAILED, headline="quota is short"),
        Finding("quota::compute_objects_remain", Outcome.PASSED),
        Finding("quota::model_fits_the_disk", Outcome.ERROR, headline="the model is unreadable", found="detail"),
        Finding("endpoint::endpoints_fit_the_region", Outcome.NOT_REACHED, headline="not reached: x"),
        Finding("quota::instance_type_is_offered", Outcome.ADVISED, headline="it is odd"),
        Finding("subscription::role_assignments_remain", Outcome.NOT_APPLICABLE, headline="it brings an identity"),
    ]

    lines = list(conclusion(quota, said))

    assert lines == [
        "likeliest cause:",
        "  1. quota is short  (quota::family_quota_fits_the_deployment)",
        "  2. deployment blue failed  (deployment::deployment_is_provisioned)",
        "     fix:      x",
        "  3. it is odd  (quota::instance_type_is_offered, advice)",
        "ruled out: quota::compute_objects_remain",
        "could not be looked at:",
        "  endpoint::endpoints_fit_the_region: not reached: x",
        "  quota::model_fits_the_disk: the model is unreadable",
        "does not arise here:",
        "  subscription::role_assignments_remain: it brings an identity",
    ]


def test_nothing_seen_is_not_nothing_found() -> None:
    """Where no check could look, the section does not say that all is well."""
    unread = Finding("quota::compute_objects_remain", Outcome.ERROR, headline="unreadable")

    nothing = conclusion(Explanation("x", ("OutOfQuota",)), [unread])

    assert next(nothing) == "no check could look for a cause"


def test_the_table_names_checks_that_exist() -> None:
    """A name that is misspelt would never run, and nobody would miss it."""
    named = {check for row in tables.load("error-wordings").rows for check in row.get("checks") or ()}

    assert named - {check.replace("::check_", "::") for check in all_checks()} == set()


def test_logs_come_with_a_failed_deployment_and_into_junit(example: pytest.Pytester) -> None:
    """As sections on the terminal and as properties in JUnit; a run without a failure has neither."""
    junit = Path(example.path / "junit.xml")

    result = example.runpytest_inprocess(
        "-p", "no:xdist", "--aml-phase", "post", "--aml-failure",
        "deployment-failed-container-crashes", f"--junitxml={junit}",
        "aml-preflight/deployment.py::check_deployment_is_provisioned",
    )  # fmt: skip

    result.stdout.fnmatch_lines(["*InferenceServer log*", "*No module named 'lightgbm'*"])
    assert "aml_InferenceServer_log" in junit.read_text(encoding="utf-8")
