"""The checks of a scoring script, called with values."""

import contextlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_amlpreflight.checks import code as checks
from pytest_amlpreflight.facts.project.environment import Environment, EnvironmentSource, ModelFolder, Requirement
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import (
    OWN,
    Function,
    Import,
    ModelPath,
    OpenedPath,
    Parameter,
    ParameterKind,
    Problem,
    Script,
    Wait,
)
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import EnvironmentReference, InferenceConfig
from pytest_amlpreflight.facts.rules.serving_rules import read_rules
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

RULES = read_rules()
HERE = Position("src/score.py", 3)
SPEC = DeploymentSpec("blue", "iris")


def script(
    *imports: Import, run: Function | None = None, init: Function | None = None, names: str = "init run", **rest: object
) -> Script:
    """A script with these functions and imports."""
    functions = {each.name: each for each in (run, init) if each}
    fields = {"imports": imports, "functions": functions, "names": frozenset(names.split())} | rest
    return Script(Path("src/score.py"), "src/score.py", **fields)  # type: ignore[arg-type]


def function(name: str, *parameters: Parameter, decorators: tuple[str, ...] = (), is_async: bool = False) -> Function:
    """A function with these parameters."""
    return Function(name, HERE, parameters, decorators, is_async)


def uses(module: str, *, certain: bool = True, level: int = 0) -> Import:
    """An import of the module."""
    return Import(module, HERE, certain, level)


def conda(*names: str, python: str | None = "3.11", why: str | None = None) -> Environment:
    """A conda file with these packages."""
    requirements = tuple(Requirement(name, "==1", name, Position("conda.yml", 4)) for name in names)
    return Environment(
        EnvironmentSource.CONDA, "conda.yml", python=python, requirements=requirements, unknown_because=why
    )


DATA = Parameter("data")
skipped = NotApplicable


def test_script_that_compiles_passes() -> None:
    """A script without a problem is all that is asked for."""
    found = script()

    checks.check_scoring_script_compiles(found, conda(), SPEC)


def test_code_folder_that_is_not_there_is_told_with_the_one_that_was_meant() -> None:
    """Authors write paths as seen from where they start az, and az looks from the folder of the YAML."""
    problem = Problem("code folder deployment/deployment does not exist", HERE)
    found = script(problem=problem, is_absent=True)
    spec = replace(SPEC, meant={"code_configuration.code": "."})

    with pytest.raises(Blocked, match=r"code folder src/score.py does not exist(.|\n)*write `code: \.` at"):
        checks.check_scoring_script_compiles(found, conda(), spec)


def test_script_that_does_not_compile_is_blocked() -> None:
    """The sentence and the line are those of the compiler."""
    found = script(problem=Problem("invalid syntax", HERE))

    with pytest.raises(Blocked, match=r"score.py cannot be run: invalid syntax") as caught:
        checks.check_scoring_script_compiles(found, conda(), SPEC)

    assert caught.value.culprit.found == "src/score.py:3: invalid syntax"


def test_script_that_is_not_there_is_missing_on_every_python() -> None:
    """The YAML that names it is to blame, and the newer Python is no excuse."""
    newer = f"{sys.version_info.major}.{sys.version_info.minor + 1}"
    found = script(problem=Problem("it is not in src", Position("blue.yml", 8)))

    with pytest.raises(Blocked, match=r"score.py cannot be run: it is not in src") as caught:
        checks.check_scoring_script_compiles(found, conda(python=newer), SPEC)

    assert caught.value.culprit.fix == "correct blue.yml:8"


def test_syntax_of_a_newer_python_is_not_judged() -> None:
    """An older Python cannot tell what a later one accepts."""
    newer = f"{sys.version_info.major}.{sys.version_info.minor + 1}"
    found = script(problem=Problem("invalid syntax", HERE))

    with pytest.raises(NotApplicable, match=f"may use what Python {newer} knows"):
        checks.check_scoring_script_compiles(found, conda(python=newer), SPEC)


def test_deployment_without_a_script_is_skipped() -> None:
    """Images and MLflow models bring no script."""
    with pytest.raises(NotApplicable, match="no scoring script on this machine"):
        checks.check_script_defines_init_and_run(None)


def test_checks_behind_a_broken_script_are_not_reached() -> None:
    """One broken line is reported once."""
    found = script(problem=Problem("invalid syntax", HERE))

    with pytest.raises(NotApplicable, match=r"not reached: src/score.py does not compile"):
        checks.check_errors_stay_inside(found)


@pytest.mark.parametrize(
    "run",
    [
        function("run", DATA),
        function("run", DATA, Parameter("request_headers")),
        function("run", Parameter("data", ParameterKind.KEYWORD_ONLY)),
        function("run", DATA, decorators=("rawhttp",)),
        function("run", DATA, decorators=("input_schema", "output_schema")),
        function("run", Parameter("rest", ParameterKind.VAR_POSITIONAL), decorators=("traced",)),
        None,
    ],
)
def test_run_as_the_server_calls_it_passes(run: Function | None) -> None:
    """Every form that the server takes, and forms that cannot be read from the source."""
    found = script(run=run, init=function("init"))

    checks.check_script_defines_init_and_run(found)


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (function("run"), "takes no argument for the input data"),
        (function("run", Parameter("request_headers")), "takes no argument for the input data"),
        (function("run", Parameter("data", ParameterKind.POSITIONAL_ONLY)), "takes a positional-only argument 'data'"),
        (function("run", Parameter("rest", ParameterKind.VAR_POSITIONAL)), r"takes \*args"),
        (function("run", DATA, Parameter("more", ParameterKind.VAR_KEYWORD)), r"takes \*\*kwargs"),
        (function("run", DATA, decorators=("rawhttp", "input_schema")), "has both @rawhttp and @input_schema"),
        (function("run", DATA, is_async=True), "is a coroutine"),
    ],
)
def test_run_that_the_server_refuses_is_blocked(run: Function, problem: str) -> None:
    """The server's own rules, before the server."""
    found = script(run=run)

    with pytest.raises(Blocked, match=f"run\\(\\) {problem}"):
        checks.check_script_defines_init_and_run(found)


@pytest.mark.parametrize(("names", "missing"), [("run", "init"), ("init", "run"), ("", "init")])
def test_missing_function_is_blocked(names: str, missing: str) -> None:
    """Both functions must be there."""
    found = script(names=names)

    with pytest.raises(Blocked, match=rf"score.py does not define {missing}\(\)"):
        checks.check_script_defines_init_and_run(found)


def test_star_import_may_bring_the_functions() -> None:
    """What `import *` brings is not known, and so no reason to block."""
    found = script(names="", has_star_import=True)

    checks.check_script_defines_init_and_run(found)


def test_init_with_arguments_is_blocked() -> None:
    """The server passes none."""
    found = script(init=function("init", Parameter("path")))

    with pytest.raises(Blocked, match=r"score.py defines init\(\) with arguments"):
        checks.check_script_defines_init_and_run(found)


@pytest.mark.parametrize(
    ("modules", "packages"),
    [
        ("json os.path numpy sklearn.linear_model joblib scipy", "scikit-learn"),
        ("cv2 PIL.Image yaml", "opencv-python-headless pillow pyyaml"),
        ("azureml_inference_server_http.api.aml_request flask", "azureml-inference-server-http"),
        ("azure.identity azure.storage.blob", "azure-identity azure-storage-blob"),
        ("torch", "pytorch"),
        ("azureml.core.model", "azureml-defaults"),
        ("pkg_resources", ""),
        ("contoso.features", "contoso-features"),
    ],
)
def test_installed_imports_pass(modules: str, packages: str) -> None:
    """Names are mapped, dependencies followed, and a package of a like name is given the benefit of the doubt."""
    found = script(*(uses(each) for each in modules.split()))

    checks.check_imports_are_in_the_environment(found, conda(*packages.split()), RULES)


@pytest.mark.parametrize(
    ("module", "wanted"),
    [("sklearn.svm", "scikit-learn"), ("pandas", "pandas"), ("azure.storage.blob", "azure-storage-blob")],
)
def test_missing_import_is_blocked(module: str, wanted: str) -> None:
    """The package that is wanting is named as pip knows it."""
    found = script(uses("numpy"), uses(module))

    with pytest.raises(Blocked, match="which the environment lacks") as caught:
        checks.check_imports_are_in_the_environment(found, conda("numpy"), RULES)

    assert caught.value.culprit.fix == f"add `{wanted}` to the pip section of conda.yml"
    assert caught.value.culprit.found == f"import {module} at src/score.py:3; not in conda.yml"


@pytest.mark.parametrize(
    ("certain", "packages", "doubt"),
    [
        (False, ("numpy",), "the import may never run"),
        (True, ("contoso-platform",), "contoso-platform may bring it"),
    ],
)
def test_doubtful_imports_are_advice(certain: bool, packages: tuple[str, ...], doubt: str) -> None:
    """What may be installed, or may never be imported, is no reason to block."""
    found = script(uses("pandas", certain=certain))

    with pytest.warns(PreflightAdvice, match=doubt):
        checks.check_imports_are_in_the_environment(found, conda(*packages), RULES)


@pytest.mark.parametrize("instead", ["json", "numpy.linalg", OWN])
def test_an_import_that_something_else_does_for_is_not_missed(instead: str) -> None:
    """A module of Python, a package that is installed, or what the script defines itself; not a second that lacks."""
    found = script(replace(uses("orjson", certain=False), instead=frozenset({instead})))
    without = script(replace(uses("orjson", certain=False), instead=frozenset({"ujson"})))

    checks.check_imports_are_in_the_environment(found, conda("numpy"), RULES)
    with pytest.warns(PreflightAdvice, match="imports orjson"):
        checks.check_imports_are_in_the_environment(without, conda("numpy"), RULES)


def test_inference_image_may_have_its_own_packages() -> None:
    """What an inference image can add to every environment is not called missing."""
    found = script(uses("azureml_inference_server_http.api.aml_response"), uses("azureml.ai.monitoring"))
    environment = replace(conda("numpy"), image="mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference")

    checks.check_imports_are_in_the_environment(found, environment, RULES)


def test_local_modules_need_no_package() -> None:
    """A module beside the script is there."""
    found = script(uses("helpers.plots"), local_modules=frozenset({"helpers"}))

    checks.check_imports_are_in_the_environment(found, conda(), RULES)


def test_module_outside_the_code_folder_is_blocked() -> None:
    """It is on this machine, and not in what is uploaded."""
    found = script(uses("common"), misplaced={"common": "common.py"})

    with pytest.raises(Blocked, match=r"score.py imports common, which stands outside the code folder"):
        checks.check_imports_are_in_the_environment(found, conda(), RULES)


@pytest.mark.parametrize(
    "environment",
    [
        conda(why="git+https://x may bring more"),
        Environment(EnvironmentSource.IMAGE, unknown_because="image x holds it"),
    ],
    ids=["open list", "image"],
)
def test_module_outside_the_code_folder_may_be_installed(environment: Environment) -> None:
    """Where the environment is not known whole, the module may be in it."""
    found = script(uses("common"), misplaced={"common": "common.py"})

    with pytest.warns(PreflightAdvice, match="which stands outside the code folder"), contextlib.suppress(skipped):
        checks.check_imports_are_in_the_environment(found, environment, RULES)


@pytest.mark.parametrize(
    ("module", "package"), [("sklearn.svm", "scikit-learn"), ("contoso", "contoso-lib"), ("statistics", "numpy")]
)
def test_installed_module_is_not_misplaced(module: str, package: str) -> None:
    """A folder of the same name beside the code is only a namesake."""
    found = script(uses(module), misplaced={module.partition(".")[0]: "namesake.py"})

    checks.check_imports_are_in_the_environment(found, conda(package), RULES)


def test_relative_import_is_blocked() -> None:
    """The server loads the script as a file, not as part of a package."""
    found = script(uses("helpers", level=1))

    with pytest.raises(Blocked, match=r"score.py imports relatively, and is no package"):
        checks.check_imports_are_in_the_environment(found, conda(), RULES)


def test_unlisted_environment_is_skipped() -> None:
    """What an image holds is not on this machine."""
    found = script(uses("pandas"))
    image = Environment(EnvironmentSource.IMAGE, unknown_because="image x holds what is installed")

    with pytest.raises(NotApplicable, match="image x holds what is installed"):
        checks.check_imports_are_in_the_environment(found, image, RULES)


MODEL = ModelFolder(Path("model"), "model", files=frozenset({"model/iris.json", "model/more/b.bin"}))


@pytest.mark.parametrize("path", ["model/iris.json", "model", "model/more"])
def test_model_paths_that_exist_pass(path: str) -> None:
    """Files and folders of the model, below its own name."""
    found = script(model_paths=(ModelPath(path, HERE),))

    checks.check_model_paths_exist(found, MODEL, SPEC)


def test_model_path_without_the_folder_name_is_blocked() -> None:
    """The classic: the folder keeps its name, and the script does not know."""
    found = script(model_paths=(ModelPath("iris.json", HERE),))

    with pytest.raises(Blocked, match=r"score.py opens iris.json, which the model does not have") as caught:
        checks.check_model_paths_exist(found, MODEL, SPEC)

    assert caught.value.culprit.fix == 'os.path.join(os.environ["AZUREML_MODEL_DIR"], "model/iris.json")'


def test_script_that_searches_is_only_advised() -> None:
    """A script that looks for its files may cope."""
    found = script(model_paths=(ModelPath("iris.json", HERE),), searches_files=True)

    with pytest.warns(PreflightAdvice, match="which the model does not have"):
        checks.check_model_paths_exist(found, MODEL, SPEC)


def test_absent_model_is_blocked() -> None:
    """There is nothing to upload."""
    found = script(model_paths=(ModelPath("iris.json", HERE),))

    with pytest.raises(Blocked, match=r"model ../model does not exist(.|\n)*correct path at deployment.yml"):
        checks.check_model_paths_exist(found, ModelFolder(Path("x"), "../model", exists=False), SPEC)


def test_v1_sdk_that_is_installed_is_advice() -> None:
    """It still imports, and is retired."""
    found = script(uses("azureml.core.model"), v1_calls=(HERE,))

    with pytest.warns(PreflightAdvice, match="score.py uses the retired v1 SDK"):
        checks.check_script_is_v2(found, conda("azureml-core"), RULES)


def test_v1_sdk_that_is_missing_is_blocked() -> None:
    """It does not even import."""
    found = script(uses("azureml.core.model"))

    with pytest.raises(Blocked, match=r"score.py needs the v1 SDK, which the environment lacks"):
        checks.check_script_is_v2(found, conda("numpy"), RULES)


@pytest.mark.parametrize("module", ["azureml.ai.monitoring", "azureml.contrib.services.aml_request", "azureml.corelib"])
def test_other_azureml_packages_are_not_v1(module: str) -> None:
    """Only azureml.core is meant."""
    found = script(uses(module))

    checks.check_script_is_v2(found, conda(), RULES)


def test_returned_exceptions_are_advised_against() -> None:
    """It works, and hides every failure."""
    found = script(returned_errors=(HERE,))

    with pytest.warns(PreflightAdvice, match="score.py returns exception text to its callers"):
        checks.check_errors_stay_inside(found)


def test_a_script_in_another_language_is_left_to_its_container() -> None:
    """R under plumber has routes of its own; nothing judges it as Python."""
    r = Script(Path("scripts/plumber.R"), "scripts/plumber.R")
    routes = replace(SPEC, environment=EnvironmentReference(image="r:1", inference_config=InferenceConfig()))
    image = Environment(EnvironmentSource.IMAGE, unknown_because="image r:1 holds what is installed")

    for judge in (
        lambda: checks.check_scoring_script_compiles(r, image, routes),
        lambda: checks.check_script_defines_init_and_run(r),
        lambda: checks.check_errors_stay_inside(r),
    ):
        with pytest.raises(NotApplicable, match=r"plumber.R is not Python"):
            judge()


def test_a_script_in_another_language_cannot_be_served_by_the_inference_server() -> None:
    """A conda file makes an environment for Python."""
    with pytest.raises(Blocked, match=r"plumber.R is not Python, and the inference server runs nothing else"):
        checks.check_scoring_script_compiles(Script(Path("plumber.R"), "plumber.R"), conda(), SPEC)


def test_every_missing_import_is_named() -> None:
    """One verdict, so that one round is enough."""
    found = script(uses("pandas"), uses("sklearn.svm"), uses("torch", certain=False))

    with pytest.raises(Blocked) as caught, pytest.warns(PreflightAdvice, match="imports torch"):
        checks.check_imports_are_in_the_environment(found, conda("azureml-inference-server-http"), RULES)

    assert [each.headline.split()[2] for each in caught.value.culprits] == ["sklearn,", "pandas,"]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("model/model.pkl", "counts from wherever the server is started"),
        ("/home/me/model.pkl", "is on the author's machine"),
        ("C:\\models\\model.pkl", "is on the author's machine"),
        ("/var/azureml-app/azureml-models/iris/1/model.pkl", "changes with the model's version"),
    ],
)
def test_paths_that_the_container_lacks_are_advised_against(path: str, why: str) -> None:
    """Each is found on its author's machine, and not in the container."""
    found = script(opened_paths=(OpenedPath(path, HERE),))

    with pytest.warns(PreflightAdvice, match=why):
        checks.check_opened_paths_are_in_the_container(found, None)


def test_paths_of_the_image_are_left_alone() -> None:
    """An image of one's own may hold anything."""
    checks.check_opened_paths_are_in_the_container(script(opened_paths=(OpenedPath("/opt/app/names.txt", HERE),)), None)


def test_a_wait_for_a_debugger_is_blocked_where_it_is_certain() -> None:
    """Behind a condition it is nobody's trap for sure."""
    certain = script(waits=(Wait("debugpy.wait_for_client", HERE),))
    behind = script(waits=(Wait("debugpy.wait_for_client", HERE, is_certain=False),))

    with pytest.raises(Blocked, match=r"score.py waits for a debugger"):
        checks.check_script_waits_for_nobody(certain)
    with pytest.warns(PreflightAdvice, match=r"score.py waits for a debugger"):
        checks.check_script_waits_for_nobody(behind)
