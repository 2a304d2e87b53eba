"""What the checks say of a world, without a pytest session: the emulator, the engine, and each check called."""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.scoring import SampleRequests
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.graph.fact import FACTS
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.graph.readings import RunReadings
from pytest_amlpreflight.graph.refusals import Refusals
from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings
from pytest_amlpreflight.readers.connection.exchange import Tap, untapped
from pytest_amlpreflight.readers.connection.read_only import DATA_PLANE, NotReadOnly, require_listed, require_read_only
from pytest_amlpreflight.readers.project.spec_file import read_deployment_spec, read_endpoint_spec
from pytest_amlpreflight.run.suite.built_in import built_in_checks, mark_of
from pytest_amlpreflight.verdict import Blocked, Culprit, NotApplicable, NotReached, PreflightAdvice

EXAMPLE = Path(__file__).parents[1] / "example_project"
WORKSPACE = (
    "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod"
    "/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
)
FILES = {
    "world.yml": ("endpoint.yml", "deployments/blue.yml"),
    "world-kubernetes.yml": ("kubernetes/endpoint.yml", "kubernetes/blue.yml"),
}
"""What is about to be deployed in each of the example's worlds."""
OF_PROCESSES = frozenset({"spec::spec_matches_the_schema", "environment::requirements_resolve"})
"""Checks whose facts start a process: no state of the cloud changes their answer."""


@dataclass
class Said:
    """The checks by what they said, the words of each that said something, and the culprits of those that block."""

    passes: set[str] = field(default_factory=set)
    skips: set[str] = field(default_factory=set)
    blocks: set[str] = field(default_factory=set)
    advises: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    words: dict[str, str] = field(default_factory=dict)
    culprits: dict[str, tuple[Culprit, ...]] = field(default_factory=dict)


def checks_of(phase: str) -> dict[str, Callable[..., object]]:
    """The checks of a phase, by their ids, in the order in which a run has them."""
    return {name: check for name, check in built_in_checks().items() if phase in mark_of(check)["phases"]}


@contextmanager
def emulated(
    monkeypatch: pytest.MonkeyPatch, world: Path = EXAMPLE / "world.yml", failures: Sequence[str] = ()
) -> Iterator[Emulator]:
    """A world that is served, with this process's identity and authority pointed at it, and no way to an index of
    packages.
    """
    emulator = Emulator(world, failures=failures)
    emulator.start()
    for name, value in {**emulator.environment, "UV_OFFLINE": "1", "UV_NO_CACHE": "1"}.items():
        monkeypatch.setenv(name, value)
    try:
        yield emulator
    finally:
        emulator.stop()


def readings_of(
    emulator: Emulator,
    phase: str,
    *,
    world: str = "world.yml",
    timeout: float = 5,
    bulk: bool = False,
    tap: Tap = untapped,
    project: Path = EXAMPLE,
    called: Callable[[str], str] = str,
    **options: Any,
) -> tuple[RunReadings, Target]:
    """A look at the example's deployment, as its `pyproject.toml` configures a run; `bulk`: as in that of a fleet."""
    settings = ConnectionSettings(
        emulator.metadata_url,
        timeout=timeout,
        dns_server=emulator.dns_server,
        azure_dns=emulator.azure_dns,
        backoff=0,
        connect_to=tuple(emulator.connect_to.split()),
    )
    target = target_of(world, project, called)
    given = {
        "samples": SampleRequests(project=project, named=frozenset({called("iris")})),
        "origin": called("https://app.contoso.com"),
        "root": project,
        "deployment_specs": (target.deployment_spec,),
    }
    run_options, azure = RunOptions(phase, **given | options), Azure(settings, tap=tap)
    readings = RunReadings(azure, run_options)
    if bulk:
        readings = RunReadings(azure.in_bulk(lambda: [_workspace(target).subscription]), run_options, readings)
    return readings, target


def target_of(world: str, project: Path = EXAMPLE, called: Callable[[str], str] = str) -> Target:
    """The example's deployment in one of its worlds; `called` is what its names are in this one."""
    workspace = parse_resource_id(called(WORKSPACE))
    assert workspace
    endpoint, deployment = (project / name for name in FILES[world])
    specs = read_endpoint_spec(endpoint, project), read_deployment_spec(deployment, project)
    return Target(workspace, called("iris"), called("blue"), *specs)


def _workspace(target: Target) -> ResourceId:
    assert target.workspace
    return target.workspace


def judge(emulator: Emulator, phase: str, only: frozenset[str] | None = None, **options: Any) -> Said:
    """What every check of the phase, those that start processes aside, says of the example's deployment."""
    return asked(*readings_of(emulator, phase, **options), phase, only)


def asked(readings: RunReadings, target: Target, phase: str, only: frozenset[str] | None = None) -> Said:
    """What every check of the phase says of a target, as it is read."""
    checks = {
        name: check
        for name, check in checks_of(phase).items()
        if name not in OF_PROCESSES and (only is None or name in only)
    }
    needs = {name: tuple(inspect.signature(check).parameters) for name, check in checks.items()}
    refusals, said = Refusals(), Said()
    for facts in needs.values():
        refusals.expect(facts)
        readings.hold([fact for fact in facts if fact in FACTS], target)
    for name, check in checks.items():
        call = partial(_call, check, needs[name], readings, target)
        outcome, words, culprits = _heard(name, call, refusals)
        if outcome not in ("passes", "skips") and readings.as_of(facts_in(needs[name]), target):
            again = partial(_call_directly, check, needs[name], readings, target)
            outcome, words, culprits = _heard(name, again, refusals)
        getattr(said, outcome).add(name)
        said.words[name], said.culprits[name] = words, culprits
    readings.cancel()
    return said


def changing(emulator: Emulator) -> list[str]:
    """The requests so far that are not known to change nothing."""
    found = list[str]()
    for method, path in [one.split(" ") for server in emulator.cluster_servers.values() for one in server.asked]:
        try:
            require_listed(path)
        except NotReadOnly:
            found.append(f"{method} {path}")
        if method != "GET":
            found.append(f"{method} {path}")
    for request in emulator.requests:
        try:
            if request.method not in ("GET", "HEAD") and not _of_data_plane(request.method, request.path):
                require_read_only(request.path)
        except NotReadOnly:
            found.append(f"{request.method} {request.path}")
    return found


def _of_data_plane(method: str, path: str) -> bool:
    """An endpoint of a cluster has its name before the last part."""
    return any(method == known and path.endswith(end) for known, end in DATA_PLANE)


def _call(check: Callable[..., object], needs: Sequence[str], readings: RunReadings, target: Target) -> None:
    check(**{need: readings.read(need, target) if need in FACTS else target for need in needs})


def _call_directly(check: Callable[..., object], needs: Sequence[str], readings: RunReadings, target: Target) -> None:
    found = readings.directly(facts_in(needs), target)
    check(**{need: found.get(need, target) for need in needs})


def facts_in(needs: Sequence[str]) -> list[str]:
    """Those of a check's arguments that are facts."""
    return [need for need in needs if need in FACTS]


def _heard(name: str, call: Callable[[], None], refusals: Refusals) -> tuple[str, str, tuple[Culprit, ...]]:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        outcome, words, culprits = _outcome(name, call, refusals)
    advice = [one.message.culprit for one in heard if isinstance(one.message, PreflightAdvice)]
    if outcome == "passes" and advice:
        return "advises", "\n".join(map(str, advice)), tuple(advice)
    return outcome, words, culprits


def _outcome(name: str, call: Callable[[], None], refusals: Refusals) -> tuple[str, str, tuple[Culprit, ...]]:
    try:
        try:
            call()
        except NotRead as problem:
            refusals.end(problem, name)
    except Blocked as verdict:
        return "blocks", str(verdict), verdict.culprits
    except (NotApplicable, NotReached) as reason:
        return "skips", str(reason), ()
    except NotRead as problem:
        return "errors", str(problem), ()
    return "passes", "", ()
