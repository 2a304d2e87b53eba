"""From scopes to the workspaces that are inspected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.facts.fleet import FoundWorkspace, Selection, Shard, fleet_alias, matches
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import NotRead

if TYPE_CHECKING:
    from pytest_amlpreflight.readers.connection.arm import Arm
    from pytest_amlpreflight.run.settings.settings import Settings


def find_fleet(settings: Settings, arm: Arm) -> list[ResourceId]:
    """The workspaces that are meant, sorted by id. Raises `pytest.UsageError` for a scope that cannot be read or holds
    none, for a pattern that means none, and where nothing is left: a run that looks at nothing must not be green.
    """
    from pytest_amlpreflight.readers.resources.fleet import read_fleet

    try:
        found = read_fleet(arm, settings.scopes)
    except NotRead as problem:
        reason = str(problem)
    else:
        return [workspace.id for workspace in _selected(found.items(), settings.selection)]
    raise pytest.UsageError(f"--aml-scope {' '.join(scope.text for scope in settings.scopes)}: {reason}")


def _selected(
    found: Iterable[tuple[object, Sequence[FoundWorkspace]]], selection: Selection
) -> Sequence[FoundWorkspace]:
    everything = dict[ResourceId, FoundWorkspace]()
    for scope, workspaces in found:
        if not workspaces:
            raise pytest.UsageError(f"--aml-scope {scope}: no workspace that you may read is in it")
        everything |= {workspace.id: workspace for workspace in workspaces}
    for pattern in selection.names:
        if not any(matches(workspace, pattern) for workspace in everything):
            raise pytest.UsageError(
                f"--aml-workspace {pattern}: matches none of the {len(everything)} workspaces found"
            )
    chosen = [workspace for workspace in everything.values() if selection.takes(workspace)]
    if not chosen:
        raise pytest.UsageError(f"--aml-tag, --aml-exclude: leave none of the {len(everything)} workspaces found")
    return sorted(chosen, key=lambda workspace: workspace.id.text.lower())


def spread(targets: Sequence[Target], workspaces: Iterable[ResourceId]) -> list[Target]:
    """What was named without a workspace, for each workspace of a fleet."""
    return [
        replace(target, workspace=workspace, alias=fleet_alias(workspace), place="found by Resource Graph")
        for workspace in workspaces
        for target in targets
    ]


def part_of(targets: Sequence[Target], shard: Shard | None) -> list[Target]:
    """The targets of one part of the whole. A part without any ends the run as one that looked at nothing."""
    if shard is None:
        return list(targets)
    kept = [target for target in targets if target.workspace is None or shard.holds(target.workspace)]
    if not kept:
        count = len({target.workspace for target in targets})
        pytest.exit(f"part {shard} holds none of the {count} workspaces", pytest.ExitCode.NO_TESTS_COLLECTED)
    return kept
