"""The end of a run that was not allowed to see everything: which permissions would have answered the rest."""

from collections import Counter

import pytest

from pytest_amlpreflight.run.findings.findings import findings_in


def summarize(terminalreporter: "pytest.TerminalReporter") -> None:
    """List the refused permissions, with how many tests each would have answered.

    A test that was refused one may need another behind it, which nobody got to ask for: hence the whole role.
    """
    findings = findings_in(terminalreporter)
    refused = Counter(
        permission for permission, _, _ in {(one.permission, one.check, one.target) for one in findings} if permission
    )
    if not refused:
        return
    terminalreporter.section("permissions that would have answered the rest", yellow=True)
    for permission, tests in sorted(refused.items(), key=lambda row: (-row[1], row[0])):
        terminalreporter.line(f"{permission}  ({tests} {'test' if tests == 1 else 'tests'})")
    terminalreporter.line(
        "all that a preflight needs: pytest --aml-role | az role definition create --role-definition @-"
    )
