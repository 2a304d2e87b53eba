"""From what ended a test to its findings: made here and nowhere else, kept on the report, which xdist carries along."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest
from _pytest.outcomes import Failed, Skipped  # what pytest.fail and pytest.skip raise, with types

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.rules.redaction import Redactor
from pytest_amlpreflight.facts.unread import FactUnreadable, NotRead
from pytest_amlpreflight.finding import Finding, Outcome, kind_of
from pytest_amlpreflight.fix import Fix, in_subscription, in_workspace
from pytest_amlpreflight.run.findings.memory import MEMORY, excuse
from pytest_amlpreflight.run.preflight import PREFLIGHT
from pytest_amlpreflight.run.suite.items import target_of
from pytest_amlpreflight.verdict import Blocked, Culprit, NotApplicable, NotReached, PreflightAdvice

PORTALS = {
    "AzureCloud": "https://portal.azure.com",
    "AzureUSGovernment": "https://portal.azure.us",
    "AzureChinaCloud": "https://portal.azure.cn",
}

ATTRIBUTE = "aml_findings"
"""Of a report: its findings in JSON's types."""


@dataclass
class Hearing:
    """What a test said while it ran, beside how it ended; `confirmed`: over the resources themselves."""

    advice: list[Culprit] = field(default_factory=list)
    waited: str = ""
    confirmed: bool = False


_HEARING = pytest.StashKey[Hearing]()


def hearing(item: pytest.Item) -> Hearing:
    """The test's own."""
    return item.stash.setdefault(_HEARING, Hearing())


@contextmanager
def listening(item: pytest.Item) -> Iterator[None]:
    """Hear the advice of a test; every other warning goes where it always went. What was said before is forgotten."""
    heard, show = hearing(item), warnings.showwarning
    heard.advice.clear()

    def hear(message: Warning | str, *rest: object) -> None:
        if isinstance(message, PreflightAdvice):
            heard.advice.append(message.culprit)
        else:
            show(message, *rest)  # type: ignore[arg-type]  # whatever Python hands on

    with warnings.catch_warnings():  # on another try the same words are said again
        warnings.showwarning = hear  # type: ignore[assignment]  # the rest is handed on as it comes
        try:
            yield
        finally:
            warnings.showwarning = show


def findings_of(report: object) -> list[Finding]:
    """The findings that a report carries."""
    return [Finding.of_json(one) for one in getattr(report, ATTRIBUTE, ())]


def findings_in(reporter: pytest.TerminalReporter) -> list[Finding]:
    """Everything that was found in the run so far, each once."""
    reports = [report for category in reporter.stats.values() for report in category]
    return list(dict.fromkeys(finding for report in reports for finding in findings_of(report)))


def attach(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> list[Finding]:
    """Put the findings of a test's phase on its report, and into JUnit's properties."""
    memory = item.config.stash.get(MEMORY, None)
    clean = redactor_of(item.config)
    said = (one.without_secrets(clean) for one in _findings(item, call, report))
    found = [_shown(item, memory.recall(one) if memory else one) for one in said]
    excuse(report, found)
    setattr(report, ATTRIBUTE, [one.as_json() for one in found])
    properties = [pair for one in found for pair in _properties(one)]
    item.user_properties += properties
    report.user_properties += properties
    return found


def redactor_of(config: pytest.Config) -> Redactor:
    """What hides secrets in this run: it knows those that were read."""
    preflight = config.stash.get(PREFLIGHT, None)
    return preflight.redactor if preflight else Redactor()


def _shown(item: pytest.Item, finding: Finding) -> Finding:
    """What is wrong, with the portal's link to it, where the cloud has a portal that is known."""
    preflight = item.config.stash.get(PREFLIGHT, None)
    host = PORTALS.get(preflight.settings.cloud) if preflight else None
    wrong = finding.outcome in (Outcome.FAILED, Outcome.ADVISED) and finding.resource.startswith("/subscriptions/")
    return replace(finding, portal=f"{host}/#resource{finding.resource}") if host and wrong else finding


def is_ours(item: pytest.Item) -> bool:
    """Whether a test is a check, or is about a target."""
    return item.get_closest_marker("aml_check") is not None or target_of(item) is not None


def check_of(item: pytest.Item) -> str:
    """`<topic>::<name>`; of a test without a topic the node id."""
    mark = item.get_closest_marker("aml_check")
    name = getattr(item, "originalname", item.name)
    return f"{mark.kwargs['topic']}::{name.removeprefix('check_')}" if mark else item.nodeid.partition("[")[0]


def _findings(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> Iterator[Finding]:
    problem = _said(call.excinfo.value) if call.excinfo else None
    if isinstance(problem, Blocked):
        yield from (_of_culprit(item, one, Outcome.FAILED, problem.waited) for one in problem.culprits)
    elif isinstance(problem, PreflightAdvice):  # Python's warning filters made an error of it
        yield _of_culprit(item, problem.culprit, Outcome.FAILED)
    elif isinstance(problem, NotRead):
        yield _of_unread(item, problem)
    elif isinstance(problem, NotApplicable):
        yield _of_aside(item, problem)
    elif problem is not None and is_ours(item):
        yield _of_other(item, report)
    if call.when == "call" and (problem is None or report.failed):
        yield from _of_advice(item, passed=problem is None)


class Told(Failed):
    """What ended a test, told to pytest as a failure that speaks for itself.

    pytest would else read and parse the source of every frame for a traceback that nobody sees; and on Python 3.11 and
    3.12 two threads that parse at the same time can end in a SystemError, while a script is being read.
    """

    __module__ = "builtins"  # as pytest's own outcomes do

    def __init__(self, problem: Blocked | NotRead | PreflightAdvice, clean: Redactor) -> None:
        self.problem = problem
        words = clean(str(problem))  # some plugins write down what was raised, not what was found
        super().__init__(words, pytrace=False)


class Aside(Skipped):
    """Why a question does not arise, told to pytest as a skip without a cause, whose traceback pytest would read."""

    __module__, __qualname__ = "builtins", "Skipped"  # pytest repeats the name

    def __init__(self, problem: NotApplicable, clean: Redactor) -> None:
        self.problem = problem
        super().__init__(clean(str(problem)))


def _said(problem: BaseException) -> BaseException:
    """What pytest's own outcome stands for."""
    return problem.problem if isinstance(problem, Told | Aside) else problem


def _about(item: pytest.Item, outcome: Outcome, **words: str) -> Finding:
    target, preflight = target_of(item), item.config.stash.get(PREFLIGHT, None)
    resource, phase = target.resource_id if target else "", preflight.settings.phase if preflight else ""
    blank = Finding(check_of(item), outcome, str(target or ""), resource, target_id=resource, phase=phase)
    return replace(blank, **words)  # type: ignore[arg-type]  # the words are the fields that hold text


def _of_culprit(item: pytest.Item, culprit: Culprit, outcome: Outcome, waited: str = "") -> Finding:
    finding = _about(item, outcome, headline=culprit.headline, found=culprit.found, expected=culprit.expected)
    resource = culprit.resource or finding.resource
    key = kind_of(culprit, resource, finding.target)
    return replace(
        finding, fixes=_placed(item, culprit), resource=resource, key=key, where=culprit.where, waited=waited
    )


def _placed(item: pytest.Item, culprit: Culprit) -> tuple[Fix, ...]:
    """The fixes, whose commands say where they act: in which subscription where there is more than one in sight."""
    target = target_of(item)
    workspace = target.workspace if target else None
    if workspace is None:
        return culprit.fixes
    resource, preflight = parse_resource_id(culprit.resource), item.config.stash.get(PREFLIGHT, None)
    place = resource or workspace
    by_id = place.subscription.lower() != workspace.subscription.lower() or bool(preflight and preflight.spans)
    fixes = (in_workspace(fix, workspace, by_id=by_id) for fix in culprit.fixes)
    return tuple(in_subscription(fix, place.subscription) if by_id else fix for fix in fixes)


def _of_unread(item: pytest.Item, problem: NotRead) -> Finding:
    headline, _, detail = str(problem).partition("\n")
    words = {"headline": headline, "found": detail.strip(), "behind": problem.resource}
    finding = _about(item, Outcome.ERROR, key="absent", **words)
    if isinstance(problem, FactUnreadable):
        return replace(finding, key=problem.code, permission=problem.permission or "")
    return finding


def _of_aside(item: pytest.Item, reason: NotApplicable) -> Finding:
    if isinstance(reason, NotReached):
        behind = {"behind": reason.behind, "permission": reason.permission or ""}
        return _about(item, Outcome.NOT_REACHED, headline=str(reason), **behind)
    return _about(item, Outcome.NOT_APPLICABLE, headline=str(reason))


def _of_other(item: pytest.Item, report: pytest.TestReport) -> Finding:
    """A skip by a mark, a failed assertion of a user's own test, a mistake in a check."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return _about(item, Outcome.NOT_APPLICABLE, headline=str(report.longrepr[2]).removeprefix("Skipped: "))
    crash = getattr(report.longrepr, "reprcrash", None)
    message = str(getattr(crash, "message", "") or report.longreprtext).partition("\n")[0]
    outcome = Outcome.FAILED if report.when == "call" else Outcome.ERROR
    return _about(item, outcome, key="exception", headline=message)


def _of_advice(item: pytest.Item, *, passed: bool) -> Iterator[Finding]:
    heard = hearing(item)
    yield from (_of_culprit(item, one, Outcome.ADVISED) for one in heard.advice)
    if passed and not heard.advice and is_ours(item):
        yield _about(item, Outcome.PASSED, waited=heard.waited, as_of=_as_of(item))


def _as_of(item: pytest.Item) -> str:
    """Since when the rows are known on which a verdict rests, in ISO 8601."""
    preflight = item.config.stash.get(PREFLIGHT, None)
    rows = preflight.as_of(item) if preflight and not hearing(item).confirmed else None
    return rows.taken.isoformat(timespec="seconds") if rows else ""


def _properties(finding: Finding) -> Iterable[tuple[str, str]]:
    """What JUnit says of a finding beside its text."""
    if finding.permission:
        yield "aml_permission", finding.permission
    if finding.waited and finding.outcome is Outcome.PASSED:
        yield "aml_waited", finding.waited
    if finding.outcome is Outcome.ADVISED:
        yield "aml_advice", str(finding)
    if finding.key:
        yield "aml_finding", finding.key
    if finding.portal:
        yield "aml_portal", finding.portal
    if finding.where:
        yield "aml_file", finding.where.path
        yield "aml_line", str(finding.where.line or 1)
