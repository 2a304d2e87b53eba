"""Installed but unused, the plugin is not there."""

import sys

import pytest


def test_without_a_workspace_nothing_of_azure_is_imported(pytester: pytest.Pytester) -> None:
    """`pytest` in an empty folder imports no SDK, no HTTP and no DNS library on our behalf."""
    pytester.makeconftest(
        """
        import sys

        def pytest_sessionfinish():
            heavy = ("azure", "requests", "dns", "yaml", "starlette", "pytest_amlpreflight.readers")
            print("loaded:", sorted(name for name in sys.modules if name in heavy))
        """
    )

    result = pytester.run(sys.executable, "-m", "pytest", "-s", "-p", "no:xdist")

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["*loaded: []*"])


def test_azure_ai_ml_is_never_imported_by_a_run(example: pytest.Pytester) -> None:
    """Its import takes seconds and has been broken by its dependencies: no run waits for it."""
    example.makeconftest(
        """
        import sys

        def pytest_sessionfinish():
            print("official client:", "azure.ai.ml" in sys.modules)
        """
    )

    result = example.runpytest_subprocess("-s")

    result.stdout.fnmatch_lines(["*official client: False*"])
