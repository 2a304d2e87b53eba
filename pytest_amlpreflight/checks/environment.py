"""What the container will have installed: Python, packages, the inference server, MLflow."""

from datetime import date

from pytest_amlpreflight.facts.project.environment import (
    Environment,
    EnvironmentSource,
    ModelFolder,
    Requirement,
    minor,
)
from pytest_amlpreflight.facts.project.package_resolution import PackageResolution
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import ModelType
from pytest_amlpreflight.facts.rules.serving_rules import ServerSeries, ServingRules
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable, not_reached

PHASES = ("pre", "audit")
SERVER = "azureml-inference-server-http"
SERVER_BRINGERS = ("azureml-inference-server-http", "azureml-defaults")


@check("environment", explains=("ImageBuildFailure",), phases=PHASES)
def check_conda_file_is_valid(aml_environment: Environment) -> None:
    """The conda file can be read, and names nothing that Azure does not get.

    Azure builds the image from the content of the conda file alone. A file it cannot read, or one that refers to
    another file on this machine, fails after minutes of building.
    """
    environment = _listed(aml_environment)
    if not environment.problems:
        return
    first, *more = environment.problems
    blocked(
        f"{environment.shown} is not a valid conda file: {first.sentence}",
        found="\n".join(str(each) for each in (first, *more[:2])),
        expected="channels, and dependencies with packages and a `pip:` list",
        fix=f"conda env create --dry-run --file {environment.shown}",
    )


@check("environment", phases=PHASES)
def check_dependencies_are_pinned(aml_environment: Environment) -> None:
    """Every package has its version.

    Azure resolves open versions anew with every build: the same files give another image next month, and a failed or
    endless resolution is the guide's first suspicion. Only advice: today it may work.
    """
    environment = _valid(aml_environment)
    loose = [each for each in environment.requirements if not each.is_pinned and each.name not in {"pip", "setuptools"}]
    if loose:
        names = ", ".join(each.name for each in loose[:5]) + (f" and {len(loose) - 5} more" if len(loose) > 5 else "")
        advise(
            f"{environment.shown} leaves versions open",
            found=f"{names} at {loose[0].position}",
            expected="a version for every package, such as `numpy==1.26.4`",
            fix=f"pip freeze in an environment that works, and copy the versions into {environment.shown}",
        )


@check("environment", explains=("ImageBuildFailure", "ResourceNotReady"), phases=PHASES)
def check_python_is_supported(
    aml_environment: Environment,
    aml_model_folder: ModelFolder | None,
    aml_serving_rules: ServingRules,
    aml_today: date,
) -> None:
    """The image's Python is one that packages are still made for.

    Conda channels and packages stop building for old releases: what is pinned to one stays at the packages of its time,
    unmended, and no inference server was ever made for the oldest.
    """
    environment = _valid(aml_environment)
    if environment.python is None:
        not_applicable(f"{environment.shown} leaves the version of Python open")
    release = aml_serving_rules.python(environment.python)
    where = environment.python_position or environment.position
    newest = [each.version for each in aml_serving_rules.pythons if each.end_of_life > aml_today]
    supported = f"Python {', '.join(newest)} (as of {aml_serving_rules.as_of.get('python-releases')})"
    if release and not release.builds:
        blocked(
            f"Python {release.version} of {environment.shown} runs no inference server",
            found=f"python {release.version} at {where}, out of support since {release.end_of_life}",
            expected=supported,
            fix=f"write `python={newest[0] if newest else '3.11'}` at {where}",
        )
    if release and release.end_of_life < aml_today:
        advise(
            f"Python {release.version} of {environment.shown} is out of support",
            found=f"python {release.version} at {where}, since {release.end_of_life}",
            expected=supported,
            fix=f"write `python={newest[0] if newest else '3.11'}` at {where}",
        )
    _advise_of_drift(environment, aml_model_folder)


@check("environment", explains=("ResourceNotReady", "ERR_2200"), phases=PHASES)
def check_inference_server_is_compatible(
    aml_deployment_spec: DeploymentSpec, aml_environment: Environment, aml_serving_rules: ServingRules
) -> None:
    """The inference server is installed, in a version that starts with this Python and this Flask.

    Without azureml-inference-server-http nothing answers the probes. Its releases each ask for their own Flask and
    Python; one wrong pin is the guide's `register() takes 3 positional arguments`.
    """
    if aml_deployment_spec.code is None:
        not_applicable("the deployment has no scoring script for the inference server")
    environment = _valid(aml_environment)
    server = environment.requirement(SERVER)
    if server is None:
        _check_bringer(environment)
        return
    admitted = aml_serving_rules.servers_admitted(server)
    if not admitted:
        not_applicable(
            f"{server.text} is not in the table of {aml_serving_rules.as_of.get('inference-server-versions')}"
        )
    problems = [_problem(series, environment) for series in admitted]
    if all(problems):
        best = [series.versions for series in aml_serving_rules.servers if _problem(series, environment) is None]
        blocked(
            f"{SERVER} of {environment.shown} does not start",
            found=f"{server.text} at {server.position}: {problems[-1]}",
            expected=f"{SERVER}{best[-1]}" if best else "a newer Python, and the Flask of its server",
            fix=f"write `{SERVER}{best[-1] if best else '>=1.5,<2'}` at {server.position}",
        )


@check("environment", explains=("ResourceNotReady", "ERR_2200"), phases=PHASES)
def check_mlflow_environment_can_serve(
    aml_deployment_spec: DeploymentSpec, aml_environment: Environment, aml_serving_rules: ServingRules
) -> None:
    """An MLflow model without a script of its own brings what Azure's generated script needs.

    Azure writes the scoring script for such a model, and imports azureml-ai-monitoring in it. MLflow releases that the
    generated script does not know crash the container: liveness answers 502 and says nothing.
    """
    spec = aml_deployment_spec
    is_mlflow = spec.model is not None and spec.model.type is ModelType.MLFLOW
    if not is_mlflow or spec.code is not None:
        not_applicable("the deployment has no MLflow model without a scoring script")
    environment = _valid(aml_environment)
    for package, since in aml_serving_rules.mlflow_requires.items():
        if environment.requirement(package) is None and environment.unknown_because is None:
            blocked(
                f"MLflow model {environment.shown} lacks {package}",
                found=f"no {package} in {environment.shown}; the generated script imports it since {since}",
                expected=f"{package} among its pip packages",
                fix=f"add `{package}` to the pip section of {environment.shown}",
            )
    mlflow = environment.requirement("mlflow") or environment.requirement("mlflow-skinny")
    if mlflow is not None:
        _check_mlflow(environment, mlflow, aml_serving_rules)


@check("environment", explains=("ImageBuildFailure",), phases=PHASES)
def check_requirements_resolve(aml_environment: Environment, aml_package_resolution: PackageResolution) -> None:
    """The pip packages can be installed together, on Linux and the declared Python.

    The image build asks the same question after minutes, and answers in a log. Packages that only another registry
    has are advice; without a registry the question is not asked.
    """
    environment, answer = _valid(aml_environment), aml_package_resolution
    if answer.unasked:
        not_applicable(answer.unasked)
    found = f"pip packages of {environment.shown} for Python {environment.python}"
    fix = f"uv pip compile --python-version {environment.python} <pip packages of {environment.shown}>"
    if answer.doubt:
        advise(
            f"{environment.shown} names a package that was not found",
            found=f"{found}: {answer.doubt}",
            expected="packages that the image build can reach",
            fix=fix,
        )
    if answer.conflict:
        blocked(
            f"packages of {environment.shown} cannot be installed together",
            found=f"{found}: {answer.conflict}",
            expected="requirements that some set of versions satisfies",
            fix=fix,
        )


@check("environment", explains=("ImageBuildFailure",), phases=PHASES)
def check_build_context_is_within_limits(aml_environment: Environment, aml_serving_rules: ServingRules) -> None:
    """The Docker build context is there, with its Dockerfile, and small enough to be sent.

    `dockerfile_path` counts from the context, not from the project. Azure takes 100 files and one megabyte; a context
    that is the whole repository fails or builds something else.
    """
    build = aml_environment.build
    if build is None:
        not_applicable("the environment is not built from a Docker context on this machine")
    dockerfile = f"{build.shown}/{build.dockerfile_path}"
    if not build.exists or not build.has_dockerfile:
        missing = dockerfile if build.exists else build.shown
        blocked(
            f"build context {build.shown} has no {build.dockerfile_path}"
            if build.exists
            else f"{missing} is no folder",
            found=f"{missing} does not exist; named at {aml_environment.position}",
            expected="build.path: a folder; build.dockerfile_path: a file below it, counted from it",
            fix=f"ls {build.shown}",
        )
    files, size = aml_serving_rules.build_limits.get("files"), aml_serving_rules.build_limits.get("bytes")
    if (files and build.files > files) or (size and build.bytes > size):
        blocked(
            f"build context {build.shown} is too large to be sent",
            found=f"{build.files} files, {build.bytes} bytes",
            expected=f"at most {files} files and {size} bytes",
            fix=f"move the Dockerfile and what it copies into a folder of their own (now {build.shown})",
        )


def _listed(environment: Environment) -> Environment:
    if not environment.lists_packages:
        not_applicable(environment.unknown_because or "the deployment has no conda file on this machine")
    return environment


def _valid(environment: Environment) -> Environment:
    if _listed(environment).problems:
        not_reached(f"{environment.shown} is not valid")
    return environment


def _advise_of_drift(environment: Environment, model: ModelFolder | None) -> None:
    mlmodel = model.mlmodel if model else None
    trained = minor(mlmodel.python_version) if mlmodel else None
    if mlmodel is None or trained is None or trained == minor(environment.python):
        return
    advise(
        f"{environment.shown} serves on another Python than the model was made with",
        found=f"python {environment.python} at {environment.python_position or environment.position}",
        expected=f"python {mlmodel.python_version}, as at {mlmodel.position}; pickles differ between versions",
        fix=f"log the model anew with Python {environment.python}",
    )


def _check_bringer(environment: Environment) -> None:
    """Nothing names the server: azureml-defaults brings one, and unknown packages may."""
    if any(environment.requirement(name) for name in SERVER_BRINGERS) or environment.unknown_because:
        return
    verdict = advise if environment.may_have_the_server else blocked
    verdict(
        f"{environment.shown} lacks the inference server",
        found=f"no {SERVER} in {environment.shown}",
        expected=f"{SERVER} among its packages: Azure adds none to a conda file",
        fix=f"add `{SERVER}` to the pip section of {environment.shown}",
    )


def _problem(series: ServerSeries, environment: Environment) -> str | None:
    """Why the series would not start in the environment; None when nothing speaks against it."""
    if series.broken:
        return f"{series.versions} never starts: {series.broken}"
    if environment.python and not series.runs_on(environment.python):
        return f"{series.versions} needs Python {series.python}, and {environment.shown} has {environment.python}"
    flask = environment.requirement("flask")
    if flask and flask.exact and not _admits(series.flask, flask.exact):
        return f"{series.versions} needs flask{series.flask}, and {flask.text} is pinned at {flask.position}"
    return None


def _admits(specifier: str, version: str) -> bool:
    answer = Requirement("flask", specifier, "", Environment().position).admits(version)
    return answer is not False


def _check_mlflow(environment: Environment, mlflow: Requirement, rules: ServingRules) -> None:
    works, doubtful = (rules.mlflow.get(name, "") for name in ("works", "doubtful"))
    if (mlflow.exact is None and mlflow.is_pinned) or environment.source is EnvironmentSource.ABSENT:
        return  # a series such as ~=2.9 stays below the next major by itself
    if mlflow.exact is None and mlflow.admits("99.0") is False:
        return
    if mlflow.exact and (_admits(works, mlflow.exact)):
        return
    if mlflow.exact and _admits(doubtful, mlflow.exact):
        advise(
            f"MLflow {mlflow.exact} of {environment.shown} is newer than Azure's scoring script",
            found=f"{mlflow.text} at {mlflow.position}",
            expected=f"mlflow{works}",
            fix=f"write `mlflow{works}` at {mlflow.position}, and log the model anew with it",
        )
        return
    blocked(
        f"MLflow of {environment.shown} crashes Azure's scoring script",
        found=f"{mlflow.text} at {mlflow.position}{'' if mlflow.exact else ', which installs the newest'}",
        expected=f"mlflow{works} (as of {rules.as_of.get('mlflow-serving')})",
        fix=f"write `mlflow{works}` at {mlflow.position}, and log the model anew with it",
    )
