"""A log taken apart into lines: what each says, how grave its writer found it, and who wrote it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import zip_longest

from pytest_amlpreflight.facts.resources.drawn_boxes import HEADER, unboxed

MOST_LINES = 5_000
LONGEST_LINE = 2_000
"""A log is read from its end, and a line from its start: what is beyond says nothing of the last start."""
LONGEST_PREFIX = 300
MOST_STRANGE = 10
LONGEST_RECORD = 200_000
"""Characters of a line that is taken for a JSON record."""

_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_OF_A_RUNTIME = re.compile(r"^[FP] ")  # whole or part of a line, as container runtimes mark it
_MESSAGES = ("message", "msg", "Log", "log", "event")
_TRACES = ("exc_info", "exception", "stack_trace", "traceback", "stack")
"""The members of a JSON record that hold what was said, and the traceback beside it."""
_RECORD = "{"
_STAMP = r"20\d\d[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?"
_LEVEL = r"DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL|NOTICE"
_GAP = r"[ |:-]{1,5}"
_TORCH_WORKER = r"W-\d{1,6}-\S{1,120}-std(?:out|err) (?:MODEL_LOG|[\w.]{1,80}WorkerLifeCycle)"
_INTERRUPTED = re.compile(rf"(?<=[^\s:])(?=\[{_STAMP}\] \[\d+\] \[(?:{_LEVEL})\])")
"""Where gunicorn writes behind a progress bar that has not come to its end."""
_PREFIXES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:> ?){1,3}(?=[^>\s])",  # a quotation
        r"\[pod/[^\]\s]{1,200}\] ",  # kubectl logs --prefix
        r"std(?:out|err) [FP] ",  # containerd, after its stamp
        r"[A-Za-z][\w.-]{0,80}(?:-\d{1,3} {1,20}| {2,20})\| ",  # docker compose
        r"[a-z]{1,40}[_-][\w.-]{1,80} \| ",  # the service with the longest name
        r"[A-Za-z][\w.-]{0,60}\[[\w.]{1,20}\]: ",  # syslog
        rf"\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\] (?P<level>{_LEVEL}) {{1,5}}",  # rich
        rf"{_STAMP} (?:INFO|CRIT|WARN) (?=exited: |gave up: )",  # supervisor, of a process that it started
        r"\[(?P<level>[DIWEC]) \d{6} \d\d:\d\d:\d\d (?P<origin>[^\]\s]{1,100})\] ",  # tornado: KServe's servers
        rf"{_STAMP} (?P<level>[DIWEC]) \[\d+\](?: (?P<origin>[\w.]{{1,100}}) -)? ?",  # azmlinfsrv
        rf"\[{_STAMP}\] \[\d+\] \[(?P<level>{_LEVEL})\] ",  # gunicorn
        rf"\[{_STAMP}\]\[(?P<origin>[\w.-]{{1,80}})\]\[(?P<level>{_LEVEL})\] - ",  # promptflow
        rf"{_STAMP} {{1,9}}\d{{1,7}} (?P<origin>execution[\w.]{{0,60}}) {{1,20}}(?P<level>{_LEVEL}) {{1,9}}",  # its
        rf"{_STAMP} \[(?:{_LEVEL}) {{0,3}}\] {_TORCH_WORKER} - ",  # TorchServe, for a process that it started
        rf"{_STAMP} \[(?P<level>{_LEVEL}) {{0,3}}\] (?P<origin>\S{{1,120}}) [\w.]{{1,120}} - ",  # TorchServe itself
        r"\((?P<origin>[A-Za-z]\w{0,40}) (?:pid=\d+|rank=\d+)[^)]{0,40}\) ?",  # vLLM's and Ray's processes
        rf"(?P<level>{_LEVEL})\s{{1,5}}\d\d-\d\d \d\d:\d\d:\d\d \[?(?P<origin>[^\]\s]{{1,80}})\] ?",  # vLLM
        r"(?P<level>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6}\s{1,8}\d+ (?P<origin>[^\]\s]{1,100})\] ?",  # glog: Triton
        rf"{_STAMP}: (?P<level>[IWEF]) (?P<origin>[^\]\s]{{1,120}})\] ?",  # TensorFlow
        rf"(?P<level>{_LEVEL}):(?P<origin>[\w.]{{1,100}}):",  # logging.basicConfig
        rf"(?P<level>{_LEVEL}):\s{{1,9}}",  # uvicorn
        r"(?:[\w-]{1,40}: )?(?P<origin>text_(?:generation|embeddings)_\w{1,20})(?:::\w{1,40}){0,3}: "  # Hugging Face's
        r"(?:[\w/.-]{1,80}\.rs:\d{1,6}: )?",
        rf"{_STAMP}{_GAP}(?:(?P<origin>[\w.]{{1,100}}){_GAP})?\[?(?P<level>{_LEVEL})\]?(?:{_GAP}|$)",  # formatters
        rf"\[?{_STAMP}\]?:? ?(?:[|-] (?P<origin>[\w/-]{{1,40}}) \| ?|\| )?",  # gunicorn/run, docker, kubectl
        rf"\[(?P<level>{_LEVEL})\] ?",
        r"(?:#\d{1,4} (?:\d{1,6}\.\d{1,3}(?: |$))?|\d{1,6}\.\d{3} |\d{3,6}\.\d(?: |$))",  # docker build
    )
)


class Level(IntEnum):
    """How grave the writer of a line found it."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


_LEVELS = {
    "D": Level.DEBUG, "I": Level.INFO, "N": Level.INFO, "W": Level.WARNING, "E": Level.ERROR, "C": Level.CRITICAL,
    "F": Level.CRITICAL,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A line without what its logger put before it. `level` and `origin` are None where no logger wrote it; `prefix`
    is what was taken off.
    """

    text: str
    level: Level | None = None
    origin: str | None = None
    prefix: str = ""

    @property
    def in_json(self) -> bool:
        """Whether it begins a JSON record."""
        return self.prefix.startswith(_RECORD)

    @property
    def logged(self) -> bool:
        """Whether a logger wrote it, and not a process straight to its output."""
        return self.level is not None


def lines_of(text: str) -> list[Line]:
    """The last lines of a log, oldest first, without colours, loggers' prefixes and trailing blanks."""
    lines = unboxed(_INTERRUPTED.sub("\n", text)).splitlines()
    return list(_alike([part for line in lines[-MOST_LINES:] for part in _parts(line)][-MOST_LINES:]))


def _alike(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines without what stands before a traceback's header and the line below it: a prefix that nobody knows."""
    strange: set[str] = set()
    for line, below in zip_longest(lines, lines[1:]):
        before, header, after = line.text.partition(HEADER)
        known = not before.strip() or after or len(strange) >= MOST_STRANGE
        if header and not known and below and below.text.startswith(before):
            strange.add(before)
        found = next((one for one in strange if line.text.startswith(one)), None)
        yield _taken_apart(replace(line, text=line.text[len(found) :]), found) if found else line


def _parts(text: str) -> Iterator[Line]:
    """A line as one, or as those that a JSON record holds in its message."""
    record = _from_json(text[_begin_of_record(text) :])
    if record is None:
        yield _taken_apart(Line(_ANSI.sub("", text[: 2 * LONGEST_LINE])))
        return
    first, *others = (_taken_apart(replace(record, text=part[: 2 * LONGEST_LINE])) for part in record.text.split("\n"))
    yield replace(first, prefix=_RECORD + first.prefix)
    yield from others


def _begin_of_record(text: str) -> int:
    """Where a JSON record may begin: behind what a runtime put before it."""
    at = max(text.find(_RECORD, 0, LONGEST_PREFIX), 0)
    return 0 if at and _taken_apart(Line(text[:at])).text else at


def _taken_apart(line: Line, before: str = "") -> Line:
    """The line without prefixes; a kubelet, a process and a logger may each have put one before it. `before` is what
    was taken off already.
    """
    text = line.text
    for _ in range(4):
        shorter = _without_prefix(line)
        if shorter is line:
            break
        line = shorter
    return replace(line, text=line.text[:LONGEST_LINE].rstrip(), prefix=before + text[: len(text) - len(line.text)])


def _without_prefix(line: Line) -> Line:
    for pattern in _PREFIXES:
        match = pattern.match(line.text)
        if match and match.end():
            named = match.groupdict()
            level = _LEVELS[named["level"][0]] if named.get("level") else line.level
            return Line(line.text[match.end() :], level, named.get("origin") or line.origin)
    return line


def _from_json(text: str) -> Line | None:
    """A line of a logger or a platform that writes JSON; the message of the server of 2019 is JSON once more, and
    Rust's loggers put it one level deeper.
    """
    record = _object(text)
    fields = record.get("fields")
    record = {**record, **fields} if isinstance(fields, dict) else record
    message = _member(record, _MESSAGES)
    if message is None:
        return None
    trace = _member(record, _TRACES)
    level = _LEVELS.get(str(record.get("level") or record.get("levelname") or "").strip("[ ")[:1].upper())
    inner = _object(message).get("message")
    said = inner if isinstance(inner, str) else _OF_A_RUNTIME.sub("", message)
    said = f"{said}\n{trace}" if trace and trace not in said else said
    return Line(said, level, str(record.get("logger") or "json") if level else None)


def _member(record: Mapping[str, object], names: Sequence[str]) -> str | None:
    """The first of these members that is a text."""
    return next((value for name in names if isinstance(value := record.get(name), str)), None)


def _object(text: str) -> dict[str, object]:
    if not text.startswith("{") or len(text) > LONGEST_RECORD:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
