"""pytest chooses its rootdir and ini file before it knows our options: a path after one of them, as a word of its own,
looks to it like a folder of tests, and where that lies elsewhere the project's ini file is lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from _pytest.config.findpaths import locate_config  # pytest's own search, which no public name gives

from pytest_amlpreflight.run.asking import SWITCH
from pytest_amlpreflight.run.suite import is_source, own_node_id


def refuse_a_moved_rootdir(config: pytest.Config) -> None:
    """Raise `pytest.UsageError` where the value of one of our options has moved pytest's rootdir."""
    moving = list(_values(config))
    if moving and _has_moved(config):
        option, value = moving[0]
        raise pytest.UsageError(
            f"{option} {value}: pytest took the path for one of tests and looked for its ini file there "
            f"(rootdir {config.rootpath}, {_ini(config)}); write {option}={value}"
        )


def without_sources(config: pytest.Config) -> list[str] | None:
    """The arguments again with node ids in place of sources of checks, where those have moved pytest's rootdir.

    Editors name a check by its source, and that lies outside the project where the virtual environment does.
    """
    words = [str(word) for word in config.invocation_params.args]
    ids = {word: own_node_id(word, config.invocation_params.dir) for word in words if _is_source(config, word)}
    return [ids.get(word) or word for word in words] if ids and _has_moved(config) else None


def _values(config: pytest.Config) -> Iterator[tuple[str, str]]:
    """Our options whose value is a word of its own and a path that is there."""
    words = [str(word) for word in config.invocation_params.args]
    for option, value in pairwise(words):
        if option.startswith(f"{SWITCH}-") and "=" not in option and (config.invocation_params.dir / value).exists():
            yield option, value


def _has_moved(config: pytest.Config) -> bool:
    if config.option.inifilename:
        return False
    start = _start(config)
    ini = locate_config(config.invocation_params.dir, [start])[1]
    if ini or config.inipath or config.option.rootdir:
        return ini != config.inipath
    return config.rootpath not in (start, config.invocation_params.dir) and not (config.rootpath / "setup.py").exists()


def _start(config: pytest.Config) -> Path:
    """Where pytest would have begun to look: at what the arguments that are its own have in common."""
    here = config.invocation_params.dir
    given = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
    own = [argument for argument in given if not _is_source(config, argument)]
    paths = [path for argument in own if (path := here / argument.partition("::")[0]).exists()]
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths] or [here]))


def _is_source(config: pytest.Config, argument: str) -> bool:
    return is_source(config.invocation_params.dir / argument.partition("::")[0])


def _ini(config: pytest.Config) -> str:
    return f"ini file {config.inipath}" if config.inipath else "no ini file"
