"""What follows from other resources and has an id of its own in Azure, so that no world says it twice: the tags of a
resource, containers of blobs, pools of a cluster, what a private endpoint can lead to.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from .. import ids
from ..clouds import CLOUDS
from ..ids import ArmPath
from ..world import Document, World
from .limits import LISTS, View, holder, locations

_LEADS_TO = {
    "microsoft.containerregistry/registries": {"registry": ("registry",)},
    "microsoft.keyvault/vaults": {"vault": ("default",)},
    "microsoft.machinelearningservices/workspaces": {"amlworkspace": ("default",)},
    "microsoft.storage/storageaccounts": {name: (name,) for name in ("blob", "dfs", "file", "queue", "table", "web")},
}
"""The groups of a private endpoint, and the members of each."""

_CLUSTERS = "Microsoft.ContainerService/managedClusters"
_CORS: Document = {"cors": {"corsRules": []}}


def rows(world: World, arm: ArmPath) -> list[Document] | None:
    """The members of a collection that follows from other resources, `arm` being it or one of them; None for others."""
    kind, place = arm.type.lower(), arm.path if arm.name is None else arm.path.rpartition("/")[0]
    if kind in LISTS:
        return list(LISTS[kind](world, place))
    if kind in _RESOURCES:
        return [{"id": f"{place}/{one['name']}", "type": arm.type} | one for one in _RESOURCES[kind](world, place)]
    return None


def _tags(world: World, place: str) -> Iterator[Document]:
    scope = world.get(place.rpartition("/providers/")[0]) or {}
    yield {"name": "default", "properties": {"tags": scope.get("tags") or {}}}


def _tag_names(world: World, place: str) -> Iterator[Document]:
    held = [
        one.get("tags") or {} for one in world.documents.values() if ids.within(one["id"], place.rpartition("/")[0])
    ]
    for name in sorted({name for tags in held for name in tags}):
        values = sorted({str(tags[name]) for tags in held if name in tags})
        told = [{"tagValue": value, "count": {"type": "Total", "value": 1}} for value in values]
        yield {"name": name, "tagName": name, "count": {"type": "Total", "value": len(told)}, "values": told}


def _groups(world: World, place: str) -> Iterator[Document]:
    """Resource groups that no resource of the world is, for there are resources in them: those of clusters, above all,
    which belong to their cluster.
    """
    subscription, found = place.rpartition("/")[0], dict[str, Document]()
    for one in world.documents.values():
        group = ids.above(one["id"], "resourcegroups")
        if group and ids.within(group, subscription) and world.get(group) is None:
            found.setdefault(ids.key(group), {"id": group, "location": one.get("location")})
    for told in found.values():
        name = told["id"].rpartition("/")[2]
        owners = [one["id"] for one in world.of_type(_CLUSTERS, subscription) if _nodes_of(one) == name.lower()]
        kind = {"type": "Microsoft.Resources/resourceGroups", "properties": {"provisioningState": "Succeeded"}}
        yield {**told, "name": name, **kind, "managedBy": next(iter(owners), None)}


def _nodes_of(cluster: Document) -> str:
    return str((cluster.get("properties") or {}).get("nodeResourceGroup")).lower()


def _agent_pools(world: World, place: str) -> Iterator[Document]:
    for pool in (holder(world, place).get("properties") or {}).get("agentPoolProfiles") or []:
        yield {"name": pool["name"], "properties": {name: held for name, held in pool.items() if name != "name"}}


def _upgrades(world: World, place: str) -> Iterator[Document]:
    """Which versions a cluster may go to: a world knows of none but today's."""
    told = holder(world, place).get("properties") or {}
    now = told.get("currentKubernetesVersion") or told.get("kubernetesVersion")
    pools = [
        {
            "name": pool["name"],
            "osType": pool.get("osType"),
            "kubernetesVersion": pool.get("orchestratorVersion") or now,
        }
        for pool in told.get("agentPoolProfiles") or []
    ]
    plane = {"kubernetesVersion": now, "osType": "Linux", "upgrades": None}
    yield {"name": "default", "properties": {"controlPlaneProfile": plane, "agentPoolProfiles": pools}}


def _system_identity(world: World, place: str) -> Iterator[Document]:
    owner = world.get(place.rpartition("/providers/")[0]) or {}
    identity = owner.get("identity") or {}
    if "principalId" in identity:
        known = {name: identity[name] for name in ("principalId", "tenantId") if name in identity}
        client = {"clientId": identity.get("clientId") or identity["principalId"]}
        yield {"name": "default", "location": owner.get("location"), "properties": known | client}


def _operations(world: World, place: str) -> Iterator[Document]:
    """What a deployment of a template did: an operation for each resource that it tells of."""
    told = holder(world, place).get("properties") or {}
    for one in told.get("outputResources") or []:
        parsed = ids.parse(one["id"])
        target = {"id": one["id"], "resourceType": parsed and parsed.type, "resourceName": parsed and parsed.name}
        number = str(uuid5(NAMESPACE_URL, f"{place} {one['id']}"))
        state = {"provisioningState": "Succeeded", "statusCode": "OK", "provisioningOperation": "Create"}
        times = {name: told[name] for name in ("timestamp", "duration") if name in told}
        yield {"name": number, "operationId": number, "properties": state | times | {"targetResource": target}}


def _private_links(world: World, place: str) -> Iterator[Document]:
    owner = ids.parse(place.rpartition("/")[0])
    zones = _zones_of(world, owner.type.lower()) if owner else {}
    for name, members in _LEADS_TO.get(owner.type.lower() if owner else "", {}).items():
        told = {"groupId": name, "requiredMembers": list(members), "requiredZoneNames": zones.get(name, [])}
        yield {"name": name, "properties": told}


def _zones_of(world: World, kind: str) -> dict[str, list[str]]:
    """The private DNS zones of each group (learn.microsoft.com/azure/private-link/private-endpoint-dns)."""
    cloud = CLOUDS[world.cloud]
    if kind.startswith("microsoft.storage/"):
        return {name: [f"privatelink.{name}.{cloud.storage}"] for name in _LEADS_TO[kind]}
    vault = cloud.key_vault.replace("vault.", "vaultcore.")
    notebooks = cloud.private_link.replace(".api.azureml.ms", ".notebooks.azure.net").replace(".api.", ".notebooks.")
    return {
        "registry": [f"privatelink.{cloud.registry}"],
        "vault": [f"privatelink.{vault}"],
        "amlworkspace": [cloud.private_link, notebooks],
    }


def _blob_services(world: World, place: str) -> Iterator[Document]:
    kept = {"deleteRetentionPolicy": {"enabled": False, "allowPermanentDelete": False}}
    yield {"name": "default", "sku": holder(world, place).get("sku"), "properties": _CORS | kept}


def _file_services(world: World, place: str) -> Iterator[Document]:
    kept = {"shareDeleteRetentionPolicy": {"enabled": True, "days": 7}}
    yield {"name": "default", "sku": holder(world, place).get("sku"), "properties": _CORS | kept}


def _containers(world: World, place: str) -> Iterator[Document]:
    account = world.get(place.rpartition("/blobServices/")[0]) or {}
    endpoints = (account.get("properties") or {}).get("primaryEndpoints") or {}
    for name in world.held_by(urlsplit(endpoints.get("blob") or "").hostname or "").get("containers") or {}:
        lease = {"leaseStatus": "Unlocked", "leaseState": "Available"}
        told = {"publicAccess": "None", "deleted": False, "hasImmutabilityPolicy": False, "hasLegalHold": False}
        yield {"name": name, "properties": told | lease}


def _secrets(world: World, place: str) -> Iterator[Document]:
    uri = (holder(world, place).get("properties") or {}).get("vaultUri") or ""
    for name, held in (world.held_by(urlsplit(uri).hostname or "").get("secrets") or {}).items():
        latest = list(held["versions"].items())[-1:]
        for version, attributes in latest:
            secret = f"{uri.rstrip('/')}/secrets/{name}"
            told = {"secretUri": secret, "secretUriWithVersion": f"{secret}/{version}", "attributes": attributes or {}}
            yield {"name": name, "properties": told}


_RESOURCES: dict[str, View] = {
    "microsoft.containerregistry/registries/privatelinkresources": _private_links,
    "microsoft.containerservice/managedclusters/agentpools": _agent_pools,
    "microsoft.containerservice/managedclusters/upgradeprofiles": _upgrades,
    "microsoft.keyvault/vaults/privatelinkresources": _private_links,
    "microsoft.keyvault/vaults/secrets": _secrets,
    "microsoft.machinelearningservices/workspaces/privatelinkresources": _private_links,
    "microsoft.managedidentity/identities": _system_identity,
    "microsoft.resources/deployments/operations": _operations,
    "microsoft.resources/subscriptions/locations": locations,
    "microsoft.resources/subscriptions/resourcegroups": _groups,
    "microsoft.resources/subscriptions/tagnames": _tag_names,
    "microsoft.resources/tags": _tags,
    "microsoft.storage/storageaccounts/blobservices": _blob_services,
    "microsoft.storage/storageaccounts/blobservices/containers": _containers,
    "microsoft.storage/storageaccounts/fileservices": _file_services,
    "microsoft.storage/storageaccounts/privatelinkresources": _private_links,
}
