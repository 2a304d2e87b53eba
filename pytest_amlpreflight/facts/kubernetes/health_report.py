"""The extension's own health report, in ConfigMap `arcml-healthcheck`."""

import re
from dataclasses import dataclass

_LINE = re.compile(
    r"Status: (?P<status>\w+) +Name: (?P<name>\S+)(?: +ErrorCode: (?P<code>E\d+))?(?: +ErrorMessage: (?P<message>.*))?"
)
_DATE = re.compile(r"^Date: (?P<date>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE)
DIAGNOSIS = 45000
"""Codes below stop an installation; those from here on only describe.

Azure/AML-Kubernetes, docs/troubleshooting.md.
"""


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """A line of the report that failed."""

    name: str
    code: str
    message: str

    @property
    def stops_an_installation(self) -> bool:
        """Whether an installation cannot go on with it."""
        return self.code[1:].isdecimal() and int(self.code[1:]) < DIAGNOSIS


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What failed, and when that was looked at: at the last installation or upgrade, not now."""

    date: str | None
    failed: tuple[HealthFinding, ...] = ()


def read_report(text: str) -> HealthReport:
    """The report as one of the ConfigMap's values holds it."""
    date = _DATE.search(text)
    lines = [match for match in _LINE.finditer(text) if match["status"].lower() == "failed"]
    failed = tuple(HealthFinding(one["name"], one["code"] or "", (one["message"] or "").strip()) for one in lines)
    return HealthReport(date["date"] if date else None, failed)
