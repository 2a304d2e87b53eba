"""The key of `--aml-pseudonyms`: keyed functions from an original to its pseudonym, and which were made.

A pseudonym has its original's length and kinds of characters, a GUID its version, an address its neighbours.
"""

import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_amlpreflight.facts.resources.network import DOCUMENTATION
from pytest_amlpreflight.run.whole_file import write_whole

_KEPT_NETWORKS = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "0.0.0.0/8")))
_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))


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
        if made is None:
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
        return self.names.setdefault(original.lower(), dashed("".join(made)))

    def address(self, original: str) -> str:
        """Another address: private ones keep their common beginnings, public ones become those of nobody."""
        address = ipaddress.IPv4Address(original)
        if any(address in network for network in _KEPT_NETWORKS):
            return original
        home = next((one for one in _PRIVATE if address in one), None)
        if home is None:
            return self.names.setdefault(original, str(DOCUMENTATION[1 + self._number(f"public {original}") % 254]))
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


def dashed(plain: str) -> str:
    """A GUID as it is usually written."""
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))


def _like(char: str, byte: int) -> str:
    if char.isdigit():
        return str(byte % 10)
    return "bcdfghjkmnpqrstvwxz"[byte % 19] if char.isalpha() else char  # no vowels: nothing that reads as a word
