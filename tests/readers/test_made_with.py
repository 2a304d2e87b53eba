"""What a model was made with, read from files that are never loaded."""

import pickle
from pathlib import Path

import pytest

from pytest_amlpreflight.readers.project.made_with import CHUNK
from pytest_amlpreflight.readers.project.model_folder import read_model_folder


class Estimator:
    """As scikit-learn's estimators, it notes a version in its state."""

    def __getstate__(self) -> dict[str, object]:
        """The state that goes into the pickle."""
        return {"coef_": [0.25, 1.5], "_sklearn_version": "0.24.1"}


def found(path: Path, root: Path) -> dict[str, tuple[str, str]]:
    """Package, version and place of each finding."""
    return {each.package: (each.version, str(each.position)) for each in read_model_folder(path, root).made_with}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_any_protocol_tells_its_scikit_learn(tmp_path: Path, protocol: int) -> None:
    """The version stands in the bytes behind its name."""
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Estimator(), protocol))

    assert found(tmp_path / "model.pkl", tmp_path) == {"scikit-learn": ("0.24.1", "model.pkl")}


def test_a_version_is_found_across_the_pieces_in_which_a_file_is_read(tmp_path: Path) -> None:
    """Large models are not read whole."""
    tail = pickle.dumps(Estimator(), 4)
    (tmp_path / "model.joblib").write_bytes(b"\0" * (CHUNK - tail.index(b"_sklearn_version") - 8) + tail)

    assert found(tmp_path / "model.joblib", tmp_path)["scikit-learn"][0] == "0.24.1"


def test_mlmodel_tells_the_packages_of_its_flavors(tmp_path: Path) -> None:
    """With the line; a pickle beside it says nothing new."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.pkl").write_bytes(pickle.dumps(Estimator(), 4))
    flavors = "flavors:\n  lightgbm:\n    lgb_version: 4.6.0\n  sklearn:\n    sklearn_version: 1.2.2\n"
    (folder / "MLmodel").write_text(flavors, encoding="utf-8")

    assert found(folder, tmp_path) == {
        "lightgbm": ("4.6.0", "model/MLmodel:3"),
        "scikit-learn": ("1.2.2", "model/MLmodel:5"),
    }


def test_other_bytes_tell_nothing(tmp_path: Path) -> None:
    """A file may be anything."""
    (tmp_path / "model.pkl").write_bytes(b"_sklearn_version" + b"\xff" * 100)

    assert found(tmp_path / "model.pkl", tmp_path) == {}
