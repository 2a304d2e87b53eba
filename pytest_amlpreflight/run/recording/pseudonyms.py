"""`--aml-pseudonyms KEYFILE`: names, GUIDs, addresses and hosts become others, the same ones every time.

Each is a keyed function of the original alone, so that an id, a host and a message go on naming one thing. A pseudonym
has its original's length and kinds of characters, a GUID its version, an address its neighbours; types, roles, regions,
sizes, states and codes stay. The key and what was renamed are kept in a file of their own, which is not handed on.
"""

import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

from pytest_amlpreflight import data
from pytest_amlpreflight.run.whole_file import write_whole

PUBLIC = ipaddress.ip_network("198.51.100.0/24")
"""Addresses of nobody (RFC 5737), in the place of public ones."""

_KEPT_NETWORKS = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "0.0.0.0/8")))
_GUID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3}){3})(/\d{1,2})?(?![\w.-]|\.\d)")
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


@cache
def _looked_for() -> frozenset[str]:
    """The words of the plugin's own tables, which it looks for in logs and messages: `build` is nobody's name."""
    texts = (path.read_text(encoding="utf-8") for path in Path(data.__file__).parent.glob("*.yml"))
    return frozenset(word for text in texts for word in re.findall(r"[a-z]{4,}", text.lower()))


@dataclass
class Key:
    """A key, and which original it made into what: `names` only grows, so that one night's words are the next one's."""

    secret: bytes
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> "Key":
        """The key of a file; a new one where there is no file. Raises `ValueError` for what is no such file."""
        if not os.path.exists(path):
            return cls(secrets.token_bytes(32))
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(bytes.fromhex(content["key"]), dict(content["names"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            problem = error
        raise ValueError(f"{path} is no file of pseudonyms: {problem}")

    def keep(self, path: Path) -> None:
        """Write it, for its owner's eyes. What another run has added meanwhile stays; raises `ValueError` where that
        one has made a key of its own: its names are not these.
        """
        if os.path.exists(path):
            meanwhile = Key.of(path)
            if meanwhile.secret != self.secret:
                raise ValueError(f"{path} is another run's key by now: record again")
            self.names = meanwhile.names | self.names
        content = {"key": self.secret.hex(), "names": dict(sorted(self.names.items()))}
        write_whole(path, json.dumps(content, indent=1, ensure_ascii=False), 0o600)

    def name(self, original: str) -> str:
        """Another name of the same length, with letters, digits and capitals where the original has them."""
        lowered = original.lower()
        made = self.names.get(lowered)
        while made is None:
            taken = set(self.names.values())
            made = next(one for one in self._names_like(lowered) if one not in taken and one != lowered)
            self.names[lowered] = made
        pairs = zip(original, made, strict=True)
        return "".join(new.upper() if old.isupper() else new for old, new in pairs)

    def guid(self, original: str) -> str:
        """Another GUID of the same version and variant."""
        made = list(hmac.new(self.secret, b"guid" + original.lower().encode(), hashlib.sha256).hexdigest()[:32])
        plain = original.replace("-", "").lower()
        made[12], made[16] = plain[12], plain[16]
        return self.names.setdefault(original.lower(), _dashed("".join(made)))

    def address(self, original: str) -> str:
        """Another address: private ones keep their common beginnings, public ones become `PUBLIC`."""
        address = ipaddress.IPv4Address(original)
        if any(address in network for network in _KEPT_NETWORKS):
            return original
        home = next((one for one in _PRIVATE if address in one), None)
        if home is None:
            return self.names.setdefault(original, str(PUBLIC[1 + self._number(f"public {original}") % 254]))
        bits = f"{int(address):032b}"
        made = bits[: home.prefixlen]
        for at in range(home.prefixlen, 32):
            made += str(int(bits[at]) ^ (self._number(f"bit {bits[:at]}") & 1))
        return self.names.setdefault(original, str(ipaddress.IPv4Address(int(made, 2))))

    def renamed(self, text: str, *, back: bool = False) -> str:
        """A text with every word that was ever renamed as it is then called, or `back` as it was."""
        words = {new: old for old, new in self.names.items()} if back else self.names
        longest_first = sorted(map(re.escape, words), key=lambda word: (-len(word), word))
        pattern = rf"(?<![A-Za-z0-9])(?:{'|'.join(longest_first) or '(?!)'})(?![A-Za-z0-9])"
        return re.sub(pattern, lambda match: words[match[0].lower()], text, flags=re.IGNORECASE)

    def _names_like(self, original: str) -> Iterator[str]:
        for turn in range(1000):
            stream = hmac.new(self.secret, f"name{turn}{original}".encode(), hashlib.sha512).digest() * 5
            yield "".join(_like(char, byte) for char, byte in zip(original, stream, strict=False))

    def _number(self, of: str) -> int:
        return int.from_bytes(hmac.new(self.secret, of.encode(), hashlib.sha256).digest()[:4])


_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))


def _like(char: str, byte: int) -> str:
    if char.isdigit():
        return str(byte % 10)
    return "bcdfghjkmnpqrstvwxz"[byte % 19] if char.isalpha() else char  # no vowels: nothing that reads as a word


class OriginalLeft(Exception):
    """The output still holds what it should not: nothing is written."""


class Pseudonyms:
    """What one world's originals become."""

    def __init__(self, world: Mapping[str, Any], key: Key) -> None:
        self._key = key
        strings = list(_strings(world))
        words = {name.lower() for name in _keys(world)} | {kind for text in strings for kind in _kinds(text)}
        words |= _OF_AZURE | _looked_for()
        found = {one.lower() for one in _names(world, strings) if _is_name(one)}
        self._names = found - words - {one for one in found if _GUID.fullmatch(one)}
        self._kept = {guid.lower() for guid in _built_in(world)} | {"0" * 8 + "-0000-0000-0000-" + "0" * 12}
        self._guids = {guid.lower() for text in strings for guid in _GUID.findall(text)} - self._kept

    def of(self, value: Any) -> Any:
        """JSON's types with every original replaced, keys too."""
        if isinstance(value, dict):
            return {self.text(name): self.of(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.of(one) for one in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text with every original replaced."""
        text = _GUID.sub(self._guid, text)
        text = self._undashed.sub(lambda match: self._key.guid(_dashed(match[0])).replace("-", ""), text)
        text = self._heads.sub(lambda match: self._key.guid(self._by_head[match[0].lower()])[:8], text)
        text = _IPV4.sub(self._address, text)
        return self._pattern.sub(lambda match: self._key.name(match[0]), text)

    def check(self, text: str) -> None:
        """Raise `OriginalLeft` where an original is still in the output, or a GUID that is none of ours."""
        own = {self._key.guid(one) for one in self._guids} | self._kept
        left = [guid for guid in _GUID.findall(text) if guid.lower() not in own]
        left += self._heads.findall(text)
        left += [one[0] for one in self._pattern.finditer(text) if one[0].lower() not in self._key.names.values()]
        if left:
            raise OriginalLeft(f"pseudonyms: {len(set(left))} originals are left, such as {left[0]}")

    def _guid(self, match: re.Match[str]) -> str:
        return match[0] if match[0].lower() in self._kept else self._key.guid(match[0])

    def _address(self, match: re.Match[str]) -> str:
        address, length = match[1], match[2] or ""
        if any(int(part) > 255 for part in address.split(".")):
            return match[0]
        made = self._key.address(address)
        return str(ipaddress.IPv4Network(made + length, strict=False)) if length else made

    @cached_property
    def _undashed(self) -> re.Pattern[str]:
        plain = sorted(one.replace("-", "") for one in self._guids)
        return re.compile("|".join(plain) or r"(?!)", re.IGNORECASE)

    @cached_property
    def _by_head(self) -> dict[str, str]:
        """GUIDs by their first eight digits, with which Azure makes names of its own."""
        return {one[:8]: one for one in sorted(self._guids)}

    @cached_property
    def _heads(self) -> re.Pattern[str]:
        heads = "|".join(self._by_head) or r"(?!)"
        return re.compile(rf"(?<![a-z0-9])(?:{heads})(?![a-z0-9-])", re.IGNORECASE)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Longest first; a word only where it stands alone, what can be no word anywhere."""
        parts = []
        for one in sorted(self._names, key=lambda name: (-len(name), name)):
            anywhere = len(one) >= 6 and not one.isalpha()
            parts.append(re.escape(one) if anywhere else rf"(?<![a-z0-9]){re.escape(one)}(?![a-z0-9])")
        return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


def _dashed(plain: str) -> str:
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))


def _is_name(name: str) -> bool:
    """Whether it is long enough, and no number, version or region's word."""
    return len(name) >= _SHORTEST and not re.fullmatch(
        r"[\d.]+|page-\d+|workspace\w+store|\$\w+|azureml.*", name.lower()
    )


def _names(world: Mapping[str, Any], strings: Iterable[str]) -> Iterator[str]:
    """What people called things: in ids, in hosts, and where a document shows a name of its own."""
    regions = {str(one).lower() for one in _members(world, frozenset(("location", "targetresourcelocation")))}
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
    yield from (str(one) for one in _members(world, _SHOWN) if one)


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
    if (known and known.start() == 0) or not host or _IPV4.fullmatch(host) or host.endswith("microsoft.com"):
        return
    labels = host[: known.start()].split(".") if known else host.split(".")[:-1]
    yield from (label for label in labels if label not in regions)


def _built_in(world: Mapping[str, Any]) -> Iterator[str]:
    """The GUIDs of roles and policies that are the same in every tenant, and of roles that were not read."""
    own = set()
    for document in _documents(world):
        properties = document.get("properties")
        if isinstance(properties, dict) and "Custom" in (properties.get("type"), properties.get("policyType")):
            own |= set(_GUID.findall(str(document["id"])[-36:]))
        if isinstance(properties, dict) and properties.get("type") == "CustomRole":
            own |= set(_GUID.findall(str(document["id"])[-36:]))
    kind = r"/(?:roleDefinitions|policyDefinitions|policySetDefinitions)/"
    for text in _strings(world):
        for match in re.finditer(kind + f"({_GUID.pattern})", text, re.IGNORECASE):
            if match[1] not in own:
                yield match[1]


def _documents(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value
        for one in value.values():
            yield from _documents(one)
    elif isinstance(value, list):
        for one in value:
            yield from _documents(one)


def _members(value: Any, names: frozenset[str]) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, one in value.items():
            if name.lower() in names and isinstance(one, str):
                yield one
            yield from _members(one, names)
    elif isinstance(value, list):
        for one in value:
            yield from _members(one, names)


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


def _keys(value: Any, of: str = "") -> Iterator[str]:
    """Members' names: a resource called like one cannot be told from it. Those of the user's own maps are none."""
    if isinstance(value, dict):
        for name, one in value.items():
            if of.lower() not in _MAPS:
                yield name
            yield from _keys(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _keys(one)
