"""The bytes of a model on this machine."""

import os
from pathlib import Path

from pytest_amlpreflight.readers.project import model_size
from pytest_amlpreflight.readers.project.model_size import read_model_size


def test_a_folder_weighs_what_its_files_weigh(tmp_path: Path) -> None:
    """At any depth; a link to nowhere weighs nothing."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.bin").write_bytes(b"12345")
    (tmp_path / "deep" / "b.bin").write_bytes(b"678")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")

    found = read_model_size(tmp_path, "blue.yml:4")

    assert found is not None
    assert (found.name, found.bytes, found.where, found.complete) == (tmp_path.name, 8, "blue.yml:4", True)


def test_a_file_may_be_large(tmp_path: Path) -> None:
    """Its size is asked for, not its content."""
    path = tmp_path / "weights.bin"
    path.touch()
    os.truncate(path, 40 * 1024**3)

    found = read_model_size(path, "blue.yml:4")

    assert found is not None
    assert found.shown == "40.0 GiB"


def test_a_tree_without_end_is_not_counted_to_its_end(tmp_path: Path, monkeypatch) -> None:
    """The size says that it is larger still."""
    monkeypatch.setattr(model_size, "MAX_FILES", 2)
    for name in "abc":
        (tmp_path / name).write_bytes(b"1")

    found = read_model_size(tmp_path, "blue.yml:4")

    assert found is not None
    assert (found.bytes, found.complete) == (2, False)


def test_a_model_that_is_not_there_has_no_size(tmp_path: Path) -> None:
    """Other checks say that it is missing."""
    assert read_model_size(tmp_path / "none", "blue.yml:4") is None
