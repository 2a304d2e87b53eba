"""What follows from other resources and has an id of its own in Azure, so that no world says it twice: the tags of a
resource, regions, sizes of machines, containers of blobs, what a private endpoint can lead to.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from .. import ids
from ..clouds import CLOUDS
from ..ids import ArmPath
from ..world import Document, World

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
    if kind in _LISTS:
        return list(_LISTS[kind](world, place))
    if kind in _RESOURCES:
        return [{"id": f"{place}/{one['name']}", "type": arm.type} | one for one in _RESOURCES[kind](world, place)]
    return None


def _holder(world: World, place: str) -> Document:
    """The resource whose collection a place is; an empty one where there is none."""
    return world.get(place.rpartition("/")[0]) or {}


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


def _locations(world: World, place: str) -> Iterator[Document]:
    subscription = place.rpartition("/")[0]
    found = {
        one["location"] for one in world.documents.values() if "location" in one and ids.within(one["id"], subscription)
    }
    for name in sorted(found - {"global"}):
        about = {"regionType": "Physical", "regionCategory": "Recommended", "geography": name, "geographyGroup": name}
        yield {"name": name, "type": "Region", "displayName": name, "regionalDisplayName": name, "metadata": about}


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
    for pool in (_holder(world, place).get("properties") or {}).get("agentPoolProfiles") or []:
        yield {"name": pool["name"], "properties": {name: held for name, held in pool.items() if name != "name"}}


def _upgrades(world: World, place: str) -> Iterator[Document]:
    """Which versions a cluster may go to: a world knows of none but today's."""
    told = _holder(world, place).get("properties") or {}
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
    told = _holder(world, place).get("properties") or {}
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
    yield {"name": "default", "sku": _holder(world, place).get("sku"), "properties": _CORS | kept}


def _file_services(world: World, place: str) -> Iterator[Document]:
    kept = {"shareDeleteRetentionPolicy": {"enabled": True, "days": 7}}
    yield {"name": "default", "sku": _holder(world, place).get("sku"), "properties": _CORS | kept}


def _containers(world: World, place: str) -> Iterator[Document]:
    account = world.get(place.rpartition("/blobServices/")[0]) or {}
    endpoints = (account.get("properties") or {}).get("primaryEndpoints") or {}
    for name in world.held_by(urlsplit(endpoints.get("blob") or "").hostname or "").get("containers") or {}:
        lease = {"leaseStatus": "Unlocked", "leaseState": "Available"}
        told = {"publicAccess": "None", "deleted": False, "hasImmutabilityPolicy": False, "hasLegalHold": False}
        yield {"name": name, "properties": told | lease}


def _secrets(world: World, place: str) -> Iterator[Document]:
    uri = (_holder(world, place).get("properties") or {}).get("vaultUri") or ""
    for name, held in (world.held_by(urlsplit(uri).hostname or "").get("secrets") or {}).items():
        latest = list(held["versions"].items())[-1:]
        for version, attributes in latest:
            secret = f"{uri.rstrip('/')}/secrets/{name}"
            told = {"secretUri": secret, "secretUriWithVersion": f"{secret}/{version}", "attributes": attributes or {}}
            yield {"name": name, "properties": told}


def _sizes(world: World, subscription: str, location: str) -> list[Document]:
    """The sizes that the world lists for Azure Machine Learning."""
    path = f"{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}/vmSizes"
    return list((world.collections.get(ids.key(path)) or {}).get("value") or [])


def _skus(world: World, place: str) -> Iterator[Document]:
    subscription = ids.above(place, "subscriptions") or ""
    for region in _locations(world, f"{subscription}/locations"):
        for size in _sizes(world, subscription, region["name"]):
            yield _sku(size, region["name"])


def _sku(size: Document, location: str) -> Document:
    told = {"vCPUs": size["vCPUs"], "MemoryGB": size["memoryGB"], "GPUs": size.get("gpus", 0)}
    return {
        "resourceType": "virtualMachines",
        "name": size["name"],
        "tier": size["name"].partition("_")[0],
        "size": size["name"].partition("_")[2],
        "family": size["family"],
        "locations": [location],
        "locationInfo": [{"location": location, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": [{"name": name, "value": f"{value:g}"} for name, value in told.items()],
        "restrictions": [],
    }


def _vm_sizes(world: World, place: str) -> Iterator[Document]:
    location = place.split("/")[-2]
    for size in _sizes(world, ids.above(place, "subscriptions") or "", location):
        yield {
            "name": size["name"],
            "numberOfCores": size["vCPUs"],
            "memoryInMB": int(size["memoryGB"] * 1024),
            "osDiskSizeInMB": size["osVhdSizeMB"],
            "resourceDiskSizeInMB": size["maxResourceVolumeMB"],
            "maxDataDiskCount": 4 * size["vCPUs"],
        }


def _quotas(world: World, place: str) -> Iterator[Document]:
    """The limits behind the usages of dedicated cores: of each family of machines, and of each within a workspace."""
    usages = (world.collections.get(ids.key(f"{place.rpartition('/')[0]}/usages")) or {}).get("value") or []
    for one in usages:
        if one["type"].endswith(("/vmFamily/dedicatedCores/usages", "/workspaces/dedicatedCores/usages")):
            place_of = one["id"].replace("/usages/", "/quotas/")
            kind = one["type"].replace("/usages", "/quotas")
            yield {"id": place_of, "type": kind, "limit": one["limit"], "unit": one["unit"], "name": one["name"]}


def _deployment_skus(world: World, place: str) -> Iterator[Document]:
    """What a deployment may be scaled to; 50 instances are the documented limit of one."""
    deployment = _holder(world, place)
    sku = {"name": "Default", "tier": "Standard"} | (deployment.get("sku") or {})
    capacity = {"default": sku.pop("capacity", 1), "minimum": 1, "maximum": 50, "scaleType": "Manual"}
    kind = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
    yield {"resourceType": kind, "sku": sku, "capacity": capacity}


def _network_usages(world: World, place: str) -> Iterator[Document]:
    subscription = ids.above(place, "subscriptions") or "/"
    for kind, limit in (("virtualNetworks", 1000), ("networkInterfaces", 65536), ("privateEndpoints", 1000)):
        used = len(list(world.of_type(f"Microsoft.Network/{kind}", subscription)))
        yield _usage(kind[0].upper() + kind[1:], used, limit)


def _storage_usages(world: World, place: str) -> Iterator[Document]:
    held = world.of_type("Microsoft.Storage/storageAccounts", ids.above(place, "subscriptions") or "/")
    yield _usage("StorageAccounts", len(list(held)), 250)


def _usage(name: str, used: int, limit: int) -> Document:
    told = {"value": name, "localizedValue": name}
    return {"name": told, "currentValue": used, "limit": limit, "unit": "Count"}


def _subnet_usages(world: World, place: str) -> Iterator[Document]:
    network = _holder(world, place).get("properties") or {}
    for subnet in network.get("subnets") or []:
        told = {"value": "SubnetSpace", "localizedValue": "Subnet size and usage"}
        yield {"name": told, "id": subnet["id"], "currentValue": 0.0, "limit": 251.0, "unit": "Count"}


def _registry_usages(_world: World, _place: str) -> Iterator[Document]:
    yield {"name": "Size", "limit": 536_870_912_000, "currentValue": 0, "unit": "Bytes"}
    yield {"name": "Webhooks", "limit": 500, "currentValue": 0, "unit": "Count"}


def _storage_skus(world: World, place: str) -> Iterator[Document]:
    for one in world.of_type("Microsoft.Storage/storageAccounts", ids.above(place, "subscriptions") or "/"):
        told: dict[str, Any] = {"resourceType": "storageAccounts", "kind": one.get("kind"), "restrictions": []}
        yield (one.get("sku") or {}) | told | {"locations": [one.get("location")], "capabilities": []}


View = Callable[[World, str], Iterator[Document]]

_RESOURCES: dict[str, View] = {
    "microsoft.containerregistry/registries/privatelinkresources": _private_links,
    "microsoft.containerservice/managedclusters/agentpools": _agent_pools,
    "microsoft.containerservice/managedclusters/upgradeprofiles": _upgrades,
    "microsoft.keyvault/vaults/privatelinkresources": _private_links,
    "microsoft.keyvault/vaults/secrets": _secrets,
    "microsoft.machinelearningservices/workspaces/privatelinkresources": _private_links,
    "microsoft.managedidentity/identities": _system_identity,
    "microsoft.resources/deployments/operations": _operations,
    "microsoft.resources/subscriptions/locations": _locations,
    "microsoft.resources/subscriptions/resourcegroups": _groups,
    "microsoft.resources/subscriptions/tagnames": _tag_names,
    "microsoft.resources/tags": _tags,
    "microsoft.storage/storageaccounts/blobservices": _blob_services,
    "microsoft.storage/storageaccounts/blobservices/containers": _containers,
    "microsoft.storage/storageaccounts/fileservices": _file_services,
    "microsoft.storage/storageaccounts/privatelinkresources": _private_links,
}

_LISTS: dict[str, View] = {
    "microsoft.compute/locations/vmsizes": _vm_sizes,
    "microsoft.compute/skus": _skus,
    "microsoft.containerregistry/registries/listusages": _registry_usages,
    "microsoft.machinelearningservices/locations/quotas": _quotas,
    "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments/skus": _deployment_skus,
    "microsoft.network/locations/usages": _network_usages,
    "microsoft.network/virtualnetworks/usages": _subnet_usages,
    "microsoft.storage/locations/usages": _storage_usages,
    "microsoft.storage/skus": _storage_skus,
}
"""Lists whose rows are no resources."""
