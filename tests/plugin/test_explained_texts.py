"""What `--aml-explain` makes of the texts that tools print."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_amlpreflight.checks import TOPICS
from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.errors.meaning import meaning_of
from pytest_amlpreflight.facts.logs.reading import read_log
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.reporting.explained import OF_A_REQUEST, OF_A_START, explain_text, read_explanation
from pytest_amlpreflight.reporting.explanation import Explanation

WORKSPACE = "/subscriptions/s/resourceGroups/ml-prod/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
FOLDER = Path(__file__).parent / "errors"


@cache
def table(name: str) -> list[dict[str, Any]]:
    """The texts of a table."""
    return list(yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8")))


def first(explanation: Explanation) -> tuple[str, ...]:
    """The names of what comes first."""
    if explanation.causes:
        return (explanation.causes[0].name,)
    meaning = explanation.meanings[0] if explanation.meanings else None
    return (meaning.name, meaning.code) if meaning else ("nothing",)


TABLES = ("tuned", "held_out", "fresh", "unseen", "public", "callers", "strict", "services")
TEXTS = [one for name in TABLES for one in table(name)]


@pytest.mark.parametrize("one", TEXTS, ids=lambda one: one["name"])
def test_the_cause_comes_first(one: dict[str, Any]) -> None:
    """Whatever tool printed the text."""
    explanation = explain_text(one["text"], "x")

    assert one["is"] in first(explanation)
    assert list(explanation.codes) == one.get("codes", list(explanation.codes))


def test_a_test_stands_for_every_wording() -> None:
    """A row that no text shows is a guess; those under their code alone have theirs in `test_error_meaning`."""
    shown = {name for one in TEXTS for name in first(explain_text(one["text"], "x"))}
    rows = load("error-wordings").rows

    assert {row["wording"] for row in rows if not row.get("only")} - shown == set()


@pytest.mark.parametrize("bom", ["utf-16", "utf-8-sig"])
def test_what_powershell_writes_is_read(tmp_path: Path, bom: str) -> None:
    """`az ... 2> error.txt` is UTF-16 there."""
    path = tmp_path / "error.txt"
    path.write_text("(ImageBuildFailure) \x1b[31mthe build failed\x1b[0m", encoding=bom)

    assert read_explanation("error.txt", tmp_path, str).codes == ("ImageBuildFailure",)


def test_a_log_as_one_json_string_is_unpacked() -> None:
    """As `az rest` prints the answer of `getLogs`."""
    text = json.dumps({"content": "x\nModuleNotFoundError: No module named 'lightgbm'\n"})

    assert explain_text(text, "x").causes[0].what == "lightgbm"


def test_a_traceback_that_a_web_page_put_on_one_line_is_read() -> None:
    """Its frames and what follows it stand on lines of their own again."""
    text = (
        "2026-03-04 11:50:41,981 E [29] azmlinfsrv - Encountered Exception: Traceback (most recent call last): "
        'File "/opt/env/lib/python3.10/site-packages/azureml_inference_server_http/server/user_script.py", line 132, '
        'in invoke_run run_output = self._wrapped_user_run(**parameters) File "/var/azureml-app/src/score.py", line 9, '
        "in run return rows['actions'] KeyError: 'actions' 2026-03-04 11:50:42,001 I [29] azmlinfsrv - POST /score 500"
    )

    unknown = explain_text(text, "x").unknown

    assert unknown is not None
    assert (unknown.brief, unknown.where) == ("KeyError: 'actions'", " in score.py, line 9")


def test_a_log_copied_out_of_a_json_string_is_unpacked() -> None:
    """Its line breaks are written ones."""
    lines = ("a", "b", "c", "d", "/run: line 67: 44 Killed gunicorn", "ModuleNotFoundError: No module named 'main'", "")
    log = r"\n".join(lines)

    assert [cause.name for cause in explain_text(log, "x").causes] == ["script_missing", "out_of_memory"]


@pytest.mark.parametrize(
    "written", ["\n".join, lambda records: json.dumps("\n".join(records)), "".join], ids=["lines", "string", "no lines"]
)
def test_a_long_log_of_json_records_takes_no_longer_a_record(written: Callable[[list[str]], str]) -> None:
    """Two thousand records, each with the address of a blob."""
    inner = json.dumps({"message": "GET https://store.blob.core.windows.net/a?sv=2020&sig=abc%3D"})
    record = json.dumps({"timestamp": "2019-02-01T07:06:53Z", "message": inner, "level": "INFO", "logger": "root"})

    def took(records: int) -> float:
        began = time.thread_time()
        assert not explain_text(written([record] * records), "x").known
        return time.thread_time() - began

    took(20)  # the tables are read
    assert took(2000) < 30 * took(200)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("deployment failed: OUTOFQUOTA", ("OutOfQuota",)),
        ("provisioning error outofquota (null)", ("OutOfQuota",)),
        ("E40001 was reported", ("E40001",)),
        ("Successfully installed debugpy-1.8 ptvsd-4.3 webservice-1.0", ()),
        ("an unschedulable webservice in conflict", ()),
    ],
)
def test_codes_are_found_in_any_casing_and_plain_words_are_none(text: str, codes: tuple[str, ...]) -> None:
    """Tools shout, and pipelines write everything small."""
    assert explain_text(text, "x").codes == codes


def test_codes_name_no_checks() -> None:
    """Which checks explain a code the checks themselves say."""
    assert not [row["code"] for row in load("error-codes").rows if "checks" in row]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"error":{"code":"WineCellarLocked","message":"Closed\nuntil May."}}', "WineCellarLocked: Closed until May."),
        ("wine.CorkError: dry", "CorkError: dry"),
        ("azure.core.exceptions.CorkError: (Dry)\nThe cork is dry.", "CorkError: (Dry) The cork is dry."),
        ("Step 3 of 4\n##[error]The cellar could not be opened.\nBye", "##[error]The cellar could not be opened."),
        ('{"error": {"code": "Wine.Cork", "message": "Bottles { cork: \\"dry', 'Bottles { cork: \\"dry'),
        ("All is well", None),
    ],
)  # fmt: skip
def test_an_error_that_nobody_knows_is_told_in_its_own_words(text: str, told: str | None) -> None:
    """Nothing is made of it, and nobody has to search it."""
    explanation = explain_text(text, "x")

    assert (explanation.known, explanation.told) == (False, told)
    assert (f"  it says: {told}" in explanation.lines()) == bool(told)


def test_an_error_that_nobody_knows_is_looked_into_by_what_it_speaks_of() -> None:
    """Every check looks, and those of its topics come first."""
    explanation = explain_text("The cellar's key vault could not be opened by the managed identity.", "x")

    assert explanation.topics == ("identity", "key_vault")
    assert next(explanation.lines()).endswith("every check of the phase looks, those of identity and key_vault first")
    assert not explanation.codes
    ordered = sorted(
        ("spec::spec_matches_the_schema", "key_vault::vault_keeps_the_workspace_access"), key=explanation.place
    )
    assert ordered[0] == "key_vault::vault_keeps_the_workspace_access"


def test_a_code_whose_message_decides_is_told_with_its_message() -> None:
    """And looked into by what the message speaks of: the code alone says little."""
    explanation = explain_text('{"error": {"code": "BadArgument", "message": "The key vault is full of corks"}}', "x")

    assert explanation.codes == ("BadArgument",)
    assert "  it says: BadArgument: The key vault is full of corks" in explanation.lines()
    assert explanation.topics == ("key_vault",)


def test_a_sentence_that_nobody_knows_is_read_by_its_words() -> None:
    """They are no cause: every check looks, those that look at what is named first."""
    explanation = explain_text("(WineError) The environment cellar:3 could not be found", "x")

    lines = list(explanation.lines())

    assert not explanation.known
    assert lines[:2] == [
        "by its words alone: an environment is not there",
        "  compare its name, version, workspace, resource group and subscription with",
    ]
    assert any(line.endswith("every check of the phase looks, those of assets first") for line in lines)
    ordered = sorted(("spec::spec_matches_the_schema", "assets::environment_exists"), key=explanation.place)
    assert ordered[0] == "assets::environment_exists"


def test_an_exception_of_v1_is_told_by_its_message() -> None:
    """Its name stands twice, and the message on a line of its own."""
    raised = 'Traceback (most recent call last):\n  File "local.py", line 7, in f\n'
    text = (
        f"{raised}a.WebserviceException: WebserviceException:\n\tMessage: Cannot call reload().\n\tInnerException None"
    )

    unknown = explain_text(text, "x").unknown

    assert unknown is not None
    assert unknown.brief == "WebserviceException: Cannot call reload()."


def test_words_that_fill_a_line_are_not_glued() -> None:
    """Only where the joined text is known is it what the screen broke."""
    explanation = explain_text(f"{'The wine has no '[:-1]:x<39} in\ncellar seven: error", "x")

    assert "incellar" not in (explanation.told or "")


def test_the_topics_of_errors_are_topics_of_checks() -> None:
    """Else none would come first."""
    assert {row["topic"] for row in load("error-topics").rows} <= set(TOPICS)


def test_an_exception_that_nobody_knows_is_told_with_its_place() -> None:
    """Whoever printed it: a container's log need not show that it is one."""
    explanation = explain_text(
        'Traceback (most recent call last):\n  File "x.py", line 7, in f\nwine.CorkError: dry', "x"
    )

    assert next(iter(explanation.lines())) == "an exception that no table knows: CorkError: dry in x.py, line 7"


def test_what_a_serving_container_raises_is_of_a_request() -> None:
    """Whatever its functions are called: the checks of a start have nothing to say of it."""
    raised = 'Traceback (most recent call last):\n  File "/app/main.py", line 7, in score\nwine.CorkError: dry'

    assert explain_text(f"INFO:     Application startup complete.\n{raised}", "x").codes == OF_A_REQUEST
    assert explain_text(f"INFO:     Waiting for application startup.\n{raised}", "x").codes == OF_A_START


def test_the_last_complaint_of_a_server_that_nobody_knows_is_told() -> None:
    """What is neither Python nor in a table, and was not followed by success."""
    log = "2026-03-04T08:11:02Z Listening on 5001\npanic: cellar closed\ngoroutine 1 [running]:"

    assert (reading := read_log(log, failed=True)).unknown is not None
    assert (reading.unknown.brief, reading.causes) == ("panic: cellar closed", ())
    assert read_log(log, failed=False).unknown is None
    assert read_log(f"{log}\nApplication startup complete", failed=True).unknown is None


def test_an_exception_that_no_table_knows_is_told_as_that() -> None:
    """With the frames of the user's own files; the checks of a start that failed look into it."""
    log = """2026-01-01 00:00:01,000 I [7] azmlinfsrv.user_script - Invoking user's init function
2026-01-01 00:00:02,001 E [7] azmlinfsrv - Encountered Exception Traceback (most recent call last):
  File "/azureml-envs/x/lib/python3.10/site-packages/azureml_inference_server_http/server/user_script.py", line 119, in invoke_init
    self._user_init()
  File "/var/azureml-app/src/score.py", line 5, in init
    limit = settings["threshold"]
KeyError: 'threshold'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/azureml-envs/x/lib/python3.10/site-packages/azureml_inference_server_http/server/user_script.py", line 121, in invoke_init
    raise UserScriptException(ex) from ex
azureml_inference_server_http.server.user_script.UserScriptException: Caught an unhandled exception from the user script
"""  # noqa: E501

    explanation = explain_text(log, "x")

    told = list(explanation.lines())
    assert told[0] == "an exception that no table knows: KeyError: 'threshold' in score.py, line 5"
    assert "score.py" in told[1]
    assert explanation.codes == ("UserScriptInitFailed", "ResourceNotReady")


def test_advice_names_what_the_run_looks_at_and_fits_the_screen() -> None:
    """Resource group and workspace are in each command; an address or a command stays in one piece, however long."""
    target = Target(parse_resource_id(WORKSPACE), "wine", "green")
    explanation = explain_text("(ResourceNotReady) User container has crashed", "x")

    told = list(explanation.lines(60, [target]))

    text = " ".join(line.strip() for line in told)
    named = "--endpoint-name wine --name green --lines 200 --workspace-name contoso-ml --resource-group ml-prod"
    assert named in text
    assert all(len(line) <= 60 or " " not in line.strip() or line.startswith("  az ") for line in told)
    assert "ENDPOINT" in " ".join(explanation.lines(60, [target, replace(target, endpoint="rose")]))


def test_what_failed_on_this_machine_is_not_taken_for_the_containers() -> None:
    """An exception of the SDK beside the user's script is no exception of a scoring script."""
    text = """Traceback (most recent call last):
  File "deploy.py", line 9, in <module>
    load_online_deployment("deployment.yml")
  File "/home/a/venv/lib/python3.11/site-packages/azure/ai/ml/entities/_load_functions.py", line 30, in load
    open(source)
FileNotFoundError: [Errno 2] No such file or directory: 'deployment.yml'
"""
    assert not explain_text(text, "x").causes


HOSTILE = (
    "Traceback (most recent call last): File \"x\", line 1, in f " + "a.b.C" * 80_000,
    "a." * 200_000, "a-" * 100_000, '{"a":' * 40_000, "status code " * 40_000, "(A" * 100_000, "Code: x " * 50_000,
    "Failed to pull image " * 20_000, "https://b.example/?sig=abc " * 20_000, "Reason:" * 60_000,
)  # fmt: skip
CLUSTERS_CODES = (
    "ACRSecretError", "TokenRefreshFailed", "GetAADTokenFailed", "ACRAuthenticationChallengeFailed",
    "ACRTokenExchangeFailed", "KubernetesUnaccessible", "ImagePullLoopBackOff", "DeploymentCrashLoopBackOff",
    "KubernetesCrashLoopBackOff", "NamespaceNotFound", "UserScriptInitFailed", "UserScriptImportError",
    "UserScriptFunctionNotFound", "EndpointNotFound", "EndpointAlreadyExists", "ScoringFeUnhealthy",
    "ValidateScoringFailed", "InvalidDeploymentSpec", "PodUnschedulable", "PodOutOfMemory",
    "InferencingClientCallFailed", "GenericComputeError", "InvalidComputeInformation",
    "InvalidComputeNoKubernetesConfiguration", "ComputeNotFound", "ComputeNotAccessible", "GenericClusterError",
    "ClusterNotReachable", "ClusterNotFound", "ClusterServiceNotFound", "ClusterUnauthorized",
    "RefreshExtensionIdentityNotSet",
)  # fmt: skip
"""The guide's 21 codes of Kubernetes deployments and the eleven of its page on computes."""


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_the_time_it_takes_grows_with_the_text_alone(text: str) -> None:
    """Texts that were made to hold up a regular expression are explained in a moment."""
    began = time.thread_time()

    explain_text(text, "x")

    assert time.thread_time() - began < 4


@pytest.mark.parametrize("row", load("error-codes").rows, ids=lambda row: str(row["code"]))
def test_every_other_word_for_a_code_leads_to_it(row: dict[str, Any]) -> None:
    """`ImagePullBackOff` of kubectl is `ImagePullLoopBackOff` of the guide."""
    for word in row.get("also", ()):
        meaning = meaning_of(word)
        assert meaning is not None
        assert meaning.code == str(row["code"])


@pytest.mark.parametrize("code", CLUSTERS_CODES)
def test_every_code_of_a_cluster_is_known(code: str) -> None:
    """Asked for by name, as a tool prints it, and in a message that has it alone."""
    for text in (code, f"({code}) something failed", f'{{"error": {{"code": "UserError", "message": "{code}: x"}}}}'):
        assert explain_text(text, "x").codes[:1] == (code,), text


PIECES = st.sampled_from(
    [one["text"][at : at + 60] for one in TEXTS for at in (0, len(one["text"]) // 2)]
    + [
        "\n",
        "{",
        '"',
        "\\n",
        "Traceback (most recent call last):\n",
        '  File "a.py", line 1, in run\n',
        "\x1b[31m",
        "\ufeff",
        "\0",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=20), max_size=12).map("".join))
def test_whatever_is_given_is_explained_or_is_not(text: str) -> None:
    """Torn and glued texts lead to an explanation of known codes, and to no error of ours."""
    explanation = explain_text(text, "x")

    assert all(meaning_of(code) for code in explanation.codes)
    assert list(explanation.lines())


def test_a_status_that_a_logger_found_no_error_is_none() -> None:
    """A flow that tries again warns of it."""
    retried = (
        "2026-03-04 08:11:03 +0000      21 execution          WARNING  [pour in line None] stderr> error: 429, again\n"
        "2026-03-04 08:12:00 +0000      21 execution.flow     INFO     Node pour completes."
    )

    assert not explain_text(retried, "x").known


def test_a_request_that_was_served_makes_up_for_one_that_was_refused() -> None:
    """As Text Generation Inference tells of both."""
    text = (
        "2026-03-04T08:11:02.1Z  INFO text_generation_router: router/src/main.rs:312: Connected\n"
        "2026-03-04T08:31:02.1Z ERROR generate{parameters=None}:validate: router/src/infer.rs:57: `inputs` is long\n"
        "2026-03-04T08:32:02.1Z  INFO generate{p=None}: text_generation_router::server: router/server.rs:28: Success\n"
    )

    assert not explain_text(text, "x").known


@pytest.mark.parametrize("row", load("service-codes").rows, ids=lambda row: str(row["cause"]))
def test_every_published_code_of_a_service_leads_to_its_cause(row: dict[str, Any]) -> None:
    """As JSON, as a tool prints it, and behind a label; the more special of two that begin alike first."""
    for code in row["codes"]:
        for text in (f'{{"error": {{"code": "{code}", "message": "x"}}}}', f"ERROR: ({code}) x", f"ErrorCode:{code}"):
            assert row["cause"] in first(explain_text(text, "x")), text


def test_a_code_of_a_service_is_no_plain_word() -> None:
    """What is spelt in small letters, or within another word, says nothing."""
    for text in ("the leaselost page", "MyLeaseLostHandler", "conditionnotmet"):
        assert not explain_text(text, "x").known


def test_no_service_code_is_a_code_of_the_other_table() -> None:
    """Else it would never be looked up."""
    codes = [code for row in load("service-codes").rows for code in row["codes"]]

    assert len(set(codes)) == len(codes)
    assert not [code for code in codes if meaning_of(code)]


@pytest.mark.parametrize(
    "text",
    [
        "pytest: error: unrecognized arguments: --env=dev",
        '{"statusCode": 401, "message": "Access denied due to missing subscription key."}',
        "openai.RateLimitError: Requests to the ChatCompletions_Create Operation have exceeded token rate limit.",
        "ErrorCode=AdlsGen2OperationFailed,'Type=DataTransfer.X,Message=returned an invalid status code 'Forbidden'.",
        "SKU 'Premium_LRS' is not available in availability zone '2'.",
        "Cannot create private endpoint pe-1: the limit of 1000 private endpoints per network has been reached.",
        "Quota: 12/100 used. Deployment state: Succeeded. Errors: 0",
    ],
)
def test_what_is_said_of_other_things_is_not_taken_for_an_endpoints(text: str) -> None:
    """Another program's usage, another service's statuses and limits, and what is well."""
    assert not explain_text(text, "x").known


def test_a_code_s_command_has_the_names_of_the_text() -> None:
    """What stands in the message need not be filled in by hand."""
    text = "(MissingSubscriptionRegistration) The subscription is not registered to use namespace 'Microsoft.Cdn'."

    (meaning,) = explain_text(text, "a text").meanings

    assert meaning.commands_for({}) == (("az", "provider", "register", "--namespace", "Microsoft.Cdn"),)
