"""A text as its writer meant it, out of the boxes and columns in which Rich and its like print."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEADER = "Traceback (most recent call last):"
"""With what Python begins a traceback."""
_TITLE = r"(?: (?P<title>[^─━═╮┐┓╗\n]{1,120}) )?"
_TOP = re.compile(rf"(?P<corner>[╭┌┏╔])[─━═]{{1,400}}{_TITLE}[─━═]{{1,400}}[╮┐┓╗]\s*$")
_ASCII_TOP = re.compile(r"(?P<corner>\+)-{2,400} (?P<title>Traceback [^\n]{1,60}?) -{2,400}\+\s*$")
_BOTTOM = re.compile(r"[╰└┗╚][─━═]{2,}[^\n]{0,120}[╯┘┛╝]\s*$|\+-{2,}\+\s*$")
_SIDES = {"╭": "│", "┌": "│", "┏": "┃", "╔": "║", "+": "|"}
_LOCALS = re.compile(r"^\s*(?:[╭┌+][─-]+ locals [─-]+[╮┐+]|[╰└+][─-]+[╯┘+]|[│|] .*[│|])\s*$")
_CODE = re.compile(r"^\s{0,3}(?P<here>[❱>])?\s{0,8}\d{1,7}(?: (?P<code>.*))?$")
_GUIDES = re.compile(r"[│|](?=   )")
_CALL = re.compile(r"^(?P<file>\S.{0,400}):(?P<line>\d{1,7}) in (?P<function>\S.{0,100})$")
_CELL = re.compile(r"^in (?P<function>\S.{0,100}):(?P<line>\d{1,7})$")
_NARROW, _WIDEST = 20, 1_000
"""Characters that a box has that text is wrapped in."""
_MOST_BELOW = 60
"""Lines below a boxed traceback that may be its message."""
_LEVEL = r"DEBUG|INFO|WARNING|ERROR|CRITICAL"
OF_ITS_OWN = re.compile(
    rf"\[?20\d\d[-/]|\[\d\d/\d\d/|(?:{_LEVEL})\b|\[(?:{_LEVEL})\b|Traceback|During handling|The above exc"
)
"""How a line begins that is not the rest of the one above."""
_COLUMNS = re.compile(
    rf"(?P<stamp>\[[\d/:., -]{{8,25}}\]| {{10,27}}) (?P<level>{_LEVEL}) {{1,5}}(?P<text>\S.*?)"
    r"(?P<place> +[\w.-]{1,60}\.py:\d{1,6})?$"
)


@dataclass(frozen=True, slots=True)
class _Box:
    """A drawn box: what stands before and in it, its title and its width, and the line behind it."""

    before: str
    title: str
    body: tuple[str, ...]
    width: int
    end: int


def unboxed(text: str) -> str:
    """The text without the boxes and columns that Rich and its like draw: a boxed traceback as Python prints it, a
    boxed message behind its title; and what was broken at the width in one line again.
    """
    lines = text.splitlines()
    if any(_COLUMNS.match(line[:400]) for line in lines if line.startswith("[")):
        lines = list(_without_columns(lines))
    if any(corner in text for corner in "╭┌┏╔") or "- Traceback" in text:
        lines = list(_without_boxes(lines))
    return text if lines == text.splitlines() else "\n".join(lines)


def _without_columns(lines: Sequence[str]) -> Iterator[str]:
    """The lines of Rich's logger, which prints time, level, message and place side by side, a time once for all."""
    stamp, at = "", 0
    while at < len(lines):
        match = _COLUMNS.match(lines[at][:400])
        at += 1
        if match is None:
            yield lines[at - 1]
            continue
        stamp = match["stamp"] if match["stamp"].strip() else stamp
        column, indent = match.start("text"), " " * match.start("text")
        width = len(match[0]) - len((match["place"] or "").lstrip()) - 1 - column if match["place"] else 0
        below = list(_below(lines[at : at + _MOST_BELOW], indent))
        at += len(below)
        said = _joined([match["text"], *below], width or max(map(len, below), default=0))
        yield f"{stamp} {match['level']:8} {said[0]}"
        yield from said[1:]


def _without_boxes(lines: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        box = _box(lines, at)
        if box is None:
            yield lines[at]
            at += 1
            continue
        at, before = box.end, box.before if box.before.strip() else ""
        if box.title and HEADER.startswith(box.title):
            below = list(_below(lines[at : at + _MOST_BELOW], box.before))
            at += len(below)
            said = [HEADER, *_calls(box.body), *_joined(below, box.width)]
        else:
            said = _titled(box.title, _joined([line.rstrip() for line in box.body], box.width - 4))
        yield from (f"{before}{line}" for line in said)


def _below(lines: Sequence[str], before: str) -> Iterator[str]:
    """What stands behind the same column in the next lines, up to an empty one; blanks before it are the column's."""
    for line in lines:
        if not line[len(before) :].strip() or (not before.strip() and not line.startswith(before)):
            return
        yield line[len(before) :].rstrip()


def _box(lines: Sequence[str], at: int) -> _Box | None:
    """The box that begins on a line; one that is cut ends with the last line that has its side."""
    line = lines[at] if len(lines[at]) <= _WIDEST else ""
    top = _TOP.search(line) or _ASCII_TOP.search(line)
    width = len(top[0].rstrip()) if top else 0
    if top is None or width < _NARROW:
        return None
    body: list[str] = []
    end = at + 1
    for below in lines[at + 1 :]:
        bottom = _BOTTOM.search(below[:_WIDEST])
        side = below.find(_SIDES[top["corner"]], max(top.start() - 4, 0))
        end += 1
        if bottom and len(bottom[0].rstrip()) == width:
            break
        if side < 0:
            end -= 1
            break
        body.append(below[side + 2 : side + width - 2])
    return _Box(line[: top.start()], (top["title"] or "").strip(), tuple(body), width, end) if body else None


def _titled(title: str, said: Sequence[str]) -> list[str]:
    """A message behind its box's title."""
    return [f"{title}: {said[0]}", *said[1:]] if title and said else list(said)


def _calls(body: Sequence[str]) -> Iterator[str]:
    """A boxed traceback's calls, each with its own line of code, as Python prints them."""
    width, paragraph = max(map(len, body), default=0), list[str]()
    for line in (*body, ""):
        code = _CODE.match(line)
        if line.strip() and not code and not _LOCALS.match(line):
            paragraph.append(line.rstrip())
            continue
        yield from map(_call, _joined(paragraph, width))
        paragraph.clear()
        if code and code["here"] and code["code"]:
            yield f"    {_GUIDES.sub(' ', code['code']).strip()}"


def _call(said: str) -> str:
    """A call as Python prints it; of a notebook's cell nobody knows the file."""
    call = _CALL.match(said) or _CELL.match(said)
    if call is None:
        return said
    return f'  File "{call.groupdict().get("file") or "<cell>"}", line {call["line"]}, in {call["function"]}'


def _joined(lines: Sequence[str], width: int) -> list[str]:
    """The lines with those together that were one, and were broken because the next word did not fit."""
    said: list[str] = []
    last = ""
    for line in lines:
        if last and _goes_on(last, line, width):
            folded = len(last) >= width and " " not in last.strip()
            said[-1] += line if folded else f" {line}"
        else:
            said.append(line)
        last = line
    return said


def _goes_on(last: str, line: str, width: int) -> bool:
    """Whether a line is the rest of the last one: its first word did not fit there."""
    if not line[:1].strip() or OF_ITS_OWN.match(line):
        return False
    return width - len(line.split(maxsplit=1)[0]) - 1 < len(last) <= width
