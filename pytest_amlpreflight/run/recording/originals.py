"""What in a world is its owner's: the names that people gave, and GUIDs. Azure's own words are nobody's."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, cast

from pytest_amlpreflight.data import HERE

GUID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])", re.IGNORECASE)
IPV4 = re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3}){3})(/\d{1,2})?(?![\w.-]|\.\d)")

_GROUP = re.compile(r"/(?:resourcegroups|managementgroups)/([^/\s\"'?,;:)\]]+)", re.IGNORECASE)
_END = re.compile(r"[\s\"'?,;)\]|]")
_HOSTED = re.compile(r"https?://([\w.-]+)")
_SUFFIXES = re.compile(
    r"(?:^|\.)(?:azure|microsoft|windows|azureml|azurecr|chinacloudapi|usgovcloudapi|microsoftonline|azmk8s|visualstudio"
    r"|applicationinsights)\.(?:com|net|us|cn|io|ms)$|(?:^|\.)(?:pypi|anaconda|python|conda|localhost)\.?\w*$"
)
_OF_AZURE = frozenset(
    re.findall(
        r"[\w-]+",
        "privatelink inference vault blob file queue table notebooks core default system localhost azureml kube-system "
        "gateway services cert instances experiments public workspace endpoint deployment registry",
    )
)
"""Words of Azure's own: a resource of that name cannot be told from them, and says nothing of its owner."""
_WORDS_OF_TYPES = frozenset(("locations", "roledefinitions", "policydefinitions", "policysetdefinitions", "usages"))
_MAPS = frozenset(("traffic", "mirrortraffic", "tags", "environmentvariables", "outboundrules", "zones", "data_plane"))
_SHOWN = frozenset(("displayname", "friendlyname"))
_SHORTEST = 4
_DEFINED = re.compile(rf"/(?:roleDefinitions|policyDefinitions|policySetDefinitions)/({GUID.pattern})", re.IGNORECASE)
_NOBODY = "00000000-0000-0000-0000-000000000000"


def names_in(world: Mapping[str, Any]) -> frozenset[str]:
    """What people called things, in lower case: in ids, in hosts, and where a document shows a name of its own."""
    strings = list(_strings(world))
    words = {name.lower() for name in _keys(world)} | {kind for text in strings for kind in _kinds(text)}
    found = {one.lower() for one in _names(world, strings) if _is_name(one) and not GUID.fullmatch(one)}
    return frozenset(found - words - _OF_AZURE - _looked_for())


def guids_in(world: Mapping[str, Any]) -> frozenset[str]:
    """The GUIDs that are the owner's own, in lower case."""
    return frozenset(guid.lower() for text in _strings(world) for guid in GUID.findall(text)) - guids_of_azure(world)


def guids_of_azure(world: Mapping[str, Any]) -> frozenset[str]:
    """Those that every tenant has, in lower case: of built-in roles and policies, of roles that were not read, of
    nobody.
    """
    own = set[str]()
    for document in _documents(world):
        properties = document.get("properties")
        kinds = (properties.get("type"), properties.get("policyType")) if isinstance(properties, dict) else ()
        if any(kind in ("Custom", "CustomRole") for kind in kinds):
            own.update(GUID.findall(str(document["id"]).lower()[-36:]))  # Policy Insights writes ids in lower case
    named = {match[1].lower() for text in _strings(world) for match in _DEFINED.finditer(text)}
    return frozenset(named - own | {_NOBODY})


@cache
def _looked_for() -> frozenset[str]:
    """The words of the plugin's own tables, which it looks for in logs and messages: `build` is nobody's name."""
    texts = (path.read_text(encoding="utf-8") for path in HERE.glob("*.yml"))
    return frozenset(word for text in texts for word in re.findall(r"[a-z]{4,}", text.lower()))


def _is_name(name: str) -> bool:
    """Whether it is long enough, and no number, version or region's word."""
    return len(name) >= _SHORTEST and not re.fullmatch(
        r"[\d.]+|page-\d+|workspace\w+store|\$\w+|azureml.*", name.lower()
    )


def _names(world: Mapping[str, Any], strings: Iterable[str]) -> Iterator[str]:
    """What people called things: in ids, in hosts, and where a document shows a name of its own."""
    regions = {one.lower() for one in _members(world, frozenset(("location", "targetresourcelocation")))}
    for text in strings:
        yield from _GROUP.findall(text)
        for chain in re.split("/providers/", text, flags=re.IGNORECASE)[1:]:
            yield from _of_chain(_END.split(chain, maxsplit=1)[0], regions)
        for host in _HOSTED.findall(text):
            yield from _of_host(host, regions)
    for host in (*world["dns"]["zones"], *world.get("azure_dns", {"zones": {}})["zones"], *world["data_plane"]):
        yield from _of_host(host, regions)
    for held in world["data_plane"].values():
        shown = held.get("certificate")
        for host in shown["names"] if isinstance(shown, dict) else ():
            yield from _of_host(host, regions)
    for entry in world["answers"]:
        yield from _of_host(entry.get("host", ""), regions)
    yield from _members(world, _SHOWN)


def _of_chain(chain: str, regions: set[str]) -> Iterator[str]:
    """The names in `Microsoft.X/TYPE/NAME/TYPE/NAME`; a name with dots, such as a record's, by its parts."""
    namespace, *parts = chain.split("/")
    for kind, name in zip(parts[0::2], parts[1::2], strict=False):
        if kind.lower() in _WORDS_OF_TYPES or namespace.lower() == "microsoft.policyinsights":
            return
        if kind.lower() == "privatednszones" and name.lower().startswith("privatelink."):
            continue
        yield from (part for part in name.split(".") if part.lower() not in regions)


def _kinds(text: str) -> Iterator[str]:
    """The types in an id, `vaults` and `secrets`: words that are nobody's."""
    for chain in re.split("/providers/", text, flags=re.IGNORECASE)[1:]:
        yield from (kind.lower() for kind in _END.split(chain, maxsplit=1)[0].split("/")[1::2])


def _of_host(host: str, regions: set[str]) -> Iterator[str]:
    """The labels of a host that are its owner's: none of Azure's own, and never the last."""
    host = host.strip(".").lower()
    known = _SUFFIXES.search(host)
    if (known and known.start() == 0) or not host or IPV4.fullmatch(host) or host.endswith("microsoft.com"):
        return
    labels = host[: known.start()].split(".") if known else host.split(".")[:-1]
    yield from (label for label in labels if label not in regions)


def _documents(world: Any) -> Iterator[Mapping[str, Any]]:
    return (one for _, one in _mappings(world) if isinstance(one.get("id"), str))


def _members(world: Any, names: frozenset[str]) -> Iterator[str]:
    """The texts of members that are called so."""
    every = ((name, value) for _, one in _mappings(world) for name, value in one.items())
    return (value for name, value in every if name.lower() in names and isinstance(value, str))


def _keys(world: Any) -> Iterator[str]:
    """Members' names: a resource called like one cannot be told from it. Those of the user's own maps are none."""
    return (name for of, one in _mappings(world) if of.lower() not in _MAPS for name in one)


def _mappings(value: Any, of: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping, with the name of the member that it is."""
    if isinstance(value, Mapping):
        yield of, cast(Mapping[str, Any], value)
        for name, one in value.items():
            yield from _mappings(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _mappings(one)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in cast(Mapping[str, Any], value).items():
            yield name
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
