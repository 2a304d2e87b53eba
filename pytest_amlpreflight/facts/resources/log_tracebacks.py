"""The Python exceptions in a log: each with its frames, and those that led to one another as one chain."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import PureWindowsPath  # which takes both kinds of slashes

from pytest_amlpreflight.facts.resources.drawn_boxes import HEADER
from pytest_amlpreflight.facts.resources.log_lines import Level, Line

_CAUSED = "The above exception was the direct cause of the following exception:"
_MEANWHILE = "During handling of the above exception, another exception occurred:"
_FRAME = re.compile(
    r'\s{0,12}[|+ ]{0,6}File "(?P<file>[^"]{1,500})", line (?P<line>\d+)(?:, in (?P<function>\S{1,200}))?'
)
_RAISED = re.compile(
    r"(?P<module>(?:[A-Za-z_]\w{0,80}\.){0,12})(?P<name>_?[A-Z]\w{0,100}|\w{0,20}(?:error|timeout))(?::(?=\s|$)|$)"
)
_OF_V1 = re.compile(r"\n\s{0,20}Message: ?(\S.*)")
"""What an exception of SDK v1 says, on a line of its own behind its name."""
_BARE = re.compile(r"(?:[A-Za-z_]\w{0,80}\.){0,12}[A-Za-z_]\w{0,100}(?:Error|Exception|OutOfMemory|Failure)(?::\s|$)")
_OF_THE_SERVER = re.compile(r"[/\\](?:azureml_inference_server_http|azureml-server|azureml_server|gunicorn|flask)[/\\]")
_OF_A_LIBRARY = re.compile(
    r"site-packages|dist-packages|[/\\]lib[/\\]python|[/\\]Lib[/\\]|^<|azureml-server|azmlinfsrv|[/\\](?:bin|Scripts)[/\\][\w.-]{1,60}$|\.pyx$"
)
_BARS = re.compile(r"^ {0,60}(?:\| ?|\+-[+\- \d]{0,120}$)")
_OF_A_SHELL = re.compile(r"\S{1,200}: line \d+: ")
_HOUSEKEEPING = re.compile(
    r"Exception while exporting "
    r"|Error (?:logging to Application Insights|while logging request|while fetching model IDs)"
)
_PACKAGE = re.compile(
    r"(?:site|dist)-packages/(?:(?P<space>(?:azure|google)/(?:[a-z]\w{0,40}/){1,2})|(?P<name>[A-Za-z_]\w{0,80}))"
)
_MOST_CALLS = 60
_STOPPED = ("SystemExit", "CancelledError", "KeyboardInterrupt")
"""What is raised because something else has ended."""
_OF_REQUESTS = ("invoke_run", "invoke_user_with_timer", "run_scoring", "score_realtime")
"""The functions with which the inference server calls run(), of today and of 2019."""
_COUNTED = re.compile(r": \d+ validation errors? for [\w.]+$")
_LONGEST_BRIEF = 200
_MESSAGE_LINES = 40


@dataclass(frozen=True, slots=True)
class Frame:
    """One call: its file and line, its function, and the lines as printed."""

    file: str
    line: int
    function: str
    lines: tuple[str, ...]

    @property
    def of_a_library(self) -> bool:
        """Whether it is not of the user's own files."""
        return bool(_OF_A_LIBRARY.search(self.file))

    def parts(self) -> tuple[str, str]:
        """`FILE in FUNCTION`, and the line of code."""
        return f"{self.file} in {self.function}", self.lines[1].strip()[:_LONGEST_BRIEF] if self.lines[1:] else ""

    @property
    def package(self) -> str | None:
        """The package that it is of, such as `azure.storage.blob`; None for a file of the user's or of Python."""
        match = _PACKAGE.search(self.file)
        return (match["space"] or match["name"]).rstrip("/").replace("/", ".") if match else None

    @property
    def of_a_container(self) -> bool:
        """Whether it is in a folder that Azure's images have."""
        return self.file.startswith(("/var/azureml-", "/azureml-envs/", "/var/mlflow_resources/"))

    @property
    def of_the_server(self) -> bool:
        """Whether it is of the inference server or Python's import system, which stand in every traceback."""
        return bool(_OF_THE_SERVER.search(self.file)) or self.file.startswith("<frozen ")


@dataclass(frozen=True, slots=True)
class Traceback:
    """One exception with its frames, oldest call first. `raised` is its last line, `said` that line with the rest of
    its message; `first` and `last` are its place among the log's lines, `place` that of the line that names it: what
    looks like the rest of its message may be another's.
    """

    frames: tuple[Frame, ...]
    raised: str
    said: str
    first: int
    last: int
    place: int

    @property
    def on_purpose(self) -> bool:
        """Whether the code that was called last raised it itself."""
        code = [line.strip() for frame in self.frames[-1:] for line in frame.lines[1:]]
        return self.name in _STOPPED or any(line.startswith(("raise ", "sys.exit(")) for line in code)

    @property
    def name(self) -> str:
        """The exception's class, without its module."""
        match = _RAISED.match(self.raised)
        return match["name"] if match else ""

    @property
    def of_a_request(self) -> bool:
        """Whether it was raised while a request was served."""
        functions = {frame.function for frame in self.frames}
        own = {frame.function for frame in self.frames if not frame.of_a_library}
        return not functions.isdisjoint(_OF_REQUESTS) or ("run" in own and "invoke_init" not in functions)

    @property
    def brief(self) -> str:
        """`KeyError: 'path'`, without the class's module."""
        match = _RAISED.match(self.raised)
        if match and self.raised[match.end() :].strip() == f"{match['name']}:":  # as SDK v1 does it
            return f"{match['name']}: {''.join(_OF_V1.findall(self.said)[:1])}"[:_LONGEST_BRIEF].strip(" :")
        if _COUNTED.search(self.raised):  # pydantic's message, of which the first line only counts
            return " ".join(f"{match['name'] if match else ''}: {self.said.partition(chr(10))[2]}".split())[
                :_LONGEST_BRIEF
            ]
        if match and self.raised.endswith(match["name"] + ":") and "\n" in self.said:  # as SDK v1 says its name twice
            return f"{match['name']}: {' '.join(self.said.partition(chr(10))[2].split())}"[:_LONGEST_BRIEF]
        if match and match.end() == len(self.raised):  # its message starts on the next line
            message = " ".join(
                " ".join(
                    [line for line in self.said[len(self.raised) :].split("\n") if re.search(r"\w", line)][:3]
                ).split()
            )
            return f"{match['name']}: {message}" if message else match["name"]
        return self.raised[match.end("module") :].strip() if match else self.raised

    @property
    def own_frame(self) -> Frame | None:
        """The last call in a file of the user's."""
        return next((frame for frame in reversed(self.frames) if not frame.of_a_library), None)

    @property
    def calls(self) -> str:
        """The calls that led to it, oldest first: a line `FILE in FUNCTION > CODE` each."""
        return "\n".join(" > ".join(filter(None, one)) for one in map(Frame.parts, self.frames[-_MOST_CALLS:]))

    @property
    def package(self) -> str | None:
        """The package that the user's code had called: of its exception's module where there are no such calls."""
        libraries = takewhile(lambda one: one.of_a_library and not one.of_the_server, reversed(self.frames))
        named = [name for frame in libraries if (name := frame.package)]
        match = _RAISED.match(self.raised)
        return named[-1] if named else (match["module"].partition(".")[0] if match else "") or None

    @property
    def where(self) -> str:
        """` in score.py, line 9`: the user's own place; empty where there is none."""
        frame = self.own_frame
        return f" in {PureWindowsPath(frame.file).name}, line {frame.line}" if frame else ""

    @property
    def users_first(self) -> tuple[str, ...]:
        """The exception, then the frames of the user's own files, then the rest: the cause is seldom in a library."""
        own = [line for frame in self.frames if not frame.of_a_library for line in frame.lines]
        others = [line for frame in self.frames if frame.of_a_library for line in frame.lines]
        return (self.raised, *own, *others)


@dataclass(frozen=True, slots=True)
class Chain:
    """Exceptions that led to one another, oldest first. `level` is that of the logger that wrote it, None where the
    process did so itself; `told` are the exceptions that a later one was raised from, or that stand last.
    """

    links: tuple[Traceback, ...]
    told: tuple[Traceback, ...]
    level: Level | None
    housekeeping: bool = False

    @property
    def place(self) -> int:
        """The line on which it ends."""
        return self.links[-1].place

    @property
    def lines(self) -> frozenset[int]:
        """The places of all its lines."""
        return frozenset(at for one in self.links for at in range(one.first, one.last + 1))

    @property
    def handled(self) -> tuple[Traceback, ...]:
        """What was handled when the first of the told was raised on purpose, the nearest first: it may say more."""
        earlier = [one for one in reversed(self.links) if one not in self.told]
        return tuple(earlier) if self.told[0].on_purpose else ()

    @property
    def servers_account(self) -> bool:
        """Whether the inference server raised the end of it: its account of what the user's code raised."""
        return self.links[-1].name.startswith("UserScript")

    @property
    def user(self) -> Traceback:
        """The exception that the user's code raised; a finding of the server's own where there is none."""
        said = [one for one in (*self.told, *self.handled) if one.name not in _STOPPED]
        own = [one for one in said if not one.name.startswith("UserScript")]
        return own[-1] if own else self.links[-1]

    @property
    def of_a_request(self) -> bool:
        """Whether it was raised while a request was served."""
        return any(one.of_a_request for one in self.links)


def chains_of(lines: Sequence[Line]) -> list[Chain]:
    """The chains in the order of their ends. A line that looks like an exception without its traceback is one too:
    the log may start in between.
    """
    lines = _ungrouped(lines)
    found = list(_tracebacks(lines))
    within = {at for one in found for at in range(one.first, one.last + 1)}
    bare = [_headless(lines, at) for at, line in enumerate(lines) if at not in within and _BARE.match(line.text)]
    whole = [one for one in bare if one.frames or _led_on(lines, one.last)]
    alone = [Chain((one,), (one,), None) for one in bare if one not in whole and not lines[one.last].logged]
    tracebacks = sorted([*found, *whole], key=lambda one: one.first)
    return sorted([*_linked(tracebacks, lines), *alone], key=lambda one: one.place)


def _led_on(lines: Sequence[Line], end: int) -> bool:
    """Whether the lines below say that another exception came of it."""
    return any(line.text.strip(" |") in (_CAUSED, _MEANWHILE) for line in lines[end + 1 : end + 4])


def _headless(lines: Sequence[Line], at: int) -> Traceback:
    """An exception whose header is beyond the log's begin, with what there is of its frames."""
    first = at
    while first and lines[first - 1].text.startswith(" ") and _belongs(lines[first - 1], lines[at]):
        first -= 1
    frames = tuple(_frames(lines[first:at]))
    return Traceback(frames, lines[at].text.strip(), _message(lines, at)[0], first if frames else at, at, at)


def _ungrouped(lines: Sequence[Line]) -> Sequence[Line]:
    """The same, with the exceptions of a group as if each stood alone, without the bars before their lines."""
    if not any("Exception Group Traceback" in line.text for line in lines):
        return lines
    return [line if line.prefix else replace(line, text=_BARS.sub("", line.text)) for line in lines]


def _tracebacks(lines: Sequence[Line]) -> Iterator[Traceback]:
    at = 0
    while at < len(lines):
        if lines[at].text.endswith(HEADER):
            one = _traceback(lines, at)
            if one is not None:
                yield one
                at = one.last
        at += 1


def _traceback(lines: Sequence[Line], header: int) -> Traceback | None:
    """From its header to its message; None where the log ends within it."""
    for at in range(header + 1, len(lines)):
        line = lines[at]
        if line.text.endswith(HEADER):
            return None
        if _belongs(line, lines[header]) and _RAISED.match(line.text):
            said, last = _message(lines, at)
            within = [one for one in lines[header + 1 : at] if _belongs(one, lines[header]) or _FRAME.match(one.text)]
            return Traceback(tuple(_frames(within)), line.text.strip(), said, header, last, at)
    return None


def _frames(lines: Sequence[Line]) -> list[Frame]:
    """The calls that these lines show, each with the lines below it."""
    frames: list[Frame] = []
    for line in lines:
        if match := _FRAME.match(line.text):
            frames.append(Frame(match["file"], int(match["line"][:9]), match["function"] or "", (line.text,)))
        elif frames:
            frames[-1] = replace(frames[-1], lines=(*frames[-1].lines, line.text))
    return frames


def _belongs(line: Line, header: Line) -> bool:
    """Whether a line is of the traceback: its logger wrote the prefix once, or before every line."""
    return not line.prefix or (line.logged == header.logged and line.origin == header.origin)


def _message(lines: Sequence[Line], at: int) -> tuple[str, int]:
    """An exception's line with the rest of its message, and where that ends."""
    end, one_line = at + 1, "UserScript" in lines[at].text
    for line in () if one_line else lines[at + 1 : at + _MESSAGE_LINES]:
        whole = line.prefix == lines[at].prefix and not line.logged  # as a container's name stands before every line
        if line.prefix and not whole and not (line.text.startswith(" ") and _belongs(line, lines[at])):
            break
        if line.text.endswith((HEADER, _CAUSED, _MEANWHILE)) or _OF_A_SHELL.match(line.text):
            break
        end += 1
    said = "\n".join(line.text for line in lines[at:end]).rstrip()
    return said, at + said.count("\n")


def _linked(found: Sequence[Traceback], lines: Sequence[Line]) -> Iterator[Chain]:
    links: list[Traceback] = []
    told: list[Traceback] = []
    for one in found:
        link = _link(lines, links[-1].last, one.first) if links else None
        if link is None and links:
            yield _chain(links, told, lines)
            links, told = [], []
        if link == _MEANWHILE:
            told = []
        links.append(one)
        told.append(one)
    if links:
        yield _chain(links, told, lines)


def _link(lines: Sequence[Line], end: int, start: int) -> str | None:
    between = [lines[at].text.strip(" |") for at in range(end + 1, min(start, end + 5))]
    return next((text for text in between if text in (_CAUSED, _MEANWHILE)), None)


def _chain(links: list[Traceback], told: list[Traceback], lines: Sequence[Line]) -> Chain:
    header = lines[links[0].first]
    before = lines[links[0].first - 1].text if links[0].first else ""
    aside = bool(_HOUSEKEEPING.search(header.text) or _HOUSEKEEPING.search(before) or before == "--- Logging error ---")
    return Chain(tuple(links), tuple(told), header.level, aside)
