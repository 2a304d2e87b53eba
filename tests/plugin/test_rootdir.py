"""A path after one of our options looks to pytest like a folder of tests, and may move its rootdir."""

from pathlib import Path

import pytest


@pytest.fixture
def outside(example: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample request that lies in no folder of the project."""
    path = tmp_path_factory.mktemp("outside") / "sample.json"
    path.write_text('{"data": [[1, 2, 3, 4]]}')
    return path


def test_an_absolute_path_as_a_word_of_its_own_is_refused(example: pytest.Pytester, outside: Path) -> None:
    """The ini file would be lost, and the run green with nothing checked."""
    result = example.runpytest_inprocess("--aml-sample-request", str(outside), "-k", "vault_admits")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --aml-sample-request {outside}: *; write --aml-sample-request={outside}"])


def test_an_absolute_path_behind_an_equals_sign_works(example: pytest.Pytester, outside: Path) -> None:
    """The form that the error shows."""
    result = example.runpytest_inprocess(f"--aml-sample-request={outside}", "-k", "vault_admits")

    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("arguments", [[], ["tests"], ["--aml", "tests/test_release_gate.py"]])
def test_a_path_in_the_project_moves_nothing(example: pytest.Pytester, arguments: list[str]) -> None:
    """Its ini file is found from there as well."""
    path = example.path / "deployments" / "blue.yml"

    result = example.runpytest_inprocess("--aml-deployment", str(path), *arguments, "-k", "vault_admits or region")

    assert result.ret == pytest.ExitCode.OK


def test_a_path_below_another_ini_file_is_refused(example: pytest.Pytester) -> None:
    """In a repository of several projects the value's own ini file would be taken."""
    inner = example.mkdir("inner")
    (inner / "pytest.ini").write_text("[pytest]\n")
    (inner / "sample.json").write_text("{}")

    result = example.runpytest_inprocess("--aml-sample-request", "inner/sample.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*write --aml-sample-request=inner/sample.json"])


def test_without_any_ini_file_the_rootdir_is_looked_at(pytester: pytest.Pytester, outside: Path) -> None:
    """The root of the file system has no config.json, and should get no cache."""
    result = pytester.runpytest_inprocess("--aml-sample-request", str(outside), "--aml-phase", "pre")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --aml-sample-request {outside}: *"])
