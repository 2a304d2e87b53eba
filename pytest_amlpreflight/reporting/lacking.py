"""The end of a run that was not allowed to see everything: which permissions would have answered the rest."""

from collections import Counter

import pytest

from pytest_amlpreflight.facts.unread import FactUnreadable, NotRead

PROPERTY = "aml_permission"
"""The property of a test without an answer: the permission that would have given it. It survives xdist."""

HOW = "all that a preflight needs: pytest --aml-role | az role definition create --role-definition @-"


def note(problem: NotRead, item: pytest.Item) -> None:
    """Keep which permission was refused to a test."""
    if isinstance(problem, FactUnreadable) and problem.permission:
        item.user_properties.append((PROPERTY, problem.permission))


def summarize(terminalreporter: "pytest.TerminalReporter") -> None:
    """List the refused permissions, with how many tests each would have answered.

    A test that was refused one may need another behind it, which nobody got to ask for: hence the whole role.
    """
    reports = [report for key in ("error", "failed", "skipped") for report in terminalreporter.getreports(key)]
    refused = Counter(
        str(permission)
        for report in {report.nodeid: report for report in reports if hasattr(report, "user_properties")}.values()
        for permission in {value for name, value in report.user_properties if name == PROPERTY}
    )
    if not refused:
        return
    terminalreporter.section("permissions that would have answered the rest", yellow=True)
    for permission, tests in sorted(refused.items(), key=lambda row: (-row[1], row[0])):
        terminalreporter.line(f"{permission}  ({tests} {'test' if tests == 1 else 'tests'})")
    terminalreporter.line(
        "all that a preflight needs: pytest --aml-role | az role definition create --role-definition @-"
    )
