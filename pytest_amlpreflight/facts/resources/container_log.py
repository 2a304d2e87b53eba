"""What a deployment's containers printed last, and which known causes are in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

from pytest_amlpreflight.data import load

_NO_LOG_YET = re.compile(r"(?i)try again later|no logs? (?:is|are) available|is not (?:yet )?(?:running|available)")
_IMAGE = re.compile(r"AzureML image information:\s*(?P<image>[^,]+?)\s*,\s*Materialization Build:\s*(?P<built>\d{8})")
_STAMP = re.compile(r"^(?P<day>20\d\d-[01]\d-[0-3]\d)[T ]", re.MULTILINE)
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line \d+')
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning|Failure)\b.*$")


class Container(StrEnum):
    """A container of a deployment, as `getLogs` calls it: the storage initializer fetches model and code, then the
    server starts.
    """

    INFERENCE_SERVER = "InferenceServer"
    STORAGE_INITIALIZER = "StorageInitializer"


@dataclass(frozen=True, slots=True)
class LogCause:
    """A known cause and the line that shows it. `what` is the part that differs from case to case, such as a module's
    name.
    """

    name: str
    title: str
    advice: str
    code: str
    line: str
    what: str | None = None
    guide: str | None = None


@dataclass(frozen=True, slots=True)
class Traceback:
    """A Python traceback in a log, its lines as printed. `raised` is its last line."""

    lines: tuple[str, ...]
    raised: str

    @property
    def users_first(self) -> tuple[str, ...]:
        """The exception, then the frames of the user's own files, then the rest: the cause is seldom in a library."""
        frames = list(_frames(self.lines))
        own = [frame for frame in frames if not _of_a_library(frame[0])]
        others = [frame for frame in frames if _of_a_library(frame[0])]
        return (self.raised, *(line for frame in [*own, *others] for line in frame))


@dataclass(frozen=True, slots=True)
class ContainerLog:
    """The last lines of one container, without secrets."""

    container: Container
    text: str

    @property
    def available(self) -> bool:
        """Whether there is a log: of a container that is not up, Azure answers with a sentence that says to try
        again.
        """
        return bool(self.text.strip()) and not (len(self.text) < 400 and _NO_LOG_YET.search(self.text))

    @property
    def causes(self) -> tuple[LogCause, ...]:
        """The known causes in the log, those that say most first, each once."""
        return causes_in(self.text, self.container) if self.available else ()

    @property
    def tracebacks(self) -> tuple[Traceback, ...]:
        """The tracebacks in the log, in its order."""
        return tuple(_tracebacks(self.text.splitlines()))

    @property
    def image(self) -> tuple[str, date] | None:
        """The Azure image the container runs and the day it was built; None where the log does not say."""
        match = _IMAGE.search(self.text)
        if match is None:
            return None
        built = match["built"]
        try:
            return match["image"], date(int(built[:4]), int(built[4:6]), int(built[6:]))
        except ValueError:  # eight digits that are no date
            return None

    @property
    def last_day(self) -> date | None:
        """The day of the last line that has a time stamp."""
        stamps = _STAMP.findall(self.text)
        return date.fromisoformat(stamps[-1]) if stamps else None


def causes_in(text: str, container: Container | None = None) -> tuple[LogCause, ...]:
    """The known causes in a text, in the order of the table `log-causes`: rows that say more stand before those that
    say less.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    rows = [
        (pattern, row)
        for pattern, row in _patterns()
        if container is None or container in row.get("containers", (container,))
    ]
    found = (_met(lines, pattern, row) for pattern, row in rows)
    return tuple(cause for cause in found if cause)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Mapping[str, Any]], ...]:
    return tuple((re.compile(row["pattern"]), row) for row in load("log-causes").rows)


def _met(lines: list[str], pattern: re.Pattern[str], row: Mapping[str, Any]) -> LogCause | None:
    matches = ((line, pattern.search(line)) for line in reversed(lines))
    line, match = next(((line, match) for line, match in matches if match), ("", None))
    if match is None:
        return None
    what = next((value for value in match.groupdict().values() if value), None)
    return LogCause(row["cause"], row["title"], row["advice"], row["code"], line[:300], what, row.get("guide"))


def _tracebacks(lines: list[str]) -> Iterator[Traceback]:
    at = 0
    while at < len(lines):
        if lines[at].rstrip().endswith("Traceback (most recent call last):"):
            end = next((n for n in range(at + 1, len(lines)) if _RAISED.match(lines[n])), None)
            if end is None:
                return
            yield Traceback(tuple(lines[at + 1 : end]), lines[end].strip())
            at = end
        at += 1


def _frames(lines: tuple[str, ...]) -> Iterator[list[str]]:
    frame: list[str] = []
    for line in lines:
        if _FRAME.match(line) and frame:
            yield frame
            frame = []
        frame.append(line)
    if frame:
        yield frame


def _of_a_library(line: str) -> bool:
    match = _FRAME.match(line)
    path = match["file"] if match else ""
    return any(
        part in path
        for part in ("site-packages", "dist-packages", "/lib/python", "<frozen", "azureml-server", "azmlinfsrv")
    )
