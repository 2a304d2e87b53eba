"""`--aml-wait`: a state that settles is read again, with growing pauses, until its check passes or the time is up."""

from contextlib import AbstractContextManager, nullcontext

import pytest

from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.finding import Outcome
from pytest_amlpreflight.run.findings.findings import findings_in, hearing, listening
from pytest_amlpreflight.run.preflight import PREFLIGHT, Preflight
from pytest_amlpreflight.verdict import Blocked


def settle(item: pytest.Function, verdict: Blocked) -> None:
    """Run a blocked check again with fresh facts until it passes; raises its last verdict, which says how long that
    took.

    A verdict that is final, a check that does not settle and a run without `--aml-wait` are not waited for.
    """
    preflight = item.config.stash.get(PREFLIGHT, None)
    mark = item.get_closest_marker("aml_check")
    if preflight is None or mark is None or not mark.kwargs.get("settles") or verdict.final:
        raise verdict
    problem, waited = _settled(item, verdict, preflight)
    if problem is None:
        hearing(item).waited = waited
        preflight.start(item.session.items[item.session.items.index(item) + 1 :])
    else:
        raise problem.after(waited) if isinstance(problem, Blocked) and waited else problem


def _settled(item: pytest.Function, verdict: Blocked, preflight: Preflight) -> tuple[BaseException | None, str]:
    problem: BaseException = verdict
    seconds_in_all, reads, progress = preflight.patience.seconds, 1, Progress(item.config)
    waited = f"no more, the run's {seconds_in_all:.0f} s are used up" if seconds_in_all else ""
    for seconds in preflight.patience.pauses():
        reads += 1
        waited = f"{seconds:.0f} s, read {reads} times"
        progress.show(f"waiting {seconds:.0f} s of {seconds_in_all:.0f} s: {str(problem).splitlines()[0]}")
        try:
            preflight.forget()
            preflight.renew(item)
            with listening(item):
                item.obj(**{name: item.funcargs[name] for name in item._fixtureinfo.argnames})
        except Blocked as again:
            problem = again
            if again.final:
                break
        except NotRead as unread:  # a service that restarts answers 404 or 503 for a moment
            problem = unread
        else:
            progress.clear()
            return None, waited
    progress.clear()
    return problem, waited


class Progress:
    """One line on a terminal, rewritten; nothing in a file or in a worker of xdist."""

    def __init__(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        self._reporter = reporter if reporter is not None and reporter.isatty else None
        self._capture = config.pluginmanager.get_plugin("capturemanager")
        self._shown = False

    def show(self, line: str) -> None:
        """Replace the line."""
        self._write(line[:110], begin=not self._shown)
        self._shown = True

    def clear(self) -> None:
        """Take the line away: what stays is the verdict."""
        if self._shown:
            self._write("", begin=False)

    def _write(self, line: str, *, begin: bool) -> None:
        if self._reporter is None:
            return
        uncaptured: AbstractContextManager[object] = nullcontext()
        if self._capture is not None:
            uncaptured = self._capture.global_and_fixture_disabled()
        with uncaptured:
            if begin:
                self._reporter.ensure_newline()
            self._reporter.rewrite(line, erase=True)
            if not line:
                self._reporter.rewrite("")


def summarize(reporter: "pytest.TerminalReporter") -> None:
    """Which checks passed only after a wait, and how long that was: in a log, the one trace of it."""
    for finding in findings_in(reporter):
        if finding.waited and finding.outcome is Outcome.PASSED:
            reporter.line(f"aml-preflight: {finding.check} passed after {finding.waited}")
