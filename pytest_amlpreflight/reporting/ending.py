"""The last words of a run: what stops this deployment and what to do about it, below pytest's own summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from pytest_amlpreflight.checks import TOPICS
from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.run.findings.findings import findings_in, findings_of

COULD_NOT_LOOK = 10
"""The exit code of a run in which nothing FAILED and something could not be looked at."""

TITLES = {"pre": "what stops this deployment", "post": "what is wrong with this deployment"}
_SHOWN = 10


class Ending:
    """Stands in the process that reports, where xdist has several."""

    def __init__(self) -> None:
        self._failed = self._unread = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell what could not be looked at from every other failure."""
        if report.failed:
            unread = any(one.outcome is Outcome.ERROR for one in findings_of(report)) and report.when != "teardown"
            self._unread, self._failed = self._unread or unread, self._failed or not unread

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """The exit code before others look at it, the words after everybody else's."""
        if session.exitstatus == pytest.ExitCode.TESTS_FAILED and self._unread and not self._failed:
            session.exitstatus = COULD_NOT_LOOK
        result = yield
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and not session.config.option.collectonly:
            for line in last_words(findings_in(reporter), session.config.get_verbosity()):
                reporter.line(line)
        return result


def last_words(findings: Sequence[Finding], verbosity: int = 0) -> Iterator[str]:
    """The verdict on the whole: a line where all is well or few words are wanted, else each root cause with what
    follows from it and what to run; for many workspaces the most frequent findings and the worst workspaces.
    """
    wrong = [one for one in findings if one.outcome in (Outcome.FAILED, Outcome.ERROR) and not one.waived]
    stops = sorted(wrong, key=_place)  # under xdist they come as they are done
    if not findings:
        return
    if not stops or verbosity < 0:
        yield f"aml-preflight: {_in_a_line(stops, findings)}"
        return
    workspaces = {_workspace(one) for one in findings}
    yield ""
    yield f"aml-preflight: {TITLES.get(stops[0].phase, 'what was found')}"
    yield from _fleet(stops) if len(workspaces) > 1 else _causes(stops, findings)


def _in_a_line(stops: Sequence[Finding], findings: Sequence[Finding]) -> str:
    if stops:
        return f"{TITLES.get(stops[0].phase, 'what was found')}: {_worst(stops)}"
    counts = Counter(one.waived or one.outcome.value for one in findings)
    parts = [f"{counts[word]} {word}" for word in (*Outcome, "waived", "known") if counts[word]]
    looked = counts[Outcome.PASSED] + counts[Outcome.ADVISED] > 0
    return f"{'nothing found that is in the way' if looked else 'nothing was looked at'} ({', '.join(parts)})"


def _worst(stops: Sequence[Finding]) -> str:
    workspaces = {_workspace(one) for one in stops}
    if len(workspaces) > 1:
        (check, key), count = _kinds(stops)[0]
        return f"{len(stops)} findings in {len(workspaces)} workspaces, most often {check}: {key} ({count})"
    more = f" (and {len(stops) - 1} more)" if len(stops) > 1 else ""
    return f"{stops[0].headline}{more}"


def _causes(stops: Sequence[Finding], findings: Sequence[Finding]) -> Iterator[str]:
    """In the order of the checks: what stands behind much else comes first."""
    for number, cause in enumerate(stops[:_SHOWN], 1):
        yield f"  {number}. {cause.headline}"
        yield from (f"     {fix}" for fix in cause.fixes[:1])
        behind = [one for one in findings if cause.behind and one.outcome is Outcome.NOT_REACHED]
        if followers := [one for one in behind if one.behind == cause.behind]:
            yield f"     {len(followers)} not reached behind it: {_names(followers)}"
    if len(stops) > _SHOWN:
        yield f"  and {len(stops) - _SHOWN} more"


def _fleet(stops: Sequence[Finding]) -> Iterator[str]:
    for (check, key), count in _kinds(stops)[:_SHOWN]:
        yield f"  {count:>5} x {check}: {key}"
    worst = Counter(_workspace(one) for one in stops).most_common(5)
    yield f"  most of them in {', '.join(f'{name} ({count})' for name, count in worst)}"


def _kinds(stops: Sequence[Finding]) -> list[tuple[tuple[str, str], int]]:
    """Check and kind of finding with how often they are found, the most frequent first."""
    return Counter((one.check, one.key) for one in stops).most_common()


def _place(finding: Finding) -> int:
    """The place of its topic among the checks."""
    topic = finding.check.partition("::")[0]
    return TOPICS.index(topic) if topic in TOPICS else len(TOPICS)


def _names(findings: Sequence[Finding]) -> str:
    names = list(dict.fromkeys(one.check for one in findings))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _workspace(finding: Finding) -> str:
    return finding.target.partition("/")[0]
