"""The Python exceptions that a log shows: each with its calls, and those that led to one another as one chain."""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PureWindowsPath  # which takes both kinds of slashes

from pytest_amlpreflight.facts.logs.records import Level

RAISED = re.compile(
    r"(?P<module>(?:[A-Za-z_]\w{0,80}\.){0,12})(?P<name>_?[A-Z]\w{0,100}|\w{0,20}(?:error|timeout))(?::(?=\s|$)|$)"
)
"""The line that names an exception."""
_CODE_ONLY = re.compile(r"\(\w{1,60}\)")
_OF_V1 = re.compile(r"\n\s{0,20}Message: ?(\S.*)")
"""What an exception of SDK v1 says, on a line of its own behind its name."""
_OF_THE_SERVER = re.compile(r"[/\\](?:azureml_inference_server_http|azureml-server|azureml_server|gunicorn|flask)[/\\]")
_OF_A_LIBRARY = re.compile(
    r"site-packages|dist-packages|[/\\]lib[/\\]python|[/\\]Lib[/\\]|^<|azureml-server|azmlinfsrv"
    r"|[/\\](?:bin|Scripts)[/\\][\w.-]{1,60}$|\.pyx$"
)
_PACKAGE = re.compile(
    r"(?:site|dist)-packages/(?:(?P<space>(?:azure|google)/(?:[a-z]\w{0,40}/){1,2})|(?P<name>[A-Za-z_]\w{0,80}))"
)
_MOST_CALLS = 60
_STOPPED = ("SystemExit", "CancelledError", "KeyboardInterrupt")
"""What is raised because something else has ended."""
_SLIPS = (
    "KeyError",
    "NameError",
    "UnboundLocalError",
    "IndexError",
    "ZeroDivisionError",
    "StopIteration",
    "RecursionError",
)
"""What Python raises at a mistake in the very line that it runs, whatever words stand in the message."""
_OF_REQUESTS = ("invoke_run", "invoke_user_with_timer", "run_scoring", "score_realtime")
"""The functions with which the inference server calls run(), of today and of 2019."""
_COUNTED = re.compile(r": \d+ validation errors? for [\w.]+$")
_LONGEST_BRIEF = 200


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
        match = RAISED.match(self.raised)
        return match["name"] if match else ""

    @property
    def is_a_slip(self) -> bool:
        """Whether a line of the user's own is mistaken, so that the message says nothing of anybody else."""
        return self.name in _SLIPS and bool(self.frames) and not self.frames[-1].of_a_library

    @property
    def of_a_request(self) -> bool:
        """Whether it was raised while a request was served."""
        functions = {frame.function for frame in self.frames}
        own = {frame.function for frame in self.frames if not frame.of_a_library}
        return not functions.isdisjoint(_OF_REQUESTS) or ("run" in own and "invoke_init" not in functions)

    @property
    def brief(self) -> str:
        """`KeyError: 'path'`, without the class's module."""
        match = RAISED.match(self.raised)
        rest = self.raised[match.end() :].strip() if match else ""
        told = _OF_V1.search(self.said)
        if match and told and rest == f"{match['name']}:":  # as SDK v1 does it
            return f"{match['name']}: {told[1]}"[:_LONGEST_BRIEF]
        if match and _CODE_ONLY.fullmatch(rest):  # azure.core's, whose message may start on the next line
            return " ".join(f"{match['name']}: {rest}{self.said[len(self.raised) :]}".split("\n")[:2])[:_LONGEST_BRIEF]
        if _COUNTED.search(self.raised):  # pydantic's message, of which the first line only counts
            return " ".join(f"{match['name'] if match else ''}: {self.said.partition(chr(10))[2]}".split())[
                :_LONGEST_BRIEF
            ]
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
        match = RAISED.match(self.raised)
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
