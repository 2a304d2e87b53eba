"""What is read of the user's project is bounded: every pattern, every parser, every file."""

import ast
import inspect
import json
import re
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
import yaml

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.readers import processes, project
from pytest_amlpreflight.readers.project.conda_file import read_conda_file
from pytest_amlpreflight.readers.project.model_folder import read_model_folder
from pytest_amlpreflight.readers.project.requirement_lines import conda_requirement, pip_requirement
from pytest_amlpreflight.readers.project.script_file import read_script
from pytest_amlpreflight.readers.project.spec_file import SpecError, read_deployment_spec, read_endpoint_spec
from pytest_amlpreflight.readers.project.template_file import read_template

LENGTH = 20_000
PIECES = ("a", "a.", "a-", " ", "<", "{", "${", "<a ", "(", "[a", "/", "\\", '"', "a:", "==", "#", "\n", "warning:\n")
SEARCHED = ("search", "sub", "findall", "finditer", "split")


def uses() -> dict[str, Callable[[str], object]]:
    """Every pattern that a module of these readers keeps, in the ways in which the module uses it."""
    found: dict[str, Callable[[str], object]] = {}
    for package in (project, processes):
        for info in iter_modules(package.__path__):
            module = import_module(f"{package.__name__}.{info.name}")
            source = inspect.getsource(module)
            for name, pattern in vars(module).items():
                if not (isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str)):
                    continue
                searched = any(f"{name}.{way}(" in source for way in SEARCHED)
                ways = {"match": pattern.match, "fullmatch": pattern.fullmatch}
                ways |= {"search": pattern.search} if searched else {}
                found |= {f"{info.name}.{name}.{way}": function for way, function in ways.items()}
    return found


@pytest.mark.parametrize("use", uses().values(), ids=uses())
def test_every_pattern_is_linear(use: Callable[[str], object]) -> None:
    """No text makes it wait: a pattern that is not linear takes seconds for a text of this length."""
    for piece in PIECES:
        text = (piece * LENGTH)[:LENGTH] + "!"

        began = time.thread_time()
        use(text)

        assert time.thread_time() - began < 0.5, piece


@pytest.mark.parametrize("read", [read_deployment_spec, read_endpoint_spec])
@pytest.mark.parametrize(
    "text",
    [
        "\n".join([f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" if n else "a0: &a0 [x]" for n in range(12)]),
        "\n".join([f"b{n}: &b{n} {{<<: *b{n - 1}, k{n}: 1}}" if n else "b0: &b0 {x: 1}" for n in range(4000)]),
        "b0: &b0 {"
        + ", ".join(f"k{n}: 1" for n in range(5000))
        + "}\n"
        + "".join(f"c{n}: {{<<: *b0}}\n" for n in range(5000)),
        "a: " + "[" * 500 + "]" * 500,
        "a: " + "{b: " * 500 + "}" * 500,
        "a: &a {<<: *a}",
        "? " * 300 + "a",
        "a:\n" + "".join(" " * n + "- \n" for n in range(1, 400)),
    ],
    ids=[
        "lists of lists",
        "chained merges",
        "repeated merges",
        "deep lists",
        "deep mappings",
        "itself",
        "keys",
        "steps",
    ],
)
def test_no_yaml_takes_long(tmp_path: Path, text: str, read: Callable[[Path, Path], object]) -> None:
    """Bombs of anchors, merges and nesting are refused, each in one sentence."""
    (tmp_path / "blue.yml").write_text(text, encoding="utf-8")

    began = time.thread_time()
    with pytest.raises(SpecError, match=r"^blue\.yml"):
        read(Path("blue.yml"), tmp_path)

    assert time.thread_time() - began < 4


def test_a_bomb_in_a_conda_file_is_a_problem_of_it(tmp_path: Path) -> None:
    """The same bounds hold for every file that a spec names."""
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" if n else "a0: &a0 [x]" for n in range(12)]
    (tmp_path / "conda.yml").write_text("\n".join(lines), encoding="utf-8")

    assert "expands to more than" in read_conda_file(Path("conda.yml"), tmp_path).problems[0].sentence


@pytest.mark.parametrize("brackets", ["(" * 5000, "a[" * 3000, "a; " + "(" * 4000, "a" * 200_000])
def test_requirements_without_end_are_none(brackets: str) -> None:
    """Neither pip's nor conda's notation nests like this."""
    assert pip_requirement(brackets, Position("c.yml")) is None
    assert conda_requirement(brackets, Position("c.yml")) is None or len(brackets) <= 1000


@pytest.mark.parametrize(
    "source",
    ["x = " + "{1: " * 300 + "}" * 300, "x = " + "-" * 50_000 + "1", "x = " + "a." * 20_000 + "b", "x = " + "f(" * 199],
)
def test_no_source_takes_long(tmp_path: Path, source: str) -> None:
    """What Python itself cannot parse is a problem, what it can is read."""
    (tmp_path / "score.py").write_text(source + "\n", encoding="utf-8")

    began = time.thread_time()
    read_script(tmp_path / "score.py", tmp_path, tmp_path)

    assert time.thread_time() - began < 5


def test_the_largest_source_is_read_in_seconds(tmp_path: Path) -> None:
    """Half a megabyte of dense code is all that is taken of a file."""
    line = "x = [f(a, b=c)[d] + {e: (g, h)} for i in j if k and not l]\n"
    (tmp_path / "score.py").write_text(line * (520_000 // len(line)), encoding="utf-8")

    began = time.thread_time()
    ast.parse((tmp_path / "score.py").read_text(encoding="utf-8"))
    parsed = time.thread_time()
    assert read_script(tmp_path / "score.py", tmp_path, tmp_path).problem is None

    assert time.thread_time() - parsed < 20 * (parsed - began)


def test_modules_are_followed_as_far_as_is_bearable(tmp_path: Path) -> None:
    """A chain of large modules ends after two, and what those import still counts."""
    for n in range(40):
        body = "x = 1\n" * 60_000
        (tmp_path / f"m{n}.py").write_text(f"import m{n + 1}\n{body}", encoding="utf-8")

    script = read_script(tmp_path / "m0.py", tmp_path, tmp_path)

    assert [each.module for each in script.imports] == ["m1", "m2"]


def test_a_sparse_file_is_not_read_whole(tmp_path: Path) -> None:
    """Its size is refused where a text is wanted, and a model's weight is not its content."""
    for name in ("blue.yml", "template.json", "model.pkl"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(3 * 1024**3)

    began = time.thread_time()
    with pytest.raises(SpecError, match="is larger than 256 KiB"):
        read_deployment_spec(Path("blue.yml"), tmp_path)
    template, model = read_template(tmp_path / "template.json", tmp_path), read_model_folder(tmp_path, tmp_path)

    assert template is not None
    assert template.problem is not None
    assert model.bytes == 9 * 1024**3
    assert time.thread_time() - began < 5


def test_a_signature_of_many_columns_is_no_obstacle(tmp_path: Path) -> None:
    """Wide tables are real: forty thousand columns fill megabytes, and what else the file says is read as ever."""
    columns = json.dumps([{"type": "double", "name": f"feature {n}", "required": True} for n in range(40_000)])
    said = {"artifact_path": "model", "flavors": {"python_function": {"python_version": "3.10.1"}}}
    text = yaml.safe_dump(said | {"signature": {"inputs": columns, "outputs": None}, "mlflow_version": "3.1.0"})
    (tmp_path / "MLmodel").write_text(text, encoding="utf-8")

    began = time.thread_time()
    found = read_model_folder(tmp_path, tmp_path)

    assert (found.problems, len(text) > 2 * 1024**2) == ((), True)
    assert found.mlmodel is not None
    assert (found.mlmodel.python_version, found.mlmodel.mlflow_version) == ("3.10.1", "3.1.0")
    assert time.thread_time() - began < 2


def test_what_is_not_the_signature_is_bounded(tmp_path: Path) -> None:
    """Anything else of that size is no MLmodel file."""
    (tmp_path / "MLmodel").write_text("flavors: {}\n" + "a: [b]\n" * 50_000 + "signature: {}\n", encoding="utf-8")

    found = read_model_folder(tmp_path, tmp_path)

    assert [str(each) for each in found.problems] == [
        "MLmodel: is larger than 256 KiB beside its signature, which no such file is"
    ]
