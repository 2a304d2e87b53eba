"""Whether the built-in checks were asked for. Configuring is not asking: an ini key, the environment and what Azure's
tools leave lying about say what a check would look at, never that it shall run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_amlpreflight.run.settings.options import OPTIONS
from pytest_amlpreflight.run.suite.suite import own_node_id

SWITCH = "--aml"
TARGETS_AND_PHASE = ("workspace", "scope", "endpoint", "deployment", "phase")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line, `addopts` included, asks for.

    `by` is the option that asks for the built-in checks, as the operator wrote it; `node_ids` are the suite's own that
    were given as arguments; `elsewhere` says that the run is restricted to other paths or node ids. `here` are our
    options on the command line itself, without those in `addopts`.
    """

    by: str | None = None
    node_ids: tuple[str, ...] = ()
    elsewhere: bool = False
    here: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether the run is a preflight."""
        return bool(self.by or self.node_ids)

    @property
    def suite(self) -> bool:
        """Whether the built-in checks join. A run that is restricted to something else stays so, unless `--aml` stands
        beside the restriction.
        """
        return bool(self.node_ids) or (self.by is not None and (not self.elsewhere or SWITCH in self.here))

    @property
    def selected(self) -> list[str] | None:
        """The node ids to which the built-in checks are restricted; None for all."""
        return list(self.node_ids) or (None if self.suite else [])


def read_asked(config: pytest.Config) -> Asked:
    """What was asked for; takes the suite's node ids out of the arguments, where pytest would look for a file."""
    started_in = config.invocation_params.dir
    own = {argument: found for argument in config.args if (found := own_node_id(argument, started_in))}
    others = [argument for argument in config.args if argument not in own]
    if own:
        config.args[:] = others
    return Asked(_asking_option(config), tuple(own.values()), _is_restricted(config, others), _options_here(config))


def _asking_option(config: pytest.Config) -> str | None:
    if config.option.aml or config.option.aml_explain:
        return SWITCH if config.option.aml else f"{SWITCH}-explain"
    asking = (option for option in OPTIONS if option.name in TARGETS_AND_PHASE)
    return next((option.flag for option in asking if getattr(config.option, option.ini)), None)


def _is_restricted(config: pytest.Config, others: Sequence[str]) -> bool:
    """Whether there are arguments, and none of them means the whole project."""
    given = config.args_source is pytest.Config.ArgsSource.ARGS
    root = config.rootpath
    whole = (root, *root.parents)
    return given and bool(others) and not any(_path(config, argument) in whole for argument in others)


def _path(config: pytest.Config, argument: str) -> Path:
    return (config.invocation_params.dir / argument).resolve()


def _options_here(config: pytest.Config) -> tuple[str, ...]:
    words = (str(argument).partition("=")[0] for argument in config.invocation_params.args)
    return tuple(word for word in words if word == SWITCH or word.startswith(f"{SWITCH}-"))
