"""The rules that age, from dated tables."""

from datetime import date
from pathlib import Path

import pytest

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.rules.serving_rules import TABLES, read_rules
from pytest_amlpreflight.readers.project.requirement_lines import pip_requirement

RULES = read_rules()


@pytest.mark.parametrize(
    ("module", "distributions"),
    [
        ("sklearn.linear_model", ("scikit-learn", "scikit-learn-intelex")),
        ("azure.storage.blob", ("azure-storage-blob",)),
        ("azureml.ai.monitoring.collector", ("azureml-ai-monitoring",)),
        ("some_module.part", ("some-module",)),
    ],
)
def test_longest_known_module_names_the_distribution(module: str, distributions: tuple[str, ...]) -> None:
    """Namespaces are told apart, and an unknown module comes from the distribution of its own name."""
    found = RULES.distributions(module)

    assert found == distributions


def test_dependencies_are_followed() -> None:
    """What a package brings counts, extras included; a package that is not in the table may bring anything."""
    texts = ("scikit-learn==1.5", "inference-schema[pandas-support]", "contoso-lib")
    requirements = tuple(each for each in (pip_requirement(text, Position("c.yml")) for text in texts) if each)

    installed, unknown = RULES.installed(requirements)

    assert {"numpy", "joblib", "pandas", "pytz", "pip"} <= installed
    assert unknown == {"contoso-lib"}


def test_every_table_says_when_it_was_true() -> None:
    """A run can tell how old its rules are."""
    dates = RULES.as_of

    assert set(dates) == set(TABLES)


def test_project_replaces_a_table(tmp_path: Path) -> None:
    """A file of the same name in the project's folder is the table, the others stay."""
    table = "as_of: 2027-05-01\nsource: our own\nrows:\n  - {python: '3.11', end_of_life: 2027-05-01, builds: false}\n"
    (tmp_path / "python-releases.yml").write_text(table, encoding="utf-8")

    rules = read_rules(tmp_path)

    assert [(each.version, each.builds) for each in rules.pythons] == [("3.11", False)]
    assert rules.as_of["python-releases"] == date(2027, 5, 1)
    assert rules.servers == RULES.servers


@pytest.mark.parametrize(
    ("version", "first", "python", "runs"),
    [
        ("0.8.4.2", "0.8.0", "3.7", True),
        ("1.3.4", "1.3.0", "3.7", False),
        ("1.5.1", "1.5.1", "3.14", True),
        ("1.5.0", "1.4.1", "3.8", False),
    ],
)
def test_server_versions_fall_into_their_series(version: str, first: str, python: str, runs: bool) -> None:
    """A version is found by the series it belongs to."""
    series = RULES.server(version)

    assert series is not None
    assert series.first == first
    assert series.runs_on(python) is runs
    assert RULES.server("9.0") is None


def test_every_series_names_the_runs_it_rests_on() -> None:
    """A rule that nothing was seen of is hearsay."""
    rows = (*load("inference-server-versions").rows, *load("mlflow-serving").rows)

    assert [row for row in rows if not row.get("seen")] == []


def test_the_series_leave_no_gap() -> None:
    """Each begins where the last one ends, and holds the releases that it lists."""
    assert [later.first for later in RULES.servers[1:]] == [each.before for each in RULES.servers[:-1]]
    assert all(RULES.server(release) is series for series in RULES.servers for release in series.releases)
