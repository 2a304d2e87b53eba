"""The record for programs. The schema is `report.schema.json` beside this module; names are only ever added to it."""

import json

from pytest_amlpreflight.reporting.record import Record

SCHEMA = "urn:pytest-amlpreflight:report:1"


def render(record: Record) -> str:
    """JSON: about the run, counts, and every finding."""
    findings = [{**one.as_json(), "identity": one.identity} for one in record.findings]
    content = {
        "$schema": SCHEMA,
        "run": dict(record.about),
        "counts": record.counts,
        "notices": list(record.notices),
        "mended": [one.as_json() for one in record.mended],
        "not_looked_at": [one.as_json() for one in record.unseen],
        "findings": findings,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
