"""Fixes as values, carried out: the broken world is whole again."""

import pytest
from mending import MENDED, carried_out

from pytest_amlpreflight.emulator.failures import load
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.fix import (
    AddLine,
    Command,
    EditLine,
    GrantRole,
    InWords,
    SetProperty,
    as_json,
    edited,
    fixes_of,
    has_blanks,
    is_destructive,
    of_json,
    only_reads,
)
from pytest_amlpreflight.reporting.notations import notations
from pytest_amlpreflight.run.findings import findings_of


def findings(example: pytest.Pytester, *arguments: str) -> list[Finding]:
    """What a run over the example finds."""
    run = example.inline_run("-p", "no:xdist", "-q", *arguments, "aml-preflight")
    return [one for report in run.getreports("pytest_runtest_logreport") for one in findings_of(report)]


@pytest.mark.parametrize("name", sorted(MENDED))
def test_the_fix_of_a_failure_mends_its_world(example: pytest.Pytester, name: str) -> None:
    """Property and role as the verdict says: then nothing blocks any more."""
    failure = load(name)
    broken = ("--aml-failure", name, "--aml-phase", failure.phase)
    mended = carried_out(findings(example, *broken), example.path)
    assert mended is not None

    found = findings(example, *broken, "--aml-failure", str(mended))

    assert [one.headline for one in found if one.outcome in (Outcome.FAILED, Outcome.ERROR)] == []
    assert {one.check for one in found} >= set(failure.blocks)


def test_a_line_is_edited_in_its_place() -> None:
    """What indents it stays, and the dash of a list; a new line stands a level deeper than its parent."""
    text = "a:\n  - python=3.7\nprobe:\n  period: 5\n"

    assert edited(text, EditLine(Position("f", 2), "python=3.11")) == text.replace("3.7", "3.11")
    assert edited(text, AddLine(Position("f", 3), "timeout: 2", "probe")) == text.replace(
        "probe:\n", "probe:\n  timeout: 2\n"
    )
    with pytest.raises(ValueError, match="f:9 is no line of the file"):
        edited(text, EditLine(Position("f", 9), "x"))


def test_fixes_read_as_lines_and_survive_json() -> None:
    """The Azure CLI's own command where there is one, else the general one."""
    fixes = (
        SetProperty("/r", "properties.a", True),
        SetProperty("/r", "properties.a", "b", az="az x"),
        GrantRole("AcrPull", "p", "/s"),
        EditLine(Position("f.yml", 2), "a: 1"),
        AddLine(Position("f.yml", 2), "a: 1", "b"),
        Command("az c"),
        InWords("think"),
    )

    assert [str(fix) for fix in fixes] == [
        "az resource update --ids /r --set properties.a=true",
        "az x",
        "az role assignment create --role 'AcrPull' --assignee-object-id p "
        "--assignee-principal-type ServicePrincipal --scope /s",
        "write `a: 1` at f.yml:2",
        "write `a: 1` under b at f.yml:2",
        "az c",
        "think",
    ]
    assert tuple(of_json(as_json(fix)) for fix in fixes) == fixes


def test_a_text_is_commands_and_words() -> None:
    """What begins with a tool's name can be pasted; what is destructive, only reads or has blanks can be told."""
    command, words = fixes_of("az lock delete --ids /l\n(ask its owner first)")

    assert (command, words) == (Command("az lock delete --ids /l"), InWords("(ask its owner first)"))
    assert is_destructive(command)
    assert only_reads(Command("az ml workspace list --output table"))
    assert not only_reads(Command("az keyvault update --name v"))
    assert has_blanks(Command("az ml model create --path FOLDER"))
    assert has_blanks(Command("az network x --resource-group <of the zone>"))
    assert not has_blanks(Command("az keyvault update --name v --bypass AzureServices"))


VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv-prod"


def test_a_property_is_written_as_code() -> None:
    """With the names found, the decisive line marked, and what the provider asks for beside it."""
    written = notations(SetProperty(VAULT, "properties.networkAcls.bypass", "AzureServices"))

    assert written["Bicep"].splitlines() == [
        "resource kv_prod 'Microsoft.KeyVault/vaults@...' = {",
        "  name: 'kv-prod'",
        "  properties: {",
        "    networkAcls: {",
        "      bypass: 'AzureServices' // this line",
        "    }",
        "  }",
        "}",
    ]
    assert written["Terraform"].splitlines() == [
        'resource "azurerm_key_vault" "kv_prod" { # kv-prod',
        "  network_acls {",
        '    bypass = "AzureServices" # this line',
        '    default_action = "Deny"',
        "  }",
        "}",
    ]


def test_what_the_provider_does_not_know_is_written_with_azapi() -> None:
    """No invented argument."""
    written = notations(SetProperty(VAULT, "properties.novel.flag", True))["Terraform"]

    assert written.startswith('resource "azapi_update_resource" "kv_prod" {')
    assert '"flag" = true' in written


def test_a_role_is_written_as_code_and_a_command_is_not() -> None:
    """A command is no configuration."""
    written = notations(GrantRole("AcrPull", "p", VAULT))

    assert 'role_definition_name = "AcrPull" # this line' in written["Terraform"]
    assert notations(Command("az x")) == {}
