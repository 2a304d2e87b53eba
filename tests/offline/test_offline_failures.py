"""Every failure that shows before anything is uploaded, and exactly the checks that block it.

Each file in `failures` changes the example project: `replace` edits its files, `write` adds some (`fill N` makes N
bytes). `blocks` and `advises` name the checks that notice, `options` what the run needs on its command line. Checks
that start a process are held by runs of the plugin, all others by call; there the measurements stand for a run on this
machine.
"""

import contextlib
import importlib.util
import inspect
import re
import shutil
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from mending import edited, unexplained

from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.project.package_resolution import PackageResolution
from pytest_amlpreflight.facts.resources.asset import RegisteredModel
from pytest_amlpreflight.facts.rules.serving_rules import read_rules
from pytest_amlpreflight.finding import Outcome
from pytest_amlpreflight.fix import AddLine, EditLine
from pytest_amlpreflight.readers.project.environment_files import read_environment
from pytest_amlpreflight.readers.project.model_folder import read_model_folder
from pytest_amlpreflight.readers.project.script_file import read_deployment_script
from pytest_amlpreflight.readers.project.spec_file import read_deployment_spec, read_endpoint_spec
from pytest_amlpreflight.readers.project.template_file import read_template
from pytest_amlpreflight.readers.resources.endpoint import endpoint_from_spec
from pytest_amlpreflight.run.findings.findings import findings_of
from pytest_amlpreflight.run.suite.built_in import built_in_checks, mark_of
from pytest_amlpreflight.verdict import Blocked, Culprit, NotApplicable, PreflightAdvice

WORDS = {
    Outcome.FAILED: "blocks",
    Outcome.ADVISED: "advises",
    Outcome.ERROR: "errors",
    Outcome.NOT_APPLICABLE: "skipped",
    Outcome.NOT_REACHED: "skipped",
    Outcome.PASSED: "passed",
}

EXAMPLE = Path(__file__).parents[2] / "example_project"
FAILURES = sorted((Path(__file__).parent / "failures").glob("*.yml"))
TOPICS = ("spec", "code", "environment", "template", "local", "assets")
OF_THE_REGISTERED = {
    "assets::model_is_registered",
    "assets::model_files_exist",
    "assets::code_files_exist",
    "assets::environment_exists",
}
"""Checks of a topic here that look at the workspace alone."""
RULES = read_rules()
REGISTERED = RegisteredModel("iris", "1", "mlflow_model", None)
"""What a reference to a registered model stands for here."""
WITH_A_PROCESS = {
    "spec::spec_matches_the_schema": "azure.ai.ml",
    "environment::requirements_resolve": "uv",
    "local::script_starts": "azureml_inference_server_http",
    "local::script_scores_the_sample": "azureml_inference_server_http",
    "local::memory_fits_the_instance": "psutil",
}
"""Checks whose facts come from a process, and the module that it cannot do without."""
SHAPES = {
    "triton": "model: {path: ../model, type: triton_model}\n",
    "image": "environment: {image: 'contoso.azurecr.io/iris:1', inference_config: "
    "{liveness_route: {path: /live, port: 5001}}}\n",
    "registered": "model: azureml:iris@latest\nenvironment: azureml:iris-env:3\ncode_configuration: {code: ../src, "
    "scoring_script: score.py}\n",
    "registry": "model: azureml://registries/contoso/models/iris/versions/1\n",
    "mlflow on Kubernetes": "type: kubernetes\nmodel: {path: 'azureml://datastores/a/paths/b', type: mlflow_model}\n",
    "remote code": "code_configuration: {code: 'azureml:iris-code:1', scoring_script: score.py}\n",
}


def facts(root: Path) -> dict[str, Any]:
    """Everything the offline checks ask for, read from the project."""
    deployment = read_deployment_spec(Path("deployments/blue.yml"), root)
    path = deployment.model.path if deployment.model else None
    model = read_model_folder(path, root) if path else None
    templates = [read_template(file, root) for file in root.rglob("*.json")]
    endpoint = read_endpoint_spec(Path("endpoint.yml"), root)
    return {
        "aml_deployment_spec": deployment,
        "aml_spec_to_deploy": deployment,
        "aml_endpoint_spec": endpoint,
        "aml_endpoint": endpoint_from_spec(endpoint),
        "aml_deployment_specs": (deployment,),
        "aml_live_deployment_names": frozenset[str](),
        "aml_model_folder": model,
        "aml_script": read_deployment_script(deployment, root),
        "aml_environment": read_environment(deployment, root, model),
        "aml_serving_rules": RULES,
        "aml_measured": Measured(start_seconds=45.0, request_seconds=1.2),
        "aml_target_rps": 3.0,
        "aml_today": date(2026, 11, 20),
        "aml_templates": tuple(each for each in templates if each),
        "aml_schema_verdicts": (),
        "aml_package_resolution": PackageResolution(unasked="no registry in tests"),
        "aml_local_run": None,
        "aml_instance_memory_mib": None,
        "aml_registered_model": REGISTERED if deployment.model and deployment.model.asset else None,
        "aml_registered_environment": None,
        "aml_workspace": SimpleNamespace(name="contoso-ml", managed_network=None),
    }


def checks() -> dict[str, Callable[..., None]]:
    """Every offline check under its name."""
    return {
        name: function
        for name, function in built_in_checks().items()
        if name.partition("::")[0] in TOPICS and name not in OF_THE_REGISTERED
    }


def noticing(root: Path) -> dict[str, set[str]]:
    """The checks that block or advise against the project as it is."""
    known, noticed = facts(root), {"blocks": set[str](), "advises": set[str]()}
    for name, function in checks().items():
        arguments = {each: known[each] for each in inspect.signature(function).parameters}
        with warnings.catch_warnings(record=True, action="always") as given:
            try:
                function(**arguments)
            except Blocked:
                noticed["blocks"].add(name)
            except NotApplicable:
                continue
        if any(each.category is PreflightAdvice for each in given):
            noticed["advises"].add(name)
    return noticed


def load(path: Path) -> dict[str, Any]:
    """A failure file's content."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def named(failure: dict[str, Any]) -> set[str]:
    """The checks that a failure names."""
    return {*failure["blocks"], *failure.get("advises", ())}


def changed(root: Path, change: dict[str, Any]) -> Path:
    """The example project with the change made."""
    project = root / "project"
    shutil.copytree(EXAMPLE, project)
    make(change, project)
    return project


def make(change: dict[str, Any], project: Path) -> None:
    """Make the change in the project."""
    for edit in change.get("replace", ()):
        file = project / edit["file"]
        text = file.read_text(encoding="utf-8")
        assert edit["old"] in text, f"{edit['file']} no longer holds {edit['old']!r}"
        file.write_text(text.replace(edit["old"], edit["new"], 1), encoding="utf-8")
    for name, text in change.get("write", {}).items():
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(int(text.split()[1])) if text.startswith("fill ") else text.encode())


BY_CALL = [path for path in FAILURES if not named(load(path)) & set(WITH_A_PROCESS)]
BY_RUN = [path for path in FAILURES if path not in BY_CALL]


def test_example_project_is_blocked_by_nothing(tmp_path: Path) -> None:
    """The project that everything else is held against passes whole, without advice."""
    project = changed(tmp_path, {})

    noticed = noticing(project)

    assert noticed == {"blocks": set(), "advises": set()}


@pytest.mark.parametrize("path", BY_CALL, ids=lambda path: path.stem)
def test_failure_is_noticed_by_its_checks_alone(path: Path, tmp_path: Path) -> None:
    """These checks block, all others do not; where advice is what is promised, nothing else advises either."""
    failure = load(path)

    noticed = noticing(changed(tmp_path, failure))

    assert noticed["blocks"] == set(failure["blocks"])
    if "advises" in failure:
        assert noticed["advises"] == set(failure["advises"])


def culprits(root: Path) -> list[Culprit]:
    """What blocks the project as it is."""
    known, found = facts(root), list[Culprit]()
    for function in checks().values():
        arguments = {each: known[each] for each in inspect.signature(function).parameters}
        with warnings.catch_warnings(action="ignore"), contextlib.suppress(NotApplicable):
            try:
                function(**arguments)
            except Blocked as verdict:
                found += verdict.culprits
    return found


EDITED = {
    "deployment-without-a-kind",
    "import-missing-from-conda",
    "import-missing-in-a-sibling",
    "mlflow-model-without-monitoring",
    "script-of-the-v1-sdk",
    "server-missing",
    "script-for-a-newer-python",
    "defaults-against-flask",
    "instance-alone",
    "kubernetes-scales-at-an-impossible-utilisation",
    "server-without-its-jinja",
    "init-takes-an-argument",
    "instances-none",
    "managed-deployment-scales-by-utilization",
    "mlflow-model-on-an-old-python",
    "probe-shorter-than-the-start",
    "probe-without-a-period",
    "python-end-of-life",
    "run-takes-anything",
    "server-against-flask",
    "server-beside-monitoring",
    "server-needs-a-newer-python",
    "timeout-above-azures-limit",
    "timeout-below-the-latency",
    "too-few-instances-for-the-load",
    "worker-count-is-a-word",
}
"""The failures that one line of the user's file mends."""


@pytest.mark.parametrize("path", BY_CALL, ids=lambda path: path.stem)
def test_a_line_that_is_written_as_the_fix_says_mends_the_project(path: Path, tmp_path: Path) -> None:
    """Where the cure is a line of a file, the project passes with it; everything else is for a person to decide."""
    project = changed(tmp_path, load(path))
    assert [blank for culprit in culprits(project) for blank in unexplained(culprit.fixes)] == []
    fixes = [culprit.fixes[0] for culprit in culprits(project)]
    edits = {fix for fix in fixes if isinstance(fix, EditLine | AddLine)}

    for fix in edits:
        file = project / fix.where.path
        file.write_text(edited(file.read_text(encoding="utf-8"), fix), encoding="utf-8")

    assert bool(edits) is (path.stem in EDITED)
    assert not edits or culprits(project) == []


@pytest.mark.parametrize("path", BY_RUN, ids=lambda path: path.stem)
def test_failure_is_noticed_by_its_checks_alone_in_a_run(
    path: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin, over files alone, starts what these checks need; they notice, all others do not."""
    failure = load(path)
    if "environment::requirements_resolve" not in named(failure):
        monkeypatch.setenv("UV_OFFLINE", "1")  # other checks take the resolver's answer only where there is one
        monkeypatch.setenv("UV_NO_CACHE", "1")
    _skip_without_programs(named(failure))
    pytester.copy_example(".")
    make(failure, pytester.path)
    without_workspace(pytester.path / "pyproject.toml")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly -p no:xdist -p no:hypothesispytest -p no:anyio")

    said = outcomes(pytester, *others_without_process(named(failure)), *failure.get("options", ()))

    if unasked := {name: said["skipped"][name] for name in failure["blocks"] if name in said["skipped"]}:
        pytest.skip(str(unasked))
    assert set(said["blocks"]) == set(failure["blocks"])
    assert set(said["advises"]) == set(failure.get("advises", ()))
    assert not said["errors"]


def without_workspace(ini: Path) -> None:
    """Leave a run over files alone of the example's configuration."""
    text = ini.read_text(encoding="utf-8")
    rest = re.sub(r"^aml_(workspace|emulator|subscription|resource_group|local) = .*\n", "", text, flags=re.MULTILINE)
    ini.write_text(rest, encoding="utf-8")


def others_without_process(wanted: set[str]) -> list[str]:
    """Options that leave out checks which would start a process that the wanted ones do not need."""
    modules = {WITH_A_PROCESS[name] for name in wanted & set(WITH_A_PROCESS)}
    spared = [name for name, module in WITH_A_PROCESS.items() if module not in modules and not name.startswith("local")]
    return [part for name in spared for part in ("--deselect", f"aml-preflight/{name.replace('::', '.py::check_')}")]


def outcomes(pytester: pytest.Pytester, *arguments: str) -> dict[str, dict[str, str]]:
    """What the built-in checks of a run said, as `<topic>::<name>` with the reason."""
    run = pytester.inline_run("-q", *arguments, "aml-preflight")
    said: dict[str, dict[str, str]] = {"blocks": {}, "advises": {}, "errors": {}, "skipped": {}}
    for report in run.getreports("pytest_runtest_logreport"):
        for finding in findings_of(report):
            said.setdefault(WORDS[finding.outcome], {})[finding.check] = str(finding)
    return said


def _skip_without_programs(wanted: set[str]) -> None:
    missing = [
        WITH_A_PROCESS[name]
        for name in wanted & set(WITH_A_PROCESS)
        if not importlib.util.find_spec(WITH_A_PROCESS[name])
    ]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")


@pytest.mark.parametrize("path", FAILURES, ids=lambda path: path.stem)
def test_failure_carries_a_code_that_its_checks_explain(path: Path) -> None:
    """The code Azure would report leads to one of the checks that block; what is only unwise has no code."""
    failure = load(path)

    marks = [mark_of(checks()[name])["explains"] for name in failure["blocks"]]

    assert not marks if "code" not in failure else str(failure["code"]) in {code for mark in marks for code in mark}


def test_every_offline_check_has_a_failure() -> None:
    """No offline check is without its example."""
    shown = {name for path in FAILURES for name in named(load(path))}

    assert shown == set(checks())


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_usual_shapes_raise_no_false_alarm(body: str, tmp_path: Path) -> None:
    """Custom containers, Triton, no-code MLflow and registered assets are not judged by what they do not have."""
    head = "name: blue\nendpoint_name: iris\ninstance_type: Standard_DS3_v2\ninstance_count: 50\n"
    head += "request_settings: {request_timeout_ms: 9000}\n"
    compute = "compute: azureml:inference-cluster\n" if "type: kubernetes" in body else ""
    files = {"deployments/blue.yml": head + body, "endpoint.yml": f"name: iris\nauth_mode: key\n{compute}"}
    project = changed(tmp_path, {"write": files})

    noticed = noticing(project)

    assert noticed["blocks"] == set()
