"""The bytes of a model on this machine."""

import os
from itertools import islice
from pathlib import Path

from pytest_amlpreflight.facts.project.model_size import ModelSize
from pytest_amlpreflight.readers.project.model_folder import MAX_FILES, walk


def read_model_size(path: Path, where: str) -> ModelSize | None:
    """The size of the file, or of all files below the folder; None where there is nothing at `path`, which other checks
    report.
    """
    if not os.path.exists(path):
        return None
    files = [path] if os.path.isfile(path) else list(islice(walk(path), MAX_FILES + 1))
    return ModelSize(path.name, sum(map(_bytes, files[:MAX_FILES])), where, complete=len(files) <= MAX_FILES)


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # a link to nowhere weighs nothing
        return 0
