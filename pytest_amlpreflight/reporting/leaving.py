"""What a run leaves behind: history, files, annotations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.reporting.annotations import annotate, pipeline
from pytest_amlpreflight.reporting.record import Record, about, digest, is_whole, selection
from pytest_amlpreflight.reporting.spent import Spent
from pytest_amlpreflight.run.asking import Asked
from pytest_amlpreflight.run.findings.findings import findings_of
from pytest_amlpreflight.run.findings.history import write_history
from pytest_amlpreflight.run.findings.memory import MEMORY, Memory, remember
from pytest_amlpreflight.run.findings.waivers import Waiver, ending_soon, to_fill_in, unused
from pytest_amlpreflight.run.preflight import PREFLIGHT, Preflight
from pytest_amlpreflight.run.preparation import is_configured, prepare
from pytest_amlpreflight.run.settings.given import path_of, value_of, values_of
from pytest_amlpreflight.run.whole_file import write_whole

FORMATS = {"html": "as_html", "json": "as_json", "md": "as_markdown", "sarif": "as_sarif"}


def recollect(preflight: Preflight, config: pytest.Config) -> None:
    """Read waivers and history before the first test. Raises `pytest.UsageError`."""
    config.stash[MEMORY] = remember(config, digest(selection(preflight, config)))


class Leaving:
    """Collects what was found, and writes it when the session ends, in the process that reports."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._reports = [_report(text, config) for text in values_of(config, "report")]
        self._findings: dict[Finding, None] = {}
        self._lines: list[str] = []
        self._annotations: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test found."""
        self._findings.update(dict.fromkeys(findings_of(report)))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Write before pytest's own summary, which says where; annotations are the last lines of all."""
        began = PREFLIGHT in self._config.stash or is_configured(self._config)
        if began and self._findings and not session.config.option.collectonly:
            self._leave(session, *self._recalled())
        result = yield
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            for line in self._annotations:
                reporter.line(line)
        return result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What is to be known of waivers and of the past, and which files there are."""
        for line in self._lines:
            terminalreporter.line(f"aml-preflight: {line}")

    def _leave(self, session: pytest.Session, preflight: Preflight, memory: Memory) -> None:
        record = self._record(preflight, memory)
        self._lines += record.notices
        writers = [(path, partial(write_whole, path, text)) for path, text in self._files(record)]
        if folder := path_of(self._config, "history"):
            writers.append((folder, partial(write_history, folder, record.about, record.findings)))
        for path, write in writers:
            try:
                self._lines.append(f"wrote {write()}")
            except OSError as error:  # a full disk, a folder in the file's place: the verdicts stand all the same
                self._lines.append(f"could not write {path}: {error.strerror}")
                session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR
        kind = pipeline(value_of(self._config, "annotate"), os.environ)
        self._annotations += annotate(record, kind, self._config.rootpath)
        strict = value_of(self._config, "waivers-strict") is not None
        if strict and session.exitstatus == pytest.ExitCode.OK and self._unused(preflight, memory):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _recalled(self) -> tuple[Preflight, Memory]:
        """The run and its memory; where only the workers of xdist began it, as they did."""
        preflight = self._config.stash.get(PREFLIGHT, None) or prepare(self._config, os.environ, Asked())
        if MEMORY not in self._config.stash:
            recollect(preflight, self._config)
        return preflight, self._config.stash[MEMORY]

    def _record(self, preflight: Preflight, memory: Memory) -> Record:
        findings, past = tuple(self._findings), memory.history
        spent: Spent | None = self._config.pluginmanager.get_plugin("aml-spent")
        return Record(
            about(preflight, self._config, findings, spent.throttled(self._config) if spent else 0),
            findings,
            tuple(past.mended(findings)) if past else (),
            tuple(past.not_looked_at(findings)) if past else (),
            tuple(self._notices(preflight, memory, findings)),
        )

    def _notices(self, preflight: Preflight, memory: Memory, findings: Sequence[Finding]) -> Iterator[str]:
        for waiver in ending_soon(memory.waivers, memory.today):
            yield f"the waiver of {waiver.check} by {waiver.owner} ends on {waiver.until} ({waiver.place})"
        for waiver in self._unused(preflight, memory):
            yield f"no failure needs the waiver of {waiver.check} by {waiver.owner} any more ({waiver.place})"
        if memory.history is None:
            return
        if memory.history.last is None and memory.history.others:
            yield "the runs of the past had another selection: nothing is compared"
        for one in memory.history.mended(findings):
            yield f"mended since the last run: {one.headline} ({one.check} {one.target})"
        for one in memory.history.not_looked_at(findings):
            yield f"failed last time, not looked at now: {one.headline} ({one.check} {one.target})"

    def _unused(self, preflight: Preflight, memory: Memory) -> list[Waiver]:
        """Only a whole audit can tell."""
        if preflight.settings.phase != "audit" or not is_whole(preflight, self._config):
            return []
        return unused(memory.waivers, tuple(self._findings))

    def _files(self, record: Record) -> Iterator[tuple[Path, str]]:
        for render, path in self._reports:
            yield path, render(record)
        if script := path_of(self._config, "fix"):
            from pytest_amlpreflight.reporting.files import as_script

            yield script, as_script.render(record)
        if waivers := path_of(self._config, "waive"):
            yield waivers, to_fill_in(one for one in record.findings if one.outcome is Outcome.FAILED)


def _report(text: str, config: pytest.Config) -> tuple[Callable[[Record], str], Path]:
    """The writer and the path of `html:page.html` or `page.html`. Raises `pytest.UsageError`."""
    prefix, colon, rest = text.partition(":")
    kind, path = (prefix, rest) if colon and prefix in FORMATS else (Path(text).suffix.lstrip("."), text)
    if kind not in FORMATS or not path:
        raise pytest.UsageError(f"--aml-report {text}: a format is one of {', '.join(FORMATS)}, as in html:page.html")
    module = import_module(f"pytest_amlpreflight.reporting.files.{FORMATS[kind]}")
    render: Callable[[Record], str] = module.render
    return render, config.invocation_params.dir / path
