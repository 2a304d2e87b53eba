"""The inference server in a process of its own: started, watched, measured, and always gone afterwards."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_amlpreflight.readers.environment import undisturbed
from pytest_amlpreflight.readers.processes.children import child, kill_group

PROGRAM = """
import os, signal, sys, threading

def end_with_the_run():
    os.read(0, 1)  # returns when the run that holds the other end is gone, however it went
    os.killpg(0, signal.SIGKILL)

threading.Thread(target=end_with_the_run, daemon=True).start()
try:
    import azureml_inference_server_http.constants as constants
except ImportError as error:
    print(f"not installed: {error}", flush=True)
    os._exit(77)
constants.DEFAULT_HOST = "127.0.0.1"  # the server listens to everybody otherwise
from azureml_inference_server_http.amlserver import run


def serve(host, port, *_):  # one process, since breakpoints do not survive the server's forks
    import debugpy
    debugpy.listen(("127.0.0.1", int(os.environ["AML_LOCAL_DEBUG_PORT"])))
    debugpy.wait_for_client()
    from azureml_inference_server_http.server.entry import app
    app.run(host, port)

if "AML_LOCAL_DEBUG_PORT" in os.environ:
    import azureml_inference_server_http.amlserver_linux as server
    server.run = serve
run()
"""
NOT_INSTALLED = 77
LONGEST_LOG = 1024**2
LEFT_OUT = ("PYTEST_", "COV_", "COVERAGE_", "PYTHONPATH", "PYTHONSTARTUP", "AZUREML_", "AML_", "WORKER_")


class ServerProcess:
    """A running server; `peak_mib` is what its whole process tree has held at most, None without psutil."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process, self.port, self._log = process, port, log
        self.peak_mib: float | None = None
        self._tree = _process_tree(process.pid)

    @property
    def exit_code(self) -> int | None:
        """None while the server runs."""
        return self.process.poll()

    @property
    def log(self) -> str:
        """What the server and the script have printed so far; of more than a megabyte, the beginning and the end."""
        with self._log.open("rb") as file:
            start = file.read(LONGEST_LOG // 2)
            file.seek(max(file.tell(), self._log.stat().st_size - LONGEST_LOG // 2))
            return (start + file.read(LONGEST_LOG // 2)).decode("utf-8", "replace")

    def measure(self) -> None:
        """Take the memory of the process tree into `peak_mib`."""
        found = _resident_mib(self._tree)
        if found is not None:
            self.peak_mib = max(found, self.peak_mib or 0)


@contextlib.contextmanager
def server(python: str, script: Path, folder: Path, environ: Mapping[str, str]) -> Iterator[ServerProcess]:
    """The server on a free port of 127.0.0.1, with `folder` as its working folder and home of its log.

    The process stands in a group of its own, which is killed at the end; should this process die first, the server
    notices and ends itself.
    """
    log = folder / "server.log"
    with log.open("wb") as output, _kept_port() as port:
        command = [python, "-c", PROGRAM, "--entry_script", str(script), "--port", str(port)]
        pipes = {"stdin": subprocess.PIPE, "stdout": output, "stderr": subprocess.STDOUT}
        with child(command, cwd=folder, env=dict(environ), **pipes) as process:
            try:
                yield ServerProcess(process, port, log)
            finally:
                _end(process)


def server_environment(
    inherited: Mapping[str, str],
    variables: Mapping[str, str],
    code: Path,
    model_dir: Path | None,
    debug_port: int | None = None,
) -> dict[str, str]:
    """The variables of the container: the spec's, the two folders, and of this machine's what does no harm."""
    kept = {
        name: value for name, value in undisturbed(lambda: dict(inherited)).items() if not name.startswith(LEFT_OUT)
    }
    own = {"AML_APP_ROOT": str(code), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    if model_dir is not None:
        own["AZUREML_MODEL_DIR"] = str(model_dir)
    if debug_port is not None:
        own["AML_LOCAL_DEBUG_PORT"] = str(debug_port)
    return kept | dict(variables) | own


@contextlib.contextmanager
def _kept_port() -> Iterator[int]:
    """A free port that Linux gives to no other run for as long: the server takes seconds before it listens there.

    There two sockets may be bound to one address where both allow it, and neither listens yet.
    """
    with socket.socket() as kept:
        if sys.platform == "linux":
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = int(kept.getsockname()[1])
        if sys.platform != "linux":
            kept.close()
        yield port


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the whole group: kindly, then not."""
    for sign, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
        kill_group(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
        if not _group_lives(process.pid):
            break
    if process.stdin:
        process.stdin.close()
    process.wait(timeout=5)


def _group_lives(group: int) -> bool:
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return False
        time.sleep(0.02)
    return True


def _process_tree(pid: int) -> Any:
    try:
        import psutil
    except ImportError:  # belongs to the extra `local`; only the measurement is missing without it
        return None
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _resident_mib(tree: Any) -> float | None:
    """What the tree holds, with pages that its processes share counted once where the system tells them apart."""
    if tree is None:
        return None
    import psutil

    total = 0
    try:
        processes = [tree, *tree.children(recursive=True)]
    except psutil.Error:
        return None
    for process in processes:
        with contextlib.suppress(psutil.Error):
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    return total / 2**20
