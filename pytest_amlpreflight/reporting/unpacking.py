"""The text itself, whatever it came in: an export, a JSON string, a web page, a note, a file of PowerShell."""

import html
import json
import re
from itertools import zip_longest

from pytest_amlpreflight.facts.logs.drawn_boxes import OF_ITS_OWN, unboxed
from pytest_amlpreflight.facts.logs.export_rows import unrolled
from pytest_amlpreflight.facts.logs.lines import lines_of

FEW_BREAKS = 5
"""Line breaks below which a text with more written ones was copied out of a JSON string."""
FEW_LINES = 60
"""Lines of a text that may be a note, or have been copied from a narrow screen."""
NARROWEST, WIDEST = 40, 250
"""Columns of a screen from which a text may have been copied."""

_FOLDED = re.compile(r"(?m)^.*Traceback \(most recent call last\): [\dTZ:.,+ -]{0,60}File \".*$")
_FOLDS = re.compile(
    r" (?=Traceback \(most recent call last\):)| (?=File \"[^\"\n]{1,300}\", line \d+, in )"
    r"| (?=(?:[a-z_]\w{0,60}\.){0,8}[A-Z]\w{0,60}(?:Error|Exception)(?:: |$))| (?=20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d)",
    re.MULTILINE,
)
_ENTITY = re.compile(r"&(?:quot|apos|lt|gt|amp|nbsp|#x?[0-9a-fA-F]{2,5});")
_MARKED = re.compile(
    r"(?im)^[ \t]{0,8}(?:#{1,6} |(?:[-*+]|\d{1,2}[.)]) (?=[*_`]))?"
    r"(?:[*_]{0,2}[a-z][a-z ]{2,30}(?::[*_]{0,2}|[*_]{0,2}:) (?=[*_]{0,2}`))?"
    r"[*_`]{1,3}(?P<said>[^`\n]{3,2000}?)[*_`]{1,3}\.?[ \t]{0,8}$"
)
"""A line of a note that consists of what somebody marked in it."""


def unpacked(text: str) -> str:
    """The text itself, where it came as one JSON string, as the answer of `getLogs`, as exported rows, or as part of
    them; without what a web page or a note put around it.
    """
    stripped = text.strip().lstrip("\ufeff")
    inner = _in_json(stripped) if stripped.startswith(('"', '{"content"')) else None
    few = stripped.count("\n") < FEW_BREAKS < stripped.count("\\n")
    if inner is None and few and not any(line.in_json for line in lines_of(stripped)):
        inner = stripped.replace("\\n", "\n").replace('\\"', '"')
    plain = unboxed(unrolled(stripped if inner is None else inner))
    plain = html.unescape(plain) if _ENTITY.search(plain) else plain
    return _unfolded(_MARKED.sub(lambda match: match["said"], plain) if plain.count("\n") < FEW_LINES else plain)


def decoded(content: bytes) -> str:
    """The text of a file, which PowerShell writes as UTF-16."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(encoding, errors="replace")


def rejoined(text: str) -> str:
    """The text without the line breaks that a narrow screen put into its words; itself where there are none."""
    lines = text.splitlines()
    width = max(map(len, lines), default=0)
    if not NARROWEST <= width <= WIDEST or len(lines) > FEW_LINES:
        return text
    broken = [_broken(line, below, width) for line, below in zip_longest(lines, lines[1:])]
    joined = "".join(line if goes_on else f"{line}\n" for line, goes_on in zip(lines, broken, strict=True))
    return joined if any(broken) else text


def _broken(line: str, below: str | None, width: int) -> bool:
    """Whether a line fills the screen and goes on below, within a word."""
    if below is None or OF_ITS_OWN.match(below):
        return False
    return len(line) == width and " " in line and f"{line[-1]}{below}"[:2].isalnum()


def _unfolded(text: str) -> str:
    """The text with the line breaks that a web page took out of its tracebacks."""
    return _FOLDED.sub(lambda match: _FOLDS.sub("\n", match[0]), text)


def _in_json(text: str) -> str | None:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    inner = value.get("content") if isinstance(value, dict) else value
    return inner if isinstance(inner, str) else None
