"""An emulated run never leaves the machine, whatever proxy the environment names."""

import pytest


@pytest.mark.parametrize("phase", ["pre", "post"])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_no_request_of_an_emulated_run_goes_through_a_proxy(
    example: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str, phase: str
) -> None:
    """Nobody listens at the proxy's address, and every host of the world answers."""
    monkeypatch.setenv(name, "http://127.0.0.1:9")

    result = example.runpytest_inprocess("-p", "no:xdist", "-q", "--aml-phase", phase)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*proxy*")
