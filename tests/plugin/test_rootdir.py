"""A path after one of our options looks to pytest like a folder of tests, and may move its rootdir."""

from pathlib import Path

import pytest


@pytest.fixture
def outside(example: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample request that lies in no folder of the project."""
    path = tmp_path_factory.mktemp("outside") / "sample.json"
    path.write_text('{"data": [[1, 2, 3, 4]]}')
    return path


@pytest.mark.parametrize("form", ["{option} {path}", "{option}={path}"])
def test_an_absolute_path_may_be_a_word_of_its_own(example: pytest.Pytester, outside: Path, form: str) -> None:
    """The project's ini file is the one that counts, as with any other path."""
    words = form.format(option="--aml-sample-request", path=outside).split()

    result = example.runpytest_inprocess(*words, "-k", "vault_admits")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"rootdir: {example.path}", "configfile: pyproject.toml"])


@pytest.mark.parametrize("arguments", [[], ["tests"], ["--aml", "tests/test_release_gate.py"]])
def test_a_path_in_the_project_moves_nothing(example: pytest.Pytester, arguments: list[str]) -> None:
    """Its ini file is found from there as well."""
    path = example.path / "deployments" / "blue.yml"

    result = example.runpytest_inprocess("--aml-deployment", str(path), *arguments, "-k", "vault_admits or region")

    assert result.ret == pytest.ExitCode.OK


def test_a_path_below_another_ini_file_moves_nothing(example: pytest.Pytester) -> None:
    """In a repository of several projects that of the value is none of the run's."""
    inner = example.mkdir("inner")
    (inner / "pytest.ini").write_text("[pytest]\n")
    (inner / "sample.json").write_text("{}")

    result = example.runpytest_inprocess("--aml-sample-request", "inner/sample.json", "-k", "vault_admits")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["configfile: pyproject.toml"])


def test_without_any_ini_file_the_rootdir_is_where_one_stands(pytester: pytest.Pytester, outside: Path) -> None:
    """The root of the file system has no config.json, and gets no cache."""
    result = pytester.runpytest_inprocess("--aml-sample-request", str(outside), "--aml-phase", "pre")

    result.stdout.fnmatch_lines([f"rootdir: {pytester.path}"])
