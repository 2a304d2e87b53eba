"""What `--aml-explain` does to a run: it answers at once, or chooses the checks."""

from __future__ import annotations

import sys
from dataclasses import replace
from shutil import get_terminal_size
from typing import TextIO

import pytest

from pytest_amlpreflight.reporting import report
from pytest_amlpreflight.run.preflight import Preflight
from pytest_amlpreflight.run.settings.given import given_by
from pytest_amlpreflight.run.settings.settings import asked_for
from pytest_amlpreflight.run.suite.documentation import sections

PIECE = 2_000_000
"""Characters of standard input that are kept: an error stands at the end of what a tool printed."""


def begin(config: pytest.Config) -> int | None:
    """The exit code where no run is needed; None where one is, or nobody asked. Raises `pytest.UsageError`."""
    what = config.option.aml_explain
    if not what or hasattr(config, "workerinput"):
        return None
    from pytest_amlpreflight.facts.errors.meaning import spelt
    from pytest_amlpreflight.reporting.explained import read_explanation

    if what == "list":
        sys.stdout.write("\n".join(sorted({*spelt(), *sections()})) + "\n")
        return pytest.ExitCode.OK
    if "::" in what:
        return report.explain(what)
    run = bool(asked_for(given_by(config)) or config.option.aml)
    explanation = read_explanation(what, config.invocation_params.dir, lambda: _standard_input(config), run=run)
    if not run:
        known = explanation.lines(get_terminal_size().columns)
        onward = "--aml-workspace NAME runs the checks that could explain it"
        sys.stdout.write("".join(f"{line}\n" for line in (*known, "", onward)))
        return pytest.ExitCode.OK
    config.stash[report.EXPLANATION] = explanation
    # Workers of xdist get the options, and have neither standard input nor, perhaps, the file.
    config.option.aml_explanation = [
        explanation.subject, list(explanation.codes), list(explanation.likely_checks), explanation.phase
    ]  # fmt: skip
    return None


def prepare(preflight: Preflight, config: pytest.Config) -> None:
    """Tell the run that it explains; the phase is the error's own unless the operator gave one."""
    told = getattr(config.option, "aml_explanation", None)
    if not told:
        return
    from pytest_amlpreflight.reporting.explanation import Explanation

    subject, codes, likely_checks, phase = told
    of_a_worker = Explanation(subject, tuple(codes), likely_checks=tuple(likely_checks))
    config.stash.setdefault(report.EXPLANATION, of_a_worker)
    preflight.explains = True
    if not asked_for(given_by(config), ["phase"]):
        preflight.settings = replace(preflight.settings, phase=phase)


def _standard_input(config: pytest.Config) -> str:
    """Its end; pytest has taken it away by now, and gives it back."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is None:
        return _end_of(sys.stdin)
    capture.suspend_global_capture(in_=True)
    try:
        return _end_of(sys.stdin)
    finally:
        capture.resume_global_capture()


def _end_of(stream: TextIO) -> str:
    """The last part of a stream of any length."""
    end = ""
    while piece := stream.read(PIECE):
        end = (end + piece)[-PIECE:]
    return end
