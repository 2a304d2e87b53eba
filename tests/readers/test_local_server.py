"""Running a script on this machine: what is measured, what is classified, and that nothing stays behind.

Most tests put a small server in the place of the real one; the last ones run the real one where it is installed.
"""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_amlpreflight.facts.project.local_run import LocalRun
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import AssetReference, CodeConfiguration, ModelReference
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.processes import local_process
from pytest_amlpreflight.readers.processes.local_process import server_environment
from pytest_amlpreflight.readers.processes.local_server import debug_configuration, run_locally

PACKAGE = Path(__file__).parents[2]
real = pytest.mark.skipif(
    importlib.util.find_spec("azureml_inference_server_http") is None, reason="the extra `local` is not installed"
)
SERVER = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from . import constants

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b"{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(script.run(body.decode()).encode())

    def answer(self, body):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

def run():
    global script
    import importlib.util
    spec = importlib.util.spec_from_file_location("entry", sys.argv[sys.argv.index("--entry_script") + 1])
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.init()
    HTTPServer((constants.DEFAULT_HOST, int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""


@pytest.fixture
def python(tmp_path: Path) -> str:
    """An interpreter whose inference server is a small one of the tests' own."""
    stub = tmp_path / "stub/azureml_inference_server_http"
    stub.mkdir(parents=True)
    (stub / "__init__.py").touch()
    (stub / "constants.py").write_text("DEFAULT_HOST = '0.0.0.0'\n", encoding="utf-8")
    (stub / "amlserver.py").write_text(SERVER, encoding="utf-8")
    path = tmp_path / "python"
    path.write_text(f'#!/bin/sh\nPYTHONPATH={stub.parent} exec {sys.executable} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def deployment(root: Path, source: str, **variables: str) -> DeploymentSpec:
    """A deployment with this script and a model folder."""
    code, model = root / "src", root / "model"
    code.mkdir()
    model.mkdir()
    (model / "weights.txt").write_text("42", encoding="utf-8")
    (code / "score.py").write_text(textwrap.dedent(source), encoding="utf-8")
    return DeploymentSpec(
        "blue",
        "iris",
        code=CodeConfiguration(path=code, scoring_script="score.py"),
        model=ModelReference(path=model),
        environment_variables=variables,
    )


def request(root: Path) -> Path:
    """A sample request."""
    path = root / "sample-request.json"
    path.write_text('{"data": [1]}', encoding="utf-8")
    return path


def lives(pid: int) -> bool:
    """Whether the process is still there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def gone(pid: int, patience: float = 5.0) -> bool:
    """Whether the process ends in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and lives(pid):
        time.sleep(0.05)
    return not lives(pid)


SCRIPT = """
import os
def init():
    global weights
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "weights.txt")) as file:
        weights = file.read()
def run(data):
    return weights + os.environ["GREETING"]
"""


def test_script_starts_and_scores(tmp_path: Path, python: str) -> None:
    """The script gets the model and the spec's variables, and start and request are timed."""
    spec = deployment(tmp_path, SCRIPT, GREETING="hello")

    run = run_locally(spec, tmp_path, sample=request(tmp_path), python=python)

    assert run.has_started
    assert run.sample is not None
    assert (run.sample.status, run.sample.body) == (200, "42hello")
    assert run.measured.request_seconds is not None
    assert run.script == "src/score.py"


def test_nothing_is_written_beside_the_script(tmp_path: Path, python: str) -> None:
    """No bytecode, no log, no model copy stays in the project."""
    spec = deployment(tmp_path, SCRIPT + "\nopen('printed.txt', 'w').close()\n", GREETING="hello")

    run_locally(spec, tmp_path, python=python)

    assert sorted(path.name for path in (tmp_path / "src").iterdir()) == ["score.py"]
    assert not Path("printed.txt").exists()


def test_the_model_stands_there_as_files_of_its_own(tmp_path: Path, python: str) -> None:
    """MLflow refuses symbolic links that lead out of the model's folder."""
    source = """
    import os
    def init():
        base = os.environ["AZUREML_MODEL_DIR"]
        found = [os.path.join(place, name) for place, _, names in os.walk(base) for name in names]
        assert [os.path.relpath(os.path.realpath(each), base) for each in found] == ["model/weights.txt"], found
    def run(data):
        return ""
    """
    spec = deployment(tmp_path, source)

    assert run_locally(spec, tmp_path, python=python).has_started


@pytest.mark.parametrize(
    "model",
    [ModelReference(asset=AssetReference("iris", "3")), ModelReference(uri="azureml://datastores/a/paths/b")],
    ids=["registered", "at an address"],
)
def test_a_script_is_not_started_without_its_model(tmp_path: Path, python: str, model: ModelReference) -> None:
    """It would fail for want of it, and say nothing of the deployment; a folder that stands for it is taken."""
    spec = replace(deployment(tmp_path, SCRIPT, GREETING="hello"), model=model)
    stand_in = tmp_path / "downloaded"
    shutil.copytree(tmp_path / "model", stand_in / "model")

    without, given = (run_locally(spec, tmp_path, model=each, python=python) for each in (None, stand_in))

    assert "the model is not on this machine" in (without.not_run or "")
    assert given.has_started


def test_a_script_in_another_language_is_not_started(tmp_path: Path, python: str) -> None:
    """Its container brings what runs it."""
    spec = deployment(tmp_path, SCRIPT)
    other = replace(spec, code=CodeConfiguration(tmp_path / "src", None, "plumber.R"))

    assert run_locally(other, tmp_path, python=python).not_run == "plumber.R is not Python, and its container runs it"


def test_warnings_of_another_release_are_kept(tmp_path: Path, python: str) -> None:
    """Each once, with both versions."""
    source = """
    def init():
        for _ in range(3):
            print("x.py:3: InconsistentVersionWarning: Trying to unpickle estimator Ridge from version 0.24.1 "
                  "when using version 1.7.0. This might lead to breaking code", flush=True)
    def run(data):
        return ""
    """

    run = run_locally(deployment(tmp_path, source), tmp_path, python=python)

    assert run.other_versions == ("unpickle estimator Ridge from version 0.24.1 when using version 1.7.0",)


def test_a_script_that_prints_without_end_is_read_in_part(tmp_path: Path, python: str) -> None:
    """The beginning and the end of its log are enough."""
    source = """
    def init():
        print("first")
        for _ in range(400):
            print("x" * 10_000)
        raise KeyError("last")
    """

    run = run_locally(deployment(tmp_path, source), tmp_path, python=python)

    assert run.reason == "KeyError: 'last'"


def test_script_that_hangs_is_given_up(tmp_path: Path, python: str) -> None:
    """The probe's own budget is all that a start gets, and the process is gone afterwards."""
    spec = deployment(tmp_path, f"import os, time\nopen('{tmp_path}/pid', 'w').write(str(os.getpid()))\ntime.sleep(60)")

    run = run_locally(spec, tmp_path, python=python, patience=1.5)

    assert (run.has_started, run.code) == (False, "ResourceNotReady")
    assert gone(int((tmp_path / "pid").read_text()))


def test_children_of_the_script_are_gone(tmp_path: Path, python: str) -> None:
    """What the script starts ends with it, even when it does not listen."""
    source = f"""
    import signal, subprocess, sys
    def init():
        program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
        child = subprocess.Popen([sys.executable, "-c", program])
        open("{tmp_path}/pid", "w").write(str(child.pid))
    def run(data):
        return ""
    """
    spec = deployment(tmp_path, source)

    run_locally(spec, tmp_path, python=python)

    assert gone(int((tmp_path / "pid").read_text()))


def test_server_ends_when_its_run_is_killed(tmp_path: Path, python: str) -> None:
    """A run that crashes leaves nothing behind: the server notices by itself."""
    deployment(tmp_path, f"import os, time\nopen('{tmp_path}/pid', 'w').write(str(os.getpid()))\ntime.sleep(60)")
    program = f"""
from pathlib import Path
from pytest_amlpreflight.facts.reference import CodeConfiguration
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.readers.processes.local_server import run_locally
code = CodeConfiguration(path=Path({str(tmp_path / "src")!r}), scoring_script="score.py")
run_locally(DeploymentSpec("blue", "iris", code=code), Path("."), python={python!r})
"""
    runner = subprocess.Popen([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(PACKAGE)})
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not (tmp_path / "pid").exists():
        time.sleep(0.05)
    time.sleep(0.2)

    runner.send_signal(signal.SIGKILL)
    runner.wait()

    assert gone(int((tmp_path / "pid").read_text()))


def test_missing_server_is_unreadable(tmp_path: Path) -> None:
    """Without the server nothing can be said of the script."""
    spec = deployment(tmp_path, SCRIPT)
    path = tmp_path / "bare"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
    path.chmod(0o755)

    with pytest.raises(FactUnreadable, match="NotInstalled\n  azureml-inference-server-http is not installed"):
        run_locally(spec, tmp_path, python=str(path))


def test_a_server_that_cannot_be_started_is_unreadable(tmp_path: Path) -> None:
    """No more files, no room, no such interpreter: nothing that the script could mend."""
    with pytest.raises(FactUnreadable, match=r"the local run of \w+ is unreadable: NotStarted"):
        run_locally(deployment(tmp_path, SCRIPT), tmp_path, python=str(tmp_path / "no-python"))


def test_deployment_without_code_cannot_be_run(tmp_path: Path) -> None:
    """There is nothing to start."""
    with pytest.raises(ValueError, match="deployment blue has no scoring script on this machine"):
        run_locally(DeploymentSpec("blue", "iris"), tmp_path)


def test_environment_of_the_run_is_the_containers() -> None:
    """The tests' own variables and search paths stay out; the spec's win."""
    inherited = {"PATH": "/bin", "PYTHONPATH": "/x", "PYTEST_CURRENT_TEST": "y", "AZUREML_MODEL_DIR": "/z", "A": "1"}

    environ = server_environment(inherited, {"A": "2"}, Path("/src"), None)

    assert environ == {
        "PATH": "/bin",
        "A": "2",
        "AML_APP_ROOT": "/src",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def test_debugger_is_attached_where_the_server_waits() -> None:
    """The editor's configuration names the port and the script's own folder."""
    spec = DeploymentSpec("blue", "iris", code=CodeConfiguration(path=Path("/src"), scoring_script="score.py"))

    configuration = json.loads(debug_configuration(spec, 5678))

    assert configuration["connect"] == {"host": "127.0.0.1", "port": 5678}
    assert configuration["pathMappings"] == [{"localRoot": "/src", "remoteRoot": "/src"}]


def started(root: Path, source: str) -> LocalRun:
    """The run of the script under the real server."""
    return run_locally(deployment(root, source), root, sample=request(root), patience=30)


@real
@pytest.mark.parametrize(
    ("source", "code", "reason"),
    [
        ("import absent_module", "UserScriptImportError", "ModuleNotFoundError: No module named 'absent_module'"),
        ("def init(): ...", "UserScriptFunctionNotFound", "does not have a run() function"),
        ("def init(): ...\ndef run(): ...", "UserScriptFunctionNotFound", "run() needs to accept an argument"),
        (
            "def init(): open('nowhere')\ndef run(d): ...",
            "UserScriptInitFailed",
            "No such file or directory: 'nowhere'",
        ),
        ("def init(:", "UserScriptImportError", "SyntaxError"),
    ],
)
def test_real_failures_have_azures_codes(tmp_path: Path, source: str, code: str, reason: str) -> None:
    """The real server's refusals are told apart, with the script's own error."""
    run = started(tmp_path, source)

    assert run.code == code
    assert reason in str(run.reason)
    assert not any("azureml_inference_server_http" in line for line in run.traceback)


@real
def test_real_exception_in_run_is_shown(tmp_path: Path) -> None:
    """The traceback that Azure keeps in its log is part of the answer."""
    run = started(tmp_path, "def init(): ...\ndef run(data):\n    return {}['key']\n")

    assert run.sample is not None
    assert (run.sample.status, run.sample.reason) == (500, "KeyError: 'key'")
    assert any("score.py" in line for line in run.sample.traceback)


@real
def test_real_server_listens_here_alone(tmp_path: Path) -> None:
    """A run on this machine is nobody else's business."""
    source = """
    from pathlib import Path
    def init(): ...
    def run(data):
        listening = [line.split()[1] for line in Path("/proc/self/net/tcp").read_text().splitlines() if " 0A " in line]
        import os, json
        return {"everywhere": sum(each.startswith("00000000:") for each in listening)}
    """

    run = started(tmp_path, source)

    assert run.sample is not None
    assert run.sample.status == 200
    assert "127.0.0.1" in "\n".join(run.log)


@pytest.mark.skipif(sys.platform != "linux", reason="the other systems bind an address once")
def test_a_server_s_port_is_kept_from_other_runs() -> None:
    """From before it starts, while it still imports; the server itself can listen there."""
    with local_process._kept_port() as port, socket.socket() as another, socket.socket() as own:
        with pytest.raises(OSError, match="in use"):
            another.bind(("127.0.0.1", port))
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        own.bind(("127.0.0.1", port))
        own.listen()
