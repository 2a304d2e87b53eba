"""The project's own scoring script behind an emulated deployment, served by the real azmlinfsrv.

It starts with the first request that needs it, in a process of its own on a free port of 127.0.0.1, and ends with the
emulator.
"""

import http.client
import importlib.util
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..ports import free_ports

MODULE = "azureml_inference_server_http"
_START_LIMIT = 60.0
_PASSED_ON = ("content-type", "x-ms-client-request-id", "accept")


class LocalModel:
    """One scoring script. `holds` is the world's section of the host: `script`, `model`, and `python` where another
    interpreter than this one has the inference server.
    """

    def __init__(self, holds: Mapping[str, Any], folder: Path) -> None:
        self._script, self._model = folder / holds["script"], folder / holds.get("model", ".")
        self._python = holds.get("python") or sys.executable
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @staticmethod
    def of(holds: Mapping[str, Any], folder: Path) -> "LocalModel | None":
        """The model behind a host; None where the world names no script, or nothing here could serve it."""
        servable = "script" in holds and ("python" in holds or importlib.util.find_spec(MODULE) is not None)
        return LocalModel(holds, folder) if servable else None

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the server's answer; 502 where it does not start or breaks off."""
        with self._lock:
            if self._process is None:
                self._start()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_START_LIMIT)
        try:
            passed = {name: headers[name] for name in _PASSED_ON if name in headers}
            connection.request(method, f"/{path.rpartition('/')[2]}", body or None, passed)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 502, {}, str(error).encode()
        finally:
            connection.close()

    def stop(self) -> None:
        """End the server and wait for it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        self._port, health = free_ports(2)
        arguments = ("--entry_script", self._script, "--model_dir", self._model)
        ports = ("--port", str(self._port), "--health_port", str(health))
        self._process = subprocess.Popen(  # noqa: S603  # the interpreter and script that the world's author named
            [self._python, "-m", MODULE, *arguments, *ports],
            cwd=tempfile.gettempdir(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait_until_healthy(time.monotonic() + _START_LIMIT)

    def _wait_until_healthy(self, deadline: float) -> None:
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=1)
            try:
                connection.request("GET", "/")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return
            except OSError:
                time.sleep(0.05)
            finally:
                connection.close()
