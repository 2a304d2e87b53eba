"""Installed but not asked, the plugin is not there, however pytest is started and whatever lies about."""

import json
import re
import sys
from collections.abc import Sequence

import pytest

FORMS = {
    "nothing": [],
    "a folder": ["tests"],
    "a file": ["tests/test_a.py"],
    "a node id": ["tests/test_a.py::test_a"],
    "node ids": ["tests/test_a.py::test_a", "tests/test_a.py::TestB::test_b[x/y-1]"],
    "an absolute node id": ["{root}/tests/test_a.py::test_a"],
    "a name": ["-k", "test_a"],
    "a marker": ["-m", "slow", "--strict-markers"],
    "last failed": ["--lf"],
    "failed first": ["--ff", "tests/test_a.py::test_red"],
    "stepwise": ["--sw"],
    "a module": ["--pyargs", "scratch.test_module"],
    "collect only": ["--collect-only", "-q"],
    "fixtures": ["--fixtures-per-test", "tests/test_a.py::test_a"],
    "another rootdir": ["--rootdir=..", "tests/test_a.py::test_a"],
    "no ini": ["-c", "/dev/null", "--rootdir=.", "tests/test_a.py::test_a"],
    "deselected": ["--deselect", "tests/test_a.py::test_red"],
    "no cache": ["-p", "no:cacheprovider", "tests/test_a.py::test_a"],
    "no junit": ["-p", "no:junitxml", "-p", "no:logging", "tests/test_a.py::test_a"],
    "no xdist": ["-p", "no:xdist", "tests/test_a.py::test_a"],
    "a file that is not there": ["tests/test_none.py"],
    "a node id that is not there": ["tests/test_a.py::test_none"],
    "a folder with the suite's name": ["aml-preflight"],
    "a file below a folder with the suite's name": ["aml-preflight/test_own.py::test_own"],
}


@pytest.fixture
def scratch(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A repository that has nothing to do with Azure, on a machine where Azure's tools left all they leave."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly -p no:hypothesispytest -p no:anyio")
    root = pytester.path
    (root / "config.json").write_text("{ broken")
    (root / ".azureml").mkdir()
    (root / ".azureml" / "config.json").write_text(json.dumps({"workspace_name": "ws"}))
    (root / "azure").mkdir()
    (root / "azure" / "config").write_text("[defaults]\ngroup = g\nworkspace = cli\n")
    for name, value in {
        "AZURE_CONFIG_DIR": str(root / "azure"),
        "AZUREML_ARM_WORKSPACE_NAME": "!!",
        "AZUREML_ARM_SUBSCRIPTION": "s",
        "AML_DNS_SERVER": "nonsense",
    }.items():
        monkeypatch.setenv(name, value)
    files = {
        "tests/test_a.py": "import pytest\n\ndef test_a():\n    pass\n\n"
        "@pytest.mark.slow\ndef test_red():\n    assert 0\n\n"
        "class TestB:\n    @pytest.mark.parametrize('p', ['x/y-1'])\n    def test_b(self, p):\n        pass\n",
        "scratch/__init__.py": "",
        "scratch/test_module.py": "def test_m():\n    pass\n",
        "aml-preflight/test_own.py": "def test_own():\n    pass\n",
        "pytest.ini": "[pytest]\nmarkers = slow: takes long\npythonpath = .\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return pytester


def screen(scratch: pytest.Pytester, arguments: Sequence[str]) -> tuple[int, list[str]]:
    """The exit code and what is printed, without durations and the list of plugins."""
    cache = scratch.path / ".pytest_cache"
    result = scratch.runpytest_inprocess(*arguments)
    if cache.exists():
        (cache / "v" / "cache" / "lastfailed").unlink(missing_ok=True)
        (cache / "v" / "cache" / "stepwise").unlink(missing_ok=True)
    lines = [re.sub(r"\d+\.\d+s", "", line) for line in [*result.outlines, *result.errlines]]
    return int(result.ret), [line for line in lines if not line.startswith("plugins:")]


@pytest.mark.parametrize("form", FORMS)
def test_idle_changes_nothing(scratch: pytest.Pytester, form: str) -> None:
    """Exit code and screen are those of a machine without the plugin."""
    arguments = [argument.format(root=scratch.path) for argument in FORMS[form]]

    with_plugin, without = screen(scratch, arguments), screen(scratch, ["-p", "no:amlpreflight", *arguments])

    assert with_plugin == without


def test_idle_changes_nothing_under_xdist(scratch: pytest.Pytester) -> None:
    """Workers are idle too."""
    result = scratch.runpytest_inprocess("-n", "2", "tests/test_a.py")

    result.assert_outcomes(passed=2, failed=1)


@pytest.mark.parametrize("ini", ["", "aml_workspace = contoso-ml", "aml_deployment = nowhere.yml", "aml_phase = later"])
@pytest.mark.parametrize("arguments", [["tests/test_a.py::test_a"], ["-k", "TestB"], ["-n", "1", "-k", "TestB"]])
def test_configured_and_not_asked_changes_nothing_either(
    scratch: pytest.Pytester, ini: str, arguments: list[str]
) -> None:
    """What the ini file says, sense or nonsense, starts nothing and breaks nobody's unit tests."""
    with (scratch.path / "pytest.ini").open("a") as file:
        file.write(ini + "\n")

    result = scratch.runpytest_inprocess(*arguments)

    result.assert_outcomes(passed=1, deselected=result.parseoutcomes().get("deselected", 0))
    assert "aml-preflight" not in result.stdout.str()


def test_idle_imports_nothing_of_azure(scratch: pytest.Pytester) -> None:
    """`pytest` imports no SDK, no HTTP and no DNS library on our behalf."""
    scratch.makeconftest(
        """
        import sys

        def pytest_sessionfinish():
            heavy = ("azure", "requests", "dns", "yaml", "starlette", "kubernetes", "pytest_amlpreflight.readers")
            print("loaded:", sorted(name for name in sys.modules if name in heavy))
        """
    )

    result = scratch.run(sys.executable, "-m", "pytest", "-s", "-p", "no:xdist", "tests/test_a.py::test_a")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*loaded: [[]]*"])


def test_a_configured_emulator_is_not_started_for_unit_tests(example: pytest.Pytester) -> None:
    """They keep their environment, which an emulated run clears of Azure's variables."""
    (example.path / "tests" / "test_release_gate.py").unlink()
    example.makepyfile(
        """
        import os

        def test_own():
            assert "ARM_CLOUD_METADATA_URL" not in os.environ
        """
    )

    result = example.runpytest_inprocess("-o", "addopts=", "-o", "testpaths=.")

    result.assert_outcomes(passed=1)


def test_official_clients_are_not_imported_by_a_run_that_needs_none(example: pytest.Pytester) -> None:
    """That of Azure ML takes seconds, and has been broken by its dependencies: no run waits for it. That of Kubernetes
    is for endpoints on clusters alone.
    """
    example.makeconftest(
        """
        import sys

        def pytest_sessionfinish():
            print("official clients:", [name for name in ("azure.ai.ml", "kubernetes") if name in sys.modules])
        """
    )

    result = example.runpytest_subprocess("-s")

    result.stdout.fnmatch_lines(["*official clients: [[]]*"])
