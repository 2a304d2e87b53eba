"""pytest chooses its rootdir and ini file before it knows our options: a path after one of them, as a word of its own,
looks to it like a folder of tests, and where that lies elsewhere the project's ini file is lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
from _pytest.config.findpaths import locate_config  # pytest's own search, which no public name gives

from pytest_amlpreflight.run.asking import SWITCH
from pytest_amlpreflight.run.suite.suite import is_source, own_node_id


def as_meant(config: pytest.Config) -> list[str] | None:
    """The arguments again where one of them has moved pytest's rootdir, in forms that do not; None where none has.

    Paths after our options are joined to them by `=`. In the place of sources of checks stand node ids: editors name a
    check by its source, and that lies outside the project where the virtual environment does.
    """
    words = [str(word) for word in config.invocation_params.args]
    ids = {word: own_node_id(word, config.invocation_params.dir) for word in words if _is_source(config, word)}
    meant = list(_joined([ids.get(word) or word for word in words], config.invocation_params.dir))
    return meant if meant != words and _has_moved(config) else None


def _joined(words: list[str], folder: Path) -> Iterator[str]:
    """The words, with each of our options and a path that is there as one."""
    rest = zip_longest(words, words[1:], fillvalue="")
    for word, following in rest:
        ours = word.startswith(f"{SWITCH}-") and "=" not in word
        if ours and following and os.path.exists(folder / following):
            next(rest)
            word = f"{word}={following}"  # the pair is one word now
        yield word


def _has_moved(config: pytest.Config) -> bool:
    if config.option.inifilename:
        return False
    start = _start(config)
    ini = locate_config(config.invocation_params.dir, [start])[1]
    if ini or config.inipath or config.option.rootdir:
        return ini != config.inipath
    return config.rootpath not in (start, config.invocation_params.dir) and not os.path.exists(
        config.rootpath / "setup.py"
    )


def _start(config: pytest.Config) -> Path:
    """Where pytest would have begun to look: at what the arguments that are its own have in common."""
    here = config.invocation_params.dir
    given = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
    own = [argument for argument in given if not _is_source(config, argument)]
    paths = [path for argument in own if os.path.exists(path := here / argument.partition("::")[0])]
    return Path(os.path.commonpath([path if os.path.isdir(path) else path.parent for path in paths] or [here]))


def _is_source(config: pytest.Config, argument: str) -> bool:
    return is_source(config.invocation_params.dir / argument.partition("::")[0])
