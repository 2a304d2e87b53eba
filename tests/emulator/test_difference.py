"""`python -m pytest_amlpreflight.emulator --diff A.yml B.yml`."""

from pathlib import Path

import pytest

from pytest_amlpreflight.emulator.__main__ import main

HEAD = "tenant: t\ncaller: {objectId: o}\n"
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/"
BEFORE = f"""{HEAD}resources:
  - {{id: {VAULT}kv, properties: {{networkAcls: {{bypass: AzureServices}}, tags: [a, b]}}}}
  - {{id: {VAULT}old, properties: {{}}}}
collections:
  /usages: {{value: [{{name: {{value: cores}}, limit: 100}}, {{name: {{value: disks}}, limit: 5}}]}}
"""
AFTER = f"""{HEAD}resources:
  - {{id: {VAULT}new, properties: {{}}}}
  - {{id: {VAULT}KV, properties: {{networkAcls: {{bypass: None}}, tags: [b, a], sku: x}}}}
collections:
  /usages: {{value: [{{name: {{value: disks}}, limit: 5}}, {{name: {{value: cores}}, limit: 80}}]}}
"""


def compared(tmp_path: Path, before: str, after: str) -> int:
    """The exit code of comparing two worlds."""
    paths = [tmp_path / name for name in ("a.yml", "b.yml")]
    for path, text in zip(paths, (before, after), strict=True):
        path.write_text(text, encoding="utf-8")
    return main(["--diff", *map(str, paths)])


def test_changes_are_told_member_by_member(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New, gone, changed; the order of rows and the casing of ids say nothing."""
    code = compared(tmp_path, BEFORE, AFTER)

    assert code == 1
    assert capsys.readouterr().out.splitlines() == [
        "Microsoft.KeyVault/vaults KV: properties.networkAcls.bypass: 'AzureServices' -> 'None'",
        "Microsoft.KeyVault/vaults KV: properties.sku: nothing -> 'x'",
        "Microsoft.KeyVault/vaults new is new",
        "Microsoft.KeyVault/vaults old is gone",
        "/usages: value[cores].limit: 100 -> 80",
    ]


def test_a_world_is_no_different_from_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And a file that is no world is refused."""
    assert compared(tmp_path, BEFORE, BEFORE) == 0
    assert capsys.readouterr().out == "nothing changed\n"
    assert compared(tmp_path, BEFORE, "nonsense: 1\n") == 2
    assert main([]) == 2
