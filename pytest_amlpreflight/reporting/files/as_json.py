"""The record for programs. The schema is `report.schema.json` beside this module; names are only ever added to it."""

import json
from typing import Any

from pytest_amlpreflight.finding import Finding
from pytest_amlpreflight.reporting.notations import notations
from pytest_amlpreflight.reporting.record import Record

SCHEMA = "urn:pytest-amlpreflight:report:1"


def render(record: Record) -> str:
    """JSON: about the run, counts, and every finding."""
    content = {
        "$schema": SCHEMA,
        "run": dict(record.about),
        "counts": record.counts,
        "notices": list(record.notices),
        "mended": [one.as_json() for one in record.mended],
        "not_looked_at": [one.as_json() for one in record.unseen],
        "findings": [_written(one) for one in record.findings],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _written(finding: Finding) -> dict[str, Any]:
    written = {**finding.as_json(), "identity": finding.identity}
    if finding.fixes:
        written["notations"] = [notations(fix) for fix in finding.fixes]
    return written
