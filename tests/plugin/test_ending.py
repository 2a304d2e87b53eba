"""How a run ends: its last words, its exit code, and what JUnit says of it as a whole."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.fix import az, fixes_of
from pytest_amlpreflight.reporting.ending import COULD_NOT_LOOK, last_words

QUIET = ("-p", "no:xdist")
SHORT = Finding(
    "quota::x",
    Outcome.FAILED,
    "w/e/d",
    key="short",
    headline="quota is short",
    fixes=fixes_of((az("one"), "(or so)")),
    phase="pre",
)
UNREAD = Finding("key_vault::y", Outcome.ERROR, "w", headline="key vault v is unreadable", behind="key vault v")
BEHIND = Finding("key_vault::z", Outcome.NOT_REACHED, "w", headline="not reached: ...", behind="key vault v")
PASSED = Finding("quota::ok", Outcome.PASSED, "w")


def test_the_last_words_name_each_cause_what_to_run_and_what_waits_behind_it() -> None:
    """In the order of the checks; what was not reached stands under what stood in its way."""
    assert list(last_words([UNREAD, SHORT, BEHIND, PASSED])) == [
        "",
        "aml-preflight: what stops this deployment",
        "  1. quota is short",
        "     az one",
        "  2. key vault v is unreadable",
        "     1 not reached behind it: key_vault::z",
    ]


def test_quiet_and_green_runs_end_with_a_line() -> None:
    """The number of what was looked at says that something was."""
    assert list(last_words([SHORT, UNREAD], verbosity=-1)) == [
        "aml-preflight: what stops this deployment: quota is short (and 1 more)"
    ]
    assert list(last_words([PASSED])) == ["aml-preflight: nothing found that is in the way (1 passed)"]
    assert list(last_words([BEHIND])) == ["aml-preflight: nothing was looked at (1 not reached)"]
    assert list(last_words([])) == []


def test_many_workspaces_end_with_the_most_frequent_findings() -> None:
    """Nobody reads a thousand verdicts: counts first, and where most of them are."""
    found = [Finding("quota::x", Outcome.FAILED, f"w{number}/e", key="short", headline="h") for number in (1, 2, 2)]

    lines = list(last_words(found))

    assert lines[2:] == ["      3 x quota::x: short", "  most of them in w2 (2), w1 (1)"]
    assert list(last_words(found, verbosity=-1)) == [
        "aml-preflight: what was found: 3 findings in 2 workspaces, most often quota::x: short (3)"
    ]


@pytest.mark.parametrize(
    ("failure", "code"),
    [("quota-family-exhausted", pytest.ExitCode.TESTS_FAILED), ("workspace-unreadable", COULD_NOT_LOOK)],
)
@pytest.mark.parametrize("workers", [QUIET, ("-n", "1")], ids=["alone", "xdist"])
def test_not_having_looked_has_an_exit_code_of_its_own(
    example: pytest.Pytester, workers: tuple[str, ...], failure: str, code: int
) -> None:
    """Whoever gates a deployment can tell "will not work" from "could not look"."""
    result = example.runpytest(*workers, "--aml-failure", failure, "-k", "quota or key_vault", "aml-preflight")

    assert result.ret == code
    result.stdout.fnmatch_lines(["aml-preflight: what stops this deployment"])


def test_what_a_check_finds_unreadable_at_its_end_is_an_error_as_well(example: pytest.Pytester) -> None:
    """Another private endpoint may have the address, and cannot be read: nobody looked, and nothing failed."""
    world = Path(__file__).parents[1] / "worlds" / "private-endpoint-of-another-team-is-asked.yml"

    result = example.runpytest(
        *(*QUIET, "--aml-failure", str(world), "--aml-phase", "post"),
        *("-k", "check_scoring_host_resolves_to_the_private_endpoint", "aml-preflight"),
    )

    result.assert_outcomes(errors=1)
    assert result.ret == COULD_NOT_LOOK


def test_a_failure_outweighs_what_could_not_be_looked_at(example: pytest.Pytester) -> None:
    """A test of the user's own that fails is a failed run, whatever else there was."""
    example.makepyfile(test_own="def test_own():\n    assert False")

    result = example.runpytest(
        *QUIET, "--aml", "--aml-failure", "workspace-unreadable", "-k", "key_vault or own", "test_own.py"
    )

    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_junit_tells_phases_apart(example: pytest.Pytester) -> None:
    """Two files of one pipeline are two suites, each with what was inspected."""
    junit = example.path / "junit.xml"

    example.runpytest(*QUIET, f"--junitxml={junit}", "--aml-phase", "post", "-k", "check_scoring_host_resolves")

    suite = ElementTree.parse(junit).find("testsuite")
    assert suite is not None
    assert suite.get("name") == "pytest aml-preflight post"
    said = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert said["aml_phase"] == "post"
    assert str(said["aml_workspace"]).endswith("/workspaces/contoso-ml")
    assert set(said) == {"aml_workspace", "aml_subscription", "aml_phase", "aml_version"}
