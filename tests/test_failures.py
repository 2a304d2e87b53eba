"""Every documented failure, and the healthy world: exactly the named checks notice, and nothing else does."""

import pytest

from pytest_amlpreflight.emulator.failures import failure_names, load
from pytest_amlpreflight.verdict import PHASES

ADVICE_IS_AN_ERROR = ("-W", "error::pytest_amlpreflight.PreflightAdvice")


def outcomes(example: pytest.Pytester, *arguments: str) -> dict[str, set[str]]:
    """The built-in checks of a run over the example, each as `<topic>::<name>`, by what they said."""
    quiet = ("-p", "no:xdist", "-q", *ADVICE_IS_AN_ERROR)
    run = example.inline_run(*quiet, *arguments, "aml-preflight")
    assert run.ret in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    said: dict[str, set[str]] = {"passes": set(), "skips": set(), "blocks": set(), "errors": set(), "advises": set()}
    for report in run.getreports("pytest_runtest_logreport"):
        if verdict := _verdict(report):
            topic, name = report.nodeid.removeprefix("aml-preflight/").split(".py::")
            said[verdict].add(f"{topic}::{name.partition('[')[0].removeprefix('check_')}")
    assert any(said.values())
    return said


def _verdict(report: pytest.TestReport) -> str | None:
    if report.failed:
        advice = "PreflightAdvice" in str(report.longrepr)
        return "errors" if report.when != "call" else "advises" if advice else "blocks"
    return "skips" if report.skipped else "passes" if report.when == "call" else None


@pytest.mark.parametrize("name", failure_names())
def test_a_failure_is_noticed_by_exactly_the_checks_it_names(example: pytest.Pytester, name: str) -> None:
    """The file says which checks must notice and how; no other check fails or is left without an answer."""
    failure = load(name)

    said = outcomes(example, "--aml-failure", name, "--aml-phase", failure.phase)

    assert said["blocks"] == set(failure.blocks)
    assert said["errors"] == set(failure.errors)
    assert said["advises"] == set(failure.advises)


@pytest.mark.usefixtures("whole_runs")
@pytest.mark.parametrize("phase", PHASES)
def test_in_a_healthy_world_nothing_blocks(example: pytest.Pytester, phase: str) -> None:
    """Every check of the phase passes on the example or says why the question does not arise; none even advises."""
    said = outcomes(example, "--aml-phase", phase)

    assert said["passes"]
    assert not said["blocks"] | said["errors"] | said["advises"]
