"""What the container will have installed: Python, packages, the inference server, MLflow."""

from datetime import date

from pytest_amlpreflight.checks._inference_server import (
    NEWER_PYTHON,
    SERVER,
    admits,
    advise_of_setuptools,
    bundled_clash,
    clash_with,
    judge_bringer,
    newest_server,
    obstacle_of,
    refuse_server,
)
from pytest_amlpreflight.checks._packages import add_package
from pytest_amlpreflight.checks._paths import leads_nowhere
from pytest_amlpreflight.facts.project.environment import (
    Environment,
    EnvironmentSource,
    MadeWith,
    ModelFolder,
    Requirement,
    minor,
)
from pytest_amlpreflight.facts.project.package_resolution import PackageResolution
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import ModelType
from pytest_amlpreflight.facts.rules.serving_rules import ServingRules
from pytest_amlpreflight.fix import EditLine, shell
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable, not_reached

PHASES = ("pre", "audit")


@check("environment", explains=("ImageBuildFailure",), phases=PHASES)
def check_conda_file_is_valid(aml_environment: Environment, aml_deployment_spec: DeploymentSpec) -> None:
    """The conda file can be read, and names nothing that Azure does not get.

    Azure builds the image from the content of the conda file alone. A file it cannot read, or one that refers to
    another file on this machine, fails after minutes of building.
    """
    environment = _listed(aml_environment)
    if environment.is_missing:
        leads_nowhere("conda file", environment.shown, "environment.conda_file", aml_deployment_spec)
    if not environment.problems:
        return
    first, *more = environment.problems
    blocked(
        f"{environment.shown} is not a valid conda file: {first.sentence}",
        found="\n".join(str(each) for each in (first, *more[:2])),
        expected="channels, and dependencies with packages and a `pip:` list",
        fix=shell("conda", "env", "create", "--dry-run", "--file", environment.shown),
        where=first.position,
    )


@check("environment", explains=("ImageBuildFailure",), phases=PHASES)
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
            fix=EditLine(where, f"python={newest[0] if newest else '3.11'}"),
        )
    if release and release.end_of_life < aml_today:
        advise(
            f"Python {release.version} of {environment.shown} is out of support",
            found=f"python {release.version} at {where}, since {release.end_of_life}",
            expected=supported,
            fix=EditLine(where, f"python={newest[0] if newest else '3.11'}"),
        )
    _advise_of_drift(environment, aml_model_folder)


@check("environment", explains=("ResourceNotReady", "ImageBuildFailure", "ERR_2200"), phases=PHASES)
def check_inference_server_is_compatible(
    aml_deployment_spec: DeploymentSpec,
    aml_environment: Environment,
    aml_serving_rules: ServingRules,
    aml_package_resolution: PackageResolution,
) -> None:
    """The inference server that gets installed starts with this Python, and beside the other packages.

    Without azureml-inference-server-http nothing answers the probes. Its releases each ask for their own Flask and
    Python; releases before 1.4.1 end at once where azureml-ai-monitoring is installed, and an open version leads to one
    on Python 3.8. What decides is the release that resolves, not the one that was meant.
    """
    spec, rules = aml_deployment_spec, aml_serving_rules
    if spec.code is None and not _is_generated(spec):
        not_applicable("the deployment has no scoring script for the inference server")
    _check_image(spec, aml_environment, rules)
    environment = _valid(aml_environment)
    server = environment.requirement(SERVER) or bundled_clash(environment, rules)
    if server is None and spec.code is not None:
        judge_bringer(environment)
        return
    known = aml_package_resolution.versions.get(SERVER)
    found = (rules.server(known),) if known else rules.servers_admitted(server)
    admitted = tuple(series for series in found if series)
    if not admitted:
        text = f"{SERVER} {known}" if known else server.text if server else SERVER
        not_applicable(f"{text} is not in the table of {rules.as_of.get('inference-server-versions')}")
    installable = [series for series in admitted if obstacle_of(series, environment) is None]
    if not installable:
        refuse_server(environment, server, f"{obstacle_of(admitted[-1], environment)}", rules, "cannot be installed")
    newest = installable[-1]  # pip takes the newest that fits
    if clash := clash_with(newest, environment, rules):
        version = known or (server.exact if server and server.exact else newest.versions)
        refuse_server(
            environment, server, f"{version} resolves, and does not start beside {clash}", rules, "does not start"
        )
    advise_of_setuptools(newest, environment)


@check("environment", explains=("ResourceNotReady", "ERR_2200"), phases=PHASES)
def check_mlflow_environment_can_serve(
    aml_deployment_spec: DeploymentSpec,
    aml_environment: Environment,
    aml_serving_rules: ServingRules,
    aml_package_resolution: PackageResolution,
) -> None:
    """An MLflow model without a script of its own brings what Azure's generated script needs.

    Azure writes the scoring script for such a model, and imports azureml-ai-monitoring in it. Without the package the
    container ends on its first import: liveness answers 502 and says nothing. MLflow releases that the script has not
    been seen to serve are advice.
    """
    spec, rules = aml_deployment_spec, aml_serving_rules
    if not _is_generated(spec):
        not_applicable("the deployment has no MLflow model without a scoring script")
    environment = _valid(aml_environment)
    for package, since in rules.mlflow_requires.items():
        if environment.requirement(package) is None and environment.unknown_because is None:
            newest = newest_server(environment.python, rules)
            too_old = newest is not None and package in newest.clashes
            newer = f"(and `python={NEWER_PYTHON}`: on this one the server does not start beside it)" if too_old else ""
            blocked(
                f"MLflow model {environment.shown} lacks {package}",
                found=f"no {package} in {environment.shown}; the generated script imports it since {since}",
                expected=f"{package} among its pip packages",
                fix=(add_package(environment, package), newer),
            )
    mlflow = environment.requirement("mlflow") or environment.requirement("mlflow-skinny")
    if mlflow is not None:
        _advise_of_mlflow(environment, mlflow, aml_package_resolution.versions.get(mlflow.name) or mlflow.exact, rules)


@check("environment", explains=("UserScriptInitFailed", "ResourceNotReady"), phases=PHASES)
def check_packages_match_the_model(
    aml_environment: Environment, aml_model_folder: ModelFolder | None, aml_package_resolution: PackageResolution
) -> None:
    """The packages that load the model are those that made it.

    Pickles of another release of scikit-learn load with a warning, with other predictions, or not at all. The versions
    are those of the model's MLmodel file and of its pickles, which are read and never loaded.
    """
    if aml_model_folder is None or not aml_model_folder.made_with:
        not_applicable("nothing here says what the model was made with")
    environment = _valid(aml_environment)
    for made in aml_model_folder.made_with:
        requirement = environment.requirement(made.package)
        serves = aml_package_resolution.versions.get(made.package) or (requirement.series if requirement else None)
        if serves is None or not _is_other(made, serves):
            continue
        where = requirement.position if requirement else environment.position
        advise(
            f"{aml_model_folder.shown} was made with {made.package} {made.version}, and {serves} loads it",
            found=f"{made.package} {serves} at {where}; {made.version} at {made.position}",
            expected=f"{made.package}=={made.version}, or a model that was made with {serves}",
            fix=(EditLine(where, f"{made.package}=={made.version}"), "(or log the model anew)"),
        )


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
    fix = (
        shell("uv", "pip", "compile", "--python-version", str(environment.python), "REQUIREMENTS.txt"),
        f"(REQUIREMENTS.txt holds the pip packages of {environment.shown})",
    )
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
def check_build_context_is_within_limits(
    aml_environment: Environment, aml_serving_rules: ServingRules, aml_deployment_spec: DeploymentSpec
) -> None:
    """The Docker build context is there, with its Dockerfile, and small enough to be sent.

    `dockerfile_path` counts from the context, not from the project. Azure takes 100 files and one megabyte; a context
    that is the whole repository fails or builds something else.
    """
    build = aml_environment.build
    if build is None:
        not_applicable("the environment is not built from a Docker context on this machine")
    if not build.exists:
        leads_nowhere("build context", build.shown, "environment.build.path", aml_deployment_spec)
    if not build.has_dockerfile:
        blocked(
            f"build context {build.shown} has no {build.dockerfile_path}",
            found=f"{build.shown}/{build.dockerfile_path} does not exist; named at {aml_environment.position}",
            expected="build.dockerfile_path: a file below build.path, counted from it",
            fix=shell("ls", build.shown),
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


def _check_image(spec: DeploymentSpec, environment: Environment, rules: ServingRules) -> None:
    """An image of the user's own may hold the server; Azure's base images are known to hold none."""
    if environment.image is None or environment.source is not EnvironmentSource.IMAGE:
        return
    if not rules.is_bare(environment.image):
        return
    where = spec.position("environment.image")
    blocked(
        f"image {environment.image.rpartition('/')[2]} holds no inference server",
        found=f"image without a conda_file at {where}",
        expected=f"a conda_file beside it, with {SERVER} and what the script imports",
        fix=f"write conda_file under environment at {spec.where('environment')}",
        where=where,
    )


def _is_other(made: MadeWith, serves: str) -> bool:
    """Whether it is another release, major and minor; MLflow reads what an earlier one wrote."""
    ours, theirs = minor(serves), minor(made.version)
    if made.package == "mlflow":
        return bool(ours and theirs and ours[0] < theirs[0])
    return ours is not None and theirs is not None and ours != theirs


def _is_generated(spec: DeploymentSpec) -> bool:
    """Whether Azure writes the scoring script."""
    return spec.code is None and spec.model is not None and spec.model.type is ModelType.MLFLOW


def _advise_of_mlflow(environment: Environment, mlflow: Requirement, version: str | None, rules: ServingRules) -> None:
    if version is None or not rules.mlflow_served or admits(rules.mlflow_served, version):
        return
    advise(
        f"MLflow {version} of {environment.shown} was not tried with Azure's scoring script",
        found=f"{mlflow.text} at {mlflow.position}",
        expected=f"mlflow{rules.mlflow_served} (as of {rules.as_of.get('mlflow-serving')})",
        fix=(EditLine(mlflow.position, f"mlflow{rules.mlflow_served}"), "(and log the model anew with it)"),
    )
