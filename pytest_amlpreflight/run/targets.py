"""What is inspected: workspaces, their endpoints, and those endpoints' deployments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.verdict import NotReached

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec


class Level(IntEnum):
    """How much of a target a fact is about."""

    WORKSPACE = 0
    ENDPOINT = 1
    DEPLOYMENT = 2


MISSING = {
    Level.ENDPOINT: "no endpoint was given (--aml-endpoint NAME or FILE)",
    Level.DEPLOYMENT: "no deployment was given (--aml-deployment NAME or FILE)",
}
"""Why a check that looks at an endpoint or a deployment has nothing to look at."""


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """One workspace, with one endpoint and one deployment as far as they were given; `str()` is its id in a node id.

    A spec is what is about to be deployed under that name; without one the name means what Azure runs. `workspace` is
    None on a run over files alone.
    """

    workspace: ResourceId | None
    endpoint: str | None = None
    deployment: str | None = None
    endpoint_spec: EndpointSpec | None = field(default=None, compare=False)
    deployment_spec: DeploymentSpec | None = field(default=None, compare=False)

    def __str__(self) -> str:
        workspace = self.workspace.name if self.workspace else None
        return "/".join(filter(None, (workspace, self.endpoint, self.deployment)))

    def __repr__(self) -> str:
        """Its id: other plugins print a test's parameters, and a spec has the user's variables in it."""
        return str(self)

    @property
    def workspace_id(self) -> ResourceId:
        """The workspace's id. Raises `NotRead` on a run over files alone, which has no workspace."""
        if self.workspace is None:
            raise NotRead("the workspace", "no workspace was given: --aml-workspace, or aml_workspace in the ini file")
        return self.workspace

    @property
    def group(self) -> str:
        """What the target shares its facts with: its workspace's name, or its endpoint's on a run over files alone."""
        return str(self).partition("/")[0]

    @property
    def resource_id(self) -> str:
        """The ARM id of the lowest resource it names."""
        tail = [f"/onlineEndpoints/{self.endpoint}"] if self.endpoint else []
        tail += [f"/deployments/{self.deployment}"] if self.deployment else []
        return "".join([self.workspace.text if self.workspace else "", *tail])

    @property
    def level(self) -> Level:
        """How far the target goes down."""
        return Level(sum(name is not None for name in (self.endpoint, self.deployment)))

    def at(self, level: Level) -> Target:
        """The same target seen from a higher level: its endpoint, its workspace."""
        if level is Level.WORKSPACE:
            return Target(self.workspace)
        return replace(self, deployment=None, deployment_spec=None) if level is Level.ENDPOINT else self

    def need_endpoint(self) -> str:
        """The endpoint's name. Raises `NotReached` where none was given."""
        if self.endpoint is None:
            raise NotReached(MISSING[Level.ENDPOINT])
        return self.endpoint

    def need_deployment(self) -> str:
        """The deployment's name. Raises `NotReached` where none was given."""
        if self.deployment is None:
            raise NotReached(MISSING[Level.DEPLOYMENT])
        return self.deployment


def targets_at(level: Level, targets: Iterable[Target]) -> list[Target]:
    """The targets as a check of that level sees them, sorted, each once."""
    return sorted({target.at(min(level, target.level)) for target in targets}, key=str)


def choose_targets(
    workspaces: Sequence[ResourceId | None],
    endpoints: Sequence[str | EndpointSpec],
    deployments: Sequence[str | DeploymentSpec],
) -> list[Target]:
    """Every workspace with every endpoint, and the deployments with the endpoint they belong to.

    A deployment spec names its endpoint; the name of a live deployment needs exactly one endpoint, or the form
    `ENDPOINT/DEPLOYMENT`. Raises `pytest.UsageError` where a deployment belongs to none of the endpoints given, and
    where two files describe the same one, since only one of them could be judged.
    """
    _unlike([(_name(given), given) for given in endpoints], "endpoint")
    specs = {_name(given): None if isinstance(given, str) else given for given in endpoints}
    placed = [_place(given, list(specs)) for given in deployments]
    _unlike([(f"{endpoint}/{name}", spec or name) for endpoint, name, spec in placed], "deployment")
    with_deployments = {endpoint for endpoint, _, _ in placed}
    rows = [*placed, *((endpoint, None, None) for endpoint in specs if endpoint not in with_deployments)]
    return [
        Target(workspace, endpoint, deployment, specs.get(endpoint), spec)
        for workspace in workspaces
        for endpoint, deployment, spec in rows
    ] or [Target(workspace) for workspace in workspaces]


def _place(given: str | DeploymentSpec, endpoints: list[str]) -> tuple[str, str, DeploymentSpec | None]:
    if not isinstance(given, str):
        if endpoints and given.endpoint_name not in endpoints:
            where = given.where("endpoint_name")
            named = f"endpoint_name {given.endpoint_name!r}"
            raise pytest.UsageError(f"{where}: {named} is not the endpoint given, {_or(endpoints)}")
        return given.endpoint_name, given.name, given
    endpoint, _, deployment = given.rpartition("/")
    if endpoint and endpoints and endpoint not in endpoints:
        raise pytest.UsageError(
            f"--aml-deployment {given}: endpoint {endpoint!r} is not the one given, {_or(endpoints)}"
        )
    if not endpoint and len(endpoints) != 1:
        how = "needs --aml-endpoint" if not endpoints else "could belong to any of " + _or(endpoints)
        raise pytest.UsageError(f"--aml-deployment {given}: {how}; ENDPOINT/{given} says which")
    return endpoint or endpoints[0], deployment, None


def _unlike(given: Sequence[tuple[str, str | EndpointSpec | DeploymentSpec]], noun: str) -> None:
    """Refuse what would stand under one name twice: a file and another file, or a file and a live one."""
    first: dict[str, str] = {}
    for name, one in given:
        where = f"--aml-{noun} {one}" if isinstance(one, str) else one.source.path
        if first.setdefault(name, where) != where:
            raise pytest.UsageError(
                f"{first[name]} and {where} are both {noun} {name}; inspect each in a run of its own"
            )


def _name(given: str | EndpointSpec) -> str:
    return given if isinstance(given, str) else given.name


def _or(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)
