"""The dated tables and their loader."""

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from pytest_amlpreflight.data import TableError, load, names, read

TABLE = "as_of: 2026-01-27\nsource: https://learn.microsoft.com/azure\nrows: [{size: Standard_X}]\n"


@pytest.mark.parametrize("name", names())
def test_every_table_is_dated_and_sourced(name: str) -> None:
    """Each table that comes with the plugin says since when and from where, and is no longer than what it says."""
    table = load(name)

    assert date(2023, 1, 1) < table.as_of
    assert table.source
    assert table.rows
    assert len({json.dumps(row, sort_keys=True, default=str) for row in table.rows}) == len(table.rows)


def test_a_project_replaces_a_whole_table(tmp_path: Path) -> None:
    """A file of the same name in the project's folder is used instead; other tables stay."""
    (tmp_path / "reserve-exempt-skus.yml").write_text(TABLE)

    assert load("reserve-exempt-skus", tmp_path).column("size") == ("Standard_X",)
    assert load("reserve-exempt-skus", tmp_path).as_of == date(2026, 1, 27)
    assert load("online-endpoint-limits", tmp_path) == load("online-endpoint-limits")


def test_an_unknown_table_names_the_known_ones() -> None:
    """A misspelt table is told what there is."""
    with pytest.raises(LookupError, match=r"no table reserves: there are .*reserve-exempt-skus"):
        load("reserves")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a\n", "a table is a mapping"),
        ("", "a table is a mapping"),
        (TABLE.replace("2026-01-27", "January"), "as_of must be a date such as 2026-01-27, not 'January'"),
        (TABLE.replace("2026-01-27", "2026-01-27 10:00:00"), "as_of must be a date"),
        (TABLE.replace("2026-01-27", "2026-02-31"), "cannot be read as YAML"),
        (TABLE.replace("source", "origin"), "source must name the document"),
        (TABLE.replace("[{size: Standard_X}]", "Standard_X"), "rows must be a list of mappings"),
        (TABLE.replace("[{size: Standard_X}]", "[Standard_X]"), "rows must be a list of mappings"),
        ("rows: [", "cannot be read as YAML"),
    ],
)
def test_a_broken_table_says_what_is_wrong_and_where(tmp_path: Path, text: str, problem: str) -> None:
    """A project's own table is as likely to be mistyped as any file; the message names file and fault."""
    (tmp_path / "limits.yml").write_text(text)

    with pytest.raises(TableError, match=problem) as caught:
        load("limits", tmp_path)

    assert str(caught.value).startswith(str(tmp_path / "limits.yml"))
    assert "\n" not in str(caught.value)


def test_a_table_in_another_encoding_is_no_table(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are refused in a sentence."""
    (tmp_path / "limits.yml").write_bytes(b"source: caf\xe9\n")

    with pytest.raises(TableError, match="cannot be read as YAML"):
        load("limits", tmp_path)


def test_columns_become_a_dictionary() -> None:
    """Limits are looked up by name."""
    limits = load("online-endpoint-limits").pairs("limit", "value")

    assert limits["instances_per_deployment"] == 50
    assert limits["request_timeout_seconds_managed"] == 180


@pytest.mark.parametrize(
    ("name", "row", "problem"),
    [
        (
            "python-releases",
            "{python: '3.11'}",
            "row 1 has no end_of_life, which each row of the table python-releases needs",
        ),
        (
            "python-releases",
            "{python: '3.11', end_of_life: soon}",
            "end_of_life of row 1 is 'soon', and must be a date",
        ),
        ("inference-server-versions", "{from: '1'}", "row 1 has no before"),
        ("online-endpoint-limits", "{limit: endpoints, value: many, raisable: true, per: x}", "must be a whole number"),
        ("import-names", "{module: a, distributions: b}", "distributions of row 1 is 'b', and must be a list"),
    ],
)
def test_a_row_that_lacks_what_its_table_needs_is_named(tmp_path: Path, name: str, row: str, problem: str) -> None:
    """A project's own table is held against the plugin's, before anything reads it."""
    (tmp_path / f"{name}.yml").write_text(f"as_of: 2026-01-27\nsource: our own\nrows: [{row}]\n")

    with pytest.raises(TableError, match=problem):
        load(name, tmp_path)


@pytest.mark.parametrize("name", names())
def test_no_value_of_another_kind_goes_on(tmp_path: Path, name: str) -> None:
    """Each key that a table's rows have is tried with what no row of ours has there: nobody stumbles over it later."""
    ours = load(name)
    for key in {key for row in ours.rows for key in row}:
        row = dict(next(row for row in ours.rows if key in row), **{key: None})
        path = tmp_path / f"{name}.yml"
        path.write_text(yaml.safe_dump({"as_of": ours.as_of, "source": "x", "rows": [row]}))

        with pytest.raises(TableError, match=f"{key} of row 1 is None, and must be"):
            read(name, path)


def test_a_pattern_that_is_none_is_named(tmp_path: Path) -> None:
    """It would be compiled in the middle of a run."""
    path = tmp_path / "base-images.yml"
    path.write_text("as_of: 2026-01-27\nsource: x\nrows: [{match: '(', holds: miniconda}]\n")

    with pytest.raises(TableError, match=r"match of row 1 is '\(', and must be a regular expression"):
        read("base-images", path)
