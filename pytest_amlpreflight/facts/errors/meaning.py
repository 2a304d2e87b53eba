"""What an error means: by Azure's own words, or those of its tools, where they name the cause; else by its codes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.errors.azure_error import WRAPPERS, AzureError
from pytest_amlpreflight.facts.rules.table_commands import PLACE, commands_for, with_words

LONGEST_TEXT = 40_000
"""Characters of a text that are looked through: its start and its end in equal parts."""

_NAMES = (
    re.compile(
        r"\b(?P<registry>[a-z0-9]{5,50})\.azurecr\.\w{2,3}(?:/(?P<repository>[\w./-]{1,200}\w))?", re.IGNORECASE
    ),
    re.compile(r"\b(?P<vault>[a-z][a-z0-9-]{2,23})\.vault\.", re.IGNORECASE),
    re.compile(r"\bkey ?vault '?(?P<vault>(?=\S{0,24}[\d-])[a-z][a-z0-9-]{2,23})\b", re.IGNORECASE),
    re.compile(r"\b(?:namespace|provider) ['\[]?(?P<namespace>Microsoft\.\w{1,60})", re.IGNORECASE),
    re.compile(r"\b(?P<size>Standard_[A-Z]\w{1,40})", re.IGNORECASE),
    re.compile(r"azureml://jobs/(?P<job>[\w.-]{1,120})", re.IGNORECASE),
    re.compile(r"\bpolicy assignment '(?P<assignment>[^']{1,128})'", re.IGNORECASE),
)
"""How Azure's texts name things; a word that stands alone after "key vault" is a name only with a digit or a dash."""
_PHRASE = re.compile(r"(?<!P)<(\w+)>")
_ANCHOR = re.compile(r"(?:aka\.ms/oe-tsg|troubleshoot-online-endpoints[\w?=-]{0,40})#error-(\w{1,80})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What an error means, where Microsoft's guide describes it, and what to try first, in words and as commands.

    `name` is that of the row: the code, or the words' own. `checks` are those that could explain these very words, the
    likeliest first, as `<topic>::<name>`; which explain a code the checks themselves say. `container` says that a
    container may have started, and may have a log; `ticket` that only Azure's support can look further; `open` that
    the message beside the code decides.
    """

    code: str
    title: str
    guide: str
    advice: str
    name: str
    checks: tuple[str, ...] = ()
    container: bool = False
    ticket: bool = False
    open: bool = False
    commands: tuple[str, ...] = ()

    def knowing(self, words: Mapping[str, str]) -> "CodeMeaning":
        """The same, with these words in advice and commands in the place of their names."""
        return replace(
            self,
            advice=PLACE.sub(lambda match: words.get(match[1]) or match[0], self.advice),
            commands=tuple(with_words(command, words) for command in self.commands),
        )

    def advice_for(self, words: Mapping[str, str]) -> str:
        """The advice with these words; one that is not known is in capitals, as tools' manuals write it."""
        return PLACE.sub(lambda match: match[1].upper(), self.knowing(words).advice)

    def commands_for(self, words: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
        """The commands with these words, each word by word."""
        return commands_for(self.commands, words)


@dataclass(frozen=True, slots=True)
class _Wording:
    """A row of the table `error-wordings`: under which codes it counts, whether only under one, whether a log says
    more; or a row of `service-codes`.
    """

    says: re.Pattern[str]
    codes: frozenset[str]
    only: bool
    generic: bool
    meaning: CodeMeaning


def meaning_of_error(error: AzureError) -> CodeMeaning | None:
    """What is known of an error: by Azure's own words where they name the cause, else by its codes; by a code that
    stands in a message alone where no level has a known one.
    """
    text = "\n".join(dict.fromkeys(level.message for level in (*error.levels, *error.beside) if level.message))
    codes = [code for code in (*error.codes, *(one.code for one in error.beside)) if code and meaning_of(code)]
    telling = [code for code in codes if code.lower() not in WRAPPERS] or codes_in(text)
    worded = worded_meaning(text, telling)
    return worded or next((meaning for code in (*telling, *codes) if (meaning := meaning_of(code))), None)


def worded_meaning(text: str, codes: Sequence[str] = (), *, generic: bool | None = None) -> CodeMeaning | None:
    """What the table `error-wordings` says of a text, under one of the codes that are known; under any where none is,
    and under none where the message decides what they mean.

    `generic` chooses between the rows that give way to a log and the others.
    """
    known = [meaning for code in codes if (meaning := meaning_of(code))]
    wanted, undecided = {meaning.code.lower() for meaning in known}, all(meaning.open for meaning in known)
    flat = " ".join(bounded(text).split())
    for row in _wordings():
        counts = wanted & row.codes or (undecided and not (row.only or (wanted and row.codes)))
        found = row.says.search(flat) if counts and generic in (None, row.generic) else None
        if found:
            return row.meaning.knowing(
                names_in(flat) | {name: word for name, word in found.groupdict().items() if word}
            )
    return None


def topics_in(text: str) -> tuple[str, ...]:
    """The topics of checks of which an error speaks that no other table knows, in the order of their table."""
    words = bounded(text)
    return tuple(topic for topic, says in _topics() if says.search(words))


def names_in(text: str) -> dict[str, str]:
    """What a text calls by name: vault, registry, repository, provider and policy assignment, as an advice has them."""
    found = [match for pattern in _NAMES for match in pattern.finditer(text)]
    return {name: word for match in reversed(found) for name, word in match.groupdict().items() if word}


def codes_in(text: str) -> list[str]:
    """The known codes in a text: those of the guide's anchors (`aka.ms/oe-tsg#error-outofquota`), then those that stand
    as a word; no plain English words and no numbers.
    """
    text = bounded(text)
    words = [word.lower() for word in re.findall(r"\b\w{4,60}\b", text)]
    told = [word for word in words if word in _distinct() and word not in WRAPPERS]
    found = (meaning_of(code) for code in told)
    return list(dict.fromkeys([*anchors_in(text), *(meaning.code for meaning in found if meaning)]))


def anchors_in(text: str) -> list[str]:
    """The known codes to whose place in Microsoft's guide a text links."""
    found = (code_meanings().get(code.lower()) for code in _ANCHOR.findall(bounded(text)))
    return list(dict.fromkeys(meaning.code for meaning in found if meaning))


def meaning_of(code: str) -> CodeMeaning | None:
    """What the table says of a code, in any casing or by another word for it; None for one it does not know."""
    return code_meanings().get(code.lower()) or _other_words().get(code.lower())


@cache
def code_meanings() -> Mapping[str, CodeMeaning]:
    """Every code of the table `error-codes`, by its lower case."""
    return {str(row["code"]).lower(): _meaning(row, str(row["code"])) for row in load("error-codes").rows}


@cache
def spelt() -> frozenset[str]:
    """Every code, and every other word for one, as written."""
    return frozenset(word for row in load("error-codes").rows for word in (str(row["code"]), *row.get("also", ())))


def bounded(text: str) -> str:
    """The text's start and end where it is too long to be looked through."""
    half = LONGEST_TEXT // 2
    return text if len(text) <= LONGEST_TEXT else f"{text[:half]}\n{text[-half:]}"


@cache
def _distinct() -> frozenset[str]:
    """Codes, in lower case, that are nobody's plain word: with a capital inside or an underscore, and long enough."""
    return frozenset(
        word.lower() for word in spelt() if len(word) > 5 and re.search(r"[a-z][A-Z]|_|[A-Z]{3}|^E\d", word)
    )


@cache
def _other_words() -> Mapping[str, CodeMeaning]:
    known = code_meanings()
    rows = load("error-codes").rows
    return {word.lower(): known[str(row["code"]).lower()] for row in rows for word in row.get("also", ())}


@cache
def _phrases() -> Mapping[str, str]:
    """The patterns that a row of `error-wordings` has by name."""
    return load("error-phrases").pairs("phrase", "says")


def _with_phrases(says: str) -> str:
    """The pattern with those that it has by name in their places, which may have others."""
    while _PHRASE.search(says):
        says = _PHRASE.sub(lambda match: f"(?:{_phrases()[match[1]]})", says)
    return says


@cache
def _wordings() -> tuple[_Wording, ...]:
    """Those of words first: they say more than those of codes."""
    worded = tuple(
        _Wording(
            re.compile(_with_phrases(row["says"]), re.IGNORECASE),
            frozenset(code.lower() for code in (row.get("code", ""), *row.get("also", ())) if code),
            bool(row.get("only")),
            bool(row.get("generic")),
            _meaning(row, row["wording"]),
        )
        for row in load("error-wordings").rows
    )
    coded = tuple(
        _Wording(
            re.compile(rf"\b(?:{'|'.join(map(re.escape, row['codes']))})\b"),
            frozenset(),
            False,
            False,
            _meaning(row, row["cause"]),
        )
        for row in load("service-codes").rows
    )
    return worded + coded


@cache
def _topics() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["topic"], re.compile(row["says"], re.IGNORECASE)) for row in load("error-topics").rows)


def _meaning(row: Mapping[str, Any], name: str) -> CodeMeaning:
    checks = tuple(row.get("checks") or ())
    code, guide = str(row.get("code", "")), row.get("guide", "")
    can = {flag: bool(row.get(flag, False)) for flag in ("container", "ticket", "open")}
    commands = tuple(row.get("commands") or ())
    return CodeMeaning(code, row["title"], guide, row["advice"], name, checks, **can, commands=commands)
