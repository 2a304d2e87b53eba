"""What Azure says of the last operation on an endpoint or a deployment."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.resources.azure_error import WRAPPERS, AzureError

AT_REST = frozenset({"succeeded", "failed", "canceled"})
"""Provisioning states in which nothing is under way."""

_PLACE = re.compile(r"\{(\w+)\}")
_ANCHOR = re.compile(r"(?:aka\.ms/oe-tsg|how-to-troubleshoot-online-endpoints)#error-(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What an error code means, where Microsoft's guide describes it, what to try first, and which checks could explain
    it. `container` says that a container may have started, and may have a log; `ticket` that only Azure's support can
    look further.
    """

    code: str
    title: str
    guide: str
    advice: str
    checks: tuple[str, ...]
    container: bool = False
    ticket: bool = False

    def knowing(self, words: Mapping[str, str]) -> "CodeMeaning":
        """The same, with these words in the advice in the place of their names."""
        return replace(self, advice=_PLACE.sub(lambda match: words.get(match[1]) or match[0], self.advice))

    def advice_for(self, words: Mapping[str, str]) -> str:
        """The advice with these words; one that is not known is in capitals, as tools' manuals write it."""
        return _PLACE.sub(lambda match: match[1].upper(), self.knowing(words).advice)


@dataclass(frozen=True, slots=True)
class Operation:
    """The last operation on a resource. `error` is None while it runs; `unread` says in words why the operation itself
    could not be read. `id` and `request` are what a support ticket asks for.
    """

    status: str
    percent: float | None = None
    error: AzureError | None = None
    unread: str | None = None
    id: str | None = None
    request: str | None = None

    @property
    def meaning(self) -> CodeMeaning | None:
        """What is known of the error: by Azure's own words where they name the cause, else by its codes; by a code that
        stands in a message alone where no level has a known one.
        """
        return meaning_of_error(self.error) if self.error else None


def meaning_of_error(error: AzureError) -> CodeMeaning | None:
    """What the tables say of an error: see `Operation.meaning`."""
    text = "\n".join(dict.fromkeys(level.message for level in error.levels if level.message))
    codes = [code for code in error.codes if meaning_of(code)]
    telling = [code for code in codes if code.lower() not in WRAPPERS] or codes_in(text)
    worded = worded_meaning(text, telling)
    return worded or next((meaning for code in (*telling, *codes) if (meaning := meaning_of(code))), None)


def worded_meaning(text: str, codes: Sequence[str] = ()) -> CodeMeaning | None:
    """What the table `error-wordings` says of a message, under one of the codes that are known; under any where none
    is.
    """
    wanted = {code.lower() for code in codes}
    for pattern, under, meaning in _wordings():
        found = pattern.search(text) if not wanted or wanted & under else None
        if found:
            return meaning.knowing({name: word for name, word in found.groupdict().items() if word})
    return None


def codes_in(text: str) -> list[str]:
    """The known codes in a text: those of the guide's anchors (`aka.ms/oe-tsg#error-outofquota`), then those that stand
    as a word; no plain English words and no numbers.
    """
    known = code_meanings()
    anchors = [known[code].code for code in map(str.lower, _ANCHOR.findall(text)) if code in known]
    distinct = {meaning.code for meaning in known.values() if not meaning.code.isdigit() and not meaning.code.istitle()}
    words = [word for word in re.findall(r"\b\w+\b", text) if word in distinct and word.lower() not in WRAPPERS]
    return list(dict.fromkeys([*anchors, *words]))


def meaning_of(code: str) -> CodeMeaning | None:
    """What the table says of a code, in any casing; None for one it does not know."""
    return code_meanings().get(code.lower())


@cache
def code_meanings() -> Mapping[str, CodeMeaning]:
    """Every code of the table `error-codes`, by its lower case."""
    return {str(row["code"]).lower(): _meaning(row) for row in load("error-codes").rows}


@cache
def _wordings() -> tuple[tuple[re.Pattern[str], frozenset[str], CodeMeaning], ...]:
    """Each row's pattern, the codes under which it counts, and what it means."""
    return tuple(
        (
            re.compile(row["says"], re.IGNORECASE | re.DOTALL),
            frozenset(code.lower() for code in (row["code"], *row.get("also", ()))),
            _meaning(row),
        )
        for row in load("error-wordings").rows
    )


def _meaning(row: Mapping[str, Any]) -> CodeMeaning:
    checks = tuple(row.get("checks") or ())
    can = {name: bool(row.get(name, False)) for name in ("container", "ticket")}
    return CodeMeaning(str(row["code"]), row["title"], row["guide"], row["advice"], checks, **can)
