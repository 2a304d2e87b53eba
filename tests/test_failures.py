"""Every documented failure, and the healthy world: exactly the named checks notice, and nothing else does."""

from collections import Counter
from typing import Any

import pytest
from building import in_world
from judging import EXAMPLE, changing, checks_of, emulated, judge
from mending import MENDED, NOT_MENDED, capitals, unexplained, values_of
from taken import Take, notice, unknown

from pytest_amlpreflight.checks import OF_CLUSTERS
from pytest_amlpreflight.emulator.failures import Failure, failure_names, load
from pytest_amlpreflight.facts.rules.redaction import redact
from pytest_amlpreflight.finding import Outcome
from pytest_amlpreflight.reporting.ending import COULD_NOT_LOOK
from pytest_amlpreflight.run.findings.findings import findings_of
from pytest_amlpreflight.verdict import PHASES

WORDS = {
    Outcome.PASSED: "passes",
    Outcome.NOT_APPLICABLE: "skips",
    Outcome.NOT_REACHED: "skips",
    Outcome.FAILED: "blocks",
    Outcome.ADVISED: "advises",
    Outcome.ERROR: "errors",
}


def outcomes(example: pytest.Pytester, *arguments: str) -> dict[str, set[str]]:
    """The built-in checks of a run over the example, each as `<topic>::<name>`, by what they said."""
    run = example.inline_run("-p", "no:xdist", "-q", *arguments, "aml-preflight")
    assert run.ret in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, COULD_NOT_LOOK)
    said: dict[str, set[str]] = {"passes": set(), "skips": set(), "blocks": set(), "errors": set(), "advises": set()}
    for report in run.getreports("pytest_runtest_logreport"):
        for finding in findings_of(report):
            said[WORDS[finding.outcome]].add(finding.check)
    assert any(said.values())
    return said


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> set[Take]:
    """Which members of Azure's answers the readers of this test's runs take."""
    return notice(monkeypatch)


def faults(failure: Failure) -> list[dict[str, Any]]:
    """The misbehaviour of transport that is part of a failure."""
    return [change["fault"] for change in failure.change if "fault" in change]


@pytest.mark.parametrize("name", failure_names())
def test_a_failure_is_noticed_by_exactly_the_checks_it_names(
    monkeypatch: pytest.MonkeyPatch, taken: set[Take], name: str
) -> None:
    """The file says which checks must notice and how; no other check fails or is left without an answer.

    No reader takes a member that the api-version it asks for does not have.
    """
    failure = load(name)

    timeout = 2 if any(fault.get("kind") == "slow" for fault in faults(failure)) else 5

    with emulated(monkeypatch, EXAMPLE / failure.world, [name]) as emulator:
        said = judge(emulator, failure.phase, world=failure.world, timeout=timeout, kube_context=failure.context)

    assert said.blocks == set(failure.blocks), said.words
    assert said.errors == set(failure.errors), said.words
    assert said.advises == set(failure.advises), said.words
    culprits = [one for check in said.blocks for one in said.culprits[check]]
    assert any(map(values_of, culprits)) is (name in MENDED or name in NOT_MENDED), "test_fixes.py carries fixes out"
    assert unknown(taken) == []
    assert changing(emulator) == []
    shown = [one for found in said.culprits.values() for one in found]
    assert [(one.headline, blank) for one in shown for blank in unexplained(one.fixes)] == []
    assert [word for one in shown for fix in one.fixes for word in capitals(fix)] == [], "a blank that fix.py lacks"
    assert [words for words in said.words.values() if redact(words) != words] == [], "what is no secret stays"


@pytest.mark.parametrize("name", failure_names()[::16])
def test_a_whole_run_says_the_same(example: pytest.Pytester, taken: set[Take], name: str) -> None:
    """What the checks say of a failure when they are called is what a session reports."""
    failure = load(name)

    context = ("--aml-kube-context", failure.context) if failure.context else ()
    said = outcomes(example, *in_world(failure.world), *context, "--aml-failure", name, "--aml-phase", failure.phase)

    assert said["blocks"] == set(failure.blocks)
    assert said["errors"] == set(failure.errors)
    assert said["advises"] == set(failure.advises)
    assert unknown(taken) == []


@pytest.mark.usefixtures("whole_runs")
@pytest.mark.parametrize("world", ["world.yml", "world-kubernetes.yml"])
@pytest.mark.parametrize("phase", PHASES)
def test_in_a_healthy_world_nothing_blocks(example: pytest.Pytester, taken: set[Take], phase: str, world: str) -> None:
    """Every check of the phase passes on the example or says why the question does not arise; none even advises.

    No reader takes a member that the api-version it asks for does not have.
    """
    said = outcomes(example, *in_world(world), "--aml-phase", phase)

    assert said["passes"]
    assert not said["blocks"] | said["errors"] | said["advises"]
    assert "Microsoft.MachineLearningServices/workspaces" in {kind for kind, _, _ in taken}
    assert unknown(taken) == []


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_asks_for_nothing_twice(monkeypatch: pytest.MonkeyPatch, phase: str) -> None:
    """However many checks look at a resource, and by whatever name they came to it; what is under way aside."""
    with emulated(monkeypatch) as emulator:
        judge(emulator, phase)

    gets = [one for one in emulator.requests if one.method == "GET" and "operationsstatus" not in one.path.lower()]
    asked = Counter((one.host, one.path.lower(), one.query) for one in gets)
    assert [url for url, times in asked.items() if times > 1] == []


@pytest.mark.parametrize("phase", ["pre", "post"])
def test_topics_of_clusters_ask_a_managed_endpoint_nothing(monkeypatch: pytest.MonkeyPatch, phase: str) -> None:
    """Each check of theirs is a skip there: that a run leaves them out loses no answer."""
    topics = frozenset(name for name in checks_of(phase) if name.partition("::")[0] in OF_CLUSTERS)

    with emulated(monkeypatch) as emulator:
        said = judge(emulator, phase, only=topics)

    assert said.skips == topics
