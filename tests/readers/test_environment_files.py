"""Conda files, Dockerfiles and MLflow models read into what a container will have installed."""

import os
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_amlpreflight.facts.project.environment import Environment, EnvironmentSource
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.readers.project.conda_file import read_conda_file
from pytest_amlpreflight.readers.project.environment_files import read_environment
from pytest_amlpreflight.readers.project.model_folder import read_model_folder
from pytest_amlpreflight.readers.project.requirement_lines import conda_requirement, pip_lines, pip_requirement
from pytest_amlpreflight.readers.project.spec_file import read_deployment_spec


def write(path: Path, text: str) -> Path:
    """Write a file and the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def conda(root: Path, text: str) -> Environment:
    """The environment of a conda file of this text."""
    return read_conda_file(write(root / "conda.yml", text), root)


def deployment(root: Path, body: str) -> Environment:
    """The environment of a deployment with this body."""
    write(root / "blue.yml", "name: blue\nendpoint_name: iris\n" + textwrap.dedent(body))
    spec = read_deployment_spec(Path("blue.yml"), root)
    model = read_model_folder(spec.model.path, root) if spec.model and spec.model.path else None
    return read_environment(spec, root, model)


def test_conda_file_is_read_whole(tmp_path: Path) -> None:
    """Python, channels, conda and pip packages become requirements with their lines."""
    found = conda(
        tmp_path,
        """
        channels: [conda-forge]
        dependencies:
          - python=3.11.4
          - numpy=1.26
          - pip:
              - azureml-inference-server-http==1.5.1
              - scikit_learn>=1.3,<2  # the model's own
              - inference-schema[numpy-support]
        """,
    )

    names = {each.name: each.specifier for each in found.requirements}

    assert names == {
        "numpy": "==1.26.*",
        "azureml-inference-server-http": "==1.5.1",
        "scikit-learn": "<2,>=1.3",
        "inference-schema": "",
    }
    assert (found.python, found.channels, found.problems) == ("3.11", ("conda-forge",), ())
    assert found.unknown_because is None
    assert str(found.requirement("azureml_inference_server_http").position) == "conda.yml:7"  # type: ignore[union-attr]
    assert found.requirement("inference-schema").extras == {"numpy-support"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "name", "specifier"),
    [
        ("numpy", "numpy", ""),
        ("numpy=1.26", "numpy", "==1.26.*"),
        ("numpy==1.26.4", "numpy", "==1.26.4"),
        ("numpy=1.26.4=py311_0", "numpy", "==1.26.4.*"),
        ("numpy >=1.21,<2", "numpy", ">=1.21,<2"),
        ("conda-forge::lightgbm=4.*", "lightgbm", "==4.*"),
        ("python 3.10", "python", "==3.10"),
        ("pytorch[version='>=2']", "pytorch", ">=2"),
        ("_libgcc_mutex=0.1", "-libgcc-mutex", "==0.1.*"),
    ],
)
def test_conda_notation_is_translated(text: str, name: str, specifier: str) -> None:
    """Conda's ways of writing versions mean the same in pip's."""
    found = conda_requirement(text, Position("conda.yml"))

    assert found is not None
    assert (found.name, found.specifier) == (name, specifier)


@pytest.mark.parametrize(
    ("specifier", "pinned"),
    [("==1.2", True), ("~=1.2", True), ("@ https://x/y.whl", True), (">=1", False), ("", False)],
)
def test_pins_are_told_from_ranges(specifier: str, pinned: bool) -> None:
    """Only a fixed version gives the same image tomorrow."""
    found = pip_requirement(f"numpy {specifier}", Position("conda.yml"))

    assert found is not None
    assert found.is_pinned is pinned


def test_requirements_lines_are_joined_and_stripped() -> None:
    """Continuations, comments and hashes are not packages."""
    text = "# head\nnumpy==1.26.4 \\\n    --hash=sha256:0\n\nscipy # why\nfoo @ git+https://x/y#egg=foo\n"

    lines = pip_lines(text)

    assert lines == [(2, "numpy==1.26.4"), (5, "scipy"), (6, "foo @ git+https://x/y#egg=foo")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("dependencies: numpy\n", "conda.yml:1: dependencies must be a list"),
        ("name: x\n", "conda.yml:1: lists no dependencies"),
        ("dependencies:\n  - pip:\n      numpy\n", "conda.yml:2: pip must be a list of packages"),
        ("dependencies:\n  - numpy: 1.26\n", "conda.yml:2: numpy is no package manager of conda"),
        ("dependencies:\n  - [a]\n", "conda.yml:2: a dependency must be a package"),
        ("dependencies:\n  - pip:\n    - -r requirements.txt\n", "conda.yml:3: `-r requirements.txt` names a file"),
        ("dependencies:\n  - pip:\n    - ./wheels/a.whl\n", "conda.yml:3: `./wheels/a.whl` is on this machine"),
        ("dependencies:\n  - pip:\n    - -e ./lib\n", "conda.yml:3: `-e ./lib` is on this machine"),
        ("dependencies:\n  - pip:\n    - lib @ file:///lib\n", "conda.yml:3: `lib @ file:///lib` is on this machine"),
        ("dependencies:\n  - pip:\n    - numpy==\n", "conda.yml:3: 'numpy==' is no pip requirement"),
        ("channels:\n  - {a: b}\ndependencies: [pip]\n", "conda.yml:2: a channel must be a name"),
        ("dependencies:\n\t- pip\n", "conda.yml:2: is not YAML: a tab"),
    ],
)
def test_wrong_conda_files_say_where(tmp_path: Path, text: str, problem: str) -> None:
    """Every mistake is a problem with its line; reading never fails."""
    found = conda(tmp_path, text)

    problems = [str(each) for each in found.problems]

    assert problems[0].startswith(problem)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: None], ids=["folder", "absent"])
def test_conda_file_that_is_no_file_says_so(tmp_path: Path, make: object) -> None:
    """A path that leads nowhere is a problem of the environment."""
    assert callable(make)
    make(tmp_path / "conda.yml")

    found = read_conda_file(tmp_path / "conda.yml", tmp_path)

    assert found.problems
    assert found.source is EnvironmentSource.CONDA


@pytest.mark.parametrize(
    "line",
    [
        "git+https://example.com/team/lib.git@v1",
        "-e git+https://example.com/team/lib.git@v1",
        "--editable=git+https://example.com/team/lib.git@v1#egg=lib",
        "git+https://me:secret@example.com/team/lib.git@v1",
    ],
)
def test_addresses_may_bring_anything(tmp_path: Path, line: str) -> None:
    """A package from a repository leaves the list open, be it editable or named with a password."""
    found = conda(tmp_path, f"dependencies:\n  - pip:\n    - {line}\n")

    why = found.unknown_because

    assert (why, found.problems) == ("git+https://example.com/team/lib.git may bring more", ())


def test_a_wheel_at_an_address_is_not_on_this_machine(tmp_path: Path) -> None:
    """Torch is often named so."""
    found = conda(tmp_path, "dependencies:\n  - pip:\n    - torch @ https://example.com/whl/torch-2.4-cp311.whl\n")

    assert (found.problems, [each.name for each in found.requirements]) == ((), ["torch"])


@pytest.mark.parametrize(
    ("pin", "minor", "release"),
    [("=3.7.11", "3.7", "3.7.11"), ("==3.7.11", "3.7", "3.7.11"), ("=3.7", "3.7", None), ("~=3.7.5", "3.7", None)],
)
def test_python_is_known_as_far_as_it_is_pinned(tmp_path: Path, pin: str, minor: str, release: str | None) -> None:
    """A pinned patch is kept: packages may need a patch of their Python."""
    found = conda(tmp_path, f"dependencies:\n  - python{pin}\n")

    assert (found.python, found.python_release) == (minor, release)


def test_inline_conda_points_at_the_spec(tmp_path: Path) -> None:
    """Content written into the spec is read like a file, and its verdicts point at the spec."""
    found = deployment(
        tmp_path, "environment:\n  image: base\n  conda_file:\n    dependencies: [python=3.10, {pip: [numpy]}]\n"
    )

    requirement = found.requirement("numpy")

    assert requirement is not None
    assert (found.python, found.image, str(requirement.position)) == ("3.10", "base", "blue.yml:3")


@pytest.mark.parametrize(
    ("body", "source", "why"),
    [
        ("environment: azureml:iris-env:3\n", EnvironmentSource.REGISTERED, "environment iris-env:3 is registered"),
        ("environment: {image: 'team/server:1'}\n", EnvironmentSource.IMAGE, "image team/server:1 holds what is"),
        ("environment: {build: {path: ./docker}}\n", EnvironmentSource.DOCKERFILE, "the Dockerfile of docker installs"),
        ("", EnvironmentSource.ABSENT, "the deployment names no environment"),
    ],
)
def test_what_cannot_be_known_says_why(tmp_path: Path, body: str, source: EnvironmentSource, why: str) -> None:
    """Images, registered environments and Dockerfiles hold what no file here tells."""
    found = deployment(tmp_path, body)

    assert found.source is source
    assert (found.unknown_because or "").startswith(why)
    assert not found.lists_packages


def test_build_context_is_measured(tmp_path: Path) -> None:
    """The context's files and bytes are counted, and its Dockerfile looked for inside it."""
    write(tmp_path / "docker/Dockerfile", "FROM base\n")
    write(tmp_path / "docker/app/main.py", "x = 1\n")

    build = deployment(tmp_path, "environment: {build: {path: docker, dockerfile_path: docker/Dockerfile}}\n").build

    assert build is not None
    assert (build.exists, build.has_dockerfile, build.files, build.bytes) == (True, False, 2, 16)


MLMODEL = """
flavors:
  python_function: {loader_module: mlflow.sklearn, python_version: 3.8.13, env: {conda: conda.yaml}}
  sklearn: {sklearn_version: 1.2.2}
mlflow_version: 2.4.0
"""


def test_mlflow_model_brings_its_environment(tmp_path: Path) -> None:
    """Without an environment in the spec, the model's own conda file is what Azure builds."""
    write(tmp_path / "model/MLmodel", MLMODEL)
    write(tmp_path / "model/conda.yaml", "dependencies: [python=3.12, {pip: [mlflow<3]}]\n")

    found = deployment(tmp_path, "model: {path: model, type: mlflow_model}\n")

    assert found.source is EnvironmentSource.MLFLOW
    assert (found.shown, found.python, found.requirement("mlflow") is not None) == ("model/conda.yaml", "3.12", True)


def test_mlmodel_is_read(tmp_path: Path) -> None:
    """The model says with which Python and MLflow it was made."""
    write(tmp_path / "model/MLmodel", MLMODEL)

    mlmodel = read_model_folder(tmp_path / "model", tmp_path).mlmodel

    assert mlmodel is not None
    assert (mlmodel.python_version, mlmodel.mlflow_version) == ("3.8.13", "2.4.0")
    assert mlmodel.flavors == ("python_function", "sklearn")
    assert str(mlmodel.position) == "model/MLmodel:3"


def test_requirements_and_python_env_stand_in_for_conda(tmp_path: Path) -> None:
    """A model without a conda file has its packages in requirements.txt and its Python in python_env.yaml."""
    write(tmp_path / "model/MLmodel", MLMODEL)
    write(tmp_path / "model/requirements.txt", "mlflow==2.4.0\nscikit-learn==1.2.2\n")
    write(tmp_path / "model/python_env.yaml", "python: 3.8.13\n")

    found = deployment(tmp_path, "model: {path: model, type: mlflow_model}\n")

    assert (found.shown, found.python) == ("model/requirements.txt", "3.8")
    assert [each.name for each in found.requirements] == ["mlflow", "scikit-learn"]


def test_model_folder_keeps_its_name(tmp_path: Path) -> None:
    """Below AZUREML_MODEL_DIR a folder has its own name, and a file stands by itself."""
    write(tmp_path / "model/weights/a.pkl", "12345")

    folder = read_model_folder(tmp_path / "model", tmp_path)
    file = read_model_folder(tmp_path / "model/weights/a.pkl", tmp_path)

    assert (folder.files, folder.bytes) == (frozenset({"model/weights/a.pkl"}), 5)
    assert (folder.holds("model/weights"), folder.holds("model/weights/a.pkl"), folder.holds("a.pkl")) == (
        True,
        True,
        False,
    )
    assert file.holds("./a.pkl")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**/*.pkl", True), ("model/**/a.pkl", True), ("*/weights/[ab].pkl", True), ("model/*", True), ("**", True),
        ("*.pkl", False), ("model/*.pkl", False), ("**/*.onnx", False), ("model/weights/a.pkl/*", False),
    ],
)  # fmt: skip
def test_a_pattern_is_looked_for_as_glob_does(tmp_path: Path, pattern: str, found: bool) -> None:
    """A star stays in its folder, two of them do not."""
    write(tmp_path / "model/weights/a.pkl", "12345")

    assert read_model_folder(tmp_path / "model", tmp_path).holds(pattern) is found


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    """A model folder that links to itself is listed once."""
    write(tmp_path / "model/a.pkl", "")
    os.symlink(tmp_path / "model", tmp_path / "model/again")

    found = read_model_folder(tmp_path / "model", tmp_path)

    assert found.files == {"model/a.pkl"}


def test_absent_model_says_so(tmp_path: Path) -> None:
    """A model path that leads nowhere is a fact, not an error."""
    found = read_model_folder(tmp_path / "model", tmp_path)

    assert not found.exists


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(alphabet="adenpisy:-[]{}=<>,1.#'\"\n @+/&*~\t", max_size=80))
def test_any_text_gives_an_environment(tmp_path: Path, text: str) -> None:
    """Whatever stands in a conda file, the answer is an environment, if only one with problems."""
    found = conda(tmp_path, f"dependencies:\n  - pip:\n    - {text}\n")

    assert found.shown == "conda.yml"
