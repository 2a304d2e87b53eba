"""The Python exceptions read from a log's lines: where each begins and ends, and what led to what."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_amlpreflight.facts.logs.drawn_boxes import HEADER
from pytest_amlpreflight.facts.logs.exceptions import RAISED, Chain, Frame, Traceback
from pytest_amlpreflight.facts.logs.lines import Line

_CAUSED = "The above exception was the direct cause of the following exception:"
_MEANWHILE = "During handling of the above exception, another exception occurred:"
_FRAME = re.compile(
    r'\s{0,12}[|+ ]{0,6}File "(?P<file>[^"]{1,500})", line (?P<line>\d+)(?:, in (?P<function>\S{1,200}))?'
)
_LED_TO = r"\s{0,8}(?:Caused by: |---> ?)"
_UNCAUGHT = r"Unhandled exception\. |Exception in thread \"[^\"\n]{1,60}\" |Uncaught "
_FOREIGN = re.compile(rf"(?P<led>{_LED_TO})|{_UNCAUGHT}")
"""What other languages put before an exception's name: one that led to those above, and one that nobody caught."""
_BARE = re.compile(
    rf"(?:{_LED_TO}|{_UNCAUGHT})?"
    r"(?:[A-Za-z_]\w{0,80}\.){0,12}[A-Za-z_]\w{0,100}(?:Error|Exception|OutOfMemory|Failure)(?: \(\d{1,9}\))?"
    r"(?::(?:\s|$)|$)"
)
_MOST_CALLS = 80
"""Lines between an exception of another language and the one that led to it."""
_BARS = re.compile(r"^ {0,60}(?:\| ?|\+-[+\- \d]{0,120}$)")
_OF_A_SHELL = re.compile(r"\S{1,200}: line \d+: ")
_HOUSEKEEPING = re.compile(
    r"Exception while exporting "
    r"|Error (?:logging to Application Insights|while logging request|while fetching model IDs)"
)
_MESSAGE_LINES = 40


def chains_of(lines: Sequence[Line]) -> list[Chain]:
    """The chains in the order of their ends. A line that looks like an exception without its traceback is one too:
    the log may start in between.
    """
    lines = _ungrouped(lines)
    found = list(_tracebacks(lines))
    within = {at for one in found for at in range(one.first, one.last + 1)}
    bare = [_headless(lines, at) for at, line in enumerate(lines) if at not in within and _BARE.match(line.text)]
    whole = [one for one in bare if one.frames or _led_on(lines, one.last)]
    alone = _foreign([one for one in bare if one not in whole and not lines[one.last].logged], lines)
    tracebacks = sorted([*found, *whole], key=lambda one: one.first)
    return sorted([*_linked(tracebacks, lines), *alone], key=lambda one: one.place)


def _foreign(bare: Sequence[Traceback], lines: Sequence[Line]) -> Iterator[Chain]:
    """Exceptions without a traceback of Python's, those of another language with what led to them."""
    links: list[Traceback] = []
    for one in bare:
        led = (match := _FOREIGN.match(lines[one.place].text)) and match["led"]
        if links and not (led and one.place - links[-1].place <= _MOST_CALLS):
            yield Chain(tuple(links), tuple(links), None)
            links = []
        links.append(one)
    if links:
        yield Chain(tuple(links), tuple(links), None)


def _led_on(lines: Sequence[Line], end: int) -> bool:
    """Whether the lines below say that another exception came of it."""
    return any(line.text.strip(" |") in (_CAUSED, _MEANWHILE) for line in lines[end + 1 : end + 4])


def _headless(lines: Sequence[Line], at: int) -> Traceback:
    """An exception whose header is beyond the log's begin, with what there is of its frames."""
    first = at
    while first and lines[first - 1].text.startswith(" ") and _belongs(lines[first - 1], lines[at]):
        first -= 1
    frames = tuple(_frames(lines[first:at]))
    named = _FOREIGN.match(lines[at].text)
    before = named.end() if named else 0
    said = _message(lines, at)[0][before:]
    return Traceback(frames, lines[at].text[before:].strip(), said, first if frames else at, at, at)


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
        if _belongs(line, lines[header]) and RAISED.match(line.text):
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
