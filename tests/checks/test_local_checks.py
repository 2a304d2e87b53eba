"""The checks of a run on this machine, called with values."""

import pytest

from pytest_amlpreflight.checks import local as checks
from pytest_amlpreflight.facts.project.local_run import LocalRun, SampleAnswer
from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.verdict import Blocked, NotApplicable

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


@pytest.mark.parametrize("check", [checks.check_script_starts, checks.check_script_scores_the_sample])
def test_without_permission_nothing_is_run(check: object) -> None:
    """The user's code is executed only when asked for."""
    assert callable(check)

    with pytest.raises(NotApplicable, match=r"--aml-local"):
        check(None)


def test_scored_sample_passes() -> None:
    """Success is any status below 400."""
    checks.check_script_scores_the_sample(run(SampleAnswer(200, "[0]")))


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
        checks.check_script_scores_the_sample(run(answer))


def test_sample_is_not_reached_without_a_start() -> None:
    """One failure is reported once."""
    with pytest.raises(NotApplicable, match=r"not reached: src/score.py does not start"):
        checks.check_script_scores_the_sample(run(seconds=None))


def test_project_without_a_sample_is_skipped() -> None:
    """The option is named."""
    with pytest.raises(NotApplicable, match="--aml-sample-request"):
        checks.check_script_scores_the_sample(run())


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
