"""A scoring script, as its source says; it is never imported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pytest_amlpreflight.facts.project.position import Position


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one of the user's files, in one sentence, and where."""

    sentence: str
    position: Position

    def __str__(self) -> str:
        return f"{self.position}: {self.sentence}"


class ParameterKind(StrEnum):
    """How an argument is passed, in the words of the inference server's own error."""

    POSITIONAL_ONLY = "a positional-only argument"
    PLAIN = "an argument"
    VAR_POSITIONAL = "*args"
    KEYWORD_ONLY = "a keyword argument"
    VAR_KEYWORD = "**kwargs"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of `init` or `run`."""

    name: str
    kind: ParameterKind = ParameterKind.PLAIN
    has_default: bool = False

    @property
    def is_required(self) -> bool:
        """Whether a call without arguments fails for want of it."""
        variable = self.kind in {ParameterKind.VAR_POSITIONAL, ParameterKind.VAR_KEYWORD}
        return not (self.has_default or variable)


@dataclass(frozen=True, slots=True)
class Function:
    """A top-level function as it is written; `decorators` are the last part of their names, outermost first."""

    name: str
    position: Position
    parameters: tuple[Parameter, ...] = ()
    decorators: tuple[str, ...] = ()
    is_async: bool = False


OWN = "__main__"
"""The script itself, in the place of a module."""


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, dotted as far as the source says.

    `is_certain` says that the line runs when the script starts or scores: not inside `try`, a condition, or a
    function that may never be called. `level` counts the dots of a relative import. `instead` holds what does as well:
    the modules of the other branch of a `try` that forgives, or `OWN` where that defines what it needs itself.
    """

    module: str
    position: Position
    is_certain: bool = True
    level: int = 0
    instead: frozenset[str] = frozenset()

    @property
    def top(self) -> str:
        """The first part of the name, which is what must be installed."""
        return self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class ModelPath:
    """A path that the script joins to AZUREML_MODEL_DIR from constants alone, in forward slashes."""

    path: str
    position: Position


@dataclass(frozen=True, slots=True)
class OpenedPath:
    """A path that the script opens and spells out whole, without AZUREML_MODEL_DIR, as it is written."""

    path: str
    position: Position


@dataclass(frozen=True, slots=True)
class Wait:
    """A call that waits for somebody at a keyboard, such as `debugpy.wait_for_client()`.

    `is_certain` says that it is reached when the script starts or scores.
    """

    call: str
    position: Position
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Script:
    """What a scoring script defines, imports and opens.

    `imports` includes those of the modules that stand beside the script inside `code`; those modules themselves are
    in `local_modules`. `misplaced` are modules that stand near the code folder, but outside it. `problem` is set, and
    the rest empty, when the source does not compile; `is_absent` says that not even its folder is there.
    `searches_files` says that the script looks for files itself.

    `python` is the oldest minor release of Python that reads the script, where not all do; `too_new` is what the one
    before says of it.
    """

    path: Path
    shown: str
    problem: Problem | None = None
    is_absent: bool = False
    python: tuple[int, int] | None = None
    too_new: Problem | None = None
    imports: tuple[Import, ...] = ()
    functions: Mapping[str, Function] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    has_star_import: bool = False
    local_modules: frozenset[str] = frozenset()
    misplaced: Mapping[str, str] = field(default_factory=dict)
    model_paths: tuple[ModelPath, ...] = ()
    searches_files: bool = False
    v1_calls: tuple[Position, ...] = ()
    returned_errors: tuple[Position, ...] = ()
    opened_paths: tuple[OpenedPath, ...] = ()
    waits: tuple[Wait, ...] = ()

    @property
    def is_python(self) -> bool:
        """Whether it is Python by its name; containers of the user's own run other languages."""
        return self.path.suffix.lower() == ".py"

    @property
    def name(self) -> str:
        """The file name, as messages call the script."""
        return self.path.name

    def may_define(self, name: str) -> bool:
        """Whether the name exists when the server looks for it; an `import *` may bring any name."""
        return name in self.names or self.has_star_import
