"""ARM templates in the repository, as far as they would touch the workspace's key vault."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import Problem


class AccessPolicies(StrEnum):
    """What a template writes as a vault's access policies."""

    EMPTY = "an empty list"
    WRITTEN = "a list of its own"
    UNDECIDABLE = "a value that only the deployment knows"
    UNUSED = "nothing: the vault uses role assignments"


@dataclass(frozen=True, slots=True)
class VaultResource:
    """A key vault that a template describes. `is_deployed` is None when its condition cannot be decided here."""

    name: str
    position: Position
    access_policies: AccessPolicies
    is_deployed: bool | None = True
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """An ARM template, its nested templates included. `problem` says why it could not be read."""

    path: Path
    shown: str
    vaults: tuple[VaultResource, ...] = ()
    has_workspace: bool = False
    problem: Problem | None = None
