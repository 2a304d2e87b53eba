"""Every documented failure, and the healthy world: exactly the named checks notice, and nothing else does."""

import re

import pytest

from pytest_amlpreflight.emulator.failures import failure_names, load
from pytest_amlpreflight.verdict import PHASES


def outcomes(example: pytest.Pytester, *arguments: str) -> dict[str, set[str]]:
    """The checks by outcome of a run over the example, each as `<topic>::<name>`."""
    result = example.runpytest_inprocess("-p", "no:randomly", "-p", "no:xdist", "-rA", "-q", *arguments, "aml-preflight")
    assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), result.stdout.str()
    found: dict[str, set[str]] = {"PASSED": set(), "FAILED": set(), "ERROR": set()}
    for outcome, topic, name in re.findall(r"^(PASSED|FAILED|ERROR) aml-preflight::(\w+)::check_(\w+)", result.stdout.str(), re.M):
        found[outcome].add(f"{topic}::{name}")
    assert any(found.values()), result.stdout.str()
    return found


@pytest.mark.parametrize("name", failure_names())
def test_a_failure_blocks_exactly_the_checks_it_names(example: pytest.Pytester, name: str) -> None:
    """The file says which checks must notice; no other check fails, and none but the named is left without an answer."""
    failure = load(name)

    found = outcomes(example, "--aml-failure", name, "--aml-phase", failure.phase)

    assert found["FAILED"] == set(failure.blocks)
    assert found["ERROR"] == set(failure.errors)


@pytest.mark.parametrize("phase", PHASES)
def test_in_a_healthy_world_nothing_blocks(example: pytest.Pytester, phase: str) -> None:
    """Every check of the phase passes on the example or says why the question does not arise."""
    found = outcomes(example, "--aml-phase", phase)

    assert not found["FAILED"]
    assert not found["ERROR"]
