"""The checks of what a container will have installed, called with values."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pytest_amlpreflight.checks import environment as checks
from pytest_amlpreflight.facts.project.environment import (
    BuildFolder,
    Environment,
    EnvironmentSource,
    MlModel,
    ModelFolder,
    Requirement,
)
from pytest_amlpreflight.facts.project.package_resolution import PackageResolution
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import Problem
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import CodeConfiguration, ModelReference, ModelType
from pytest_amlpreflight.facts.rules.serving_rules import documented_rules
from pytest_amlpreflight.readers.project.requirement_lines import pip_requirement
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

RULES = documented_rules()
TODAY = date(2026, 11, 20)
SCORED = DeploymentSpec("blue", "iris", code=CodeConfiguration(scoring_script="score.py"))
MLFLOW = DeploymentSpec("blue", "iris", model=ModelReference(type=ModelType.MLFLOW))
LINE = Position("conda.yml", 5)


def requirement(text: str) -> Requirement:
    """The requirement on line 5 of conda.yml."""
    found = pip_requirement(text, LINE)
    assert found is not None
    return found


def conda(*texts: str, python: str | None = "3.11", why: str | None = None, problem: str | None = None) -> Environment:
    """A conda file with these packages."""
    return Environment(
        EnvironmentSource.CONDA,
        "conda.yml",
        python=python,
        python_position=Position("conda.yml", 3),
        requirements=tuple(requirement(each) for each in texts),
        problems=(Problem(problem, LINE),) if problem else (),
        unknown_because=why,
    )


IMAGE = Environment(EnvironmentSource.IMAGE, unknown_because="image x holds what is installed")


def test_valid_conda_file_passes() -> None:
    """A file without problems is all that is asked for."""
    checks.check_conda_file_is_valid(conda("numpy==1.26.4"))


def test_conda_problems_are_blocked() -> None:
    """The first problem is the headline, with its line beneath."""
    found = conda(problem="`-r requirements.txt` names a file that Azure does not send with the conda file")

    with pytest.raises(Blocked, match=r"conda.yml is not a valid conda file: `-r requirements.txt`") as caught:
        checks.check_conda_file_is_valid(found)

    assert caught.value.culprit.found.startswith("conda.yml:5: ")


@pytest.mark.parametrize(
    "check", [checks.check_conda_file_is_valid, checks.check_dependencies_are_pinned], ids=["valid", "pinned"]
)
def test_images_are_not_judged_as_conda_files(check: object) -> None:
    """What an image holds is not on this machine."""
    assert callable(check)

    with pytest.raises(NotApplicable, match="image x holds what is installed"):
        check(IMAGE)


def test_pinned_packages_pass() -> None:
    """Exact, series and addresses are all fixed; pip itself may float."""
    checks.check_dependencies_are_pinned(conda("numpy==1.26.4", "scipy~=1.11", "pip", "a @ https://example.com/a.whl"))


def test_open_versions_are_advised_against() -> None:
    """The packages are named, not just counted."""
    found = conda("numpy==1.26.4", "mlflow", "scipy>=1")

    with pytest.warns(
        PreflightAdvice, match=r"conda.yml leaves versions open\n  found:    mlflow, scipy at conda.yml:5"
    ):
        checks.check_dependencies_are_pinned(found)


def test_current_python_passes() -> None:
    """A supported release needs no word."""
    checks.check_python_is_supported(conda(python="3.12"), None, RULES, TODAY)


@pytest.mark.parametrize("version", ["2.7", "3.5"])
def test_python_without_an_inference_server_is_blocked(version: str) -> None:
    """Nothing could answer the probes on it."""
    with pytest.raises(Blocked, match=f"Python {version} of conda.yml runs no inference server"):
        checks.check_python_is_supported(conda(python=version), None, RULES, TODAY)


@pytest.mark.parametrize("version", ["3.7", "3.9"])
def test_old_python_is_advised_against(version: str) -> None:
    """It still installs, since channels keep what they built, and gets no fixes."""
    with pytest.warns(PreflightAdvice, match=f"Python {version} of conda.yml is out of support"):
        checks.check_python_is_supported(conda(python=version), None, RULES, TODAY)


def test_python_apart_from_the_models_is_advised_against() -> None:
    """A model made with another Python may not unpickle."""
    model = ModelFolder(Path("m"), "m", mlmodel=MlModel(Position("m/MLmodel", 4), python_version="3.8.13"))

    with pytest.warns(PreflightAdvice, match="serves on another Python than the model was made with"):
        checks.check_python_is_supported(conda(python="3.12"), model, RULES, TODAY)


def test_open_python_is_skipped() -> None:
    """Which one conda will choose is not known."""
    with pytest.raises(NotApplicable, match="leaves the version of Python open"):
        checks.check_python_is_supported(conda(python=None), None, RULES, TODAY)


@pytest.mark.parametrize(
    ("packages", "python"),
    [
        (("azureml-inference-server-http==1.5.1",), "3.11"),
        (("azureml-inference-server-http",), "3.12"),
        (("azureml-inference-server-http>=1.4", "flask==3.1.0"), "3.11"),
        (("azureml-inference-server-http==0.8.4.2", "flask==2.2.5"), "3.8"),
        (("azureml-inference-server-http", "flask"), "3.9"),
        (("azureml-defaults==1.60.0",), "3.9"),
    ],
)
def test_working_servers_pass(packages: tuple[str, ...], python: str) -> None:
    """Every combination that the servers' own metadata allows."""
    checks.check_inference_server_is_compatible(SCORED, conda(*packages, python=python), RULES)


@pytest.mark.parametrize(
    ("packages", "python", "problem"),
    [
        (("azureml-inference-server-http==1.3.4",), "3.11", "never starts: it imports azureml.contrib"),
        (("azureml-inference-server-http==1.5.1",), "3.8", "needs Python >=3.9"),
        (("azureml-inference-server-http==0.6.1", "flask==2.0.3"), "3.8", "needs flask<2"),
        (("azureml-inference-server-http==1.5.1", "flask==2.2.5"), "3.11", "needs flask~=3.1.0"),
    ],
)
def test_servers_that_do_not_start_are_blocked(packages: tuple[str, ...], python: str, problem: str) -> None:
    """The pin, its line and the reason are shown."""
    with pytest.raises(Blocked, match=r"azureml-inference-server-http of conda.yml does not start") as caught:
        checks.check_inference_server_is_compatible(SCORED, conda(*packages, python=python), RULES)

    assert problem in caught.value.culprit.found


def test_missing_server_is_blocked() -> None:
    """Nothing would answer the probes."""
    with pytest.raises(Blocked, match=r"conda.yml lacks the inference server"):
        checks.check_inference_server_is_compatible(SCORED, conda("numpy==1.26.4"), RULES)


def test_inference_image_may_have_the_server() -> None:
    """Azure's inference images can add it to every environment that is made in them."""
    found = replace(conda("numpy==1.26.4"), image="mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference")

    with pytest.warns(PreflightAdvice, match=r"conda.yml lacks the inference server"):
        checks.check_inference_server_is_compatible(SCORED, found, RULES)


def test_server_that_an_unknown_package_may_bring_is_not_missed() -> None:
    """An address may hold anything."""
    checks.check_inference_server_is_compatible(SCORED, conda(why="git+https://x may bring more"), RULES)


def test_deployment_without_a_script_needs_no_server() -> None:
    """MLflow models get theirs from Azure."""
    with pytest.raises(NotApplicable, match="no scoring script"):
        checks.check_inference_server_is_compatible(MLFLOW, conda(), RULES)


@pytest.mark.parametrize("mlflow", ["mlflow==2.9.2", "mlflow<3", "mlflow>=2,<3", "mlflow~=2.9", "mlflow-skinny==2.4"])
def test_mlflow_that_serves_passes(mlflow: str) -> None:
    """Releases below 3 are what Azure's script knows."""
    checks.check_mlflow_environment_can_serve(MLFLOW, conda(mlflow, "azureml-ai-monitoring"), RULES)


@pytest.mark.parametrize("mlflow", ["mlflow", "mlflow==3.7.0", "mlflow>=2"])
def test_mlflow_that_crashes_is_blocked(mlflow: str) -> None:
    """An open version is the newest, and the newest crashes."""
    with pytest.raises(Blocked, match=r"MLflow of conda.yml crashes Azure's scoring script"):
        checks.check_mlflow_environment_can_serve(MLFLOW, conda(mlflow, "azureml-ai-monitoring"), RULES)


def test_doubtful_mlflow_is_advised_against() -> None:
    """Early releases of 3 worked for some."""
    with pytest.warns(PreflightAdvice, match=r"MLflow 3.6.0 of conda.yml is newer than Azure's scoring script"):
        checks.check_mlflow_environment_can_serve(MLFLOW, conda("mlflow==3.6.0", "azureml-ai-monitoring"), RULES)


def test_missing_monitoring_is_blocked() -> None:
    """The generated script imports it unconditionally."""
    with pytest.raises(Blocked, match=r"MLflow model conda.yml lacks azureml-ai-monitoring"):
        checks.check_mlflow_environment_can_serve(MLFLOW, conda("mlflow==2.9.2"), RULES)


def test_model_with_a_script_of_its_own_is_not_judged_as_no_code() -> None:
    """Its own script imports what it likes."""
    with pytest.raises(NotApplicable, match="no MLflow model without a scoring script"):
        checks.check_mlflow_environment_can_serve(SCORED, conda(), RULES)


def build(*, exists: bool = True, dockerfile: bool = True, files: int = 3, size: int = 100) -> Environment:
    """An environment that is built from a Docker context."""
    folder = BuildFolder(Path("docker"), "docker", exists, "Dockerfile", dockerfile, files, size)
    return Environment(EnvironmentSource.DOCKERFILE, "docker", Position("blue.yml", 7), build=folder)


def test_small_context_passes() -> None:
    """A folder with a Dockerfile and little else."""
    checks.check_build_context_is_within_limits(build(files=100, size=1_048_576), RULES)


@pytest.mark.parametrize(
    ("environment", "headline"),
    [
        (build(exists=False, dockerfile=False), "docker is no folder"),
        (build(dockerfile=False), "build context docker has no Dockerfile"),
        (build(files=101), "build context docker is too large to be sent"),
        (build(size=1_048_577), "build context docker is too large to be sent"),
    ],
)
def test_context_that_cannot_be_built_is_blocked(environment: Environment, headline: str) -> None:
    """What is missing or too much is named."""
    with pytest.raises(Blocked, match=headline):
        checks.check_build_context_is_within_limits(environment, RULES)


def test_conda_environment_has_no_context() -> None:
    """Nothing is built from a folder."""
    with pytest.raises(NotApplicable, match="not built from a Docker context"):
        checks.check_build_context_is_within_limits(conda(), RULES)


def test_packages_that_go_together_pass() -> None:
    """A resolver without objections."""
    checks.check_requirements_resolve(conda("numpy"), PackageResolution())


def test_conflicting_packages_are_blocked() -> None:
    """The resolver's sentence is the evidence."""
    with pytest.raises(Blocked, match=r"packages of conda.yml cannot be installed together") as caught:
        checks.check_requirements_resolve(conda("numpy"), PackageResolution(conflict="numpy>=2 and numpy<2"))

    assert caught.value.culprit.found == "pip packages of conda.yml for Python 3.11: numpy>=2 and numpy<2"


def test_package_unknown_to_this_machine_is_advice() -> None:
    """The image build may have another registry."""
    with pytest.warns(PreflightAdvice, match=r"conda.yml names a package that was not found"):
        checks.check_requirements_resolve(conda("contoso-lib"), PackageResolution(doubt="contoso-lib is not there"))


def test_unasked_resolver_is_skipped() -> None:
    """The reason is handed on."""
    with pytest.raises(NotApplicable, match="uv is not installed"):
        checks.check_requirements_resolve(conda("numpy"), PackageResolution(unasked="uv is not installed"))
