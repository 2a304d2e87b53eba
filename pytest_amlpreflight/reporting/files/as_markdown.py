"""The record for a job's summary page."""

from collections.abc import Iterator

from pytest_amlpreflight.finding import Finding
from pytest_amlpreflight.reporting.record import Record

LIMIT = 900_000
"""Bytes; over 1 MiB GitHub drops the whole summary of a step."""

_CUT = "\n\n*The rest was left off: it does not fit on a summary page.*\n"


def render(record: Record) -> str:
    """Markdown: counts, then a row for each thing to look at, cut at a row's end."""
    lines: list[str] = []
    size = len(_CUT.encode())
    for line in _lines(record):
        size += len(line.encode()) + 1
        if size > LIMIT:
            return "\n".join(lines) + _CUT
        lines.append(line)
    return "\n".join(lines) + "\n"


def _lines(record: Record) -> Iterator[str]:
    counts = ", ".join(f"{count} {name}" for name, count in record.counts.items() if count)
    yield f"## aml-preflight, phase {record.about['phase']}: {counts or 'nothing was looked at'}"
    yield ""
    yield from (f"- {_escaped(notice)}" for notice in record.notices)
    if record.worst_first:
        yield ""
        yield "| | check | target | finding | fix |"
        yield "|---|---|---|---|---|"
    yield from (_row(one) for one in record.worst_first)


def _row(finding: Finding) -> str:
    target = f"[{_escaped(finding.target)}]({finding.portal})" if finding.portal else _escaped(finding.target)
    said = [finding.headline, f"found: {finding.found}" if finding.found else "", finding.since, finding.waiver]
    words = "<br>".join(_escaped(part) for part in said if part)
    fix = "<br>".join(f"<code>{_escaped(str(one))}</code>" for one in finding.fixes)
    outcome = finding.waived or finding.outcome
    return f"| {outcome} | {finding.check} | {target} | {words} | {fix} |"


def _escaped(text: str) -> str:
    """Nothing a name or a message holds becomes markup or another cell."""
    for character, harmless in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("`", "&#96;")):
        text = text.replace(character, harmless)
    for character in "[]*_":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
