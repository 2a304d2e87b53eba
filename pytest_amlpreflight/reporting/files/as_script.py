"""`--aml-fix FILE.sh`: the fixes of what failed, for somebody to read and then to run."""

from collections.abc import Iterator

from pytest_amlpreflight.facts.resource_id import parent_of, parse_resource_id
from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.fix import Fix, has_blanks, in_subscription, in_workspace, is_destructive, is_shell, only_reads
from pytest_amlpreflight.reporting.record import Record

_HEAD = """#!/bin/sh
# The fixes of what a preflight found, phase {phase}, {time}. Read each before you run it.
# Where your infrastructure is code, change it there: its next deployment undoes what is changed here.
echo "read this script, then take this line out of it" >&2; exit 1
set -u
"""


def render(record: Record) -> str:
    """A script that does nothing before somebody has read it. What deletes something, holds blanks to be filled in, or
    is no command at all stands in comments.
    """
    failed = [one for one in record.findings if one.outcome is Outcome.FAILED and not one.waived]
    parts = ["\n".join(_part(one)) for one in failed]
    return _HEAD.format(**record.about) + "".join(f"\n{part}\n" for part in dict.fromkeys(parts))


def _part(finding: Finding) -> Iterator[str]:
    yield f"# {_line(finding.headline)} ({finding.check} {finding.target})"
    resource = parse_resource_id(finding.resource)
    workspace = parent_of(finding.target_id, "onlineEndpoints") or parse_resource_id(finding.target_id)
    fixes = (in_workspace(fix, workspace, by_id=True) if workspace else fix for fix in finding.fixes)
    placed = (in_subscription(fix, resource.subscription) if resource else fix for fix in fixes)
    yield from map(_written, placed)  # each by itself: a night's findings are of many subscriptions


def _written(fix: Fix) -> str:
    runs = is_shell(fix) and not (is_destructive(fix) or has_blanks(fix) or only_reads(fix))
    return _line(str(fix)) if runs else f"# {_line(str(fix))}"


def _line(text: str) -> str:
    return " ".join(text.split())
