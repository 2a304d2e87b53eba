"""A log taken apart into lines: what each says, how grave its writer found it, and who wrote it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from pytest_amlpreflight.facts.logs.drawn_boxes import HEADER, unboxed
from pytest_amlpreflight.facts.logs.records import Level, from_json, from_logfmt, level_named

MOST_LINES = 5_000
LONGEST_LINE = 2_000
"""A log is read from its end, and a line from its start: what is beyond says nothing of the last start."""
LONGEST_PREFIX = 300
MOST_STRANGE = 10
_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_RECORD = "{"
_STAMP = r"20\d\d[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?"
_LEVEL = r"DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL|NOTICE"
_SHORT = r"FTL|ERR|WRN|INF|DBG|VRB|FATAL|ERROR|WARN|INFO|DEBUG"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_GAP = r"[ \t|:-]{1,9}"
_TORCH_WORKER = r"W-\d{1,6}-\S{1,120}-std(?:out|err) (?:MODEL_LOG|[\w.]{1,80}WorkerLifeCycle)"
_ON_TWO_LINES = re.compile(r"(?m)^((?:fail|crit|warn|info|dbug|trce): [\w.`+-]{1,200}\[\d{1,9}\])\n {6}(?=\S)")
"""How .NET's console logger writes: the level and the logger stand above what is said."""
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
        r"(?:[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d [\w.-]{1,60} )?[A-Za-z][\w.-]{0,60}\[[\w.]{1,20}\]: ",  # syslog
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
        rf"{_STAMP} {{1,4}}(?P<level>{_LEVEL}) \d{{1,7}} --- (?:\[[^\]\n]{{0,60}}\] ?){{1,3}}"  # Spring Boot
        r"(?P<origin>[\w.$\[\]/-]{1,80}) {0,40}: ?",
        rf"(?:{_STAMP}|{_CLOCK}) {{1,4}}\[[^\]\n]{{1,80}}\] (?P<level>{_LEVEL}|TRACE) {{1,4}}"  # Logback, Log4j
        r"(?P<origin>[\w.$]{1,120}) {1,3}--? ",
        r"(?P<level>fail|crit|warn|info|dbug|trce): (?P<origin>[\w.`+-]{1,200})\[\d{1,9}\] ",  # .NET's console
        rf"\[(?:20\d\d-\d\d-\d\d )?{_CLOCK} (?P<level>{_SHORT})\] ?",  # Serilog
        rf"{_STAMP} {{1,3}}\| (?P<level>{_LEVEL}|SUCCESS|TRACE) {{1,6}}\| "  # loguru
        r"(?P<origin>[\w.<>]{1,100}):\S{1,100}:\d{1,6} - ",
        rf"{_STAMP} \[(?P<level>emerg|alert|crit|error|warn|notice|info)\] (?:\d+#\d+: )?",  # nginx
        rf"(?P<level>{_LEVEL})\s{{1,5}}\d\d-\d\d {_CLOCK} \[?(?P<origin>[^\]\s]{{1,80}})\] ?",  # vLLM
        r"(?P<level>[IWEF])(?:20\d\d)?\d{4} \d\d:\d\d:\d{2,10}\.\d{6}\s{1,8}\d+ "  # glog, klog, absl: Triton
        r"(?P<origin>[^\]\s]{1,100})\] ?",
        rf"{_STAMP}: (?P<level>[IWEF]) (?P<origin>[^\]\s]{{1,120}})\] ?",  # TensorFlow
        rf"(?P<level>{_LEVEL}):(?P<origin>[\w.]{{1,100}}):",  # logging.basicConfig
        rf"(?P<level>{_LEVEL}):\s{{1,9}}",  # uvicorn
        r"(?:[\w-]{1,40}: )?(?P<origin>text_(?:generation|embeddings)_\w{1,20})(?:::\w{1,40}){0,3}: "  # Hugging Face's
        r"(?:[\w/.-]{1,80}\.rs:\d{1,6}: )?",
        rf"{_STAMP} \[(?P<origin>[\w.]{{1,100}})\] (?P<level>{_LEVEL}) - ",  # MLServer
        rf"{_STAMP}{_GAP}(?:(?P<origin>[\w.-]{{1,100}}){_GAP})?\[?(?P<level>{_LEVEL})\]?(?:{_GAP}|$)",  # formatters
        rf"\[?{_STAMP}\]?:? ?(?:[|-] (?P<origin>[\w/-]{{1,40}}) \| ?|\| )?",  # gunicorn/run, docker, kubectl
        rf"\[(?P<level>{_LEVEL})\] ?",
        rf"(?P<level>{_LEVEL}) {{1,4}}\[(?P<origin>[\w.]{{1,100}})\] ",  # Alembic
        r"(?:#\d{1,4} (?:\d{1,6}\.\d{1,3}(?: |$))?|\d{1,6}\.\d{3} |\d{3,6}\.\d(?: |$))",  # docker build
    )
)


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
    lines = unboxed(_ON_TWO_LINES.sub(r"\1 ", _INTERRUPTED.sub("\n", text))).splitlines()
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
    record = from_json(text[_begin_of_record(text) :])
    if record is None:
        yield _taken_apart(Line(_ANSI.sub("", text[: 2 * LONGEST_LINE])))
        return
    said = [Line(part[: 2 * LONGEST_LINE], record.level, record.logger) for part in record.said.split("\n")]
    first, *others = map(_taken_apart, said)
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
    if record := from_logfmt(line.text):
        return Line(record.said, record.level, record.logger)
    for pattern in _PREFIXES:
        match = pattern.match(line.text)
        if match and match.end():
            named = match.groupdict()
            level = level_named(named["level"]) if named.get("level") else line.level
            return Line(line.text[match.end() :], level, named.get("origin") or line.origin)
    return line
