"""The record as SARIF 2.1.0, for code scanning.

GitHub refuses a whole upload over one result without a file, so that a finding without one points at the first line of
the file that configures the run. Every check that ran is a rule, so that a clean run closes alerts.
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import json
from hashlib import sha256
from typing import Any

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.reporting.record import Record
from pytest_amlpreflight.run.suite.documentation import sections

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Outcome.FAILED: "error", Outcome.ERROR: "error", Outcome.ADVISED: "warning"}
_BASELINE = {"": None, "new since the last run": "new"}


def render(record: Record, without_file: str = "pyproject.toml") -> str:
    """SARIF; `without_file` is the file, from the repository's root, that findings without one point at."""
    rules = [_rule(check) for check in dict.fromkeys(one.check for one in record.findings)]
    driver = {
        "name": "pytest-amlpreflight",
        "version": record.about["version"],
        "informationUri": "https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints",
        "rules": rules,
    }
    results = [_result(one, without_file) for one in record.worst_first]
    automation = {"id": f"aml-preflight/{record.about['phase']}/"}
    run = {"tool": {"driver": driver}, "automationDetails": automation, "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False) + "\n"


def _rule(check: str) -> dict[str, Any]:
    section = sections().get(check)
    sentence = section.text.split("\n\n", 1)[0] if section else check
    rule: dict[str, Any] = {"id": check, "shortDescription": {"text": " ".join(sentence.split())}}
    if section and section.guide:
        rule["helpUri"] = section.guide
    return rule


def _result(finding: Finding, without_file: str) -> dict[str, Any]:
    where = finding.where
    path, line = (where.path, where.line or 1) if where else (without_file, 1)
    physical = {"artifactLocation": {"uri": path.replace("\\", "/")}, "region": {"startLine": line}}
    place: dict[str, Any] = {"physicalLocation": physical}
    if finding.resource:
        place["logicalLocations"] = [{"fullyQualifiedName": finding.resource, "kind": "resource"}]
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "level": _LEVELS[finding.outcome],
        "message": {"text": str(finding)},
        "locations": [place],
        "partialFingerprints": {"amlFinding/v1": sha256("\n".join(finding.identity).encode()).hexdigest()},
    }
    if finding.since:
        result["baselineState"] = _BASELINE.get(finding.since, "unchanged")
    if finding.waived:
        words = finding.waiver or f"known {finding.since}"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": words}]
    return result
