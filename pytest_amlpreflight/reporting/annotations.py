"""Lines that GitHub's and Azure's pipelines show beside the user's files."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.reporting.record import Record

LIMIT = 10
"""GitHub shows as many errors and as many warnings of a step, and drops the rest without a word."""

_AZURES_PERCENT = "%AZP25"
"""Azure's agent takes `%25` as it stands: node/taskcommand.ts of https://github.com/microsoft/azure-pipelines-task-lib"""


def pipeline(wanted: str | None, environ: Mapping[str, str]) -> str:
    """`github`, `azure` or `none`: what was asked for, else the pipeline that the run is in."""
    if wanted:
        return wanted
    if environ.get("GITHUB_ACTIONS") == "true":
        return "github"
    return "azure" if environ.get("TF_BUILD") else "none"


def annotate(record: Record, kind: str, root: Path) -> Iterator[str]:
    """At most ten errors and ten warnings, worst first; what is waived is none of them."""
    write: Callable[[Finding, str, Path], str] | None = {"github": _github, "azure": _azure}.get(kind)
    if write is None:
        return
    worst = [one for one in record.worst_first if not one.waived]
    errors = [one for one in worst if one.outcome is not Outcome.ADVISED][:LIMIT]
    warnings = [one for one in worst if one.outcome is Outcome.ADVISED][:LIMIT]
    yield from (write(one, "error", root) for one in errors)
    yield from (write(one, "warning", root) for one in warnings)


def _github(finding: Finding, level: str, root: Path) -> str:  # noqa: ARG001  # paths are the repository's
    properties = {"title": f"{finding.check} {finding.target}"}
    if finding.where:
        properties = {"file": finding.where.path, "line": str(finding.where.line or 1)} | properties
    said = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{level} {said}::{_escaped(str(finding))}"


def _azure(finding: Finding, level: str, root: Path) -> str:
    properties = {"type": level}
    if finding.where:
        properties |= {"sourcepath": str(root / finding.where.path), "linenumber": str(finding.where.line or 1)}
    properties["code"] = finding.check
    said = "".join(f"{name}={_escaped(value, ';]', _AZURES_PERCENT)};" for name, value in properties.items())
    return f"##vso[task.logissue {said}]{_escaped(str(finding), percent=_AZURES_PERCENT)}"


def _escaped(text: str, more: str = "", percent: str = "%25") -> str:
    """Percent signs, line ends, and what would end a property."""
    text = text.replace("%", percent)
    for character in ("\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text
