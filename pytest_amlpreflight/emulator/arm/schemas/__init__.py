"""What each resource type looks like in each of its api-versions: dated tables, and nothing of any one world.

A provider's file lists its types; each has the `versions` it answers to and, where there is a published schema, the
`members` of its answers. A member stands for itself, `"*"` for every member of a map, `"[]"` for every item of a list,
and `"."` for the member whose own members are listed. What follows it is the api-versions that know it, by default
those that know what it is a member of:

    managedNetwork:
      ".": "2023-04-01-preview.."                  # since that version
      firewallSku: "2024-10-01.."
      enableNetworkMonitor: "2024-10-01-preview, 2025-04-01-preview, 2025-07-01-preview.."
      status: {status, sparkReady}                 # as long as managedNetwork

A member without listed members of its own is answered whole. `id`, `name` and `type` are in every answer.
"""

from functools import cache
from pathlib import Path
from typing import Any

from ...notation import read

Node = Any
"""The members of a member: a mapping of them, the versions that know it, or None for what its owner has."""

_ALWAYS = ("id", "name", "type")


def namespaces() -> set[str]:
    """The providers that have a table, lower-cased."""
    return set(_files())


def types(namespace: str) -> list[str]:
    """The types of a provider, as Azure spells them; none for a provider without a table."""
    return list(_read(namespace.lower()))


def versions(arm_type: str) -> list[str] | None:
    """The api-versions that a type answers to, oldest first; None for a type of no table."""
    schema = _schema(arm_type)
    return None if schema is None else list(schema["versions"])


def shown(document: dict[str, Any], arm_type: str, version: str) -> dict[str, Any]:
    """The part of a resource that an api-version knows; all of it where its type has no schema."""
    members = (_schema(arm_type) or {}).get("members")
    if members is None:
        return document
    known = _known(document, members, version)
    return {name: document[name] if name in _ALWAYS else known[name] for name in document if name in (*known, *_ALWAYS)}


def lists_members(arm_type: str) -> bool:
    """Whether a table says which members the versions of a type have."""
    return (_schema(arm_type) or {}).get("members") is not None


def knows(arm_type: str, version: str, path: tuple[str, ...]) -> bool:
    """Whether a version of a type has the member at `path`; `[]` in it is an item of a list."""
    node: Node = (_schema(arm_type) or {}).get("members")
    if path[0] in _ALWAYS:
        return True
    for part in path:
        if not isinstance(node, dict):
            return True
        if part not in node and "*" not in node:
            return False
        node = node[part] if part in node else node["*"]
        if not _among(version, _versions_of(node)):
            return False
    return True


def _known(value: Any, node: Node, version: str) -> Any:
    if not isinstance(node, dict):
        return value
    if isinstance(value, list):
        return [_known(one, node.get("[]"), version) for one in value]
    if not isinstance(value, dict) or not set(node) - {".", "[]"}:
        return value
    kept = {}
    for name, member in value.items():
        if name in node or "*" in node:
            below = node[name] if name in node else node["*"]
            if _among(version, _versions_of(below)):
                kept[name] = _known(member, below, version)
    return kept


def _versions_of(node: Node) -> str | None:
    found = node.get(".") if isinstance(node, dict) else node
    return None if found is None else str(found)


@cache
def _among(version: str, ranges: str | None) -> bool:
    """Whether `2022-05-01, 2023-04-01-preview..2023-08-01-preview, 2024-01-01..` has the version; None has all."""
    return ranges is None or any(_within(version, one) for one in ranges.split(", "))


def _within(version: str, one: str) -> bool:
    first, dots, last = one.partition("..")
    return version == first if not dots else version >= first and (not last or version <= last)


def _schema(arm_type: str) -> dict[str, Any] | None:
    return _table(arm_type.partition("/")[0].lower()).get(arm_type.lower())


@cache
def _table(namespace: str) -> dict[str, dict[str, Any]]:
    """A provider's types by their lower-cased names; read when first asked for, since a run asks for few providers."""
    return {kind.lower(): schema for kind, schema in _read(namespace).items()}


@cache
def _read(namespace: str) -> dict[str, dict[str, Any]]:
    path = _files().get(namespace)
    return dict(read(path)["types"]) if path else {}


@cache
def _files() -> dict[str, Path]:
    return {path.stem.lower(): path for path in sorted(Path(__file__).parent.glob("*.yml"))}
