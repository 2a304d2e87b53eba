"""Sizes, limits and usages: lists of a region or of a resource whose rows are no resources."""

from collections.abc import Callable, Iterator
from typing import Any

from .. import ids
from ..world import Document, World

View = Callable[[World, str], Iterator[Document]]


def holder(world: World, place: str) -> Document:
    """The resource whose collection a place is; an empty one where there is none."""
    return world.get(place.rpartition("/")[0]) or {}


def locations(world: World, place: str) -> Iterator[Document]:
    """The regions in which a subscription has something."""
    subscription = place.rpartition("/")[0]
    found = {
        one["location"] for one in world.documents.values() if "location" in one and ids.within(one["id"], subscription)
    }
    for name in sorted(found - {"global"}):
        about = {"regionType": "Physical", "regionCategory": "Recommended", "geography": name, "geographyGroup": name}
        yield {"name": name, "type": "Region", "displayName": name, "regionalDisplayName": name, "metadata": about}


def _sizes(world: World, subscription: str, location: str) -> list[Document]:
    """The sizes that the world lists for Azure Machine Learning."""
    path = f"{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}/vmSizes"
    return list((world.collections.get(ids.key(path)) or {}).get("value") or [])


def _skus(world: World, place: str) -> Iterator[Document]:
    subscription = ids.above(place, "subscriptions") or ""
    for region in locations(world, f"{subscription}/locations"):
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
    deployment = holder(world, place)
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
    network = holder(world, place).get("properties") or {}
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


LISTS: dict[str, View] = {
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
