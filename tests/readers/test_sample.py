"""The sample request: given, or found in the project, or a reason why there is none."""

import os
from pathlib import Path

import pytest

from pytest_amlpreflight.facts.resources.scoring import Sample, SampleRequests
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.project.sample import read_sample


def write(path: Path, text: str = "{}") -> Path:
    """A file with that text, its folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_one_sample_of_the_project_is_found(tmp_path: Path) -> None:
    """Wherever in the project it lies, unless in a folder that is not the project's own."""
    path = write(tmp_path / "tests" / "data" / "sample-request.json", '{"data": []}')
    write(tmp_path / ".venv" / "sample-request.json")
    write(tmp_path / "node_modules" / "x" / "sample-request.json")

    assert read_sample(SampleRequests(project=tmp_path), "iris") == Sample(path, b'{"data": []}', "application/json")


def test_two_samples_need_a_word_on_which(tmp_path: Path) -> None:
    """A guess would send one model's data to another."""
    write(tmp_path / "a" / "sample-request.json")
    write(tmp_path / "b" / "sample-request.json")

    reason = read_sample(SampleRequests(project=tmp_path), "iris")

    assert isinstance(reason, str)
    assert "a/sample-request.json, b/sample-request.json" in reason.replace("\\", "/")
    assert "--aml-sample-request iris=FILE" in reason


def test_no_sample_has_a_reason(tmp_path: Path) -> None:
    """It names the option and the file."""
    assert read_sample(SampleRequests(project=tmp_path), "iris") == (
        "no sample request was given (--aml-sample-request FILE), and the project has no sample-request.json"
    )


@pytest.mark.parametrize(("endpoint", "body"), [("iris", b"for iris"), ("digits", b"for all")])
def test_a_sample_given_for_an_endpoint_wins(tmp_path: Path, endpoint: str, body: bytes) -> None:
    """Over one given for all, and that one over what lies in the project."""
    write(tmp_path / "sample-request.json", "found")
    given = (("", write(tmp_path / "all.json", "for all")), ("iris", write(tmp_path / "iris.json", "for iris")))

    found = read_sample(SampleRequests(given, tmp_path), endpoint)

    assert isinstance(found, Sample)
    assert found.body == body


@pytest.mark.parametrize(
    ("name", "kind"), [("cat.jpg", "image/jpeg"), ("rows.csv", "text/csv"), ("x.unknown", "application/octet-stream")]
)
def test_a_samples_type_comes_from_its_name(tmp_path: Path, name: str, kind: str) -> None:
    """Not every model takes JSON."""
    found = read_sample(SampleRequests((("", write(tmp_path / name)),)), "iris")

    assert isinstance(found, Sample)
    assert found.content_type == kind


def test_an_endpoint_that_nobody_named_gets_only_what_was_given_for_it(tmp_path: Path) -> None:
    """A sample given for all is for all that were named."""
    given = (("", write(tmp_path / "all.json", "for all")), ("digits", write(tmp_path / "digits.json", "for digits")))
    requests = SampleRequests(given, tmp_path, named=frozenset({"iris"}))

    assert isinstance(read_sample(requests, "iris"), Sample)
    assert isinstance(read_sample(requests, "digits"), Sample)
    assert read_sample(requests, "other") == (
        "a sample is sent to endpoints that were named only: --aml-sample-request other=FILE"
    )


@pytest.mark.parametrize("kind", ["dangling", "circular", "pipe", "sparse"])
def test_a_sample_that_cannot_be_read_is_unreadable(tmp_path: Path, kind: str) -> None:
    """Neither skipped in silence nor waited for."""
    path = tmp_path / "sample-request.json"
    if kind == "dangling":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "circular":
        path.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        with path.open("wb") as file:
            file.truncate(2 * 1024**3)

    with pytest.raises(FactUnreadable, match="the sample request"):
        read_sample(SampleRequests(project=tmp_path), "iris")
