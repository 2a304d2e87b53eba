"""`--aml-wait`: states that settle."""

import pytest

from pytest_amlpreflight.run.patience import LONGEST_PAUSE, Patience

QUIET = ("-p", "no:xdist", "--aml-phase", "post")


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.now += seconds


def patience(seconds: float) -> tuple[Patience, Clock]:
    """Patience of so many seconds, and its clock."""
    clock = Clock()
    return Patience(seconds, clock, clock.sleep), clock


def test_pauses_grow_and_end_on_time() -> None:
    """Half a second first, a quarter of a minute at most, and not a moment beyond what was given."""
    patient, clock = patience(300)

    waited = list(patient.pauses())

    assert clock.slept[0] == 0.5
    assert max(clock.slept) == LONGEST_PAUSE
    assert waited[-1] == pytest.approx(300)
    assert len(waited) < 40


def test_the_time_is_that_of_the_whole_run() -> None:
    """A second check waits only for what the first has left: ten checks do not wait ten times."""
    patient, _ = patience(10)
    next(patient.pauses())
    list(patient.pauses())

    assert list(patient.pauses()) == []


def test_without_the_option_nobody_waits() -> None:
    """Zero seconds are no pause at all."""
    patient, clock = patience(0)

    assert list(patient.pauses()) == []
    assert clock.slept == []


def test_a_state_that_settles_passes_and_says_how_long_it_took(example: pytest.Pytester) -> None:
    """Without the option it fails; with it, the end of the run says what was waited for."""
    failure = ("--aml-failure", "deployment-settles-late", "aml-preflight/deployment.py")

    impatient = example.runpytest_inprocess(*QUIET, *failure)
    patient = example.runpytest_inprocess(*QUIET, "--aml-wait", "30", *failure)

    impatient.stdout.fnmatch_lines(["*deployment blue is still updating*"])
    patient.assert_outcomes(passed=4)
    patient.stdout.fnmatch_lines(["aml-preflight: deployment::* passed after * s, read * times"])


def test_the_verdict_says_how_long_the_run_waited(example: pytest.Pytester) -> None:
    """Bounded: the last state, after the time that was given."""
    result = example.runpytest_inprocess(
        *QUIET, "--aml-wait", "1", "--aml-failure", "deployment-still-updating", "aml-preflight/deployment.py"
    )

    result.stdout.fnmatch_lines(["  waited:   1 s, read * times"])
    result.assert_outcomes(failed=1, passed=3)


def test_a_final_state_is_not_waited_for(example: pytest.Pytester) -> None:
    """What failed does not come back."""
    result = example.runpytest_inprocess(
        *QUIET,
        "--aml-wait",
        "60",
        "--aml-failure",
        "endpoint-failed",
        "aml-preflight/deployment.py::check_endpoint_is_provisioned",
    )

    result.stdout.fnmatch_lines(["endpoint iris failed with BadRequest*"])
    result.stdout.no_fnmatch_line("*waited:*")


def test_a_log_file_holds_no_progress(example: pytest.Pytester) -> None:
    """The line that is rewritten is for terminals only."""
    result = example.runpytest_inprocess(
        *QUIET, "--aml-wait", "1", "--aml-failure", "deployment-still-updating", "aml-preflight/deployment.py"
    )

    result.stdout.no_fnmatch_line("*waiting * s of*")


def test_a_wait_must_be_a_number(example: pytest.Pytester) -> None:
    """A typing mistake is one sentence."""
    result = example.runpytest_inprocess("--aml-wait", "soon")

    result.stderr.fnmatch_lines(["*--aml-wait: 'soon' is not a number of seconds*"])
