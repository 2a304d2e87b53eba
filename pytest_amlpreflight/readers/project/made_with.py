"""What a model was made with, from its MLmodel file and the bytes of its pickles, which are never loaded."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_amlpreflight.facts.project.environment import MadeWith
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.readers.project.text_file import shown_path
from pytest_amlpreflight.readers.project.yaml_file import YamlNode

FLAVORS = {
    "sklearn_version": "scikit-learn",
    "lgb_version": "lightgbm",
    "xgb_version": "xgboost",
    "catboost_version": "catboost",
    "pytorch_version": "torch",
    "keras_version": "keras",
    "transformers_version": "transformers",
    "statsmodels_version": "statsmodels",
    "prophet_version": "prophet",
    "onnx_version": "onnx",
    "spacy_version": "spacy",
}
"""The fields of an MLmodel's flavors in which MLflow notes the package."""

PICKLES = {".pkl", ".pickle", ".joblib", ".sav", ".p"}
MARK = re.compile(rb"_sklearn_version.{0,16}?(\d{1,3}\.\d{1,3}(?:\.\d{1,3})?(?:rc\d)?)", re.DOTALL)
MOST_PICKLES, MOST_BYTES = 20, 64 * 1024**2  # a forest may weigh gigabytes, and notes its version in every tree
CHUNK, OVERLAP = 1024**2, 64


def made_with(files: Iterable[Path], mlmodel: YamlNode | None, root: Path) -> tuple[MadeWith, ...]:
    """Each package once; what MLmodel says comes before what a pickle says."""
    found: dict[str, MadeWith] = {}
    for each in (*_of_mlflow(mlmodel), *_of_pickles(files, root)):
        found.setdefault(each.package, each)
    return tuple(found.values())


def _of_mlflow(mlmodel: YamlNode | None) -> Iterator[MadeWith]:
    if mlmodel is None:
        return
    flavors, mlflow = mlmodel.get("flavors"), mlmodel.get("mlflow_version")
    if mlflow is not None and mlflow.is_scalar:
        yield MadeWith("mlflow", mlflow.text(), mlflow.position)
    for _, flavor in flavors.items() if flavors is not None and flavors.is_mapping else ():
        for name, value in flavor.items() if flavor.is_mapping else ():
            if name in FLAVORS and value.is_scalar and not value.is_null:
                yield MadeWith(FLAVORS[name], value.text(), value.position)


def _of_pickles(files: Iterable[Path], root: Path) -> Iterator[MadeWith]:
    pickles = sorted(file for file in files if file.suffix.lower() in PICKLES and os.path.isfile(file))  # no pipe
    for file in pickles[:MOST_PICKLES]:
        if version := _sklearn_version(file):
            yield MadeWith("scikit-learn", version, Position(shown_path(file, root)))


def _sklearn_version(file: Path) -> str | None:
    """scikit-learn notes its version in the state of every estimator."""
    held = b""
    try:
        with file.open("rb") as stream:
            for _ in range(MOST_BYTES // CHUNK):
                held = held[-OVERLAP:] + stream.read(CHUNK)
                if found := MARK.search(held):
                    return found.group(1).decode("ascii")
                if len(held) <= OVERLAP:
                    break
    except OSError:  # it cannot be read here, and whoever loads it will say so
        return None
    return None
