"""Which members of Azure's answers the readers take, noticed while they do."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pytest_amlpreflight.emulator.arm import schemas
from pytest_amlpreflight.readers.connection import api_versions, arm, document
from pytest_amlpreflight.readers.connection.api_version import resource_type
from pytest_amlpreflight.readers.resources import key_vault, registry

Take = tuple[str, str, tuple[str, ...]]
"""A resource type, the api-version that was asked for, and the path to a member; `[]` is an item of a list."""

WITHOUT_A_SCHEMA: dict[tuple[str, str], str] = {}
"""Members that readers take though no published schema has them, by type and dotted path, each with the reason."""


_OF_LISTS = "a list of a provider's, which no template can declare; held against recorded answers"
_OF_ACTIONS = "what an action answers; held against recorded answers"
WITHOUT_A_TABLE = {
    "": "subscriptions and their providers: Resource Manager's own, which no template can declare",
    "Microsoft.Compute/locations/vmSizes": _OF_LISTS,
    "Microsoft.Compute/virtualMachineScaleSets": "only the tags and identities of a cluster's nodes, in every version",
    "Microsoft.KeyVault/deletedVaults": _OF_LISTS,
    "Microsoft.KeyVault/locations/deletedVaults": _OF_LISTS,
    "Microsoft.MachineLearningServices/locations/mfeOperationsStatus": _OF_ACTIONS,
    "Microsoft.MachineLearningServices/locations/quotas": _OF_LISTS,
    "Microsoft.MachineLearningServices/locations/usages": _OF_LISTS,
    "Microsoft.MachineLearningServices/locations/vmSizes": _OF_LISTS,
    "Microsoft.MachineLearningServices/locations/workspaceOperationsStatus": _OF_ACTIONS,
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/getLogs": _OF_ACTIONS,
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/listKeys": _OF_ACTIONS,
    "Microsoft.PolicyInsights/checkPolicyRestrictions": _OF_ACTIONS,
    "Microsoft.PolicyInsights/policyStates/queryResults": _OF_ACTIONS,
    "Microsoft.ResourceGraph/resources": _OF_ACTIONS,
}
"""Types whose members no table lists, each with the reason: what is taken of them cannot be held against one."""


class Traced(dict[str, Any]):
    """An object of an answer that notes each member which is asked of it."""

    def __init__(
        self, body: Mapping[str, Any], taken: set[Take], origin: tuple[str, str], path: tuple[str, ...]
    ) -> None:
        super().__init__(body)
        self._note = lambda name: taken.add((*origin, (*path, name)))
        self._wrap = lambda name, value: trace(value, taken, origin, (*path, name))

    def get(self, key: str, default: Any = None) -> Any:
        """The member, traced in its turn."""
        self._note(key)
        return self._wrap(key, super().get(key, default))

    def items(self) -> Any:
        """The members of a map: whichever they are, nobody asked for one by name."""
        return [(name, self._wrap("*", value)) for name, value in super().items()]


def trace(value: Any, taken: set[Take], origin: tuple[str, str], path: tuple[str, ...] = ()) -> Any:
    """The value, with every object in it traced; the rows of a list stand for the resource itself."""
    if isinstance(value, list):
        below = () if path == ("value",) else (*path, "[]")
        return [trace(one, taken, origin, below) for one in value]
    return Traced(value, taken, origin, path) if isinstance(value, dict) else value


def notice(monkeypatch: pytest.MonkeyPatch) -> set[Take]:
    """What the readers take from now on, until the patch is undone: no seam leads to every answer at once."""
    found: set[Take] = set()
    answer, entity = arm._answer, document.document_of

    def traced(response: Any) -> object:
        url = response.request.url
        version = parse_qs(urlsplit(url).query).get("api-version", [""])[0]
        return trace(answer(response), found, (resource_type(url), version))

    monkeypatch.setattr(arm, "_answer", traced)
    for reader, kind, version in (
        (key_vault, "Microsoft.KeyVault/vaults", api_versions.KEY_VAULT),
        (registry, "Microsoft.ContainerRegistry/registries", api_versions.CONTAINER_REGISTRY),
    ):

        def of_entity(resource: str, one: Any, origin: tuple[str, str] = (kind, version)) -> document.Document:
            body = trace(entity(resource, one).body, found, origin)
            return document.Document(resource, body)

        monkeypatch.setattr(reader, "document_of", of_entity)
    return found


def unknown(found: set[Take]) -> list[str]:
    """What was taken though its api-version has no such member, in a line each."""
    lines = []
    for kind, version, path in sorted(found):
        if not schemas.lists_members(kind) and kind not in WITHOUT_A_TABLE:
            lines.append(f"no table lists the members of {kind}, of which {'.'.join(path)} is taken")
        listed = (kind, ".".join(path)) in WITHOUT_A_SCHEMA
        if path not in (("value",), ("nextLink",)) and not listed and not schemas.knows(kind, version, path):
            lines.append(f"{kind} {version} has no {'.'.join(path)}")
    return lines
