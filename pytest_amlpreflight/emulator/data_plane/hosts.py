"""The hosts behind the resources: vaults, container registries, storage accounts, and Azure Machine Learning's
registries.

What stands behind a host is a section of the world, by host name:

    data_plane:
      contoso-ml-kv.vault.azure.net:
        secrets: {iris-key: {versions: {0f1e…: {enabled: true}}}}
      contosomlacr.azurecr.io:
        repositories: {iris: {tags: {"1": sha256:…}}}
      contosomlstore.blob.core.windows.net:
        containers: {models: {iris/model.pkl: 1824, notes.txt: "its text"}}        # bytes
      contosolake.blob.core.windows.net:
        containers: {models: {rose/: 0}}                 # a folder: listed as one where the account has `isHnsEnabled`
      eastus2.api.azureml.ms:
        registries: {azureml: {id of the registry}}

`refuses: WORD` makes a host turn its caller away, `WORD` being the service's own: `ForbiddenByFirewall`,
`ForbiddenByConnection`, `ForbiddenByRbac`, `ForbiddenByPolicy` (vault), `DENIED`, `UNAUTHORIZED` (registry),
`AuthorizationFailure`, `AuthorizationPermissionMismatch` (storage).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..answers import Answer
from ..arm import enforcement
from ..clouds import CLOUDS
from ..world import Document, World, type_of
from . import asset_registries, blobs, container_registries, firewalls, vaults
from .visit import Visit

_URIS = {
    "Microsoft.KeyVault/vaults": ("vaultUri",),
    "Microsoft.ContainerRegistry/registries": ("loginServer",),
    "Microsoft.Storage/storageAccounts": ("primaryEndpoints", "blob"),
}


Service = Callable[[Visit], Answer]


# What a caller needs, whether it is a data action, and the word with which the service refuses.
_GUARDS = {
    "microsoft.keyvault/vaults": ("Microsoft.KeyVault/vaults/secrets/readMetadata/action", True, "ForbiddenByRbac"),
    "microsoft.containerregistry/registries": (
        "Microsoft.ContainerRegistry/registries/pull/read",
        False,
        "UNAUTHORIZED",
    ),
    "microsoft.storage/storageaccounts": (
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        True,
        "AuthorizationPermissionMismatch",
    ),
}

_ONE_SECRET = re.compile(r"/secrets/[^/]+(/(?!versions$)[^/]*)?/?")


def names(world: World) -> Collection[str]:
    """Every host of the world's vaults, registries and storage accounts, and what else its `data_plane` names.

    The name of what was deleted is gone with it, whatever stood behind it. Endpoints have theirs by their `scoringUri`.
    """
    return world.remembered("hosts", lambda: _names(world))


def _names(world: World) -> Collection[str]:
    found, cloud = set(_resources(world)), CLOUDS[world.cloud]
    scoring = f"inference.{urlsplit(cloud.machine_learning).hostname}"
    own = tuple(f".{suffix}" for suffix in (cloud.key_vault, cloud.registry, cloud.storage, scoring))
    asked = world.recording.hosts if world.recording else frozenset[str]()
    found |= set() if world.recording else set(_of_regions(world))
    return dict.fromkeys(sorted(found | asked | {host for host in world.data_plane if not host.endswith(own)}))


def _of_regions(world: World) -> Iterator[str]:
    """Azure Machine Learning's own addresses, which tell where a registry is: one for each region of a workspace."""
    suffix = CLOUDS[world.cloud].private_link.removeprefix("privatelink.")
    for workspace in world.of_type("Microsoft.MachineLearningServices/workspaces"):
        if region := str(workspace.get("location") or "").replace(" ", "").lower():
            yield f"{region}.{suffix}"


def held(world: World, host: str, path: str) -> Mapping[str, Any]:
    """What stands behind a host for this caller: nothing but a refusal where Azure looks and no role admits it."""
    resource = _resources(world).get(host.lower())
    if resource is None:
        return world.held_by(host)
    action, data, word = _GUARDS[type_of(resource).lower()]
    one = _ONE_SECRET.fullmatch(path) is not None
    if one:
        action = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
    admitted = enforcement.admits(world, action, resource["id"], data=data)
    if _has_policies(resource):
        admitted, word = enforcement.meets_policy(world, resource, "get" if one else "list"), "ForbiddenByPolicy"
    if shut := firewalls.refusal(world, resource):
        admitted, word = False, shut
    folders = {"folders": True} if (resource.get("properties") or {}).get("isHnsEnabled") else {}
    return world.held_by(host) | folders | ({} if admitted else {"refuses": word})


def _has_policies(resource: Document) -> bool:
    """A vault that was not given to Azure's roles has access policies, and roles count for nothing there."""
    rbac = (resource.get("properties") or {}).get("enableRbacAuthorization")
    return type_of(resource).lower() == "microsoft.keyvault/vaults" and not rbac


def _resources(world: World) -> dict[str, Document]:
    """The vaults, registries and storage accounts by their hosts."""
    found = {}
    for arm_type, members in _URIS.items():
        for document in world.of_type(arm_type):
            value: Any = document.get("properties") or {}
            for member in members:
                value = value.get(member) if isinstance(value, dict) else None
            if value:
                found[(urlsplit(value).hostname or str(value)).lower()] = document
    return found


def behind(world: World, host: str) -> Service | None:
    """The service that answers under this host name; None for a host that is none of these."""
    if host.lower() not in names(world):
        return None
    cloud, holds = CLOUDS[world.cloud], world.held_by(host)
    if host.endswith(f".{cloud.key_vault}"):
        return vaults.answer
    if host.endswith(f".{cloud.storage}"):
        return blobs.answer
    if host.endswith(f".{cloud.registry}") or "repositories" in holds:
        return container_registries.answer
    return asset_registries.answer
