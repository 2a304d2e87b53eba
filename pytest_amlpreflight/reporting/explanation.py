"""`--aml-explain CODE | FILE | -`: from an error to what it means, and to the checks that could explain it."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import pytest

from pytest_amlpreflight.facts.resources.azure_error import WRAPPERS
from pytest_amlpreflight.facts.resources.log_reading import LogCause, read_log
from pytest_amlpreflight.facts.resources.operation import CodeMeaning, code_meanings, meaning_of
from pytest_amlpreflight.facts.rules.redaction import redact

_STATUS = re.compile(r"(?i)\b(?:status(?: ?code)?|HTTP(?:/\d(?:\.\d)?)?)\b\W{0,3}(\d{3})\b")
_LABELLED = re.compile(r"(?im)(?:^\W*\(|\bcode\b\W{1,4})([A-Za-z]\w+)")


@dataclass(frozen=True)
class Explanation:
    """What was asked about: its codes, the likeliest first, and the known causes that a log shows."""

    subject: str
    codes: tuple[str, ...]
    causes: tuple[LogCause, ...] = ()

    @property
    def meanings(self) -> tuple[CodeMeaning, ...]:
        """What is known of each code."""
        return tuple(meaning for code in self.codes if (meaning := meaning_of(code)))

    @property
    def phase(self) -> str:
        """The phase in which the checks look, where the operator did not say: a status of a request comes from what
        is live.
        """
        first = self.codes[0] if self.codes else ""
        return "post" if first.isdigit() or first == "CORS" else "pre"

    @cached_property
    def order(self) -> dict[str, int]:
        """The checks that could explain it, as `<topic>::<name>`, and the place of each: the likeliest is 0."""
        named = dict.fromkeys(check for meaning in self.meanings for check in meaning.checks)
        return {check: place for place, check in enumerate(named)}

    def concerns(self, check: str, explains: Sequence[str]) -> bool:
        """Whether a check could explain it: the table names it, or its marker has one of the codes."""
        wanted = {code.lower() for code in self.codes}
        return check in self.order or any(code.lower() in wanted for code in explains)

    def place(self, check: str) -> int:
        """Where a check stands; after all others where only its marker speaks for it."""
        return self.order.get(check, len(self.order))

    def lines(self) -> Iterator[str]:
        """What is written about it, without a look at any workspace."""
        for cause in self.causes:
            yield f"{cause.title}{f' ({cause.what})' if cause.what else ''}"
            yield from _indented(f"log: {cause.line}", cause.advice, cause.guide)
        for meaning in self.meanings:
            yield f"{meaning.code}: {meaning.title}"
            yield from _indented(meaning.advice_for({}), meaning.guide)


def read_explanation(what: str, folder: Path, read_input: Callable[[], str]) -> Explanation:
    """What `--aml-explain` was given: a code, a file, or `-` for standard input. Raises `pytest.UsageError` for what
    nobody knows.
    """
    meaning = meaning_of(what)
    if meaning:
        return Explanation(meaning.code, (meaning.code,))
    path = folder / what
    if what != "-" and not path.is_file():
        raise pytest.UsageError(f"--aml-explain {what}: no such code, file or check{_near(what)}")
    try:
        text = read_input() if what == "-" else path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise pytest.UsageError(f"--aml-explain {what}: {error.strerror}") from None
    explanation = explain_text(text, "standard input" if what == "-" else what)
    if not explanation.codes:
        raise pytest.UsageError(f"--aml-explain {what}: it names no code and no cause that the tables know")
    return explanation


def explain_text(text: str, subject: str) -> Explanation:
    """The codes and causes in an error's JSON, in the output of a tool around one, or in a container's log.

    What a log shows says more than a code, an inner code more than the one around it, and a code in its own place more
    than a word in a sentence; codes that merely wrap others come last.
    """
    from pytest_amlpreflight.readers.connection.error_chain import errors_in

    causes = read_log(redact(text)).causes
    nested = [code for error in errors_in(text) for code in error.codes]
    found = [
        *(cause.code for cause in causes),
        *nested,
        *_LABELLED.findall(text),
        *_words(text),
        *_STATUS.findall(text),
    ]
    known = dict.fromkeys(meaning.code for code in found if (meaning := meaning_of(code)))
    return Explanation(subject, tuple(sorted(known, key=lambda code: code.lower() in WRAPPERS)), causes)


def unknown_names(names: Iterable[str]) -> list[str]:
    """The codes that the table has, for whoever asked about none of them."""
    return sorted({meaning.code for meaning in code_meanings().values()} | set(names))


def _words(text: str) -> list[str]:
    """The codes that stand somewhere as a word; one that is also a plain English word, or a number, does not count."""
    codes = {meaning.code for meaning in code_meanings().values()}
    distinct = {code for code in codes if not code.isdigit() and not code.istitle()}
    return [word for word in re.findall(r"\b\w+\b", text) if word in distinct]


def _near(what: str) -> str:
    near = get_close_matches(what, unknown_names(()), n=3, cutoff=0.5)
    return f"; did you mean {', '.join(near)}" if near else "; `pytest --aml-explain list` names all"


def _indented(*parts: str | None) -> Iterator[str]:
    for part in filter(None, parts):
        yield from (f"  {line}" for line in part.splitlines())
