"""The causes that a log can show, as the table `log-causes` knows them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.logs.exceptions import Traceback
from pytest_amlpreflight.facts.logs.lines import Line
from pytest_amlpreflight.facts.rules.table_commands import commands_for

LONGEST_SHOWN = 300
"""Characters of a line that are shown with the cause."""
_SCRIPTS_OWN = "InferenceServer"
LONGEST_MESSAGE = 4_000
"""Characters of an exception's message that are looked at."""


@dataclass(frozen=True, slots=True)
class LogCause:
    """A known cause and the line that shows it. `what` is the part that differs from case to case, such as a module's
    name; `kind` says that it is but the kind of an exception, which every program can raise.
    """

    name: str
    title: str
    advice: str
    code: str
    line: str
    what: str | None = None
    guide: str | None = None
    kind: bool = False
    commands: tuple[str, ...] = ()

    def commands_for(self, words: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
        """What shows or does it, with these words, each command word by word."""
        return commands_for(self.commands, words)

    @property
    def brief(self) -> str:
        """The title, with the part that differs."""
        return f"{self.title} ({self.what})" if self.what else self.title


@dataclass(frozen=True, slots=True)
class KnownCause:
    """A row of the table. `where` it shows: in an `exception`, a `line`, or `any` of the two. `generic` says that it
    follows from another, `quotes` that the complaint above shows it; `covers` names the causes that it stands for.
    `frames` has the pattern see the last frames too, `warned` the lines of warnings. It occurs in `containers` alone.
    Of an exception `through` must meet the calls that led to it, and where the pattern does not say what it is about,
    `about` finds that in its message; `kind` says that the row tells nothing but what kind an exception is, which is
    about the package whose code raised it.
    """

    pattern: re.Pattern[str]
    cause: str
    title: str
    advice: str
    code: str
    guide: str | None = None
    where: str = "exception"
    generic: bool = False
    quotes: bool = False
    frames: bool = False
    warned: bool = False
    covers: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    through: re.Pattern[str] | None = None
    about: re.Pattern[str] | None = None
    kind: bool = False
    commands: tuple[str, ...] = ()

    @property
    def in_exceptions(self) -> bool:
        """Whether an exception can show it."""
        return self.where != "line"

    @property
    def in_lines(self) -> bool:
        """Whether a line that is no exception's can show it."""
        return self.where != "exception"

    def reached_by(self, calls: str) -> bool:
        """Whether these calls may have led to it; of a mere line nobody knows any."""
        return self.through is None or bool(self.through.search(calls))

    def occurs_in(self, container: str | None) -> bool:
        """Whether a container of that name can have it: a kind is of what a script calls, which the server runs."""
        containers = (_SCRIPTS_OWN,) if self.kind else self.containers
        return container is None or not containers or container in containers

    def of(self, one: Traceback, match: re.Match[str], line: str) -> LogCause:
        """The cause that an exception shows, and where in the user's files it was raised."""
        about = self.about.search(one.said[:LONGEST_MESSAGE]) if self.about else None
        shown = self.shown(line, *filter(None, (match, about)), otherwise=one.package if self.kind else None)
        return replace(shown, line=f"{one.brief[:LONGEST_SHOWN] if self.kind else shown.line}{one.where}")

    def shown(self, line: str, *matches: re.Match[str], otherwise: str | None = None) -> LogCause:
        """The cause with the line that shows it."""
        named = (value for match in matches for value in match.groupdict().values() if value)
        what = next(named, otherwise)
        return LogCause(
            self.cause,
            self.title,
            self.advice,
            self.code,
            line[:LONGEST_SHOWN],
            what,
            self.guide,
            self.kind,
            self.commands,
        )


@cache
def known_causes() -> tuple[KnownCause, ...]:
    """The table's rows, in its order: the first that meets something names it."""
    return tuple(_known(**row) for row in load("log-causes").rows)


def _known(
    covers: Sequence[str] = (), containers: Sequence[str] = (), commands: Sequence[str] = (), **row: Any
) -> KnownCause:
    row |= {name: re.compile(row[name]) for name in ("pattern", "through", "about") if name in row}
    return KnownCause(covers=tuple(covers), containers=tuple(containers), commands=tuple(commands), **row)


def only_follows(text: str) -> bool:
    """Whether a text only says that another process has ended."""
    return any(row.generic and row.pattern.search(text) for row in known_causes())


def mentioned(lines: Sequence[Line]) -> Iterator[LogCause]:
    """The causes of which lines speak that are no log, such as a portal's sentence: each may show one."""
    for line in lines:
        for row in known_causes():
            if (
                not (row.generic or row.frames or row.kind)
                and row.reached_by("")
                and (match := row.pattern.search(line.text))
            ):
                yield row.shown(line.text.strip(), match)
                break
