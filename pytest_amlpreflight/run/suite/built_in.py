"""The built-in checks as Python has them: modules of functions, each with its marker."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from pytest_amlpreflight import checks

PREFIX = "check_"


def topic_modules() -> dict[str, ModuleType]:
    """The modules of checks by their topics, in the order in which they run."""
    return {topic: import_module(f"{checks.__name__}.{topic}") for topic in checks.TOPICS}


def built_in_checks() -> dict[str, Callable[..., None]]:
    """Every check by its id, `<topic>::<name>`, in the order in which they run."""
    return {
        f"{topic}::{name.removeprefix(PREFIX)}": function
        for topic, module in topic_modules().items()
        for name, function in vars(module).items()
        if name.startswith(PREFIX)
    }


def mark_of(function: Any) -> Mapping[str, Any]:
    """What a check's marker says: topic, phases, and the error codes that it explains."""
    return next(mark.kwargs for mark in function.pytestmark if mark.name == "aml_check")
