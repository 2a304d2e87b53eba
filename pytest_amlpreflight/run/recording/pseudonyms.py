"""`--aml-pseudonyms KEYFILE`: names, GUIDs, addresses and hosts become others, the same ones every time.

Each is a keyed function of the original alone, so that an id, a host and a message go on naming one thing; types,
roles, regions, sizes, states and codes stay. The key and what was renamed are kept in a file of their own, which is not
handed on.
"""

import ipaddress
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pytest_amlpreflight.run.recording.key import Key, dashed
from pytest_amlpreflight.run.recording.originals import GUID, IPV4, guids_in, guids_of_azure, names_in


class OriginalLeft(Exception):
    """The output still holds what it should not: nothing is written."""


class Pseudonyms:
    """What one world's originals become."""

    def __init__(self, world: Mapping[str, Any], key: Key) -> None:
        self._key = key
        self._names, self._guids, self._kept = names_in(world), guids_in(world), guids_of_azure(world)

    def of(self, value: Any) -> Any:
        """JSON's types with every original replaced, keys too."""
        if isinstance(value, dict):
            return {self.text(name): self.of(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.of(one) for one in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text with every original replaced."""
        text = GUID.sub(self._guid, text)
        text = self._undashed.sub(lambda match: self._key.guid(dashed(match[0])).replace("-", ""), text)
        text = self._heads.sub(lambda match: self._key.guid(self._by_head[match[0].lower()])[:8], text)
        text = IPV4.sub(self._address, text)
        return self._pattern.sub(lambda match: self._key.name(match[0]), text)

    def check(self, text: str) -> None:
        """Raise `OriginalLeft` where an original is still in the output, or a GUID that is none of ours."""
        own = {self._key.guid(one) for one in self._guids} | self._kept
        left = [guid for guid in GUID.findall(text) if guid.lower() not in own]
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
