"""What Azure runs where the operator named no endpoint, or no deployment: looked up once, by one process, for all."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.target import Level, Target
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotRead
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.resources.endpoint import read_deployments, read_endpoints

T = TypeVar("T")

NOTHING_LIVE = {
    Level.WORKSPACE: "workspace {0} has no online endpoint",
    Level.ENDPOINT: "endpoint {0} has no deployment",
}
"""Why a check of something further down has nothing to look at, by what was looked into."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found below each target that was looked into: names, or why there are none to be had.

    A target is a workspace or an endpoint, by its text. `names` is empty where Azure answered that there is nothing.
    `managed` are the endpoints that have no cluster behind them.
    `fleet` are the workspaces that were found in the run's scopes, all parts of the run's whole together.
    """

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: dict[str, NotRead] = field(default_factory=dict)
    fleet: tuple[ResourceId, ...] = ()
    managed: set[str] = field(default_factory=set)

    def expand(self, targets: Iterable[Target]) -> list[Target]:
        """The targets with everything that was found below them; those below which nothing was found stay as they
        are.
        """
        return [deepest for target in targets for deepest in self._below(target)]

    def _below(self, target: Target) -> list[Target]:
        found = [self._child(target, name) for name in self.names.get(_key(target), ())]
        return [deepest for child in found for deepest in self._below(child)] or [target]

    def _child(self, target: Target, name: str) -> Target:
        if target.level is not Level.WORKSPACE:
            return replace(target, deployment=name)
        child = replace(target, endpoint=name)
        return replace(child, found_managed=_key(child) in self.managed)

    def reason(self, target: Target) -> str | None:
        """Why nothing is below the target; None where it was not looked into, or could not be."""
        if self.names.get(_key(target)) != ():
            return None
        return NOTHING_LIVE[target.level].format(target.endpoint or target.workspace_id.name)

    def problem(self, target: Target) -> NotRead | None:
        """Why it is not known what is below the target; None where it is."""
        return self.problems.get(_key(target))

    def as_text(self) -> str:
        """For a worker of xdist, which does not look again."""
        problems = {key: _as_json(problem) for key, problem in self.problems.items()}
        fleet = [workspace.text for workspace in self.fleet]
        return json.dumps({"names": self.names, "problems": problems, "fleet": fleet, "managed": sorted(self.managed)})

    @classmethod
    def of_text(cls, text: str) -> "Discovery":
        """What the controller found."""
        content = json.loads(text)
        names = {key: tuple(found) for key, found in content["names"].items()}
        fleet = filter(None, map(parse_resource_id, content["fleet"]))
        problems = {key: _of_json(problem) for key, problem in content["problems"].items()}
        return cls(names, problems, tuple(fleet), set(content["managed"]))


def discover(targets: Sequence[Target], arm: Callable[[], Arm]) -> Discovery:
    """Look up every endpoint of the workspaces that stand alone among `targets`, and every deployment of endpoints
    that do.

    Nothing is raised: what could not be looked up is kept and must end in an ERROR, never in a run that looked at
    nothing. All workspaces are asked together, then all endpoints.
    """
    found = Discovery()
    _look(found, targets, Level.WORKSPACE, _endpoints, arm)
    _look(found, targets, Level.ENDPOINT, _deployments, arm)
    return found


def _look(
    found: Discovery,
    targets: Sequence[Target],
    level: Level,
    read: Callable[[Arm, Target], Sequence[Endpoint | Deployment]],
    arm: Callable[[], Arm],
) -> None:
    """Look below every target that ends at this level, those that were found a level higher included."""
    open_ended = [target for target in found.expand(targets) if target.level is level]
    answers = arm().together(lambda target: _attempt(lambda: read(arm(), target)), open_ended) if open_ended else []
    for target, answer in zip(open_ended, answers, strict=True):
        if isinstance(answer, NotRead):
            found.problems[_key(target)] = answer
        else:
            found.names[_key(target)] = tuple(sorted(one.name for one in answer))
            managed = (one.name for one in answer if isinstance(one, Endpoint) and one.managed)
            found.managed.update(_key(replace(target, endpoint=name)) for name in managed)


def _endpoints(arm: Arm, target: Target) -> Sequence[Endpoint]:
    try:
        return read_endpoints(arm, target.workspace_id)
    except FactAbsent:
        pass
    # A list has no other reason to be absent; the check that answers for the workspace knows it by this name.
    raise _absent(f"workspace {target.workspace_id.name}", "aml_workspace")


def _deployments(arm: Arm, target: Target) -> Sequence[Deployment]:
    try:
        return read_deployments(arm, target.workspace_id, target.need_endpoint())
    except FactAbsent:
        pass
    raise _absent(f"endpoint {target.endpoint}", "aml_endpoint")


def _absent(resource: str, fact: str) -> FactAbsent:
    problem = FactAbsent(resource)
    problem.facts.append(fact)
    return problem


def _attempt(read: Callable[[], T]) -> T | NotRead:
    try:
        return read()
    except NotRead as problem:
        return problem


def _key(target: Target) -> str:
    return target.resource_id.lower()


def _as_json(problem: NotRead) -> dict[str, Any]:
    if isinstance(problem, FactUnreadable):
        own = {"status": problem.status, "code": problem.code, "detail": problem.detail}
        return {"resource": problem.resource, "facts": problem.facts, **own, "permission": problem.permission}
    return {"resource": problem.resource, "facts": problem.facts}


def _of_json(content: dict[str, Any]) -> NotRead:
    facts = content.pop("facts")
    problem: NotRead = FactUnreadable(**content) if "code" in content else FactAbsent(**content)
    problem.facts = facts
    return problem
