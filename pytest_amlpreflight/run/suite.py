"""The collector that puts the built-in checks on the run, as `aml-preflight::<topic>::check_<statement>[<target>]`."""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from pytest_amlpreflight import checks

SUITE = "aml-preflight"


def is_own(argument: str) -> bool:
    """Whether a command-line argument is a node id of the suite; pytest prints it relative to where it was started."""
    return Path(argument.split("::", 1)[0]).name == SUITE


def own_node_id(argument: str) -> str:
    """The node id behind such an argument, without the group that xdist's `loadgroup` appends."""
    _, separator, rest = argument.partition("::")
    return SUITE + separator + (rest.partition("@")[0] if "]@" in rest or "[" not in rest else rest)


def not_found(items: Sequence[pytest.Item], selected: Sequence[str]) -> list[str]:
    """The node ids that were asked for and that no test has."""
    return [one for one in selected if not any(_matches(item.nodeid, one) for item in items)]


def position(item: pytest.Item) -> tuple[int, int]:
    """The built-in checks first, as their modules have them; pytest had grouped tests by their parameters."""
    own, _, rest = item.nodeid.partition("::")
    if own != SUITE or not isinstance(item, pytest.Function):
        return len(checks.TOPICS), 0
    return checks.TOPICS.index(rest.partition("::")[0]), item.function.__code__.co_firstlineno


class Suite(pytest.Collector):
    """All topics. `selected` are the node ids that were pasted back as arguments, None for everything.

    `answerable` says whether a run can have the facts behind a check's fixtures: without a workspace, only some.
    """

    def __init__(
        self,
        phase: str | None,
        selected: Sequence[str] | None,
        answerable: Callable[[Iterable[str]], bool],
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # whatever from_parent hands on
        self.phase, self.selected, self.answerable = phase, selected, answerable

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """The checks themselves: topics are not collected one by one, so that `--lf` does not take them for files that
        did not fail.
        """
        return [item for topic in self._topics() for item in topic.collect() if self._wanted(item)]

    def _topics(self) -> Iterable["Topic"]:
        for module in topic_modules():
            name = module.__name__.rpartition(".")[2]
            nodeid = f"{SUITE}::{name}"
            topic = Topic.from_parent(self, path=Path(str(module.__file__)), name=name, nodeid=nodeid)
            topic.obj = module
            yield topic

    def _wanted(self, item: pytest.Item | pytest.Collector) -> bool:
        mark = next(item.iter_markers("aml_check"), None)
        in_phase = mark is not None and self.phase in (None, *mark.kwargs["phases"])
        if not in_phase or not self.answerable(getattr(item, "fixturenames", ())):
            return False
        return self.selected is None or any(_matches(item.nodeid, one) for one in self.selected)


class Topic(pytest.Module):
    """One module of checks. Functions are found by their own prefix, whatever the user's `python_functions` says."""

    def _getobj(self) -> ModuleType:
        return self.obj  # type: ignore[no-any-return]  # set by Suite: the checks are imported, not found on disk

    def funcnamefilter(self, name: str) -> bool:
        """Checks are called `check_*`."""
        return name.startswith("check_")

    def classnamefilter(self, name: str) -> bool:  # noqa: ARG002
        """Checks are plain functions."""
        return False


def topic_modules() -> list[ModuleType]:
    """The modules of checks, in the order in which they run."""
    return [import_module(f"{checks.__name__}.{topic}") for topic in checks.TOPICS]


def _matches(node_id: str, selected: str) -> bool:
    return node_id == selected or node_id.startswith((f"{selected}::", f"{selected}[")) or selected == SUITE
