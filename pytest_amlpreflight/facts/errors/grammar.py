"""A sentence that no table knows, read by its words: of which thing it says what."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pytest_amlpreflight.data import load

ANY = "any"
"""Where the table of things has the checks that count whatever is said."""

LONGEST_SENTENCE = 400
"""Characters that are read."""

LONGEST_TEXT = 2_000
"""Characters in which ids and hosts are looked for."""

ANYTHING = "resource"
"""The thing that any other one is as well."""

FARTHEST = 120
"""Characters between a thing and what is said behind it."""

_CLAUSES = re.compile(
    r"(?i)[.;!?:]+(?=\s|$)|\n|[,()\[\]] "
    r"|\b(?:because|since|due to|as the|but|so that|and then|please|if|when|unless|to use)\b"
)
_ASKED = re.compile(
    r"(?i)\b(?:verifying|whether|checking)\b"
    r"|\b(?:no|0|zero|without) (?:[\w/-]{1,30} ){0,8}(?:problem|issue|error|failure|warning|finding|violation)s?\b"
)
"""A clause that asks, or says that nothing is the matter, and so tells nothing."""
_OWN_ERRORS = re.compile(
    r"^(?!(?:Http\w{0,30}|Resource\w{0,30}|Client\w{0,30}|Validation|Ml|MlFlow|UserError|Webservice"
    r"|ModelManagement\w{0,20}|AzureML|Authentication\w{0,12}|Compute\w{0,20}|ProjectSystem|Credential\w{0,12}|Operation"
    r"|Deployment\w{0,20}|ServiceRequest|CLI)(?:Error|Exception|Failed)?\b)"
    r"(?:\w{1,60}\.)*[A-Z]\w{2,60}(?:Error|Exception|Warning)\b"
)
"""How the errors begin that somebody's code raised, not Azure or one of its clients."""

_GAP = re.compile(
    r"(?:\W{1,3}(?!(?:in|of|on|for|with|from|to|by|at|and|or|as)\b)[\w'/-]{1,20}){0,3}\W{0,3}", re.IGNORECASE
)
"""What may stand between what is said in front of a thing, and the thing."""

_PRONOUN = re.compile(r"\W{0,3}(?:it|they|which)\b", re.IGNORECASE)

_WHERE = re.compile(r"\b(?:under|within) (?:the |this )?$", re.IGNORECASE)
"""What stands in front of a thing that only says where another one is."""

_WHOLE = re.compile(r"[\w%-]*[/.:][\w%/.:@-]{3,}\w")
"""A type, an id or a host: what has slashes or dots inside."""

_JOINT = re.compile(r"(?:'s)?[\s-]{1,2}")
"""What stands between the parts of a compound, of which the last one counts."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a sentence says by its words alone: of a thing, that something is the matter with it.

    `checks` are those that look at it, the likeliest first.
    """

    name: str
    title: str
    advice: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Fault:
    name: str
    title: str
    advice: str
    after: re.Pattern[str] | None
    before: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class _Mention:
    """Where a clause speaks of a thing."""

    start: int
    end: int
    thing: str


def guessed(sentence: str) -> Guess | None:
    """What a sentence of Azure, or of one of its clients, says by its words; None for those of somebody's own code."""
    if _OWN_ERRORS.match(sentence):
        return None
    said = [clause for clause in _CLAUSES.split(_spoken(sentence)[:LONGEST_SENTENCE]) if not _ASKED.search(clause)]
    clauses = list(_with_mentions(said))
    pairs = ((fault, _of_which(fault, *clause)) for fault in _faults() for clause in clauses)
    return next((_guess(fault, thing) for fault, thing in pairs if thing), None)


def _spoken(sentence: str) -> str:
    """The sentence with words for types, ids and hosts of things."""
    return _WHOLE.sub(lambda whole: _in_words(whole[0]), sentence[:LONGEST_TEXT])


def _in_words(name: str) -> str:
    """The word for what a type, id or host is of; itself where it is of nothing that is known."""
    row = next((row for row in _things().values() if "address" in row and _address(row["address"]).search(name)), None)
    return str(row["thing"]).replace("_", " ") if row else name


def _of_which(fault: _Fault, clause: str, mentions: Sequence[_Mention]) -> str | None:
    """Of which thing a clause says this: its first one in front of what is said, or the next one behind it."""
    first = next((one for one in mentions if one.thing != ANYTHING), next(iter(mentions), None))
    for found in fault.after.finditer(clause) if fault.after else ():
        if first and first.end <= found.start() <= first.end + FARTHEST:
            return first.thing
    for found in fault.before.finditer(clause) if fault.before else ():
        behind = next((one for one in mentions if one.start >= found.end()), None)
        if behind and _GAP.fullmatch(clause[found.end() : behind.start]):
            return behind.thing
    return None


def _with_mentions(clauses: Sequence[str]) -> Iterator[tuple[str, Sequence[_Mention]]]:
    """Each clause with the things of which it speaks; a pronoun in its begin stands for the thing before."""
    before = ""
    for clause in clauses:
        mentions, pronoun = tuple(_mentions(clause)), _PRONOUN.match(clause)
        if before and pronoun:
            mentions = (_Mention(0, pronoun.end(), before), *mentions)
        before = mentions[0].thing if mentions else before
        yield clause, mentions


def _mentions(clause: str) -> Iterator[_Mention]:
    """The things of which a clause speaks; a compound is what its last part is."""
    last = None
    for found in _any_thing().finditer(clause):
        if _WHERE.search(clause, 0, found.start()):
            continue
        joined = last and _JOINT.fullmatch(clause[last.end : found.start()])
        if last and not joined:
            yield last
        last = _Mention(last.start if last and joined else found.start(), found.end(), found.lastgroup or "")
    if last:
        yield last


def _guess(fault: _Fault, thing: str) -> Guess:
    row = _things()[thing]
    checks = tuple(row["checks"].get(fault.name) or row["checks"][ANY])
    said = row.get("said", {}).get(fault.name, fault.title)
    return Guess(f"{thing}_{fault.name}", f"{row['label']} {said}", fault.advice, checks)


@cache
def _faults() -> tuple[_Fault, ...]:
    def of(row: Mapping[str, Any], place: str) -> re.Pattern[str] | None:
        return re.compile(rf"\b(?:{row[place]})", re.IGNORECASE) if place in row else None

    rows = load("error-grammar").rows
    return tuple(_Fault(row["fault"], row["title"], row["advice"], of(row, "after"), of(row, "before")) for row in rows)


@cache
def _things() -> Mapping[str, Mapping[str, Any]]:
    return {row["thing"]: row for row in load("error-things").rows}


@cache
def _address(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@cache
def _any_thing() -> re.Pattern[str]:
    """The things' words, each in a group of its thing's name: the more special first."""
    words = "|".join(f"(?P<{name}>{row['says']})" for name, row in _things().items())
    return re.compile(rf"(?<![\w/.-])(?:{words})(?!\w|[/.-]\w)", re.IGNORECASE)
