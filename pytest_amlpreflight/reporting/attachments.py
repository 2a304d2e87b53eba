"""What comes with a failure: the last lines that the deployment's containers printed."""

import pytest

from pytest_amlpreflight.facts.target import Level
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.run.findings.findings import redactor_of
from pytest_amlpreflight.run.preflight import PREFLIGHT
from pytest_amlpreflight.run.suite.items import target_of

LAST = 60
"""Lines of each log; an exception at the start of a container, with what the server said after it, fits."""


def attach_logs(item: pytest.Item, report: pytest.TestReport) -> None:
    """Add the logs to a failed check that asks for them: as sections for the terminal, as properties for JUnit.

    They are read now, unless some check has them already: a run in which nothing fails does not pay for them.
    """
    clean = redactor_of(item.config)
    for title, text in ((title, clean(text)) for title, text in _logs(item)):
        report.sections.append((title, text))
        item.user_properties.append((f"aml_{title.replace(' ', '_')}", text))


def _logs(item: pytest.Item) -> list[tuple[str, str]]:
    mark, target = item.get_closest_marker("aml_check"), target_of(item)
    if mark is None or not mark.kwargs.get("shows_logs") or target is None or target.level < Level.DEPLOYMENT:
        return []
    try:
        logs = item.config.stash[PREFLIGHT].readings.read("aml_container_logs", target)
    except NotRead as problem:
        return [("container logs", str(problem))]
    return [(f"{log.container.value} log", _last(log.text)) for log in logs if log.available]


def _last(text: str) -> str:
    return "\n".join(text.rstrip().splitlines()[-LAST:])
