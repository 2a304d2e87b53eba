"""A run that its build cancels."""

import os
import signal
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "example_project"
SUBSCRIPTION = "5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"


def test_a_run_that_is_terminated_ends_in_order(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM leaves nothing behind, as Ctrl-C does: neither what lets clients in, nor a program that was started."""
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TMPDIR", str(pytester.mkdir("temporary")))
    pytester.makepyfile(
        f"""
        import os, signal, tempfile

        def test_is_cancelled(aml_workspace):
            assert any(name.startswith("amlpreflight-emulator-") for name in os.listdir(tempfile.gettempdir()))
            os.kill(os.getpid(), {int(signal.SIGTERM)})
        """
    )
    named = "--aml-workspace=contoso-ml", "--aml-resource-group=ml-prod"
    world = f"--aml-emulator={EXAMPLE / 'world.yml'}"

    result = pytester.runpytest_subprocess(world, *named, "-k", "is_cancelled", "--aml-subscription", SUBSCRIPTION)

    assert result.ret == 128 + signal.SIGTERM
    result.stdout.fnmatch_lines(["*Exit: SIGTERM*"])
    assert os.listdir(pytester.path / "temporary") == []
