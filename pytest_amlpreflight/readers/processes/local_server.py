"""The deployment's own script on this machine, under the real inference server: does it start, does it score."""

import http.client
import json
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pytest_amlpreflight.facts.project.local_run import LocalRun, SampleAnswer
from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.project.model_size import GIB
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.processes.local_process import NOT_INSTALLED, ServerProcess, server, server_environment
from pytest_amlpreflight.readers.processes.server_log import fault_of, last_fault, other_versions, tail
from pytest_amlpreflight.readers.project.model_folder import walk
from pytest_amlpreflight.readers.project.model_size import read_model_size
from pytest_amlpreflight.readers.project.text_file import shown_path

RESOURCE = "the inference server on this machine"
REQUESTS = 5  # the median of several says more than one
LONGEST_REQUEST = 180.0  # seconds; Azure's own limit
INTERVAL = 0.1
MOST_COPIED = 2 * GIB  # of a model on another disk


def run_locally(
    spec: DeploymentSpec,
    root: Path,
    *,
    sample: Path | None = None,
    model: Path | None = None,
    python: str | None = None,
    environ: Mapping[str, str] = os.environ,
    patience: float | None = None,
    debug_port: int | None = None,
) -> LocalRun:
    """Start the deployment's script as the container would, and send it the sample request.

    It gets the spec's variables, code and model, and as long to start as the spec's own liveness probe gives it (or
    `patience` seconds, if that is less). `model` is the folder that stands for AZUREML_MODEL_DIR; a deployment whose
    model is elsewhere is not run without it. `python` is an interpreter that has the user's packages. With `debug_port`
    it waits for an editor to attach there, as long as that takes (`debug_configuration`). Raises `FactUnreadable` when
    the server is not installed; `ValueError` for a deployment without code on this machine.
    """
    script = spec.code.script_path if spec.code else None
    if script is None or spec.code is None or spec.code.path is None:
        raise ValueError(f"deployment {spec.name} has no scoring script on this machine")
    shown = shown_path(script, root)
    if why := _why_not(spec, script, model):
        return LocalRun(shown, not_run=why)
    budget = float(spec.liveness_probe.start_budget)
    budget = min(budget, patience) if patience is not None else budget
    budget = math.inf if debug_port is not None else budget
    try:
        with tempfile.TemporaryDirectory(prefix="aml-local-") as place:
            folder = Path(place)
            variables = server_environment(
                environ, spec.environment_variables, spec.code.path, model or _model_dir(spec, folder), debug_port
            )
            with server(python or sys.executable, script, folder, variables) as process:
                run = LocalRun(shown, budget_seconds=budget)
                started = _wait(process, budget)
                if started is None:
                    return _not_started(run, process)
                if debug_port is not None:  # an editor's pace is no measurement
                    return replace(_scored(run, process, sample), measured=Measured(start_seconds=0.0))
                return _scored(replace(run, measured=Measured(start_seconds=started)), process, sample)
    except OSError as error:  # no more files, no room, no processes: nothing of the script's
        problem = FactUnreadable(f"the local run of {spec.name}", status=None, code="NotStarted", detail=str(error))
    raise problem


def debug_configuration(spec: DeploymentSpec, port: int) -> str:
    """What Visual Studio Code needs in its launch.json to step through the script at `port`."""
    folder = str(spec.code.path) if spec.code and spec.code.path else "${workspaceFolder}"
    configuration = {
        "name": f"Score {spec.name} locally",
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": "127.0.0.1", "port": port},
        "pathMappings": [{"localRoot": folder, "remoteRoot": folder}],
        "justMyCode": True,
    }
    return json.dumps(configuration, indent=2)


def _model_dir(spec: DeploymentSpec, folder: Path) -> Path | None:
    """A folder in which the model has its own name, as below AZUREML_MODEL_DIR in the container.

    It ends in the model's name and version there, and the server takes it apart.
    """
    model = spec.model
    path = model.path if model else None
    if model is None or path is None:
        return None
    place = folder / "azureml-models" / (model.name or "model") / (model.version or "1")
    place.mkdir(parents=True)
    _mount(path, place / path.name)
    return place


def _why_not(spec: DeploymentSpec, script: Path, model: Path | None) -> str | None:
    """Why the deployment's script cannot be run here; None where it can."""
    if script.suffix.lower() != ".py":
        return f"{script.name} is not Python, and its container runs it"
    wanted = spec.model
    if wanted is None or wanted.path is not None or model is not None:
        return None
    where = wanted.asset or wanted.uri or "elsewhere"
    return f"the model is not on this machine ({where}): --aml-local-model FOLDER says what AZUREML_MODEL_DIR holds"


def _mount(path: Path, place: Path) -> None:
    """The model under its own name, as files of that folder: MLflow refuses symbolic links that lead out of it.

    Hard links cost nothing; where the model is on another disk it is copied, up to what a run may take of this one.
    """
    if not os.path.exists(path):
        return
    linked = _links(path, place.parent)
    if not linked and _is_larger(path, MOST_COPIED):
        place.symlink_to(path, target_is_directory=os.path.isdir(path))
        return
    copy = os.link if linked else shutil.copyfile
    for file in [path] if os.path.isfile(path) else walk(path):
        target = place / file.relative_to(path) if file != path else place
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.isfile(file):
            copy(os.path.realpath(file), target)


def _is_larger(path: Path, limit: int) -> bool:
    size = read_model_size(path, "")
    return size is not None and (size.bytes > limit or not size.complete)


def _links(path: Path, folder: Path) -> bool:
    """Whether files of the model can be linked into the folder: only on one disk, and not on every kind."""
    first = path if os.path.isfile(path) else next((file for file in walk(path) if os.path.isfile(file)), None)
    try:
        if first is not None:
            os.link(os.path.realpath(first), folder / ".linked")
            (folder / ".linked").unlink()
    except OSError:
        return False
    return True


def _wait(process: ServerProcess, budget: float) -> float | None:
    """Seconds until liveness answered; None when the server ended or the time was up."""
    began = time.monotonic()
    while time.monotonic() - began < budget and process.exit_code is None:
        if _status(process.port) == 200:
            return time.monotonic() - began
        process.measure()
        time.sleep(INTERVAL)
    return None


def _status(port: int) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _not_started(run: LocalRun, process: ServerProcess) -> LocalRun:
    log = process.log
    if process.exit_code == NOT_INSTALLED:
        detail = f"azureml-inference-server-http is {log.strip().splitlines()[-1]}"
        raise FactUnreadable(RESOURCE, status=None, code="NotInstalled", detail=detail)
    fault = fault_of(log, process.exit_code)
    found = replace(run, code=fault.code, reason=fault.reason, traceback=fault.traceback, advice=fault.advice)
    return replace(found, log=tail(log), other_versions=other_versions(log))


def _scored(run: LocalRun, process: ServerProcess, sample: Path | None) -> LocalRun:
    """The run with the sample's answer and with what was measured."""
    answer, seconds = (None, None) if sample is None else _send(process, sample)
    process.measure()
    measured = Measured(run.measured.start_seconds, seconds, process.peak_mib)
    log = process.log
    return replace(run, sample=answer, measured=measured, log=tail(log), other_versions=other_versions(log))


def _send(process: ServerProcess, sample: Path) -> tuple[SampleAnswer, float | None]:
    """The first answer that is no success, else the last; and the median time of the successes."""
    body, taken = sample.read_bytes(), list[float]()
    answer = SampleAnswer(None)
    for _ in range(REQUESTS):
        began = time.monotonic()
        answer = _post(
            process.port, body, "application/json" if sample.suffix == ".json" else "application/octet-stream"
        )
        process.measure()
        if not answer.is_success:
            return _explained(answer, process), None
        taken.append(time.monotonic() - began)
    return answer, statistics.median(taken)


def _post(port: int, body: bytes, kind: str) -> SampleAnswer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_REQUEST)
    try:
        connection.request("POST", "/score", body, {"Content-Type": kind})
        response = connection.getresponse()
        return SampleAnswer(response.status, response.read(2000).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        return SampleAnswer(None, reason=f"no answer: {error or type(error).__name__}")
    finally:
        connection.close()


def _explained(answer: SampleAnswer, process: ServerProcess) -> SampleAnswer:
    """The answer with the exception that the script's log gives for it."""
    fault = last_fault(process.log)
    return answer if fault is None else replace(answer, reason=fault.reason, traceback=fault.traceback)
