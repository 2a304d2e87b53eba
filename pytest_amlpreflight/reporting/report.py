"""The words on the screen and in JUnit: header, hints, properties, explanations."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from pytest_amlpreflight.checks import TOPICS
from pytest_amlpreflight.reporting.frugal import shared_property
from pytest_amlpreflight.run.empty_run import RESOURCE_ID, UNREACHED
from pytest_amlpreflight.run.preflight import Preflight
from pytest_amlpreflight.run.suite.documentation import section_of, sections
from pytest_amlpreflight.run.suite.items import reaches, target_of

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.project.spec import DeploymentSpec
    from pytest_amlpreflight.reporting.explanation import Explanation

MARK = "aml_check"

EXPLANATION: pytest.StashKey[Explanation] = pytest.StashKey()
"""Where a run that explains an error keeps what is known of it."""


def header(preflight: Preflight, verbosity: int) -> list[str]:
    """One line on what is inspected; with `-v` one more for each value, with where it came from."""
    settings = preflight.settings
    cloud = urlsplit(settings.cloud).netloc or settings.cloud
    lines = [f"aml-preflight: {_inspected(preflight)}, phase {settings.phase}, cloud {cloud}"]
    if settings.local and settings.local_debug:
        lines += [line for spec in preflight.deployment_specs for line in _attach(spec, settings.local_debug)]
    if verbosity > 0:
        lines += [f"  {name} = {value} ({source})" for name, value, source in settings.origins]
        lines += _left_out(preflight)
    return lines


def _left_out(preflight: Preflight) -> list[str]:
    """The topics without a test, since none of the targets could be meant."""
    topics = [topic for topic in TOPICS if preflight.targets and not preflight.targets_of(topic)]
    return [f"  left out = {', '.join(topics)} (a managed endpoint has no cluster behind it)"] if topics else []


def _inspected(preflight: Preflight) -> str:
    """The targets, or how many there are of them where they were found in scopes."""
    if not preflight.settings.scopes:
        return ", ".join(str(target) for target in preflight.targets)
    workspaces = {target.workspace_id for target in preflight.targets}
    subscriptions = len({workspace.subscription.lower() for workspace in workspaces})
    found = f"{_counted(len(workspaces), 'workspace')} in {_counted(subscriptions, 'subscription')}"
    shard = preflight.settings.shard
    return f"{found} (part {shard} of {len(preflight.workspaces)})" if shard else found


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number != 1 else "")


def say_who_is_not_signed_in(preflight: Preflight, config: pytest.Config) -> None:
    """At once, before the first result: nothing of Azure will be read."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if preflight.not_signed_in and reporter is not None:
        reporter.write_line(f"aml-preflight: not signed in; fix: {preflight.not_signed_in.fixes[-1]}", red=True)


def _attach(spec: DeploymentSpec, port: int) -> list[str]:
    """What an editor needs to attach to the script, which waits for it."""
    from pytest_amlpreflight.readers.processes.local_server import debug_configuration

    return [f"  waiting for a debugger on port {port}; for .vscode/launch.json:", debug_configuration(spec, port)]


def split(items: Sequence[pytest.Item], preflight: Preflight) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The tests that are wanted, and the rest: those of other phases, or those that could not explain the error. An
    error that no check is known to explain all checks of the phase look into.
    """
    wanted = {item for item in items if _could_explain(item)}
    wanted = wanted or {item for item in items if _of_the_phase(item, preflight)}
    return [item for item in items if item in wanted], [item for item in items if item not in wanted]


def _could_explain(item: pytest.Item) -> bool:
    mark, explanation = _mark(item), item.config.stash.get(EXPLANATION, None)
    if not mark or explanation is None:
        return False
    name = f"{mark['topic']}::{_function_name(item).removeprefix('check_')}"
    return explanation.concerns(name, mark.get("explains", ()))


def _of_the_phase(item: pytest.Item, preflight: Preflight) -> bool:
    """A user's test without a mark is of every phase; it explains nothing."""
    mark, phase = _mark(item), preflight.settings.phase
    return phase in mark.get("phases", (phase,)) if mark else not preflight.explains


def describe(item: pytest.Item) -> None:
    """Give a test what it looks at, and a check its properties: they survive xdist, and JUnit has them for passes
    too.
    """
    target, mark = target_of(item), _mark(item)
    about: dict[str, str | None] = {}
    if target:
        about = {RESOURCE_ID: target.resource_id} if reaches(target, item) else {UNREACHED: str(target)}
    properties = {**about, **(_of_check(item, mark) if mark else {})}
    item.user_properties += [shared_property(name, value) for name, value in properties.items() if value]


def _of_check(item: pytest.Item, mark: dict[str, Any]) -> dict[str, str | None]:
    section = section_of(mark["topic"], _function_name(item))
    return {
        "aml_check": f"{mark['topic']}::{_function_name(item).removeprefix('check_')}",
        "aml_explains": " ".join(mark.get("explains", ())),
        "aml_hint": section.guide if section else None,
    }


def hint(item: pytest.Item, links: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Where to read on about a check that failed: its own section, Microsoft's guide, and the resources' links."""
    mark = _mark(item)
    section = section_of(mark["topic"], _function_name(item)) if mark else None
    if section is None:
        return []
    lines = [f"pytest --aml-explain {section.id}", section.guide, *dict.fromkeys(links)]
    return [("hint", "\n".join(filter(None, lines)))]


def explain(what: str) -> int:
    """Print what is written about a check; exit code 4 and the names that there are for one that is not."""
    section = sections().get(what.replace("::check_", "::"))
    if section is None:
        names = "\n".join(f"  {id_}" for id_ in sections())
        sys.stderr.write(f"ERROR: --aml-explain {what}: no such check; there are\n{names}\n")
        return pytest.ExitCode.USAGE_ERROR
    sys.stdout.write(f"{section.id}\n\n{section.text}\n")
    return pytest.ExitCode.OK


def negotiated(preflight: Preflight) -> list[str]:
    """A line for each resource type of which another api-version than the pinned one was used, in this process."""
    asked = preflight.readings.azure.versions.negotiated if "readings" in vars(preflight) else ()
    return [f"aml-preflight: {one.type} has no api-version {one.pinned} here, used {one.used}" for one in asked]


def _mark(item: pytest.Item) -> dict[str, Any]:
    mark = item.get_closest_marker(MARK)
    return dict(mark.kwargs) if mark else {}


def _function_name(item: pytest.Item) -> str:
    return getattr(item, "originalname", item.name)
