"""What editors demand of a test's id and place.

VS Code's adapter is `python_files/vscode_pytest/__init__.py` of microsoft/vscode-python, PyCharm's are
`_jb_pytest_runner.py` of JetBrains/intellij-community and `pytest_plugin.py` of JetBrains/teamcity-messages.
"""

import os
import re
from pathlib import Path

import pytest

from pytest_amlpreflight import checks

VAULT = "check_vault_admits_trusted_services"
SOURCE = Path(checks.__path__[0]) / "key_vault.py"


class Items:
    """Keeps what a run collected."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """As an adapter does, look at the tests that are selected."""
        self.items = list(session.items)


@pytest.fixture
def collected(example: pytest.Pytester) -> list[pytest.Item]:
    """What VS Code's discovery of the example sees."""
    seen = Items()
    result = example.runpytest_inprocess(f"--rootdir={example.path}", "--collect-only", plugins=[seen])
    assert result.ret == pytest.ExitCode.OK  # the adapter shows no tree after any but 0, 1 and 5
    return seen.items


def test_vs_code_can_take_every_id_apart(collected: list[pytest.Item]) -> None:
    """It cuts a parametrised id behind the last `.py`, and wants the file that holds the test as a parent."""
    for item in collected:
        file, _, function = item.nodeid.partition("::")
        assert file.endswith(".py")
        assert ".py" not in function
        assert isinstance(item.parent, pytest.File)
        assert item.originalname == function.partition("[")[0]  # type: ignore[attr-defined]
        assert item.name == function


def test_vs_code_can_draw_the_tree_and_open_each_test(collected: list[pytest.Item], example: pytest.Pytester) -> None:
    """A test's path is a file with something in common with the project, and the line is where the test begins."""
    for item in collected:
        assert item.path.is_file()
        assert item.path == item.parent.path  # type: ignore[union-attr]
        assert os.path.commonpath([item.path, example.path])
        line = item.path.read_text(encoding="utf-8").splitlines()[item.location[1] or 0]
        assert re.match(r"@check|def (check|test)_", line)


@pytest.mark.parametrize("target", [f"::{VAULT}[contoso-ml]", f"::{VAULT}", ""])
def test_what_an_editor_hands_back_runs(example: pytest.Pytester, target: str) -> None:
    """VS Code names a test by its file and the rest of its id, PyCharm also the function or the file alone."""
    result = example.runpytest_inprocess("--rootdir=.", f"{SOURCE}{target}", "-k", "vault_admits")

    result.assert_outcomes(passed=1, deselected=result.parseoutcomes().get("deselected", 0))


def test_from_a_virtual_environment_in_the_project_the_ini_file_is_found(example: pytest.Pytester) -> None:
    """As in most projects; the source is then below the ini file."""
    package = example.path / ".venv" / "pytest_amlpreflight"
    package.parent.mkdir()
    package.symlink_to(SOURCE.parents[1])

    result = example.runpytest_inprocess(str(package / "checks" / f"key_vault.py::{VAULT}[contoso-ml]"))

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("rootdir", [["--rootdir=."], []])
def test_from_an_environment_elsewhere_the_ini_file_is_found_too(example: pytest.Pytester, rootdir: list[str]) -> None:
    """Pytest alone would look for it beside the source, and not know the workspace; plugins are given once more."""
    seen = Items()

    result = example.runpytest_inprocess(*rootdir, f"{SOURCE}::{VAULT}[contoso-ml]", plugins=[seen])

    result.assert_outcomes(passed=1)
    assert [item.name for item in seen.items] == [f"{VAULT}[contoso-ml]"]


def test_unit_tests_are_in_the_tree_beside_the_checks(collected: list[pytest.Item]) -> None:
    """A project whose runs always take the checks keeps its own tests in view."""
    assert collected[-1].nodeid.startswith("tests/test_release_gate.py::")
    assert collected[0].nodeid.startswith("aml-preflight/")


def test_an_id_means_the_same_to_teamcity_and_pycharm(collected: list[pytest.Item]) -> None:
    """They make a dotted path of an id: no dot may be in it but the file's."""
    for item in collected:
        assert item.nodeid.count(".") == 1
