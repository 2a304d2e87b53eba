"""The emulator as a command."""

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.__main__ import _print_exports, assignment, main, seconds


def folder_in(lines: list[str]) -> Path:
    """Where the started emulator keeps what lets clients in."""
    shown = next(line for line in lines if line.startswith("export REQUESTS_CA_BUNDLE="))
    return Path(shown.partition("=")[2].strip()).parent


def test_what_lets_clients_in_is_its_owner_s_and_gone_even_after_a_kill(
    world_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever else is on the machine reads neither keys nor tokens; what a kill leaves goes when the next one starts,
    and a folder in use stays.
    """
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where no other test's emulator clears up
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    kubernetes = world_path.with_name("world-kubernetes.yml")
    command = [sys.executable, "-m", "pytest_amlpreflight.emulator", str(kubernetes)]
    with Emulator(world_path) as other, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = folder_in([process.stdout.readline() for _ in range(5)])
        modes = {path.name: path.stat().st_mode & 0o777 for path in [folder, *folder.iterdir()]}
        process.kill()
        process.wait(10)
        assert folder.exists()

        with Emulator(world_path):
            left, stays = folder.exists(), other.ca_bundle.exists()

    assert set(modes.values()) == {0o700, 0o600}
    assert modes[folder.name] == 0o700
    assert (left, stays) == (False, True)


def test_an_emulator_without_a_thread_says_so_and_leaves_nothing(
    world_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container at its limit is no crash."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    emulator = Emulator(world_path)

    with pytest.raises(OSError, match="gives the emulator no thread"):
        emulator.start()

    emulator.stop()
    assert not list(tmp_path.iterdir())


def test_prints_what_to_export_and_stops_when_told(world_path: Path) -> None:
    """The lines can be sourced by a shell; SIGTERM ends it cleanly."""
    command = [sys.executable, "-m", "pytest_amlpreflight.emulator", str(world_path), "--latency", "1ms"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not (lines and lines[-1].startswith("# Azure DNS")):
            lines.append(process.stdout.readline())

        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0
        assert not folder_in(lines).exists()
    assert lines[0].startswith("export IDENTITY_ENDPOINT=http://127.0.0.1:")


def test_a_world_may_be_named_from_where_one_stands(world_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is that of the folder the server was started in, whichever folder its model starts in."""
    monkeypatch.chdir(world_path.parent)

    assert Emulator(Path("world.yml"))._world.path == world_path


def test_what_is_printed_is_all_that_clients_need(world_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Resolvers and routing for the plugin, and a proxy for clients without such options."""
    with Emulator(world_path) as emulator:
        _print_exports(emulator, "sh")

    names = {line.removeprefix("export ").partition("=")[0] for line in capsys.readouterr().out.splitlines()}
    assert {"AML_DNS_SERVER", "AML_AZURE_DNS", "AML_CONNECT_TO", "HTTPS_PROXY", "IDENTITY_ENDPOINT"} <= names


@pytest.mark.parametrize(("host", "status"), [("contoso-ml-kv00001.vault.azure.net", b"200"), ("a.example", b"403")])
def test_the_proxy_leads_to_every_member_of_a_fleet(world_path: Path, host: str, status: bytes) -> None:
    """Their vaults and storage accounts have names that the one world does not; whatever else is asked is refused."""
    with Emulator(world_path, fleet=2) as emulator:
        port = int(emulator.proxy.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())

            assert connection.recv(1024).split()[1] == status


def test_an_unusable_world_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file is a sentence and exit 2, not a traceback."""
    status = main([str(tmp_path / "none.yml")])

    assert status == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("text", "value"), [("100ms", 0.1), ("0.5s", 0.5), ("2", 2.0)])
def test_latency_is_written_as_people_do(text: str, value: float) -> None:
    """Milliseconds, seconds, or a bare number of seconds."""
    assert seconds(text) == pytest.approx(value)


def test_a_latency_that_is_no_time_is_refused() -> None:
    """The complaint shows the form."""
    with pytest.raises(argparse.ArgumentTypeError, match="no time such as 100ms"):
        seconds("soon")


@pytest.mark.parametrize(
    ("shell", "line"),
    [("sh", """export A='it'"'"'s 1'"""), ("powershell", "$env:A = 'it''s 1'")],
)
def test_the_lines_are_those_of_the_shell(shell: str, line: str) -> None:
    """Each with its own way to quote."""
    assert assignment("A", "it's 1", shell) == line
