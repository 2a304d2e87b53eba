"""`$filter` of ARM's own list of resources: comparisons joined by `and`."""

import re
from collections.abc import Callable

from .. import ids
from ..world import Document, type_of

_COMPARISON = re.compile(r"(?P<member>\w+) (?P<word>eq|ne) '(?P<value>[^']*)'", re.IGNORECASE)
_SUBSTRING = re.compile(r"(?P<word>substringof)\('(?P<value>[^']*)',\s*(?P<member>\w+)\)", re.IGNORECASE)
_START = re.compile(r"(?P<word>startswith)\((?P<member>\w+),\s*'(?P<value>[^']*)'\)", re.IGNORECASE)
_MEMBERS = frozenset({"resourcetype", "resourcegroup", "name", "location", "tagname", "tagvalue"})

_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda said, wanted: said == wanted,
    "ne": lambda said, wanted: said != wanted,
    "substringof": lambda said, wanted: wanted in said,
    "startswith": lambda said, wanted: said.startswith(wanted),
}


class UnsupportedFilter(ValueError):
    """The `$filter` holds something that is none of Azure's filters for this list."""


def matching(documents: list[Document], text: str) -> list[Document]:
    """The resources that a `$filter` keeps; all for an empty one. Raises `UnsupportedFilter`."""
    found = documents
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if text else []:
        member, word, value = _part(part.strip())
        found = [one for one in found if any(_HOLDS[word](said, value) for said in _values(one, member))]
    return found


def _part(part: str) -> tuple[str, str, str]:
    for pattern in (_COMPARISON, _SUBSTRING, _START):
        match = pattern.fullmatch(part)
        if match and match["member"].lower() in _MEMBERS:
            return match["member"].lower(), match["word"].lower(), match["value"].lower()
    raise UnsupportedFilter(part)


def _values(document: Document, member: str) -> list[str]:
    """What a resource has under a member, in lower case: of tags as many as there are."""
    arm, tags = ids.parse(document["id"]), document.get("tags") or {}
    group = (arm.resource_group or "") if arm else ""
    derived = {
        "resourcetype": [type_of(document)],
        "resourcegroup": [group.rpartition("/")[2]],
        "tagname": list(tags),
        "tagvalue": list(tags.values()),
    }
    return [str(one).lower() for one in derived.get(member) or [document.get(member)] if one is not None]
