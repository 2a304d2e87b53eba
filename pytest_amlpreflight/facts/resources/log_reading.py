"""Why a container does not work, as its log tells it: read from the last start, by what ended it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pytest_amlpreflight.facts.resources.drawn_boxes import HEADER
from pytest_amlpreflight.facts.resources.log_causes import (
    LONGEST_MESSAGE,
    LONGEST_SHOWN,
    KnownCause,
    LogCause,
    known_causes,
    only_follows,
)
from pytest_amlpreflight.facts.resources.log_life import SERVERS_OWN_USER, Life, life_of
from pytest_amlpreflight.facts.resources.log_lines import Level, Line, lines_of
from pytest_amlpreflight.facts.resources.log_tracebacks import Chain, Traceback, chains_of

_SERVERS = ("azmlinfsrv", "gunicorn", "uvicorn", "mlflow", "root", "VMAgent")
_HUGGING_FACES_SERVERS = ("text_generation", "text_embeddings")
_TRITONS_FILES = ("server.cc", "tritonserver.cc", "model_lifecycle.cc", "model_repository_manager.cc", "http_server.cc")
_COMPLAINT = re.compile(
    r"(?i)(?:[\w./-]{1,60}: ){0,2}(?:---> |uncaught |unhandled |thread '\S{1,60}' )?"
    r"(?:error|fatal|panic|panicked|critical|exception in thread|cannot|can't|could not|unable to|fail(?:ed)? to"
    r"|[\w.]{0,100}(?:Error|Exception)(?=: )|terminate called|permission denied|denied|no such file|invalid)\b"
)
"""How a process begins a line that says why it ends, its own name before it."""
_QUOTED = re.compile(r"exception msg: .*|(?:[A-Za-z_]\w{0,80}\.){0,12}[A-Z]\w{0,80}(?:Error|Exception): .*")
"""An exception in a line of a server that is not Python itself."""
_FATAL = re.compile(r"(?i)\b(?:fatal|panic|panicked|critical|terminate called|uncaught|unhandled)\b")
"""What a process says that does not go on."""
_FOREIGN = re.compile(
    r"\s{0,8}(?:Caused by:|---> ?|Unhandled exception\.|Exception in thread \"[^\"\n]{1,60}\") ?[\w.]"
)
"""How other languages begin a line that names an exception."""
_CAUSED_BY = re.compile(r"\s{0,8}(?:Caused by:|--->|what\(\):) {0,2}(?P<why>\S.*)?$")
"""The line below a complaint that says what led to it, or stands above that."""
_MOST_BELOW = 60
"""Lines below a complaint among which what led to it is looked for."""
_BROKEN = re.compile(r"(?m)(?:(?<=:)|(?<=[\w,] )|(?<=[^\n]{50}[\w,])) ?\n(?=\S)")
"""A line's end within a sentence: behind a colon, or of a line that is long and whose sentence goes on."""


@dataclass(frozen=True, slots=True)
class LogReading:
    """Why the container does not work, as far as its log tells: the causes that the table knows, the one that ended it
    first; or the exception that ended it, where the table does not know it. Neither where the log tells of nothing, or
    where what it tells of was followed by success. `while_serving` says that a worker had been ready before.
    """

    causes: tuple[LogCause, ...] = ()
    unknown: Traceback | None = None
    while_serving: bool = False


@dataclass(frozen=True, slots=True)
class _Event:
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
        return bool(self.cause and self.cause.kind and at_work)


def read_log(text: str, container: str | None = None, *, failed: bool | None = None) -> LogReading:
    """Read the end of a log. `failed` says whether the deployment did, None where nobody knows.

    A cause counts only in the last start that came to anything, and only where what follows did not succeed: a worker
    that is ready makes up for what went wrong before, a request that was served for what went wrong with another.
    Lines count by their writer and level: what was logged as information or a warning, or by the user's own logger, is
    no cause, however it is worded.
    """
    lines = lines_of(text)
    life = life_of(lines)
    begin = life.last_start(len(lines))
    lines, life = lines[begin:], life.since(begin)
    events = [
        event
        for event in _events(lines, container, life)
        if event.stands(life) and not (failed is False and event.may_be_a_clients(life))
    ]
    if not events and failed is not False and life.stops_in_init:
        slow = next(row for row in known_causes() if row.cause == "slow_init")
        return LogReading((slow.shown(lines[life.init[-1]].text),))
    if not events and failed is not False:
        complaints = [event.traceback for event in _complaints(lines) if event.stands(life)]
        telling = [one for one in complaints if one and _tells(one, failed=failed, life=life)]
        return LogReading(unknown=telling[-1] if telling else None)
    reading = _reading(events, lines)
    return replace(reading, while_serving=bool(reading.unknown and life.serves_at(reading.unknown.place)))


def _tells(complaint: Traceback, *, failed: bool | None, life: Life) -> bool:
    """Whether a line may say why: by its words, or by its level alone where it failed and no worker was ready. Where
    nobody knows whether anything failed, what a ready server complains of is its end or nothing.
    """
    ready = life.serves_at(complaint.place)
    if ready and failed is None:
        return bool(_FATAL.search(complaint.raised))
    return bool(_COMPLAINT.match(complaint.raised)) or (bool(failed) and not ready)


def is_container_log(lines: Sequence[Line]) -> bool:
    """Whether a server wrote some of the lines, or an exception comes from the folders of a container."""
    if any(
        origin.split(".")[0] in _SERVERS[:2] or origin.split(":")[0] in _TRITONS_FILES for origin in _origins(lines)
    ):
        return True
    return life_of(lines).told or any(
        frame.of_a_container for one in chains_of(lines) for link in one.links for frame in link.frames
    )


def _origins(lines: Sequence[Line]) -> Iterator[str]:
    return (line.origin for line in lines if line.origin)


def _reading(events: Sequence[_Event], lines: Sequence[Line]) -> LogReading:
    """The event that ended it, then the others. Of those that only follow from another, where there is no other, the
    one that says most.
    """
    ended = [event for event in reversed(events) if not event.generic]
    ended = [event for event in ended if not _killed_with(event, events)] or ended
    last = next((event for event in ended if event.cause or (event.traceback and event.traceback.frames)), None)
    if last is None:
        return _least(events, lines)
    if last.cause is None:
        return LogReading(unknown=last.traceback)
    return LogReading(tuple(_distinct([event.cause for event in ended if event.cause])))


def _killed_with(event: _Event, events: Sequence[_Event]) -> bool:
    """Whether the kernel's one word stands behind another process's end: a server kills what is left of it."""
    alone = event.cause is not None and event.cause.line == "Killed"
    return alone and any(other.generic and other.place < event.place for other in events)


def _least(events: Sequence[_Event], lines: Sequence[Line]) -> LogReading:
    """Where nothing tells: of what follows from something else what says most; else the last bare exception."""
    said = {event.cause.name: (event.cause, lines[: event.place]) for event in events if event.cause}
    most = next((row.cause for row in known_causes() if row.cause in said), None)
    bare = next((one for event in reversed(events) if (one := event.traceback) and _says_why(one)), None)
    if bare and most != "slow_init":
        return LogReading(unknown=bare)
    if most:
        return LogReading((_quoting(*said[most]),))
    return LogReading(unknown=next((event.traceback for event in reversed(events)), None))


def _says_why(one: Traceback) -> bool:
    """Whether an exception without its calls says more than that something else has ended."""
    return bool(one.name) and ": " in one.raised and not only_follows(one.raised)


def _quoting(cause: LogCause, above: Sequence[Line]) -> LogCause:
    """A cause that sends its reader to what stands above it, shown by the last complaint there."""
    complaints = [one.traceback.raised for one in _complaints(above) if one.traceback]
    quotes = any(row.quotes for row in known_causes() if row.cause == cause.name)
    return replace(cause, line=complaints[-1][:LONGEST_SHOWN]) if complaints and quotes else cause


def _complaints(lines: Sequence[Line]) -> Iterator[_Event]:
    """The lines in which something complains that is neither Python nor known, by their words or by their level."""
    aside = {at for chain in chains_of(lines) if chain.housekeeping for at in chain.lines}
    for at, line in enumerate(lines):
        grave = line.level is not None or _COMPLAINT.match(line.text)
        if (
            line.text
            and at not in aside
            and not line.text.endswith(HEADER)
            and _counts(line)
            and grave
            and not only_follows(line.text)
        ):
            said = _with_reason(line.text, lines[at + 1 : at + _MOST_BELOW])
            yield _Event(at, None, traceback=Traceback((), said, said, at, at, at))


def _with_reason(said: str, below: Sequence[Line]) -> str:
    """A complaint with the reason that the lines below give: the next line behind a colon, else the last of those that
    name what led to it.
    """
    if said.endswith(":") and below:
        return f"{said} {below[0].text.strip()}"
    led = [
        (match["why"] or following.text.strip())
        for line, following in pairwise(below)
        if (match := _CAUSED_BY.match(line.text))
    ]
    return f"{said}: {led[-1]}" if led else said


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


def _events(lines: Sequence[Line], container: str | None, life: Life) -> list[_Event]:
    rows = [row for row in known_causes() if row.occurs_in(container)]
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


def _of_chain(chain: Chain, rows: Sequence[KnownCause]) -> _Event:
    """The first row that meets one of the exceptions."""
    for row in rows:
        for one in (*chain.told, *chain.handled) if row.in_exceptions else ():
            whole = one.raised if row.generic else one.said[:LONGEST_MESSAGE]
            text = _with_frames(one) if row.frames else whole
            if match := _meets(row, one, text):
                cause = row.of(one, match, _line_of(one, match))
                return _Event(chain.place, cause, row.generic, one, chain.of_a_request)
    return _Event(chain.place, None, False, chain.user, chain.of_a_request)


def _meets(row: KnownCause, one: Traceback, text: str) -> re.Match[str] | None:
    if not row.reached_by(one.calls):
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


def _counts(line: Line) -> bool:
    """Whether a line can show a cause: its writer is the process or the server, and found it no mere warning."""
    if line.level is None:
        return True
    origin = line.origin or ""
    servers = (
        not origin
        or origin.split(".")[0] in _SERVERS
        or origin.startswith(_HUGGING_FACES_SERVERS)
        or origin.endswith(")")
        or ":" in origin
    )
    return line.level >= Level.ERROR and servers and origin != SERVERS_OWN_USER


def _of_line(at: int, line: Line, rows: Sequence[KnownCause]) -> _Event | None:
    counts, warned = _counts(line), line.level == Level.WARNING
    if counts and (quoted := _quoted(at, line, rows)):
        return quoted
    for row in rows if counts or warned else ():
        if row.in_lines and (counts or row.warned) and (match := row.pattern.search(line.text)):
            return _Event(at, row.shown(line.text.strip(), match), row.generic)
    return None


def _quoted(at: int, line: Line, rows: Sequence[KnownCause]) -> _Event | None:
    """The cause that an exception of another language shows, or one that its server quotes."""
    found = _QUOTED.search(line.text) if ":" in (line.origin or "") or _FOREIGN.match(line.text) else None
    if found is None:
        return None
    for row in rows:
        if row.in_exceptions and not row.generic and row.reached_by("") and (match := row.pattern.search(found[0])):
            return _Event(at, row.shown(line.text.strip(), match))
    return None
