"""The checks of what a container will have installed, called with values."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pytest_amlpreflight.checks import environment as checks
from pytest_amlpreflight.facts.project.environment import (
    Environment,
    EnvironmentSource,
    MadeWith,
    MlModel,
    ModelFolder,
    Requirement,
)
from pytest_amlpreflight.facts.project.package_resolution import PackageResolution
from pytest_amlpreflight.facts.project.position import Position, Source
from pytest_amlpreflight.facts.project.script import Problem
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import CodeConfiguration, ModelReference, ModelType
from pytest_amlpreflight.facts.rules.serving_rules import read_rules
from pytest_amlpreflight.readers.project.requirement_lines import pip_requirement
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

RULES = read_rules()
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
    checks.check_conda_file_is_valid(conda("numpy==1.26.4"), SCORED)


def test_conda_problems_are_blocked() -> None:
    """The first problem is the headline, with its line beneath."""
    found = conda(problem="`-r requirements.txt` names a file that Azure does not send with the conda file")

    with pytest.raises(Blocked, match=r"conda.yml is not a valid conda file: `-r requirements.txt`") as caught:
        checks.check_conda_file_is_valid(found, SCORED)

    assert caught.value.culprit.found.startswith("conda.yml:5: ")


def test_a_conda_file_that_is_not_there_is_named_with_the_line_that_names_it() -> None:
    """The file is what the author looks for, and the line is what they correct."""
    found = replace(conda(problem="does not exist"), is_missing=True)
    source = Source("deployments/blue.yml", {"environment.conda_file": Position("deployments/blue.yml", 11)})
    spec = replace(SCORED, source=source)

    with pytest.raises(
        Blocked, match=r"conda file conda.yml does not exist(.|\n)*correct conda_file at deployments/blue.yml:11"
    ):
        checks.check_conda_file_is_valid(found, spec)
    with pytest.raises(Blocked, match=r"write `conda_file: ../conda.yml` at deployments/blue.yml:11"):
        checks.check_conda_file_is_valid(found, replace(spec, meant={"environment.conda_file": "../conda.yml"}))


@pytest.mark.parametrize(
    "check",
    [lambda found: checks.check_conda_file_is_valid(found, SCORED), checks.check_dependencies_are_pinned],
    ids=["valid", "pinned"],
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


SERVER = "azureml-inference-server-http"
MONITORING = "azureml-ai-monitoring"
NOTHING = PackageResolution(unasked="no registry in tests")


@pytest.mark.parametrize(
    "image",
    [
        "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest",
        "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04",
        "mcr.microsoft.com/azureml/intelmpi2018.3-ubuntu16.04:20210301.v1",
    ],
)
def test_base_image_alone_holds_no_server(image: str) -> None:
    """Azure's base images are made to be given a conda file, and start nothing without one."""
    found = replace(IMAGE, image=image)

    with pytest.raises(Blocked, match=r"holds no inference server(.|\n)*write conda_file under environment"):
        checks.check_inference_server_is_compatible(SCORED, found, RULES, NOTHING)


@pytest.mark.parametrize(
    "image", ["mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference", "contoso.azurecr.io/azureml/openmpi"]
)
def test_other_images_may_hold_a_server(image: str) -> None:
    """Nothing here says what is in them."""
    with pytest.raises(NotApplicable, match="image x holds what is installed"):
        checks.check_inference_server_is_compatible(SCORED, replace(IMAGE, image=image), RULES, NOTHING)


def judge_server(
    environment: Environment, spec: DeploymentSpec = SCORED, resolution: PackageResolution = NOTHING
) -> None:
    """The server check with the documented rules."""
    checks.check_inference_server_is_compatible(spec, environment, RULES, resolution)


def judge_mlflow(environment: Environment, spec: DeploymentSpec = MLFLOW) -> None:
    """The MLflow check with the documented rules."""
    checks.check_mlflow_environment_can_serve(spec, environment, RULES, NOTHING)


@pytest.mark.parametrize(
    ("packages", "python"),
    [
        ((f"{SERVER}==1.5.1",), "3.11"),
        ((SERVER,), "3.12"),
        ((f"{SERVER}>=1.4", "flask==3.1.0"), "3.11"),
        ((f"{SERVER}==0.8.4.2", "flask==2.2.5"), "3.8"),
        ((f"{SERVER}==0.7.7", "flask==3.0.3"), "3.8"),
        ((f"{SERVER}==1.3.4",), "3.9"),
        ((SERVER,), "3.8"),
        ((f"{SERVER}~=1.3.2",), "3.11"),
        ((SERVER, "flask==2.2.5"), "3.9"),
        ((f"{SERVER}==1.4.1", MONITORING), "3.10"),
        ((SERVER, MONITORING), "3.9"),
        ((f"{SERVER}==1.3.4", MONITORING, "azureml-contrib-services"), "3.8"),
        (("azureml-defaults==1.60.0",), "3.9"),
    ],
)
def test_working_servers_pass(packages: tuple[str, ...], python: str) -> None:
    """Every combination that was seen to serve, and what resolves to one."""
    judge_server(conda(*packages, python=python))


@pytest.mark.parametrize(
    ("packages", "python", "problem"),
    [
        ((f"{SERVER}==1.5.1",), "3.8", "needs Python >=3.9"),
        ((f"{SERVER}==0.6.1", "flask==2.0.3"), "3.8", "needs flask==1.0.3"),
        ((f"{SERVER}==1.5.1", "flask==2.2.5"), "3.11", "needs flask~=3.1.0"),
        ((f"{SERVER}==1.5.1", "pydantic==2.7.1"), "3.11", "needs pydantic~=2.12.0"),
    ],
)
def test_servers_that_do_not_install_are_blocked(packages: tuple[str, ...], python: str, problem: str) -> None:
    """The pin, its line and the reason are shown."""
    with pytest.raises(Blocked, match=rf"{SERVER} of conda.yml cannot be installed") as caught:
        judge_server(conda(*packages, python=python))

    assert problem in caught.value.culprit.found


@pytest.mark.parametrize(
    ("packages", "python"),
    [
        ((SERVER, MONITORING), "3.8"),
        ((f"{SERVER}==1.2.2", MONITORING), "3.10"),
        ((f"{SERVER}==1.3.4", MONITORING), "3.10"),
        ((f"{SERVER}==1.4.0", MONITORING), "3.10"),
        ((f"{SERVER}<1.4", f"{MONITORING}==1.0.0"), "3.11"),
    ],
)
def test_servers_that_end_beside_monitoring_are_blocked(packages: tuple[str, ...], python: str) -> None:
    """What resolves decides: an open version is 1.3.4 on Python 3.8."""
    with pytest.raises(Blocked, match=rf"{SERVER} of conda.yml does not start") as caught:
        judge_server(conda(*packages, python=python))

    assert "No module named 'azureml.contrib'" in caught.value.culprit.found


def test_what_the_resolver_chose_comes_before_what_the_table_would() -> None:
    """Another package may hold the server back."""
    held_back = PackageResolution(versions={SERVER: "1.4.0"})

    with pytest.raises(Blocked, match="does not start"):
        judge_server(conda(SERVER, MONITORING), resolution=held_back)


def test_the_way_out_of_an_old_python_is_a_newer_one() -> None:
    """On 3.8 no release of the server starts beside azureml-ai-monitoring."""
    with pytest.raises(Blocked) as caught:
        judge_server(conda(SERVER, MONITORING, python="3.8"))

    assert caught.value.culprit.fix == "write `python=3.11` at conda.yml:3"


def test_a_generated_script_runs_under_the_server_too() -> None:
    """The model needs not name the server: Azure adds it, in a version that its Python leaves."""
    with pytest.raises(Blocked, match=r"does not start"):
        judge_server(conda(MONITORING, python="3.8"), MLFLOW)

    judge_server(conda(MONITORING, python="3.10"), MLFLOW)


def test_servers_that_need_the_old_setuptools_are_advised_against() -> None:
    """Setuptools 82 took pkg_resources out; Python 3.8 still gets an older one."""
    with pytest.warns(PreflightAdvice, match="imports pkg_resources, which new setuptools lack"):
        judge_server(conda(f"{SERVER}==1.1.0", python="3.10"))

    judge_server(conda(f"{SERVER}==1.1.0", "setuptools==80.9.0", python="3.10"))
    judge_server(conda(f"{SERVER}==1.1.0", python="3.8"))


def test_missing_server_is_blocked() -> None:
    """Nothing would answer the probes."""
    with pytest.raises(Blocked, match=r"conda.yml lacks the inference server"):
        judge_server(conda("numpy==1.26.4"))


def test_inference_image_may_have_the_server() -> None:
    """Azure's inference images can add it to every environment that is made in them."""
    found = replace(conda("numpy==1.26.4"), image="mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference")

    with pytest.warns(PreflightAdvice, match=r"conda.yml lacks the inference server"):
        judge_server(found)


def test_server_that_an_unknown_package_may_bring_is_not_missed() -> None:
    """An address may hold anything."""
    judge_server(conda(why="git+https://x may bring more"))

    with pytest.raises(NotApplicable, match="no MLflow model without a scoring script"):
        judge_mlflow(conda(), SCORED)


def a_model_made_with(version: str) -> ModelFolder:
    """A model whose pickle was written by that scikit-learn."""
    return ModelFolder(Path("m.pkl"), "m.pkl", made_with=(MadeWith("scikit-learn", version, Position("m.pkl")),))


def test_a_model_of_another_release_is_advised_against() -> None:
    """Both versions are named, and both files."""
    with pytest.warns(PreflightAdvice, match=r"m.pkl was made with scikit-learn 0.24.1, and 1.7.0 loads it") as said:
        checks.check_packages_match_the_model(conda("scikit-learn==1.7.0"), a_model_made_with("0.24.1"), NOTHING)

    assert "conda.yml:5" in str(said[0].message)


def test_a_series_says_enough_of_the_release() -> None:
    """Conda's `=1.2.2` leaves no doubt on the major and minor version."""
    found = replace(requirement("scikit-learn"), specifier="==1.2.2.*", text="scikit-learn=1.2.2", is_conda=True)

    with pytest.warns(PreflightAdvice, match=r"was made with scikit-learn 0.24.1, and 1.2.2 loads it"):
        checks.check_packages_match_the_model(
            replace(conda(), requirements=(found,)), a_model_made_with("0.24.1"), NOTHING
        )


@pytest.mark.parametrize("packages", [("scikit-learn==0.24.2",), ("scikit-learn",), ("numpy==1.26.4",)])
def test_a_model_of_the_same_release_passes(packages: tuple[str, ...]) -> None:
    """A patch is no other release, and an open version is not known here."""
    checks.check_packages_match_the_model(conda(*packages), a_model_made_with("0.24.1"), NOTHING)


def test_an_open_version_is_judged_by_what_resolves() -> None:
    """Today's scikit-learn is not that of the model."""
    with pytest.warns(PreflightAdvice, match=r"and 1.9.1 loads it"):
        checks.check_packages_match_the_model(
            conda("scikit-learn"), a_model_made_with("1.2.2"), PackageResolution(versions={"scikit-learn": "1.9.1"})
        )


def test_an_older_mlflow_may_not_read_what_a_newer_one_wrote() -> None:
    """MLflow 3.17 writes scikit-learn models in a format that 2.x refuses; older models are read by all."""
    model = ModelFolder(Path("m"), "m", made_with=(MadeWith("mlflow", "3.17.2", Position("m/MLmodel")),))

    with pytest.warns(PreflightAdvice, match=r"m was made with mlflow 3.17.2, and 2.22.4 loads it"):
        checks.check_packages_match_the_model(conda("mlflow==2.22.4"), model, NOTHING)

    checks.check_packages_match_the_model(conda("mlflow==3.20.0"), model, NOTHING)


def test_a_model_that_says_nothing_of_its_making_is_skipped() -> None:
    """Most formats do not."""
    with pytest.raises(NotApplicable, match="nothing here says what the model was made with"):
        checks.check_packages_match_the_model(conda(), ModelFolder(Path("m"), "m"), NOTHING)


def judge_old_server(*texts: str, python: str = "3.8") -> None:
    """The check of the server over a conda file with these packages."""
    environment = conda(*texts, python=python)
    checks.check_inference_server_is_compatible(SCORED, environment, RULES, PackageResolution(unasked="not here"))


def test_server_that_leaves_jinja_open_does_not_start() -> None:
    """The guide's `cannot import name 'Markup'`: up to 0.4.10 nothing holds jinja2 to the releases that have it."""
    with pytest.raises(Blocked, match=r"azureml-inference-server-http of conda.yml does not start") as caught:
        judge_old_server("azureml-inference-server-http==0.4.10")

    assert "the newest jinja2, which it leaves open" in caught.value.culprit.found


@pytest.mark.parametrize("texts", [("jinja2==3.0.3",), ("jinja2<3.1",)])
def test_server_whose_jinja_is_held_starts(texts: tuple[str, ...]) -> None:
    """The environment does what the server does not."""
    judge_old_server("azureml-inference-server-http==0.4.10", *texts, "setuptools<82")


def test_server_that_pins_its_jinja_starts() -> None:
    """From 0.4.11 on it does."""
    judge_old_server("azureml-inference-server-http==0.4.13", "setuptools<82")


def test_defaults_that_bring_an_old_server_are_judged_by_it() -> None:
    """Flask 2 needs azureml-defaults 1.44: what 1.43 brings asks for Flask 1."""
    with pytest.raises(Blocked, match=r"azureml-inference-server-http of conda.yml cannot be installed") as caught:
        judge_old_server("azureml-defaults==1.43.0", "flask==2.0.3", "setuptools<82")

    assert "needs flask==1.0.3, and flask==2.0.3 is pinned" in caught.value.culprit.found


@pytest.mark.parametrize("texts", [("azureml-defaults==1.44.0", "flask==2.0.3"), ("azureml-defaults",)])
def test_defaults_that_fit_or_are_open_pass(texts: tuple[str, ...]) -> None:
    """The border is the guide's; of an open version nobody knows what it brings."""
    judge_old_server(*texts, "setuptools<82")
