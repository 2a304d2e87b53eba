"""The official schema's verdict, asked of the real azure-ai-ml in a process of its own."""

import sys
from pathlib import Path

import pytest

from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.processes.schema_verdict import _flattened, read_schema_verdict
from pytest_amlpreflight.readers.project.spec_file import read_deployment_spec, read_endpoint_spec


def test_mistakes_have_azures_words_and_our_lines(tmp_path: Path) -> None:
    """Unknown fields, missing ones and wrong types are found by azure-ai-ml and pointed at."""
    text = "name: blue\nendpoint_name: iris\ninstance_typ: x\nmodel:\n  path: m\n  flavour: a\n"
    (tmp_path / "blue.yml").write_text(text, encoding="utf-8")
    spec = read_deployment_spec(Path("blue.yml"), tmp_path)

    verdict = read_schema_verdict(spec, tmp_path)

    assert sorted(str(each) for each in verdict.mistakes) == [
        "blue.yml: instance_type: Missing data for required field",
        "blue.yml:3: instance_typ: Unknown field",
        "blue.yml:6: model.flavour: Unknown field",
    ]
    assert verdict.version


def test_good_endpoint_has_no_mistakes(tmp_path: Path) -> None:
    """A spec that Azure takes has nothing to be said of it, and no module of the project's is run for that."""
    (tmp_path / "endpoint.yml").write_text("name: iris\nauth_mode: key\n", encoding="utf-8")
    (tmp_path / "azure").mkdir()
    for trap in ("json.py", "yaml.py", "azure/__init__.py"):
        (tmp_path / trap).write_text("raise SystemExit('a module of the project was run')\n", encoding="utf-8")
    spec = read_endpoint_spec(Path("endpoint.yml"), tmp_path)

    verdict = read_schema_verdict(spec, tmp_path)

    assert verdict.mistakes == ()


def test_names_of_the_caller_stand_for_the_files(tmp_path: Path) -> None:
    """What az takes as --name and --endpoint-name is not missing from the file."""
    (tmp_path / "blue.yml").write_text(
        "name: <NAME>\ninstance_type: Standard_DS3_v2\ninstance_count: 1\n", encoding="utf-8"
    )
    spec = read_deployment_spec(Path("blue.yml"), tmp_path, "iris", "blue")

    verdict = read_schema_verdict(spec, tmp_path)

    assert verdict.mistakes == ()


def python(folder: Path, body: str) -> str:
    """An interpreter that does something else with our program."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('import sys; print("schema verdict: " + \'{"broken": "ImportError: no marshmallow"}\')', "no marshmallow"),
        ("raise SystemExit('segmentation fault')", "ImportError\n  segmentation fault"),
        ("import time; time.sleep(60)", "Timeout"),
    ],
)
def test_broken_installation_is_unreadable(tmp_path: Path, body: str, words: str) -> None:
    """An azure-ai-ml that cannot answer is said to be unreadable, with the reason."""
    (tmp_path / "endpoint.yml").write_text("name: iris\n", encoding="utf-8")
    spec = read_endpoint_spec(Path("endpoint.yml"), tmp_path)

    with pytest.raises(FactUnreadable, match=f"the schema of azure-ai-ml is unreadable: (?s:.*){words}"):
        read_schema_verdict(spec, tmp_path, python=python(tmp_path, body), timeout=2)


def test_absent_interpreter_is_unreadable(tmp_path: Path) -> None:
    """So is a Python that is not there."""
    (tmp_path / "endpoint.yml").write_text("name: iris\n", encoding="utf-8")
    spec = read_endpoint_spec(Path("endpoint.yml"), tmp_path)

    with pytest.raises(FactUnreadable, match="NotStarted"):
        read_schema_verdict(spec, tmp_path, python=str(tmp_path / "absent"))


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("\x1b[31mNot a valid\n  string.\x1b[0m", "x: Not a valid string"),
        ("Invalid: <function load at 0x7f3a> of <class 'azure.Thing'>", "x: Invalid: an object of an object"),
        ("y" * 900, "x: " + "y" * 297 + "..."),
    ],
)
def test_a_mistake_is_one_line_without_pythons_own_words(told: str, shown: str) -> None:
    """Colours, names of objects and pages of text are nobody's help."""
    assert list(_flattened({"x": [told]})) == [("x", shown)]
