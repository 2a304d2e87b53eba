"""A mistake in the definition of a fact is one line when a run starts."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.graph.fact import FACTS, Fact, GraphError, check_graph
from pytest_amlpreflight.graph.readings import RunReadings


def aml_lone() -> int:
    """Needs nothing."""
    return 1


def aml_misspelt(aml_workspce: object) -> object:
    """Needs what is no fact."""
    return aml_workspce


def aml_unplaced(aml_target: object) -> object:
    """Does not say what it is read per."""
    return aml_target


def aml_elsewhere(aml_lone: int) -> int:
    """Read per something it does not need."""
    return aml_lone


def aml_nowhere(aml_shed: Workspace) -> Workspace:
    """Read per what a workspace does not have."""
    return aml_shed


def aml_shed() -> object:
    """Needs nothing."""
    return None


def aml_hen(aml_egg: object) -> object:
    """Needs the egg."""
    return aml_egg


def aml_egg(aml_hen: object) -> object:
    """Needs the hen."""
    return aml_hen


def target(workspace: str, endpoint: str) -> Target:
    """An endpoint of a workspace."""
    found = parse_resource_id(
        f"/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
    )
    return Target(found, endpoint)


def test_what_is_read_per_workspace_and_something_else_is_not_another_workspace_s() -> None:
    """Two workspaces may have a compute of the same name; two endpoints of one share it."""
    about = FACTS["aml_compute"].recipe.about
    assert about
    given = {"aml_endpoint": SimpleNamespace(compute_name="inference-cluster")}

    assert about(given, target("a", "one")) == about(given, target("a", "two"))
    assert about(given, target("a", "one")) != about(given, target("b", "one"))


@pytest.mark.parametrize(
    ("functions", "per", "words"),
    [
        ((aml_misspelt,), None, "aml_misspelt needs aml_workspce, which is no fact"),
        ((aml_unplaced,), None, "aml_unplaced looks at aml_target, and does not say what it is read per"),
        ((aml_elsewhere, aml_lone), "aml_barn.id", "aml_elsewhere is read per aml_barn.id, and does not need aml_barn"),
        ((aml_nowhere, aml_shed), "aml_shed.barn", "aml_nowhere is read per aml_shed.barn, and Workspace has no barn"),
        ((aml_hen, aml_egg), None, "aml_hen needs aml_egg needs aml_hen"),
    ],
)
def test_a_mistake_names_the_fact_and_the_reason(
    functions: tuple[Callable[..., object], ...], per: str | None, words: str
) -> None:
    """A need that is none, a target without a `per`, a `per` that nothing is, a circle."""
    first, *others = functions
    facts = {first.__name__: Fact(first, per)} | {other.__name__: Fact(other, None) for other in others}

    with pytest.raises(GraphError) as raised:
        check_graph(facts)

    assert str(raised.value) == words


def test_a_mistake_ends_a_run_with_one_line(example: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every other mistake of usage does, and not with a traceback."""

    def broken(*_: object) -> None:
        check_graph({"aml_misspelt": Fact(aml_misspelt, None)})

    monkeypatch.setattr(RunReadings, "__init__", broken)
    result = example.runpytest_inprocess("-p", "no:xdist", "aml-preflight/storage.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: aml_misspelt needs aml_workspce, which is no fact"])
    result.stderr.no_fnmatch_line("*Traceback*")
