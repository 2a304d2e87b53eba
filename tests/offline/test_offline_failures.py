"""Every failure that shows before anything is uploaded, and exactly the checks that block it.

Each file in `failures` changes the example project: `replace` edits its files, `write` adds some (`fill N` makes N
bytes). The measurements stand for a run on this machine.
"""

import inspect
import shutil
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from pytest_amlpreflight.checks import code, environment, spec, template
from pytest_amlpreflight.facts.measured import Measured
from pytest_amlpreflight.facts.package_resolution import PackageResolution
from pytest_amlpreflight.facts.serving_rules import documented_rules
from pytest_amlpreflight.readers.environment_files import read_environment
from pytest_amlpreflight.readers.model_folder import read_model_folder
from pytest_amlpreflight.readers.script_file import read_deployment_script
from pytest_amlpreflight.readers.spec_file import read_deployment_spec, read_endpoint_spec
from pytest_amlpreflight.readers.template_file import read_template
from pytest_amlpreflight.verdict import Blocked

EXAMPLE = Path(__file__).parents[2] / "example_project"
FAILURES = sorted((Path(__file__).parent / "failures").glob("*.yml"))
TOPICS: tuple[ModuleType, ...] = (spec, code, environment, template)
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
    return {
        "aml_deployment_spec": deployment,
        "aml_endpoint_spec": read_endpoint_spec(Path("endpoint.yml"), root),
        "aml_deployment_specs": (deployment,),
        "aml_live_deployment_names": frozenset[str](),
        "aml_model_folder": model,
        "aml_script": read_deployment_script(deployment, root),
        "aml_environment": read_environment(deployment, root, model),
        "aml_serving_rules": documented_rules(),
        "aml_measured": Measured(start_seconds=45.0, request_seconds=1.2),
        "aml_target_rps": 3.0,
        "aml_today": date(2026, 11, 20),
        "aml_templates": tuple(each for each in templates if each),
        "aml_schema_verdicts": (),
        "aml_package_resolution": PackageResolution(unasked="no registry in tests"),
    }


def checks() -> dict[str, Callable[..., None]]:
    """Every offline check under its name."""
    return {
        f"{module.__name__.rpartition('.')[2]}::{name.removeprefix('check_')}": function
        for module in TOPICS
        for name, function in vars(module).items()
        if name.startswith("check_")
    }


def blocking(root: Path) -> set[str]:
    """The checks that block the project as it is."""
    known, blocks = facts(root), set()
    for name, function in checks().items():
        arguments = {each: known[each] for each in inspect.signature(function).parameters}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                function(**arguments)
            except Blocked:
                blocks.add(name)
            except pytest.skip.Exception:
                continue
    return blocks


def changed(root: Path, change: dict[str, Any]) -> Path:
    """The example project with the change made."""
    project = root / "project"
    shutil.copytree(EXAMPLE, project)
    for edit in change.get("replace", ()):
        file = project / edit["file"]
        text = file.read_text(encoding="utf-8")
        assert edit["old"] in text, f"{edit['file']} no longer holds {edit['old']!r}"
        file.write_text(text.replace(edit["old"], edit["new"], 1), encoding="utf-8")
    for name, text in change.get("write", {}).items():
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(int(text.split()[1])) if text.startswith("fill ") else text.encode())
    return project


def test_example_project_is_blocked_by_nothing(tmp_path: Path) -> None:
    """The project that everything else is held against passes whole."""
    project = changed(tmp_path, {})

    blocks = blocking(project)

    assert blocks == set()


@pytest.mark.parametrize("path", FAILURES, ids=lambda path: path.stem)
def test_failure_is_blocked_by_its_checks_alone(path: Path, tmp_path: Path) -> None:
    """These checks block, all others do not."""
    failure = yaml.safe_load(path.read_text(encoding="utf-8"))

    blocks = blocking(changed(tmp_path, failure))

    assert blocks == set(failure["blocks"])


@pytest.mark.parametrize("path", FAILURES, ids=lambda path: path.stem)
def test_failure_carries_a_code_that_its_checks_explain(path: Path) -> None:
    """The code Azure would report leads to one of the checks that block."""
    failure = yaml.safe_load(path.read_text(encoding="utf-8"))

    marks = [checks()[name].pytestmark[0].kwargs["explains"] for name in failure["blocks"]]  # type: ignore[attr-defined]

    assert str(failure["code"]) in {code for mark in marks for code in mark}


def test_every_check_that_can_block_has_a_failure() -> None:
    """No offline check is without its example, those that ask other programs and those that only advise aside."""
    shown = {name for path in FAILURES for name in yaml.safe_load(path.read_text(encoding="utf-8"))["blocks"]}

    missing = set(checks()) - shown

    assert missing == {
        "code::errors_stay_inside",
        "environment::dependencies_are_pinned",
        "environment::requirements_resolve",
        "spec::spec_matches_the_schema",
    }


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_usual_shapes_raise_no_false_alarm(body: str, tmp_path: Path) -> None:
    """Custom containers, Triton, no-code MLflow and registered assets are not judged by what they do not have."""
    head = "name: blue\nendpoint_name: iris\ninstance_type: Standard_DS3_v2\ninstance_count: 50\n"
    head += "request_settings: {request_timeout_ms: 9000}\n"
    project = changed(tmp_path, {"write": {"deployments/blue.yml": head + body}})

    blocks = blocking(project)

    assert blocks == set()
