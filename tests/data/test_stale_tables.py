"""Rules that age say so."""

from datetime import date, timedelta
from pathlib import Path

from pytest_amlpreflight.data import load, names, stale_tables


def test_a_table_is_stale_a_year_after_its_date() -> None:
    """The operator reads which rules may no longer hold, and of when they are."""
    newest = max(load(name).as_of for name in names())

    fresh, old = stale_tables(newest), stale_tables(newest + timedelta(days=366))

    assert f"online-endpoint-limits ({load('online-endpoint-limits').as_of})" in old
    assert len(old) == len(names())
    assert len(fresh) < len(old)


def test_a_table_of_the_project_counts_instead(tmp_path: Path) -> None:
    """Who replaced a table is not told about the one that came with the plugin."""
    text = "as_of: 2030-01-01\nsource: our own list\nrows: []\n"
    (tmp_path / "vm-family-names.yml").write_text(text)

    stale = stale_tables(date(2030, 6, 1), tmp_path)

    assert not any(name.startswith("vm-family-names") for name in stale)
