"""Rules that age say so, where somebody relied on them."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from pytest_amlpreflight.data import load, names, stale

OLD = "as_of: 2020-01-01\nsource: our own list\nrows:\n  - {python: '3.99', end_of_life: 2035-01-01}\n"


def test_a_table_is_stale_a_year_after_its_date() -> None:
    """The operator reads which rules may no longer hold, and of when they are."""
    tables = [load(name) for name in names()]
    newest = max(table.as_of for table in tables)

    fresh, old = stale(tables, newest), stale(tables, newest + timedelta(days=366))

    assert f"online-endpoint-limits ({load('online-endpoint-limits').as_of})" in old
    assert len(old) == len(tables)
    assert len(fresh) < len(old)


def test_a_table_of_the_project_counts_instead(tmp_path: Path) -> None:
    """Who replaced a table is not told about the one that came with the plugin."""
    (tmp_path / "vm-family-names.yml").write_text("as_of: 2030-01-01\nsource: our own list\nrows: []\n")

    assert stale([load("vm-family-names", tmp_path)], date(2030, 6, 1)) == []


@pytest.mark.parametrize(
    ("check", "workers", "told"),
    [
        ("environment.py::check_python_is_supported", (), 1),
        ("environment.py::check_python_is_supported", ("-n", "2"), 1),
        ("code.py::check_scoring_script_compiles", (), 0),
    ],
)
def test_only_a_table_that_a_check_used_is_named(
    example: pytest.Pytester, check: str, workers: tuple[str, ...], told: int
) -> None:
    """Once, at the end, also where the checks ran in workers of xdist; a run without that check says nothing."""
    example.mkdir("tables")
    (example.path / "tables" / "python-releases.yml").write_text(OLD)

    result = example.runpytest_subprocess("-o", "aml_tables=tables", f"aml-preflight/{check}", *workers)

    assert result.stdout.str().count("tables older than a year were used") == told
    assert ("python-releases (2020-01-01)" in result.stdout.str()) is bool(told)
