"""The checks of a run on this machine, called with values."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_amlpreflight.checks import local as checks
from pytest_amlpreflight.facts.project.local_run import LocalRun, SampleAnswer
from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import Script
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

SPEC = DeploymentSpec("blue", "iris", instance_type="Standard_DS2_v2")
FRAME = '  File "src/score.py", line 3, in init'


def run(sample: SampleAnswer | None = None, *, seconds: float | None = 2.0, mib: float | None = None) -> LocalRun:
    """A run that started."""
    return LocalRun("src/score.py", budget_seconds=310, sample=sample, measured=Measured(seconds, None, mib))


def test_script_that_starts_passes() -> None:
    """An answer to liveness is all that is asked for."""
    checks.check_script_starts(run())


def test_script_that_does_not_start_is_blocked() -> None:
    """Azure's code, the reason and the user's frames are in the verdict."""
    failed = LocalRun("src/score.py", code="UserScriptInitFailed", reason="KeyError: 'x'", traceback=(FRAME,))

    with pytest.raises(Blocked, match=r"src/score.py does not start: KeyError: 'x'") as caught:
        checks.check_script_starts(failed)

    assert caught.value.culprit.found == f"UserScriptInitFailed (locally)\n{FRAME}"


@pytest.mark.parametrize(
    "check", [checks.check_script_starts, lambda none: checks.check_script_scores_the_sample(none, None)]
)
def test_without_permission_nothing_is_run(check: object) -> None:
    """The user's code is executed only when asked for."""
    assert callable(check)

    with pytest.raises(NotApplicable, match=r"--aml-local"):
        check(None)


def test_scored_sample_passes() -> None:
    """Success is any status below 400."""
    checks.check_script_scores_the_sample(run(SampleAnswer(200, "[0]")), None)


@pytest.mark.parametrize(
    ("answer", "headline"),
    [
        (SampleAnswer(500, "{}", "KeyError: 'data'", (FRAME,)), "fails on the sample: KeyError: 'data'"),
        (SampleAnswer(400, "bad input"), "fails on the sample: bad input"),
        (SampleAnswer(None), "fails on the sample: no answer"),
    ],
)
def test_failed_sample_is_blocked(answer: SampleAnswer, headline: str) -> None:
    """The script's own exception comes first, else what was answered."""
    with pytest.raises(Blocked, match=headline):
        checks.check_script_scores_the_sample(run(answer), None)


def test_sample_is_not_reached_without_a_start() -> None:
    """One failure is reported once."""
    with pytest.raises(NotApplicable, match=r"not reached: src/score.py does not start"):
        checks.check_script_scores_the_sample(run(seconds=None), None)


def test_project_without_a_sample_is_skipped() -> None:
    """The option is named."""
    with pytest.raises(NotApplicable, match="--aml-sample-request"):
        checks.check_script_scores_the_sample(run(), None)


def test_memory_within_the_instance_passes() -> None:
    """A tenth is left to others."""
    checks.check_memory_fits_the_instance(run(mib=900.0), SPEC, 1000.0)


def test_memory_beyond_the_instance_is_blocked() -> None:
    """The container would be killed without a word."""
    with pytest.raises(Blocked, match=r"src/score.py needs more memory than Standard_DS2_v2 has") as caught:
        checks.check_memory_fits_the_instance(run(mib=901.0), SPEC, 1000.0)

    assert caught.value.culprit.expected == "at most 900 of 1000 MiB"


@pytest.mark.parametrize(("mib", "available"), [(None, 1000.0), (900.0, None)])
def test_memory_without_its_numbers_is_skipped(mib: float | None, available: float | None) -> None:
    """What was not measured or is not known is not judged."""
    with pytest.raises(NotApplicable, match=r"not measured|is not known here"):
        checks.check_memory_fits_the_instance(run(mib=mib), SPEC, available)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (json.dumps(json.dumps({"error": "zip() argument 2 is shorter"})), "zip() argument 2"),
        ('{"error": "X has 3 features, but Ridge is expecting 10"}', "X has 3 features"),
        ('{"status": "failed", "message": "no", "error": "KeyError"}', "KeyError"),
        ('{"status": "error", "message": "no column Time"}', "no column Time"),
        ('{"status": "error", "error_type": "InternalError", "trace_id": 7}', "InternalError"),
        ('{"success": false, "predictions": []}', "it calls itself failed"),
        ('[{"error": "Missing key", "details": "\'id\'"}, 400]', "Missing key"),
        ("\"KeyError: 'data'\"", "KeyError"),
        ("Traceback (most recent call last): ...", "Traceback"),
        ("[Errno 2] No such file or directory", "Errno 2"),
    ],
)
def test_an_answer_that_is_only_an_error_is_no_success(body: str, told: str) -> None:
    """The guides' own run() answers 200 to a failed request."""
    with pytest.raises(Blocked, match=r"src/score.py answers the sample with an error: .*" + re.escape(told)):
        checks.check_script_scores_the_sample(run(SampleAnswer(200, body)), None)


@pytest.mark.parametrize(
    "body",
    [
        '{"error": null, "predictions": [1]}',
        '{"status": "success", "message": "ok"}',
        '[{"label": "a"}, 404]',
        "{}",
        '{"error": ""}',
        '{"message": "hello"}',
        '"setosa"',
        "[0.1]",
        "Errors",
    ],
)
def test_an_answer_that_says_more_is_a_success(body: str) -> None:
    """A field called error may be empty, and texts are predictions too."""
    checks.check_script_scores_the_sample(run(SampleAnswer(200, body)), None)


def test_a_bare_text_is_told_where_the_script_answers_errors_so() -> None:
    """`return str(error)` says `'data'` with 200; a script that raises its errors means its texts."""
    script = Script(Path("src/score.py"), "src/score.py")
    returning = replace(script, returned_errors=(Position("src/score.py", 9),))
    answer = run(SampleAnswer(200, "\"'data'\""))

    checks.check_script_scores_the_sample(answer, script)
    with pytest.warns(PreflightAdvice, match=r"answers the sample with a bare text(.|\n)*src/score.py:9"):
        checks.check_script_scores_the_sample(answer, returning)


def test_a_redirect_is_no_success() -> None:
    """A model answers 2xx."""
    with pytest.raises(Blocked, match="fails on the sample"):
        checks.check_script_scores_the_sample(run(SampleAnswer(302, "")), None)


def test_what_cannot_be_run_says_why() -> None:
    """A registered model is not on this machine."""
    found = LocalRun("src/score.py", not_run="the model is not on this machine (iris:3)")

    with pytest.raises(NotApplicable, match="the model is not on this machine"):
        checks.check_script_starts(found)


def test_a_pickle_of_another_release_is_named_with_both_versions() -> None:
    """Beside the failure, where there is one; else as advice."""
    warning = "unpickle estimator Ridge from version 0.24.1 when using version 1.7.0"
    failed = LocalRun("src/score.py", code="UserScriptInitFailed", traceback=(FRAME,), other_versions=(warning,))

    with pytest.raises(Blocked) as caught:
        checks.check_script_starts(failed)
    with pytest.warns(PreflightAdvice, match="loads a model that another release wrote"):
        checks.check_script_starts(replace(run(), other_versions=(warning,)))

    assert caught.value.culprit.found.endswith(f"{FRAME}\n{warning}")
