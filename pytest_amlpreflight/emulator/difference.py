"""What changed between two worlds, in ARM's words."""

from collections.abc import Iterator, Mapping
from typing import Any

from . import ids
from .world import World, type_of

_ABSENT = object()


def differences(before: World, after: World) -> Iterator[str]:
    """A line for each resource that is new or gone, and for each member that changed; nothing for casing or order."""
    names = sorted({**before.documents, **after.documents})
    for name in names:
        yield from _of_resource(before.documents.get(name), after.documents.get(name))
    for what, old, new in (
        ("", before.collections, after.collections),
        ("dns ", before.zones, after.zones),
        ("azure dns ", before.azure_zones or {}, after.azure_zones or {}),
        ("data plane ", before.data_plane, after.data_plane),
        ("", _answers(before), _answers(after)),
    ):
        for name in sorted({**old, **new}):
            yield from _members(f"{what}{name}", old.get(name, _ABSENT), new.get(name, _ABSENT))


def _answers(world: World) -> dict[str, Any]:
    """What was answered last to each recorded question, by who was asked what."""
    entries = world.recording.entries if world.recording else []
    return {
        " ".join(filter(None, (entry.get("host"), entry.get("cluster"), entry["ask"], entry.get("caller")))): {
            name: entry[name] for name in ("status", "body", "text", "broken") if name in entry
        }
        for entry in entries
    }


def _of_resource(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[str]:
    if before is None or after is None:
        document, word = (after, "is new") if before is None else (before, "is gone")
        yield f"{_named(document or {})} {word}"
        return
    name, ignored = _named(after), ("id", "name", "type")
    old, new = ({member: one[member] for member in one if member not in ignored} for one in (before, after))
    yield from _members(name, old, new)


def _members(place: str, before: Any, after: Any, path: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for member in sorted({**before, **after}):
            inner = f"{path}.{member}" if path else member
            yield from _members(place, before.get(member, _ABSENT), after.get(member, _ABSENT), inner)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _rows(place, before, after, path)
    elif before != after:
        yield f"{place}: {path + ': ' if path else ''}{_shown(before)} -> {_shown(after)}"


def _rows(place: str, before: list[Any], after: list[Any], path: str) -> Iterator[str]:
    """Rows with an id or a name are compared with their like, all others as values: their order says nothing."""
    old, new = ({_key(row): row for row in rows} for rows in (before, after))
    for key in sorted({**old, **new}):
        yield from _members(place, old.get(key, _ABSENT), new.get(key, _ABSENT), f"{path}[{key}]")


def _key(row: Any) -> str:
    if not isinstance(row, dict):
        return str(row)
    name = row.get("id") or row.get("name")
    return str(name.get("value") if isinstance(name, dict) else name or sorted(row.items(), key=str)).lower()


def _named(document: Mapping[str, Any]) -> str:
    parsed = ids.parse(document["id"])
    return f"{type_of(dict(document))} {parsed.name if parsed else document['id']}"


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else repr(value)
