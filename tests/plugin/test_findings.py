"""What a run found, as records: made once, carried by the reports, the same under xdist."""

import xml.etree.ElementTree as ElementTree

import pytest

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.finding import Finding, Outcome, kind_of
from pytest_amlpreflight.fix import EditLine, InWords, SetProperty, az
from pytest_amlpreflight.run.findings.findings import findings_of
from pytest_amlpreflight.verdict import Blocked, Culprit, NotApplicable, NotReached, blocked, for_each, not_applicable

QUIET = ("-p", "no:xdist")
VAULT_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/contoso-ml-kv"
FIXES = (SetProperty("/r", "properties.a", True), EditLine(Position("a.yml", 3), "b: 1"), az("c"), InWords("d"))
OWN_CHECK = """
    from pytest_amlpreflight import advise, blocked, check, for_each
    from pytest_amlpreflight.facts.project.position import Position

    def judge(name):
        blocked(f"rule {name} is inactive", found="Inactive", expected="Active", fix="mend it",
                where=Position("deployments/blue.yml", 7))

    @check("network")
    def test_rules(aml_target):
        advise("the rules are old", found="2019", expected="newer", fix="renew them")
        for_each(judge, ["one", "two"])
"""


def test_a_check_names_every_culprit() -> None:
    """The first does not hide the second; what does not arise for one says nothing about the others."""

    def judge(name: str) -> None:
        if name == "odd":
            not_applicable("odd")
        if name != "fine":
            blocked(f"{name} is broken", found="x", expected="y", fix="z")

    with pytest.raises(Blocked) as verdict:
        for_each(judge, ["one", "odd", "fine", "two"])

    assert [culprit.headline for culprit in verdict.value.culprits] == ["one is broken", "two is broken"]
    with pytest.raises(NotApplicable, match="odd"):
        for_each(judge, ["fine", "odd"])
    for_each(judge, ["fine"])


def test_a_kind_of_finding_holds_neither_names_nor_numbers() -> None:
    """The same tonight as tomorrow, when seven cores lack instead of eight."""
    culprit = Culprit.of("key vault contoso-ml-kv lacks 8 secrets, of 10", found="", expected="", fix="")

    assert kind_of(culprit, VAULT_ID) == "key vault lacks secrets of"


def test_what_the_check_calls_its_complaint_is_its_kind() -> None:
    """Its own word outlives a change of the sentence."""
    assert kind_of(Culprit.of("x", found="", expected="", fix="", kind="secrets-missing")) == "secrets-missing"


def test_a_finding_survives_json() -> None:
    """What a worker of xdist or a file of last night holds is the same record."""
    finding = Finding("quota::x", Outcome.FAILED, "w/e", VAULT_ID, "short", "h", "f", "e", FIXES, Position("a.yml", 3))

    assert Finding.of_json(finding.as_json()) == finding
    assert Finding.of_json({**finding.as_json(), "added": "later"}) == finding


def test_every_outcome_is_a_finding(example: pytest.Pytester) -> None:
    """Failed, passed, not applicable; unread once, and not reached for whoever stands behind it."""
    run = example.inline_run(*QUIET, "--aml-failure", "workspace-unreadable", "-k", "key_vault or code")

    found = [one for report in run.getreports("pytest_runtest_logreport") for one in findings_of(report)]

    unread = next(one for one in found if one.outcome is Outcome.ERROR)
    assert (unread.key, unread.permission) == (
        "AuthorizationFailed",
        "Microsoft.MachineLearningServices/workspaces/read",
    )
    behind = next(one for one in found if one.outcome is Outcome.NOT_REACHED)
    assert (behind.headline, behind.permission) == (
        "not reached: workspace contoso-ml is unreadable",
        unread.permission,
    )
    assert {one.check for one in found if one.outcome is Outcome.PASSED} >= {"code::scoring_script_compiles"}


@pytest.mark.parametrize("workers", [("-p", "no:xdist"), ("-n", "1")], ids=["alone", "xdist"])
def test_culprits_advice_and_places_reach_screen_and_junit(example: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """Both culprits with their lines, the advice in its own section, and the line of the user's file in JUnit."""
    example.makepyfile(test_own=OWN_CHECK)
    junit = example.path / "junit.xml"

    result = example.runpytest(*workers, f"--junitxml={junit}", "test_own.py", "--aml-endpoint", "endpoint.yml")

    result.stdout.fnmatch_lines(
        [
            "rule one is inactive",
            "  found:    Inactive",
            "  fix:      mend it",
            "rule two is inactive",
            "*= advice =*",
            "the rules are old",
            "  expected: newer",
            "FAILED * - rule one*",
        ]
    )
    case = ElementTree.parse(junit).find(".//testcase[failure]")
    assert case is not None
    said = [(one.get("name"), one.get("value")) for one in case.iter("property")]
    assert ("aml_file", "deployments/blue.yml") in said
    assert ("aml_line", "7") in said
    assert any(name == "aml_advice" and str(value).startswith("the rules are old") for name, value in said)


def test_advice_can_be_made_an_error(example: pytest.Pytester) -> None:
    """Python's own switch, in the same four lines."""
    example.makepyfile(test_own=OWN_CHECK)

    result = example.runpytest(
        *QUIET, "test_own.py", "-W", "error::pytest_amlpreflight.PreflightAdvice", "--aml-endpoint", "endpoint.yml"
    )

    result.stdout.fnmatch_lines(["the rules are old", "  found:    2019"])
    result.stdout.no_fnmatch_line("rule one is inactive")
    result.stdout.no_fnmatch_line("*= advice =*")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_verdict_is_coloured_as_pytest_is_told(example: pytest.Pytester) -> None:
    """Found in red, expected in green; without colours where pytest has none."""
    example.makepyfile(test_own=OWN_CHECK)
    arguments = (*QUIET, "test_own.py", "--aml-endpoint", "endpoint.yml")

    plain, coloured = (example.runpytest(*arguments, f"--color={wanted}") for wanted in ("no", "yes"))

    assert "\x1b" not in plain.stdout.str()
    coloured.stdout.fnmatch_lines(["*found:*\x1b[[]31mInactive\x1b[[]0m*"])


def test_a_skip_names_its_check(example: pytest.Pytester) -> None:
    """`-rs` says which question did not arise, not where in the plugin that was noticed."""
    result = example.runpytest(*QUIET, "-rs", "-k", "check_requirements_resolve or local", "aml-preflight")

    result.stdout.no_fnmatch_line("SKIPPED*site-packages*")


def test_not_reached_is_a_kind_of_not_applicable() -> None:
    """Whoever asks only whether a check was skipped needs one word."""
    assert issubclass(NotReached, NotApplicable)


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        ("AzureCloud", "portal.azure.com"),
        ("AzureUSGovernment", "portal.azure.us"),
        ("AzureChinaCloud", "portal.azure.cn"),
    ],
)
def test_a_verdict_links_to_its_resource_in_the_right_portal(example: pytest.Pytester, cloud: str, host: str) -> None:
    """One click from the failure to what has to change; each cloud has its own portal."""
    example.makepyfile(test_own=OWN_CHECK)

    result = example.runpytest(
        *QUIET, "test_own.py", "-o", "aml_emulator=", "--aml-cloud", cloud, "--aml-workspace", "contoso-ml",
        "--aml-subscription", "s", "--aml-resource-group", "g", "-o", "aml_endpoint=", "-o", "aml_deployment=",
        "--junitxml=j.xml",
    )  # fmt: skip

    assert result.parseoutcomes()["failed"] == 1
    workspace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
    assert f"https://{host}/#resource{workspace}" in (example.path / "j.xml").read_text(encoding="utf-8")
