"""What facts are about: a workspace, one of its endpoints, one of that endpoint's deployments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.unread import NotGiven

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
    None on a run over files alone; `place` says where its subscription and resource group came from, `alias` what the
    workspace is called where its name alone is not enough. `found_managed` says that the endpoint was looked up, and is
    a managed one.
    """

    workspace: ResourceId | None
    endpoint: str | None = None
    deployment: str | None = None
    endpoint_spec: EndpointSpec | None = field(default=None, compare=False)
    deployment_spec: DeploymentSpec | None = field(default=None, compare=False)
    place: str = field(default="", compare=False)
    alias: str = field(default="", compare=False)
    found_managed: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        workspace = self.alias or (self.workspace.name if self.workspace else None)
        return "/".join(filter(None, (workspace, self.endpoint, self.deployment)))

    def __repr__(self) -> str:
        """Its id: other plugins print a test's parameters, and a spec has the user's variables in it."""
        return str(self)

    @property
    def workspace_id(self) -> ResourceId:
        """The workspace's id. Raises `NotGiven` on a run over files alone, which has no workspace."""
        if self.workspace is None:
            raise NotGiven("the workspace", "no workspace was given: --aml-workspace, or aml_workspace in the ini file")
        return self.workspace

    @property
    def asked(self) -> str:
        """The workspace's ARM id and where its parts came from: what to look at where Azure does not know it."""
        return f"{self.workspace_id} ({self.place})" if self.place else str(self.workspace_id)

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
    def own_ids(self) -> frozenset[str]:
        """The ids, in lower case, of the endpoint and the deployment, as far as it names them."""
        below = (level for level in (Level.ENDPOINT, Level.DEPLOYMENT) if level <= self.level)
        return frozenset(self.at(level).resource_id.lower() for level in below)

    @property
    def level(self) -> Level:
        """How far the target goes down."""
        return Level(sum(name is not None for name in (self.endpoint, self.deployment)))

    @property
    def known_to_be_managed(self) -> bool:
        """Whether the endpoint has no cluster behind it, and that is known before anything is read of it: by its YAML,
        or since it was looked up.
        """
        return self.endpoint_spec.managed if self.endpoint_spec else self.found_managed

    def at(self, level: Level) -> Target:
        """The same target seen from a higher level: its endpoint, its workspace."""
        if level is Level.WORKSPACE:
            return Target(self.workspace, place=self.place, alias=self.alias)
        return replace(self, deployment=None, deployment_spec=None) if level is Level.ENDPOINT else self

    def need_endpoint(self) -> str:
        """The endpoint's name. Raises `NotGiven` where none was given."""
        if self.endpoint is None:
            raise NotGiven("the endpoint", MISSING[Level.ENDPOINT])
        return self.endpoint

    def need_deployment(self) -> str:
        """The deployment's name. Raises `NotGiven` where none was given."""
        if self.deployment is None:
            raise NotGiven("the deployment", MISSING[Level.DEPLOYMENT])
        return self.deployment


def targets_at(level: Level, targets: Iterable[Target]) -> list[Target]:
    """The targets as a check of that level sees them, sorted, each once."""
    return sorted({target.at(min(level, target.level)) for target in targets}, key=str)
