"""What in a log may be a cause: exceptions and lines that a row of the table meets, and exceptions that none does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_amlpreflight.facts.logs.causes import (
    LONGEST_MESSAGE,
    LONGEST_SHOWN,
    KnownCause,
    LogCause,
    known_causes,
    only_follows,
)
from pytest_amlpreflight.facts.logs.exceptions import Chain, Traceback
from pytest_amlpreflight.facts.logs.life import SERVERS_OWN_USER, Life
from pytest_amlpreflight.facts.logs.lines import Line
from pytest_amlpreflight.facts.logs.records import Level
from pytest_amlpreflight.facts.logs.tracebacks import chains_of

SERVERS = ("azmlinfsrv", "gunicorn", "uvicorn", "mlflow", "root", "VMAgent")
"""The loggers of servers, by the first part of their names."""
_HUGGING_FACES = ("text_generation", "text_embeddings")
_QUOTED = re.compile(r"exception msg: .*|(?:[A-Za-z_]\w{0,80}\.){0,12}[A-Z]\w{0,80}(?:Error|Exception): .*")
"""An exception in a line of a server that is not Python itself."""
_WHAT = re.compile(r" {1,4}what\(\): .*")
"""How C++ says what the exception is on which it ends."""
_BROKEN = re.compile(r"(?m)(?:(?<=:)|(?<=[\w,] )|(?<=[^\n]{50}[\w,])) ?\n(?=\S)")
"""A line's end within a sentence: behind a colon, or of a line that is long and whose sentence goes on."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that may be a cause, on line `place`. `generic` says that it follows from another."""

    place: int
    cause: LogCause | None
    generic: bool = False
    traceback: Traceback | None = None
    request: bool = False

    def stands(self, life: Life) -> bool:
        """Whether nothing made up for it."""
        return not life.makes_up_for(self.place, request=self.request)

    def may_be_a_clients(self, life: Life) -> bool:
        """Whether some request may have caused it, and nothing else be wrong."""
        at_work = self.request or life.serves_at(self.place) or not (life.start or life.init or life.ended)
        return at_work and (self.cause is None or self.cause.kind)


def events_of(lines: Sequence[Line], container: str | None, life: Life) -> list[Event]:
    """Of the lines of a start, oldest first; `container` names the one that wrote them, None where nobody knows."""
    rows = rows_of(container)
    raised = chains_of(lines)
    chains = [one for one in raised if not one.housekeeping and (one.level or Level.ERROR) >= Level.ERROR]
    chains = chains[:1] + [chain for chain in chains[1:] if not _of_a_supervisor(chain, life.ended)]
    ended = [chain for number, chain in enumerate(chains) if _ended(chain, chains[number + 1 :])]
    within = {at for chain in raised for at in chain.lines}
    told = [_of_chain(chain, rows) for chain in ended]
    said = (_of_line(at, line, rows) for at, line in enumerate(lines) if at not in within)
    return sorted([*told, *(event for event in said if event)], key=lambda event: event.place)


def _ended(chain: Chain, later: Sequence[Chain]) -> bool:
    """Whether an exception ended something: the server says so, or nothing else was raised after it."""
    return chain.servers_account or not later or all(_follows(one) for one in later)


def _follows(chain: Chain) -> bool:
    """Whether an exception only says that another process has ended."""
    return only_follows(chain.user.raised)


def _of_a_supervisor(chain: Chain, gave_up: Sequence[int]) -> bool:
    """Whether a library alone raised it after the server had given up."""
    return any(at < chain.links[0].first for at in gave_up) and not any(one.own_frame for one in chain.links)


def _of_chain(chain: Chain, rows: Sequence[KnownCause]) -> Event:
    """The first row that meets one of the exceptions."""
    for row in rows:
        for one in (*chain.told, *chain.handled) if row.in_exceptions else ():
            whole = one.raised if row.generic else one.said[:LONGEST_MESSAGE]
            text = _with_frames(one) if row.frames else whole
            if match := _meets(row, one, text):
                cause = row.of(one, match, _line_of(one, match))
                return Event(chain.place, cause, row.generic, one, chain.of_a_request)
    return Event(chain.place, None, False, chain.user, chain.of_a_request)


def _meets(row: KnownCause, one: Traceback, text: str) -> re.Match[str] | None:
    if not row.reached_by(one.calls) or (row.kind and one.is_a_slip):
        return None
    return row.pattern.search(text) or (row.pattern.search(_unbroken(text)) if _BROKEN.search(text) else None)


def _unbroken(text: str) -> str:
    """A message as it was before a narrow screen broke its lines, or its writer put a path on a line of its own."""
    return _BROKEN.sub(" ", text)


def _with_frames(one: Traceback) -> str:
    frames = "\n".join(line for frame in one.frames[-3:] for line in frame.lines)
    return f"{frames}\n{one.said}"[-LONGEST_MESSAGE:]


def _line_of(one: Traceback, match: re.Match[str]) -> str:
    """The line of a message that shows the cause."""
    shown = next((line for line in one.said.split("\n") if match[0].split("\n")[-1] in line), one.raised)
    return shown.strip()


def counts(line: Line) -> bool:
    """Whether a line can show a cause: its writer is the process or the server, and found it no mere warning."""
    if line.level is None:
        return True
    origin = line.origin or ""
    servers = (
        not origin
        or origin.split(".")[0] in SERVERS
        or origin.startswith(_HUGGING_FACES)
        or origin.endswith(")")
        or ":" in origin
    )
    return line.level >= Level.ERROR and servers and origin != SERVERS_OWN_USER


def ended_by(line: Line, *, failed: bool | None) -> bool:
    """Whether a line may be what ended the process, whoever wrote it: where it failed, by an error, else by nothing
    less than a fatal one.
    """
    least = Level.ERROR if failed else Level.CRITICAL
    return (line.level or Level.INFO) >= least and line.origin != SERVERS_OWN_USER


def rows_of(container: str | None) -> list[KnownCause]:
    """The table's rows that this container can have."""
    return [row for row in known_causes() if row.occurs_in(container)]


def cause_of(said: str, rows: Sequence[KnownCause]) -> LogCause | None:
    """The cause that a complaint shows which is no exception of Python's, by the rows for exceptions."""
    for row in rows:
        reached = row.in_exceptions and not row.generic and row.reached_by("")
        if reached and (match := row.pattern.search(said)):
            about = row.about.search(said) if row.about else None
            return row.shown(said, *filter(None, (match, about)))
    return None


def _of_line(at: int, line: Line, rows: Sequence[KnownCause]) -> Event | None:
    grave, warned = counts(line), line.level == Level.WARNING
    if grave and (quoted := _quoted(at, line, rows)):
        return quoted
    for row in rows if grave or warned else ():
        if row.in_lines and (grave or row.warned) and (match := row.pattern.search(line.text)):
            return Event(at, row.shown(line.text.strip(), match), row.generic)
    return None


def _quoted(at: int, line: Line, rows: Sequence[KnownCause]) -> Event | None:
    """The cause that an exception shows which a server quotes that is not Python itself, or of C++'s."""
    found = _QUOTED.search(line.text) if ":" in (line.origin or "") else _WHAT.match(line.text)
    cause = cause_of(found[0], rows) if found else None
    return Event(at, replace(cause, line=line.text.strip()[:LONGEST_SHOWN])) if cause else None
