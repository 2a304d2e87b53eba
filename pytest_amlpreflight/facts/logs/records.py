"""Records in which loggers write: JSON, and members and values; each as what was said, how grave, and by whom."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

LONGEST_RECORD = 200_000
"""Characters of a line that is taken for a JSON record."""

_OF_A_RUNTIME = re.compile(r"^[FP] ")  # whole or part of a line, as container runtimes mark it
_MESSAGES = ("message", "msg", "log", "event", "@m", "@mt", "short_message")
_TRACES = ("exc_info", "exception", "stack_trace", "stacktrace", "traceback", "stack", "@x", "full_message")
_REASONS = ("error", "err", "reason", "cause")
_GRAVITIES = ("level", "levelname", "severity", "lvl", "loglevel", "log.level", "@l")
_LOGGERS = ("logger", "category", "log.logger")
"""The members of a JSON record, in lower case: what was said, the traceback beside it, why, how grave and by whom."""
_LOGFMT = re.compile(
    r"(?:\w{1,20}=(?:\"[^\"\n]{0,80}\"|[^\s\"]{1,80}) ){0,3}level=\"?(?P<level>[A-Za-z]{3,9})\"? "
    r"(?:\w{1,20}=[^\s\"]{1,120} ){0,3}(?:msg|message)=(?:\"(?P<said>(?:[^\"\\]|\\.){1,2000})\"|(?P<word>\S{1,200}))"
    r"(?:.{0,500}?\b(?:err|error)=(?:\"(?P<why>(?:[^\"\\]|\\.){1,2000})\"|(?P<code>\S{1,200})))?"
)
"""A record of members and values, as Go's loggers write it."""


class Level(IntEnum):
    """How grave the writer of a line found it."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


_LEVELS = {
    "T": Level.DEBUG, "V": Level.DEBUG, "D": Level.DEBUG, "I": Level.INFO, "N": Level.INFO, "S": Level.INFO,
    "W": Level.WARNING, "E": Level.ERROR, "C": Level.CRITICAL, "F": Level.CRITICAL, "P": Level.CRITICAL,
    "A": Level.CRITICAL,
}  # fmt: skip
_BY_NAME = {"FAIL": Level.ERROR, "EMERG": Level.CRITICAL, "DPANIC": Level.CRITICAL}
_BY_NUMBER = {10: Level.DEBUG, 20: Level.DEBUG, 30: Level.INFO, 40: Level.WARNING, 50: Level.ERROR, 60: Level.CRITICAL}
"""Levels by the first letter of their names, those whose first letter is another's, and those of Node.js's loggers."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a logger was told, with the traceback below it; `level` and `logger` are None where it names none."""

    said: str
    level: Level | None
    logger: str | None


def level_named(name: object) -> Level | None:
    """A level as its logger names or counts it."""
    if isinstance(name, int):
        return _BY_NUMBER.get(name)
    said = str(name or "").strip("[ ").upper()
    return _BY_NAME.get(said) or _LEVELS.get(said[:1])


def from_json(text: str) -> Record | None:
    """A line of a logger or a platform that writes JSON; the message of the server of 2019 is JSON once more, and
    Rust's loggers put it one level deeper.
    """
    record = _lowered(_object(text))
    record |= _lowered(record.get("fields"))
    message = _member(record, _MESSAGES)
    if message is None:
        return None
    reason = next((value for name in _REASONS if (value := record.get(name))), None)
    within = _lowered(reason)
    trace = _member(record, _TRACES) or _member(within, _TRACES)
    why = _member(within, _MESSAGES) if within else reason
    level = next((level for name in _GRAVITIES if (level := level_named(record.get(name)))), None)
    inner = _object(message).get("message")
    said = inner if isinstance(inner, str) else _OF_A_RUNTIME.sub("", message)
    if isinstance(why, str) and why not in f"{said}{trace}":
        said = f"{said}: {why}"
    said = f"{said}\n{trace}" if trace and trace not in said else said
    return Record(said, level, (_member(record, _LOGGERS) or "json") if level else None)


def from_logfmt(text: str) -> Record | None:
    """A line of members and values that has a level and a message."""
    match = _LOGFMT.match(text)
    if match is None:
        return None
    said, why = match["said"] or match["word"], match["why"] or match["code"]
    return Record(f"{said}: {why}" if why else said, level_named(match["level"]), "logfmt")


def _lowered(record: object) -> dict[str, object]:
    """A record with the names of its members in lower case; empty where it is none."""
    return {name.lower(): value for name, value in record.items()} if isinstance(record, dict) else {}


def _member(record: Mapping[str, object], names: Sequence[str]) -> str | None:
    """The first of these members that is a text."""
    return next((value for name in names if isinstance(value := record.get(name), str) and value), None)


def _object(text: str) -> dict[str, object]:
    if not text.startswith("{") or len(text) > LONGEST_RECORD:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
