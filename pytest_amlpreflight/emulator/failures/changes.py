"""The language of changes: select and merge, remove, add, answer a host, edit a list's rows, inject a fault.

    - resource: TYPE or TYPE/NAME or id   where: {...}   merge: {...}     a JSON merge patch (RFC 7396)
    - remove:   TYPE or TYPE/NAME or id   where: {...}                    with everything beneath it
    - add:      a whole ARM document      times: 20                        as often, with `{n}` counted from 1
    - host:     a host name or URI        records: {...}                  null: no such name
              resolver: network         only the network's own resolver, or `azure`; both where it is left out
    - collection: the end of a path       where: {...}   merge: {...}     rows of a list
    - data_plane: a host                  merge: {...}     what stands behind it
    - progress: TYPE or TYPE/NAME or id   where: {...}   first: [...]     what the first reads see, a patch each;
    null: nothing
    - stale:    TYPE or TYPE/NAME or id   where: {...}   row: {...}     what Resource Graph still tells instead; null:
    no row
    - log:      TYPE/NAME of a deployment  container: InferenceServer     text: what it printed
    - cluster:  its name                  object: KIND/NAME    merge: {...}    or remove: true; or add: an object,
    logs: {...}; or token, definitions, certificate, kubeconfig as in a world
    - fault:    as in a world

`where` holds dotted members and patterns with `*`. `{endpoint.properties.scoringUri}` in any text is a member of the
first resource of that kind, and `{endpoint}` its id.
"""

import re
from copy import deepcopy
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import ids
from ..data_plane import hosts
from ..dns.views import view
from ..dns.zones import lookup, zone_of
from ..kubernetes.cluster import change as change_cluster
from ..notation import WorldError, dig, filled, merge
from ..progress import Progress
from ..world import ENDPOINTS, Document, World, Zones, check_resource, read_fault, type_of

_NOUNS = {
    "deployment": f"{ENDPOINTS}/deployments",
    "endpoint": ENDPOINTS,
    "identity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "key_vault": "Microsoft.KeyVault/vaults",
    "private_endpoint": "Microsoft.Network/privateEndpoints",
    "registry": "Microsoft.ContainerRegistry/registries",
    "storage": "Microsoft.Storage/storageAccounts",
    "subscription": "Microsoft.Resources/subscriptions",
    "workspace": "Microsoft.MachineLearningServices/workspaces",
}
_PLACEHOLDER = re.compile(r"\{(\w+)((?:\.\w+)*)\}")


def make(world: World, path: Path, change: Any) -> None:
    """Make one change. Raises `WorldError` when it selects nothing or is none of these."""
    place = f"{path}:{getattr(change, 'line', 1)}"
    verb = next((verb for verb in _VERBS if isinstance(change, dict) and verb in change), None)
    if verb is None:
        raise WorldError(place, f"a change is one of {', '.join(_VERBS)}")
    _VERBS[verb](world, place, _filled(world, place, change))


def _merge_resources(world: World, place: str, change: Document) -> None:
    for document in _selected(world, place, change["resource"], change.get("where")):
        world.put(merge(document, change["merge"]))


def _remove(world: World, place: str, change: Document) -> None:
    for document in _selected(world, place, change["remove"], change.get("where")):
        world.remove(document["id"])


def _add(world: World, place: str, change: Document) -> None:
    path, _, line = place.rpartition(":")
    for number in range(1, change.get("times", 1) + 1):
        document = filled(change["add"], "{n}", str(number))
        check_resource(Path(path), document, int(line))
        world.put(document)


def _merge_rows(world: World, place: str, change: Document) -> None:
    wanted, met = change["collection"].lower(), False
    for name, answer in world.collections.items():
        if not name.endswith(f"/{wanted}"):
            continue
        for at, row in enumerate(answer["value"]):
            if _holds(row, change.get("where")):
                answer["value"][at], met = merge(row, change["merge"]), True
    if not met:
        raise WorldError(place, f"no row of {change['collection']} matches")


def _answer_host(world: World, place: str, change: Document) -> None:
    host = urlsplit(change["host"]).hostname or change["host"].lower()
    if change.get("resolver") == "network" and world.azure_zones is None:  # until now both resolvers knew the same
        known = lookup(view(world, azure=True), host)
        world.azure_zones = deepcopy(world.zones)
        _set_records(world.azure_zones, host, known)
    if zone_of(view(world, azure=False), host) is None:
        raise WorldError(place, f"the world has no host {host}")
    resolvers: dict[str, list[Zones | None]] = {"network": [world.zones], "azure": [world.azure_zones]}
    for zones in resolvers.get(change.get("resolver", ""), [world.zones, world.azure_zones]):
        if zones is not None:
            _set_records(zones, host, change["records"])


def _merge_held(world: World, place: str, change: Document) -> None:
    host = urlsplit(change["data_plane"]).hostname or change["data_plane"].lower()
    if host not in (*hosts.names(world), *world.scoring_hosts):
        raise WorldError(place, f"the world has no host {host}")
    world.data_plane[host] = merge(world.held_by(host), change["merge"])


def _progress(world: World, place: str, change: Document) -> None:
    first: list[Any] = change["first"]
    for document in _selected(world, place, change["progress"], change.get("where")):
        world.progress.append(Progress(document["id"], type_of(document), list(first)))


def _lag(world: World, place: str, change: Document) -> None:
    for document in _selected(world, place, change["stale"], change.get("where")):
        world.stale[ids.key(document["id"])] = change["row"]


def _print(world: World, place: str, change: Document) -> None:
    for document in _selected(world, place, change["log"], change.get("where")):
        printed = world.logs.setdefault(ids.key(document["id"]), {})
        printed[change.get("container", "InferenceServer")] = change["text"]


def _change_cluster(world: World, place: str, change: Document) -> None:
    for cluster in world.clusters.values():
        if change["cluster"] in ("*", cluster.name):
            change_cluster(cluster, place, change)
            return
    raise WorldError(place, f"the world has no cluster {change['cluster']}")


def _inject(world: World, place: str, change: Document) -> None:
    world.faults.append(read_fault(Path(place.rpartition(":")[0]), change["fault"]))


_VERBS = {
    "cluster": _change_cluster,  # before the others: a cluster's objects are removed and added too
    "resource": _merge_resources,
    "remove": _remove,
    "add": _add,
    "collection": _merge_rows,
    "host": _answer_host,
    "data_plane": _merge_held,
    "progress": _progress,
    "stale": _lag,
    "log": _print,
    "fault": _inject,
}


def _selected(world: World, place: str, selector: str, where: Document | None) -> list[Document]:
    found = [one for one in world.documents.values() if _is(one, selector) and _holds(one, where)]
    if not found:
        raise WorldError(place, f"the world has no {selector}" + (f" where {dict(where)}" if where else ""))
    return found


def _is(document: Document, selector: str) -> bool:
    kind, wanted = type_of(document).lower(), selector.lower()
    named = f"{kind}/{document['id'].rpartition('/')[2].lower()}"
    return ids.key(document["id"]) == wanted if wanted.startswith("/") else wanted in (kind, named)


def _holds(document: Document, where: Document | None) -> bool:
    return all(
        fnmatchcase(str(dig(document, member)).lower(), str(pattern).lower())
        for member, pattern in (where or {}).items()
    )


def _set_records(zones: Zones, host: str, records: Document | None) -> None:
    """Write a name into the zone that holds it, or into one made for it."""
    zone = zone_of(zones, host) or host.partition(".")[2]
    zones.setdefault(zone, {})
    relative = host.removesuffix(zone).rstrip(".") or "@"
    present = {name.lower(): name for name in zones[zone]}
    if records is not None:
        zones[zone][present.get(relative, relative)] = records
        return
    # A wildcard would go on answering for the name.
    wildcards = {f"*.{relative.partition('.')[2]}", "*"}
    for name in {relative, *wildcards} & set(present):
        del zones[zone][present[name]]


def _filled(world: World, place: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {_filled(world, place, name): _filled(world, place, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(world, place, member) for member in value]
    return _PLACEHOLDER.sub(lambda match: _member(world, place, match), value) if isinstance(value, str) else value


def _member(world: World, place: str, match: re.Match[str]) -> str:
    noun, dotted = match[1], match[2].lstrip(".")
    if noun not in _NOUNS:
        return match[0]
    document = next(world.of_type(_NOUNS[noun]), None)
    value = None if document is None else dig(document, dotted or "id")
    if not isinstance(value, str):
        raise WorldError(place, f"the world has no {match[0]}")
    return value
