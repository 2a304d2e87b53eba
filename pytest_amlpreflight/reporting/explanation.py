"""What an error was found to mean, and which checks could explain it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import wrap

from pytest_amlpreflight.facts.errors.grammar import Guess
from pytest_amlpreflight.facts.errors.meaning import CodeMeaning
from pytest_amlpreflight.facts.logs.causes import LogCause
from pytest_amlpreflight.facts.logs.exceptions import Traceback
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.rules.az_ml import place_of, placed
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.fix import Command, in_workspace, shell

WIDTH = 80
"""Columns of a screen that nobody knows."""

BEHIND_ALL_ELSE = ("subscription::subscription_is_enabled", "workspace::workspace_is_ready")
"""Checks whose failure makes others fail."""


@dataclass(frozen=True)
class Explanation:
    """What was asked about.

    `codes` are those by which the checks are chosen, the likeliest first; `causes` the known causes that a log shows,
    `meanings` what is known beside them. `unknown` is the exception that no table knows, `near` are the codes spelt
    most like what was said, `told` is the error in the text's own words where no table knows what they say, `topics`
    those of which it speaks then, `guess` what its words say by their grammar; `likely_checks` are those that could
    explain the very words.
    """

    subject: str
    codes: tuple[str, ...] = ()
    causes: tuple[LogCause, ...] = ()
    meanings: tuple[CodeMeaning, ...] = ()
    unknown: Traceback | None = None
    near: tuple[str, ...] = ()
    told: str | None = None
    topics: tuple[str, ...] = ()
    guess: Guess | None = None
    likely_checks: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether any table knows anything of it, or a log at least shows the exception."""
        return bool(self.codes or self.causes or self.meanings)

    @property
    def phase(self) -> str:
        """The phase in which the checks look, where the operator did not say: a status of a request, and what a
        container printed, come from what is live.
        """
        first = self.codes[0] if self.codes else ""
        return "post" if first.isdigit() or first == "CORS" or self.unknown or self.causes else "pre"

    def concerns(self, check: str, explains: Sequence[str]) -> bool:
        """Whether a check could explain it: the table names it for these words, or its marker has one of the codes."""
        wanted = {code.lower() for code in self.codes}
        return check in self.likely_checks or any(code.lower() in wanted for code in explains)

    def place(self, check: str) -> tuple[int, bool, int, int, bool, int]:
        """Where a check stands: those that the words name, those of the topics that an unknown error speaks of, then by
        the likeliest code that a check explains; what stands behind all else first, those that explain few codes before
        those that explain many.
        """
        spoken_of = check.partition("::")[0] in self.topics
        likely = self.likely_checks or (self.guess.checks if self.guess else ())
        named = likely.index(check) if check in likely else len(likely)
        explains = self._explained_by.get(check, ())
        places = [(number, explains.index(code)) for number, code in enumerate(self.codes) if code in explains]
        return (
            named,
            not spoken_of,
            *min(places, default=(len(self.codes), 0)),
            check not in BEHIND_ALL_ELSE,
            len(explains),
        )

    @property
    def _guessed_topics(self) -> tuple[str, ...]:
        """The topic that the words alone speak of."""
        return (self.guess.checks[0].partition("::")[0],) if self.guess and self.guess.checks else ()

    @cached_property
    def _explained_by(self) -> dict[str, tuple[str, ...]]:
        """The codes of every built-in check."""
        from pytest_amlpreflight.run.suite.built_in import built_in_checks, mark_of

        return {name: tuple(mark_of(check)["explains"]) for name, check in built_in_checks().items()}

    def lines(self, width: int = WIDTH, targets: Sequence[Target] = ()) -> Iterator[str]:
        """What is written about it, without a look at any workspace: paragraphs as wide as the screen, and the names of
        what the run looks at where there is one of each.
        """
        place = _Place.of(targets)
        for cause in self.causes:
            yield cause.brief
            yield from _indented(f"log: {cause.line}")
            yield from _wrapped(place.put_into(cause.advice), width)
            yield from _indented(*(place.put(shell(*words)) for words in cause.commands_for(place.words)))
            yield from _indented(cause.guide)
        if self.unknown:
            kind = "exception" if self.unknown.frames else "error"
            yield f"an {kind} that no table knows: {self.unknown.brief}{self.unknown.where}"
            yield from _indented(*self.unknown.users_first[1:7])
        if self.guess:
            yield from wrap(f"by its words alone: {self.guess.title}", width)
            yield from _wrapped(self.guess.advice, width)
            checks = ", ".join(self.guess.checks)
            yield from _indented(f"checks that look at it: {checks}" if checks else None)
        for meaning in self.meanings:
            yield f"{meaning.code}: {meaning.title}" if meaning.code else meaning.title
            yield from _wrapped(place.put_into(meaning.advice_for(place.words)), width)
            yield from _indented(*(place.put(shell(*words)) for words in meaning.commands_for(place.words)))
            yield from _indented(meaning.guide)
        if not self.known:
            topics = " and ".join(dict.fromkeys([*self._guessed_topics, *self.topics]))
            first = f", those of {topics} first" if topics else ""
            yield f"it names no code and no cause that the tables know, so every check of the phase looks{first}"
        yield from _indented(f"it says: {self.told}" if self.told else None)
        if not self.known:
            yield from _indented(f"nearest: {', '.join(self.near)}" if self.near else None)


@dataclass(frozen=True)
class _Place:
    """The names that all targets of a run share."""

    workspace: ResourceId | None
    words: Mapping[str, str]

    @classmethod
    def of(cls, targets: Sequence[Target]) -> _Place:
        """None of them where there is more than one."""
        workspaces = {target.workspace for target in targets}
        named = {word: {getattr(target, word) for target in targets} for word in ("endpoint", "deployment")}
        words = {word: next(iter(names)) for word, names in named.items() if len(names) == 1 and None not in names}
        workspace = next(iter(workspaces)) if len(workspaces) == 1 else None
        return cls(workspace, words | place_of(workspace))

    def put(self, command: Command) -> str:
        """The command with resource group and workspace, which stays in one line."""
        return str(in_workspace(command, self.workspace) if self.workspace else command)

    def put_into(self, text: str) -> str:
        """The text with resource group and workspace in each of its commands."""
        return placed(text, self.workspace) if self.workspace else text


def _wrapped(text: str, width: int) -> Iterator[str]:
    """A paragraph in lines that the screen holds; a long word, such as an address, stays whole."""
    for line in text.splitlines():
        yield from wrap(
            line, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )


def _indented(*parts: str | None) -> Iterator[str]:
    for part in filter(None, parts):
        yield from (f"  {line}" for line in part.splitlines())
