"""A world: everything the embedded Azure knows, in ARM's own notation."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from . import ids
from .clouds import CLOUDS
from .faults import KINDS, Fault
from .kubernetes.cluster import Cluster, read_cluster
from .notation import Mapping, WorldError, read
from .progress import Progress
from .recorded import BROKEN, MEMBERS, Recording

T = TypeVar("T")
Document = dict[str, Any]
Zones = dict[str, dict[str, Any]]

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
_SECTIONS = (
    "tenant",
    "caller",
    "cloud",
    "groups",
    "resources",
    "collections",
    "data_plane",
    "dns",
    "azure_dns",
    "paging",
    "faults",
    "logs",
    "clusters",
    "stale",
    "throttling",
    "recorded",
    "answers",
)

_PRINTED = {
    "microsoft.keyvault/deletedvaults": "microsoft.keyvault/locations/deletedvaults",
    "microsoft.resources/resourcegroups": "microsoft.resources/subscriptions/resourcegroups",
}
"""Types as Azure prints them where their ids say another."""


class Documents(dict[str, Document]):
    """Resources by the form in which ids are compared, with an index of which there are of a type."""

    def __init__(self, *documents: Any) -> None:
        super().__init__(*documents)
        self._by_type: dict[str, list[str]] | None = None

    @property
    def by_type(self) -> dict[str, list[str]]:
        """The keys of each type's resources, types in lower case."""
        if self._by_type is None:
            self._by_type = {}
            for key, document in self.items():
                self._by_type.setdefault(type_of(document).lower(), []).append(key)
        return self._by_type

    def __setitem__(self, key: str, document: Document) -> None:
        if key not in self:
            self._by_type = None
        super().__setitem__(key, document)

    def __delitem__(self, key: str) -> None:
        self._by_type = None
        super().__delitem__(key)

    def update(self, *others: Any, **named: Any) -> None:
        """As a dictionary does it."""
        for key, document in dict(*others, **named).items():
            self[key] = document


@dataclass(slots=True)
class World:
    """The state behind every answer. Failures change it before the emulator starts; nothing does afterwards.

    `stale` is what Resource Graph has instead of a resource: a JSON merge patch, or None for no row. `throttling` makes
    Azure's limits felt. `unchanging` holds answers of a world that nothing changes any more.

    Except `operations`: when each operation under way is done; and `asked`: the action of each request, in
    Azure's spelling. The caller's role assignments decide what is answered; `enforced: false` in `caller` answers all.
    """

    path: Path
    tenant: str
    caller: Document
    cloud: str = "AzureCloud"
    groups: dict[str, list[str]] = field(default_factory=dict)
    documents: Documents = field(default_factory=Documents)
    collections: dict[str, Document] = field(default_factory=dict)
    data_plane: dict[str, Document] = field(default_factory=dict)
    zones: Zones = field(default_factory=dict)
    azure_zones: Zones | None = None
    page_size: int | None = None
    faults: list[Fault] = field(default_factory=list)
    logs: dict[str, dict[str, str]] = field(default_factory=dict)
    progress: list[Progress] = field(default_factory=list)
    operations: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    kubeconfigs: dict[str, Document] = field(default_factory=dict)
    admin_kubeconfigs: dict[str, Document] = field(default_factory=dict)
    recording: Recording | None = None
    stale: dict[str, Document | None] = field(default_factory=dict)
    throttling: Document | None = None
    unchanging: dict[Any, Any] | None = None

    def __post_init__(self) -> None:
        self.documents = Documents(self.documents)

    def remembered(self, question: Hashable, answer: Callable[[], T]) -> T:
        """What was answered before, in a world that does not change any more: one made of many."""
        if self.unchanging is None:
            return answer()
        if question not in self.unchanging:
            self.unchanging[question] = answer()
        found: T = self.unchanging[question]
        return found

    @property
    def types(self) -> Iterable[str]:
        """The types of which there are resources, in lower case."""
        return self.documents.by_type.keys()

    def get(self, arm_id: str) -> Document | None:
        """The resource with this id, whatever the casing."""
        return self.documents.get(ids.key(arm_id))

    def put(self, document: Document) -> None:
        """Add a resource, or replace the one with the same id."""
        self.documents[ids.key(document["id"])] = document

    def of_type(self, arm_type: str, scope: str = "/") -> Iterator[Document]:
        """Every resource of a type at or below a scope, in the order of the file."""
        for key in list(self.documents.by_type.get(arm_type.lower(), ())):
            if ids.within(key, scope):
                yield self.documents[key]

    def remove(self, arm_id: str) -> None:
        """Delete a resource and everything beneath it, as Azure does."""
        for key in [key for key in self.documents if ids.within(key, arm_id)]:
            del self.documents[key]

    @property
    def scoring_hosts(self) -> list[str]:
        """The host names behind which the world's endpoints answer."""
        uris = (document.get("properties", {}).get("scoringUri") for document in self.of_type(ENDPOINTS))
        return sorted({host for uri in uris if uri and (host := urlsplit(uri).hostname)})

    def members_of(self, principal: str) -> set[str]:
        """The principal and every group it belongs to, directly or through other groups."""
        groups = self.remembered("groups", lambda: {member.lower(): above for member, above in self.groups.items()})
        found, waiting = set[str](), [principal.lower()]
        while waiting:
            found.add(one := waiting.pop())
            waiting += [group.lower() for group in groups.get(one, []) if group.lower() not in found]
        return found

    def held_by(self, host: str) -> Document:
        """What stands behind a data-plane host."""
        return self.data_plane.get(host.lower(), {})


def type_of(document: Document) -> str:
    """A resource's type, from its own word or else from its id."""
    parsed, said = ids.parse(document["id"]), str(document.get("type") or "")
    if said.lower() in _PRINTED or not said:
        return parsed.type if parsed else said
    return said


def load(path: Path) -> World:
    """Read a world file. Raises `WorldError` naming file and line for anything that could not be meant."""
    source = read(path)
    _refuse_unknown(path, source, _SECTIONS)
    world = World(path, _text(path, source, "tenant"), _section(path, source, "caller", Mapping))
    if not world.caller.get("objectId"):
        raise WorldError(f"{path}:{_line(world.caller, source)}", "caller needs an objectId, the token's oid")
    if not _is_address(world.caller.get("address")):
        raise WorldError(f"{path}:{_line(world.caller, source)}", "the caller's address is none, such as 203.0.113.7")
    world.cloud = _load_cloud(path, source)
    world.groups = _section(path, source, "groups", Mapping)
    if not all(isinstance(above, list) for above in world.groups.values()):
        raise WorldError(f"{path}:{_line(world.groups, source)}", "groups holds lists, of groups above")
    _load_resources(path, source, world)
    collections = _section(path, source, "collections", Mapping)
    world.collections = {ids.key(name): answer for name, answer in collections.items()}
    held = _section(path, source, "data_plane", Mapping)
    world.data_plane = {host.lower(): holds or {} for host, holds in held.items()}
    world.zones = _load_zones(path, _section(path, source, "dns", Mapping))
    if "azure_dns" in source:
        world.azure_zones = _load_zones(path, _section(path, source, "azure_dns", Mapping))
    world.logs = {ids.key(name): containers for name, containers in _section(path, source, "logs", Mapping).items()}
    for name, section in _section(path, source, "clusters", Mapping).items():
        world.clusters[ids.key(name)] = read_cluster(f"{path}:{_line(section, source)}", name, section)
    if "answers" in source:
        world.recording = Recording(_load_answers(path, _section(path, source, "answers", list)))
    world.page_size = _section(path, source, "paging", Mapping).get("size")
    world.stale = dict(_load_stale(path, source))
    if "throttling" in source:
        world.throttling = _section(path, source, "throttling", Mapping)
    world.faults = [read_fault(path, entry) for entry in _section(path, source, "faults", list)]
    return world


def _is_address(text: Any) -> bool:
    """Whether it is an address, or nothing."""
    try:
        return text is None or bool(ip_address(str(text)))
    except ValueError:
        return False


def _load_cloud(path: Path, source: Mapping) -> str:
    cloud = source.get("cloud") or "AzureCloud"
    if not isinstance(cloud, str) or cloud not in CLOUDS:
        raise WorldError(f"{path}:{source.line}", f"cloud {cloud!r} is none of {', '.join(CLOUDS)}")
    return cloud


def _load_stale(path: Path, source: Mapping) -> Iterator[tuple[str, Any]]:
    for entry in _section(path, source, "stale", list):
        if not isinstance(entry, dict) or set(entry) != {"id", "row"}:
            raise WorldError(f"{path}:{_line(entry, source)}", "stale holds an id, and a row: a merge patch, or null")
        yield ids.key(entry["id"]), entry["row"]


def read_fault(path: Path, entry: Any) -> Fault:
    """A fault as it stands in a world or failure file."""
    line = _line(entry, None)
    if not isinstance(entry, dict) or entry.get("kind") not in KINDS:
        raise WorldError(f"{path}:{line}", f"a fault's kind is one of {', '.join(KINDS)}")
    try:
        return Fault(**entry)
    except TypeError as error:
        raise WorldError(f"{path}:{line}", f"fault: {error}") from None


def check_resource(path: Path, document: Any, line: int) -> None:
    """Refuse what no ARM answer looks like: no id, an id that is no ARM path, a type that contradicts the id."""
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise WorldError(f"{path}:{line}", "a resource needs an id, as `az resource show` prints it")
    parsed = ids.parse(document["id"])
    if parsed is None or parsed.name is None:
        raise WorldError(f"{path}:{line}", f"{document['id']!r} is not the id of a resource")
    said = document.get("type")
    if said and parsed.type.lower() not in (said.lower(), _PRINTED.get(said.lower())):
        raise WorldError(f"{path}:{line}", f"type {said!r} contradicts the id, which says {parsed.type!r}")


def _load_resources(path: Path, source: Mapping, world: World) -> None:
    for document in _section(path, source, "resources", list):
        line = _line(document, source)
        check_resource(path, document, line)
        if world.get(document["id"]) is not None:
            raise WorldError(f"{path}:{line}", f"the resource {document['id']} is written twice")
        world.put(document)


def _load_answers(path: Path, entries: list[Any]) -> list[Document]:
    for entry in entries:
        if not isinstance(entry, dict) or not set(entry) <= MEMBERS or " /" not in str(entry.get("ask")):
            known = ", ".join(sorted(MEMBERS))
            raise WorldError(
                f"{path}:{_line(entry, None)}", f"an answer has an `ask` such as GET /path, and of {known}"
            )
        if entry.get("broken", BROKEN[0]) not in BROKEN:
            raise WorldError(f"{path}:{_line(entry, None)}", f"broken is one of {', '.join(BROKEN)}")
    return entries


def _load_zones(path: Path, section: Mapping) -> Zones:
    _refuse_unknown(path, section, ("zones",))
    zones = _section(path, section, "zones", Mapping)
    for zone, records in zones.items():
        for name, answers in (records or {}).items():
            if not isinstance(answers, dict) or not set(answers) <= {"A", "AAAA", "CNAME", "TXT", "answer"}:
                line = _line(answers, records)
                raise WorldError(f"{path}:{line}", f"{name} in {zone} holds A, AAAA, CNAME, TXT or answer")
    return {zone.rstrip(".").lower(): records or {} for zone, records in zones.items()}


def _section(path: Path, source: Mapping, name: str, shape: type) -> Any:
    value = source.get(name)
    if value is None:
        return shape()
    if not isinstance(value, shape):
        word = "list" if shape is list else "mapping"
        raise WorldError(f"{path}:{_line(value, source)}", f"{name} is a {word}")
    return value


def _text(path: Path, source: Mapping, name: str) -> str:
    if not isinstance(source.get(name), str):
        raise WorldError(f"{path}:{source.line or 1}", f"{name} is missing")
    return str(source[name])


def _refuse_unknown(path: Path, source: Mapping, known: tuple[str, ...]) -> None:
    for name in source:
        if name not in known:
            raise WorldError(f"{path}:{source.line or 1}", f"{name!r} is none of {', '.join(known)}")


def _line(value: Any, otherwise: Any) -> int:
    return int(getattr(value, "line", 0) or getattr(otherwise, "line", 0) or 1)
