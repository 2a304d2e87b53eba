"""Why a container does not work, as its log tells it: read from the last start, by what ended it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from pytest_amlpreflight.facts.logs.causes import (
    LONGEST_SHOWN,
    LogCause,
    known_causes,
    only_follows,
)
from pytest_amlpreflight.facts.logs.drawn_boxes import HEADER
from pytest_amlpreflight.facts.logs.events import (
    SERVERS,
    Event,
    cause_of,
    counts,
    ended_by,
    events_of,
    rows_of,
)
from pytest_amlpreflight.facts.logs.exceptions import Traceback
from pytest_amlpreflight.facts.logs.life import Life, life_of
from pytest_amlpreflight.facts.logs.lines import Line, lines_of
from pytest_amlpreflight.facts.logs.tracebacks import chains_of

_TRITONS_FILES = ("server.cc", "tritonserver.cc", "model_lifecycle.cc", "model_repository_manager.cc", "http_server.cc")
_COMPLAINT = re.compile(
    r"(?i)(?:[\w./-]{1,60}(?: [\w-]{1,30}){0,2}: ){0,2}(?:---> |uncaught |unhandled |thread '\S{1,60}' )?"
    r"(?:error|fatal|panic|panicked|critical|exception in thread|cannot|can't|could not|unable to|fail(?:ed)? to"
    r"|[\w.]{0,100}(?:Error|Exception)(?=: )|terminate called|permission denied|denied|no such file|invalid"
    r"|unknown|unsupported|unrecognized|application failed to start)\b"
)
"""How a process begins a line that says why it ends, its own name before it."""
_ENDS = re.compile(
    r"(?i)\b(?:not found|no such file or directory|permission denied|refused|not exist|is required|not supported"
    r"|is missing|not set|is invalid|is not valid|too many open files)(?: \([^\n]{1,100}\))?[.!]?$"
)
"""With what such a line ends that begins otherwise."""
_FATAL = re.compile(r"(?i)\b(?:fatal|panic|panicked|critical|terminate called|uncaught|unhandled)\b")
"""What a process says that does not go on."""
_CAUSED_BY = re.compile(r"\s{0,8}(?:Caused by:|--->|what\(\):|Description:) {0,2}(?P<why>\S.*)?$")
"""The line below a complaint that says what led to it, or stands above that."""
_NUMBERED = re.compile(r"\s{1,8}\d{1,2}: (?P<why>\S.*)$")
"""One of several reasons, of which each led to that above it."""
_MOST_BELOW = 60
"""Lines below a complaint among which what led to it is looked for."""
_MOST_ABOVE = 6
"""Complaints before the last among which one may be that a row knows."""


@dataclass(frozen=True, slots=True)
class LogReading:
    """Why the container does not work, as far as its log tells: the causes that the table knows, the one that ended it
    first; or the exception that ended it, where the table does not know it. Neither where the log tells of nothing, or
    where what it tells of was followed by success. `while_serving` says that a worker had been ready before.
    """

    causes: tuple[LogCause, ...] = ()
    unknown: Traceback | None = None
    while_serving: bool = False


def read_log(text: str, container: str | None = None, *, failed: bool | None = None) -> LogReading:
    """Read the end of a log. `failed` says whether the deployment did, None where nobody knows.

    A cause counts only in the last start that came to anything, and only where what follows did not succeed: a worker
    that is ready makes up for what went wrong before, a request that was served for what went wrong with another.
    Lines count by their writer and level: what was logged as information or a warning, or by the user's own logger, is
    no cause, however it is worded. Where it failed and nothing else says why, the last line that any logger found an
    error does.
    """
    lines = lines_of(text)
    life = life_of(lines)
    begin = life.last_start(len(lines))
    lines, life = lines[begin:], life.since(begin)
    events = [
        event
        for event in events_of(lines, container, life)
        if event.stands(life) and not (failed is False and event.may_be_a_clients(life))
    ]
    if not events and failed is not False and life.stops_in_init:
        slow = next(row for row in known_causes() if row.cause == "slow_init")
        return LogReading((slow.shown(lines[life.init[-1]].text),))
    if not events and failed is not False:
        complaints = [event.traceback for event in _complaints(lines, failed=failed) if event.stands(life)]
        telling = [one for one in complaints if one and _tells(one, failed=failed, life=life)]
        if known := _known_of(telling, container):
            return LogReading((known,))
        return LogReading(unknown=telling[-1] if telling else None)
    reading = _reading(events, lines, container)
    return replace(reading, while_serving=bool(reading.unknown and life.serves_at(reading.unknown.place)))


def _tells(complaint: Traceback, *, failed: bool | None, life: Life) -> bool:
    """Whether a line may say why: by its words, or by its level alone where it failed and no worker was ready. Where
    nobody knows whether anything failed, what a ready server complains of is its end or nothing.
    """
    ready = life.serves_at(complaint.place)
    if ready and failed is None:
        return bool(_FATAL.search(complaint.raised))
    return bool(_COMPLAINT.match(complaint.raised)) or (bool(failed) and not ready)


def _known_of(complaints: Sequence[Traceback], container: str | None) -> LogCause | None:
    """What a row says of the last complaints, which are none of Python's."""
    last = reversed(complaints[-_MOST_ABOVE:])
    return next((cause for one in last if (cause := cause_of(one.raised, rows_of(container)))), None)


def is_container_log(lines: Sequence[Line]) -> bool:
    """Whether a server wrote some of the lines, or an exception comes from the folders of a container."""
    if any(origin.split(".")[0] in SERVERS[:2] or origin.split(":")[0] in _TRITONS_FILES for origin in _origins(lines)):
        return True
    return life_of(lines).told or any(
        frame.of_a_container for one in chains_of(lines) for link in one.links for frame in link.frames
    )


def _origins(lines: Sequence[Line]) -> Iterator[str]:
    return (line.origin for line in lines if line.origin)


def _reading(events: Sequence[Event], lines: Sequence[Line], container: str | None) -> LogReading:
    """The event that ended it, then the others. Of those that only follow from another, where there is no other, the
    one that says most.
    """
    ended = [event for event in reversed(events) if not event.generic]
    ended = [event for event in ended if not _killed_with(event, events)] or ended
    last = next((event for event in ended if event.cause or (event.traceback and event.traceback.frames)), None)
    if last is None:
        return _least(events, lines, container)
    if last.cause is None:
        return LogReading(unknown=last.traceback)
    return LogReading(tuple(_distinct([event.cause for event in ended if event.cause])))


def _killed_with(event: Event, events: Sequence[Event]) -> bool:
    """Whether the kernel's one word stands behind another process's end: a server kills what is left of it."""
    alone = event.cause is not None and event.cause.line == "Killed"
    return alone and any(other.generic and other.place < event.place for other in events)


def _least(events: Sequence[Event], lines: Sequence[Line], container: str | None) -> LogReading:
    """Where nothing tells: of what follows from something else what says most; else the last bare exception."""
    said = {event.cause.name: (event.cause, lines[: event.place]) for event in events if event.cause}
    most = next((row.cause for row in known_causes() if row.cause in said), None)
    bare = next((one for event in reversed(events) if (one := event.traceback) and _says_why(one)), None)
    if bare and most != "slow_init":
        return LogReading(unknown=bare)
    if most:
        return LogReading((_quoting(*said[most], container),))
    return LogReading(unknown=next((event.traceback for event in reversed(events)), None))


def _says_why(one: Traceback) -> bool:
    """Whether an exception without its calls says more than that something else has ended."""
    return bool(one.name) and ": " in one.raised and not only_follows(one.raised)


def _quoting(cause: LogCause, above: Sequence[Line], container: str | None) -> LogCause:
    """A cause that sends its reader to what stands above it: what a row says of the complaints there, else the same
    shown by the last of them.
    """
    complaints = [one.traceback for one in _complaints(above, failed=True) if one.traceback]
    if not (complaints and any(row.quotes for row in known_causes() if row.cause == cause.name)):
        return cause
    return _known_of(complaints, container) or replace(cause, line=complaints[-1].raised[:LONGEST_SHOWN])


def _complaints(lines: Sequence[Line], *, failed: bool | None) -> Iterator[Event]:
    """The lines in which something complains that is neither Python nor known, by their words or by their level. Where
    it failed, what any logger found an error may be what ended it.
    """
    aside = {at for chain in chains_of(lines) if chain.housekeeping for at in chain.lines}
    for at, line in enumerate(lines):
        worded = _COMPLAINT.match(line.text) or (failed and _ENDS.search(line.text))
        grave = worded or (line.logged and line.prefix)  # a record's other lines have a level alone
        if (
            line.text
            and at not in aside
            and not line.text.endswith(HEADER)
            and (counts(line) or ended_by(line, failed=failed))
            and grave
            and not only_follows(line.text)
        ):
            said = _with_reason(line.text, lines[at + 1 : at + _MOST_BELOW])
            yield Event(at, None, traceback=Traceback((), said, said, at, at, at))


def _with_reason(said: str, below: Sequence[Line]) -> str:
    """A complaint with the reason that the lines below give: the next line behind a colon, else the last of those that
    name what led to it.
    """
    texts = [line.text for line in below if line.text.strip()]
    if said.endswith(":") and texts:
        return f"{said} {texts[0].strip()}"
    led = ""
    for at, text in enumerate(texts):
        if match := _CAUSED_BY.match(text):
            numbered = list(takewhile(bool, map(_NUMBERED.match, texts[at + 1 :])))
            last = numbered[-1]["why"] if numbered and numbered[-1] else (texts[at + 1 :] or [""])[0].strip()
            led = match["why"] or last
    return f"{said}: {led}" if led else said


def _distinct(causes: Sequence[LogCause]) -> Iterator[LogCause]:
    """Each cause once; one that does not say what it is about stands back for the same that does, and one that another
    covers for that.
    """
    telling = {cause.name for cause in causes if cause.what}
    names = {cause.name for cause in causes}
    covered = {name for row in known_causes() if row.cause in names for name in row.covers}
    seen = set()
    for cause in causes:
        key = (cause.name, cause.what)
        if key not in seen and cause.name not in covered and (cause.what or cause.name not in telling):
            seen.add(key)
            yield cause
