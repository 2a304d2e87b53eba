"""The language of changes: select and merge, remove, add, answer a host, edit a list's rows, inject a fault.

    - resource: TYPE or TYPE/NAME or id   where: {...}   merge: {...}     a JSON merge patch (RFC 7396)
    - remove:   TYPE or TYPE/NAME or id   where: {...}
    - add:      a whole ARM document
    - host:     a host name or URI        end: true      records: {...}   null: nothing; end: of the CNAMEs
    - collection: the end of a path       where: {...}   merge: {...}     rows of a list
    - fault:    as in a world

`where` holds dotted members and patterns with `*`. `{endpoint.properties.scoringUri}` in any text is a member of the
first resource of that kind, and `{endpoint}` its id.
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import ids
from ..dns_server import lookup, zone_of
from ..notation import WorldError, dig, merge
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
    """Make one change. Raises `WorldError` when it selects nothing or is none of the six."""
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
        del world.documents[ids.key(document["id"])]


def _add(world: World, place: str, change: Document) -> None:
    path, _, line = place.rpartition(":")
    check_resource(Path(path), change["add"], int(line))
    world.put(change["add"])


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
    for zones in (world.zones, world.azure_zones):
        if zones is not None:
            _set_records(zones, _end_of_chain(zones, host) if change.get("end") else host, change["records"])
    if zone_of(world.zones, host) is None:
        raise WorldError(place, f"no zone of the world holds {host}")


def _inject(world: World, place: str, change: Document) -> None:
    world.faults.append(read_fault(Path(place.rpartition(":")[0]), change["fault"]))


_VERBS = {
    "resource": _merge_resources,
    "remove": _remove,
    "add": _add,
    "collection": _merge_rows,
    "host": _answer_host,
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


def _end_of_chain(zones: Zones, host: str) -> str:
    for _ in range(8):
        answers = lookup(zones, host) or {}
        if "CNAME" not in answers:
            break
        host = str(answers["CNAME"]).rstrip(".").lower()
    return host


def _set_records(zones: Zones, host: str, records: Document | None) -> None:
    zone = zone_of(zones, host)
    if zone is None:
        return
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
