"""The collector that puts the built-in checks on the run, as `aml-preflight/<topic>.py::check_<statement>[<target>]`.

The file part ends in `.py` because editors split node ids there; it names no file of the project. A check's own
location is its source, which editors open, and hand back as an argument.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PureWindowsPath
from types import ModuleType
from typing import Any

import pytest

from pytest_amlpreflight import checks
from pytest_amlpreflight.run.suite.built_in import PREFIX, topic_modules

SUITE = "aml-preflight"
TARGET = "aml_target"
SOURCES = Path(checks.__path__[0])


def own_node_id(argument: str, started_in: Path) -> str | None:
    """The suite's node id behind a command-line argument; None for an argument that is not the suite's.

    pytest prints ids relative to where it was started, and xdist's `loadgroup` appends a group; editors hand back the
    source of the check. A file or folder of the user's own that bears the suite's name stays the user's.
    """
    file, separator, rest = argument.partition("::")
    path = Path(file)
    if is_source(started_in / path):
        return f"{SUITE}/{path.name}{separator}{_without_group(rest)}"
    parts = PureWindowsPath(file).parts  # with either separator
    if SUITE not in parts[-2:] or os.path.exists(started_in / path):
        return None
    below = parts[-1:] if parts[-1] != SUITE else ()
    return "/".join([SUITE, *below]) + separator + _without_group(rest)


def is_source(path: Path) -> bool:
    """Whether the path is a module of checks."""
    return path.suffix == ".py" and path.stem in checks.TOPICS and path.parent.resolve() == SOURCES.resolve()


def _without_group(rest: str) -> str:
    return rest.partition("@")[0] if "]@" in rest or "[" not in rest else rest


def not_found(items: Sequence[pytest.Item], selected: Sequence[str]) -> list[str]:
    """The node ids that were asked for and that no check has."""
    # Not by the items' own ids: other plugins rewrite those.
    ids = [f"{topic.nodeid}::{item.name}" for item in items if (topic := item.getparent(Topic))]
    return [one for one in selected if not any(_is_or_holds(one, node_id) for node_id in ids)]


def _is_or_holds(selected: str, node_id: str) -> bool:
    return node_id == selected or node_id.startswith((f"{selected}/", f"{selected}::", f"{selected}["))


def position(item: pytest.Item) -> tuple[int, int, str]:
    """The built-in checks first, as their modules have them, each with its targets sorted; pytest had grouped tests by
    their parameters.
    """
    topic = item.getparent(Topic)
    if topic is None or not isinstance(item, pytest.Function):
        return len(checks.TOPICS), 0, ""
    return checks.TOPICS.index(topic.about), item.function.__code__.co_firstlineno, item.name


class Suite(pytest.Collector):
    """All topics. `selected` are the node ids that were pasted back as arguments, None for everything.

    `answerable` says whether a run can have the facts behind a check's fixtures: without a workspace, only some;
    `arises` whether a topic has anything to look at.
    """

    def __init__(
        self,
        phase: str | None,
        selected: Sequence[str] | None,
        answerable: Callable[[Iterable[str]], bool],
        arises: Callable[[str], object],
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # whatever from_parent hands on
        self.phase, self.selected, self.answerable, self.arises = phase, selected, answerable, arises
        self._parameters = dict[object, Any]()

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """The checks themselves: topics are not collected one by one, so that `--lf` does not take them for files that
        did not fail.
        """
        return [self._lean(item) for topic in self._topics() for item in topic.collect() if self._wanted(item)]

    def _lean(self, item: pytest.Item | pytest.Collector) -> pytest.Item | pytest.Collector:
        """The item with the parameters that it shares with the other checks of its target, of which pytest makes a copy
        for each: in a fleet they are tens of thousands.
        """
        own = getattr(item, "callspec", None)
        if own is not None and own.params.keys() == {TARGET}:
            item.callspec = self._parameters.setdefault((own.params[TARGET], own.indices[TARGET]), own)  # type: ignore[union-attr]  # functions have one
        return item

    def _topics(self) -> Iterable["Topic"]:
        for about, module in topic_modules().items():
            if not self.arises(about):
                continue
            name = f"{about}.py"
            topic = Topic.from_parent(self, path=self._location(module), name=name, nodeid=f"{SUITE}/{name}")
            topic.obj = module
            yield topic

    def _location(self, module: ModuleType) -> Path:
        """Its source; on another drive of Windows, from where editors cannot draw a tree, a file that is not there."""
        source = Path(str(module.__file__))
        root = self.config.rootpath
        return source if source.anchor == root.anchor else root / SUITE / source.name

    def _wanted(self, item: pytest.Item | pytest.Collector) -> bool:
        mark = next(item.iter_markers("aml_check"), None)
        in_phase = mark is not None and self.phase in (None, *mark.kwargs["phases"])
        if not in_phase or not self.answerable(getattr(item, "fixturenames", ())):
            return False
        return self.selected is None or any(_is_or_holds(one, item.nodeid) for one in self.selected)


class Topic(pytest.Module):
    """One module of checks. Functions are found by their own prefix, whatever the user's `python_functions` says."""

    @property
    def about(self) -> str:
        """The topic as it is called."""
        return Path(self.name).stem

    def _getobj(self) -> ModuleType:
        return self.obj  # type: ignore[no-any-return]  # set by Suite: the checks are imported, not found on disk

    def funcnamefilter(self, name: str) -> bool:
        """Checks are called `check_*`."""
        return name.startswith(PREFIX)

    def classnamefilter(self, name: str) -> bool:  # noqa: ARG002  # pytest's signature
        """Checks are plain functions."""
        return False
