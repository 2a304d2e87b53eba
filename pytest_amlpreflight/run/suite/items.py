"""What pytest's items say of the run: what a test looks at, and what it is called with."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

import pytest

from pytest_amlpreflight.facts.target import Target


def target_of(item: pytest.Item) -> Target | None:
    """The target a test was parametrised with."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    target = parameters.get("aml_target")
    return target if isinstance(target, Target) else None


def give(item: pytest.Item, facts: Mapping[str, Any]) -> None:
    """Replace values that a test is about to be called with."""
    values = getattr(item, "funcargs", {})
    values.update({name: value for name, value in facts.items() if name in values})


def group_of(item: pytest.Item) -> str:
    """The workspace that a test is about, as it is called; tests about none come last."""
    target = target_of(item)
    return target.group if target else "~"


def reaches(target: Target, item: pytest.Item) -> bool:
    """Whether the target goes down as far as the test's facts do."""
    from pytest_amlpreflight.graph.fact import level_of

    return target.level >= level_of(getattr(item, "fixturenames", ()))


def about_a_target(fixture_names: list[str], ours: Iterable[str]) -> bool:
    """Whether a test with these fixtures, of which some are `ours`, looks at a target.

    pytest 8.3 does not see what stands behind a fixture that a conftest.py overrides under its own name, so the target
    is named here.
    """
    from pytest_amlpreflight.graph.fact import facts_named

    if "aml_target" not in fixture_names and facts_named(ours):
        fixture_names.append("aml_target")
    return "aml_target" in fixture_names


def workspace_in(nodeid: str, workspaces: Container[str]) -> str | None:
    """The workspace that a node id's parameters name: between hyphens, or before a slash and its endpoint."""
    for part in nodeid.partition("[")[2].rpartition("]")[0].split("/"):
        words = part.split("-")
        spans = [(end - at, at) for at in range(len(words)) for end in range(at + 1, len(words) + 1)]
        names = ("-".join(words[at : at + length]) for length, at in sorted(spans, reverse=True))
        if (found := next((name for name in names if name in workspaces), None)) is not None:
            return found
    return None
