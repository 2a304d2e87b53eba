"""Fixes as values, carried out: the broken world is whole again."""

import ast
import re
import shlex
import shutil
from pathlib import Path

import pytest
from judging import EXAMPLE, emulated, judge
from mending import MENDED, capitals, carried_out, edited, unexplained

from pytest_amlpreflight import checks, data
from pytest_amlpreflight.emulator.failures import load
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.rules.table_commands import commands_for
from pytest_amlpreflight.fix import (
    AddLine,
    Command,
    EditLine,
    Fix,
    GrantRole,
    InWords,
    SetProperty,
    as_json,
    az,
    fixes_of,
    has_blanks,
    in_subscription,
    in_workspace,
    is_destructive,
    kubectl,
    of_json,
    only_reads,
    shell,
)
from pytest_amlpreflight.reporting.notations import notations


@pytest.mark.parametrize("name", sorted(MENDED))
def test_the_fix_of_a_failure_mends_its_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """Property, role and line as the verdict says: then nothing blocks any more."""
    failure, project = load(name), tmp_path / "project"
    shutil.copytree(EXAMPLE, project)
    with emulated(monkeypatch, EXAMPLE / failure.world, [name]) as emulator:
        broken = judge(emulator, failure.phase, world=failure.world)
    culprits = [one for check in broken.blocks for one in broken.culprits[check]]
    mended = carried_out(culprits, project, failure.world)

    with emulated(monkeypatch, EXAMPLE / failure.world, [name, str(mended)]) as emulator:
        said = judge(emulator, failure.phase, world=failure.world, project=project)

    assert said.blocks | said.errors == set(), said.words
    assert said.passes >= broken.blocks


def test_a_line_is_edited_in_its_place() -> None:
    """What indents it stays, and the dash of a list; a new line stands a level deeper than its parent."""
    text = "a:\n  - python=3.7\nprobe:\n  period: 5\n"

    assert edited(text, EditLine(Position("f", 2), "python=3.11")) == text.replace("3.7", "3.11")
    assert edited(text, AddLine(Position("f", 3), "timeout: 2", "probe")) == text.replace(
        "probe:\n", "probe:\n  timeout: 2\n"
    )
    assert edited("d:\n- pip:\n  - a\n", AddLine(Position("f", 2), "- b", "pip")) == "d:\n- pip:\n  - b\n  - a\n"
    assert edited("a: 1\n", AddLine(Position("f"), "b: 2")) == "a: 1\nb: 2\n"
    with pytest.raises(ValueError, match="f:9 is no line of the file"):
        edited(text, EditLine(Position("f", 9), "x"))


def test_fixes_read_as_lines_and_survive_json() -> None:
    """The Azure CLI's own command where there is one, else the general one."""
    fixes = (
        SetProperty("/r", "properties.a", True),
        SetProperty("/r", "properties.a", "b", az=az("x")),
        GrantRole("AcrPull", "p", "/s"),
        EditLine(Position("f.yml", 2), "a: 1"),
        AddLine(Position("f.yml", 2), "a: 1", "b"),
        az("c"),
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


def test_a_text_is_words_whatever_it_begins_with() -> None:
    """Nothing is taken apart: what a shell is to take is made as a command."""
    assert fixes_of(("az one", az("two"), "")) == (InWords("az one"), Command(("az", "two")))


def test_a_command_is_written_from_its_options() -> None:
    """In the tool's spelling and the author's order; an option without a value is left out, a switch stands alone."""
    command = az("aks update", name="c", resource_group=None, enable_managed_identity=True, set=["a=1", "b=2"])

    assert str(command) == "az aks update --name c --enable-managed-identity --set a=1 b=2"
    assert str(kubectl("describe pod", "p", namespace="n")) == "kubectl describe pod p --namespace n"


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("iris; rm -rf ~", "'iris; rm -rf ~'"),
        ("$(whoami)", "'$(whoami)'"),
        ("[?name=='v']", "\"[?name=='v']\""),
        ("it's $HOME", "'it'\"'\"'s $HOME'"),
        ("", "''"),
    ],
)
def test_a_shell_takes_each_word_for_one(word: str, written: str) -> None:
    """Names come from files and from Azure: none of them ends up as a command of its own."""
    command = shell("dig", word)

    assert str(command) == f"dig {written}"
    assert shlex.split(str(command)) == ["dig", word]


def test_commands_tell_what_they_do() -> None:
    """What is destructive, only reads or has blanks is known from a command's words."""
    assert is_destructive(az("lock delete", ids="/l"))
    assert not is_destructive(az("keyvault set-policy", name="v", secret_permissions=["get", "delete"]))
    assert only_reads(az("ml workspace list", output="table"))
    assert only_reads(az("rest", method="get", url="/x"))
    assert not only_reads(az("rest", method="patch", url="/x"))
    assert not only_reads(az("rest", method="post", url="/x"))
    assert not only_reads(az("keyvault update", name="v"))
    assert has_blanks(az("ml model create", path="FOLDER"))
    assert has_blanks(az("k8s-extension update", config=["sslSecret=SECRET"]))
    assert not has_blanks(az("network x", resource_group="RG-PROD")), "a name in capitals is a name"
    assert not has_blanks(az("keyvault update", name="v", bypass="AzureServices"))


def test_a_word_to_be_filled_in_is_told_by_the_words_beside_it() -> None:
    """What nobody here can know stands in capitals, and a line says what to put there."""
    create = az("ml model create", name="iris", path="FOLDER")

    assert unexplained(fixes_of(create)) == ["FOLDER"]
    assert unexplained(fixes_of((create, "(FOLDER holds the files)"))) == []
    assert unexplained(fixes_of(az("keyvault update", name="v"))) == []


def test_a_command_is_told_its_workspace() -> None:
    """Only `az ml`, and only what it was not given."""
    workspace = parse_resource_id(f"{VAULT.rpartition('/providers/')[0]}/providers/Microsoft.X/workspaces/ml")
    assert workspace
    place = {"workspace_name": "ml", "resource_group": "g"}

    assert in_workspace(az("ml model list"), workspace) == az("ml model list", **place)
    assert in_workspace(az("ml model list", registry_name="r"), workspace) == az("ml model list", registry_name="r")
    assert in_workspace(az("ml workspace show"), workspace) == az("ml workspace show", name="ml", resource_group="g")
    assert in_workspace(az("keyvault show", name="v"), workspace) == az("keyvault show", name="v")


def test_among_several_subscriptions_a_command_names_its_own() -> None:
    """Copied from a screen, it would else act on whichever one the Azure CLI has in mind."""
    workspace = parse_resource_id(f"{VAULT.rpartition('/providers/')[0]}/providers/Microsoft.X/workspaces/ml")
    assert workspace

    def said(fix: Fix) -> str:
        return str(in_subscription(in_workspace(fix, workspace, by_id=True), "other"))

    assert said(az("ml model list")).endswith("--workspace-name ml --resource-group g --subscription s")
    assert said(az("ml workspace list")) == "az ml workspace list --subscription s"
    assert said(InWords("(or az ml model list)")).endswith("--resource-group g --subscription s)")
    assert said(az("acr show", name="r")) == "az acr show --name r --subscription other"
    assert said(az("resource show", ids=VAULT)) == f"az resource show --ids {VAULT}"
    assert said(az("graph query", graph_query="x")) == "az graph query --graph-query x"


def test_no_check_gives_a_command_as_text() -> None:
    """A command that is a text could be neither quoted nor carried out."""
    tool = re.compile(r"(az|azmlinfsrv|curl|dig|kubectl|uv) [a-z-]+( |$)")
    texts = [
        (path.name, node.lineno, node.value)
        for path in sorted(Path(checks.__path__[0]).glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and tool.match(node.value)
    ]

    assert texts == []


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
    assert "flag = true # this line" in written
    assert written.count("{") == written.count("}") == 4


def test_a_role_is_written_as_code_and_a_command_is_not() -> None:
    """A command is no configuration."""
    written = notations(GrantRole("AcrPull", "p", VAULT))

    assert 'role_definition_name = "AcrPull" # this line' in written["Terraform"]
    assert notations(az("x")) == {}


def test_a_type_reads_as_it_is_published() -> None:
    """Azure's ids have it in any casing, Bicep's compiler in one."""
    written = notations(SetProperty(VAULT.replace("KeyVault", "Keyvault"), "properties.novel.flag", True))["Bicep"]

    assert "'Microsoft.KeyVault/vaults@...'" in written


def test_a_registration_of_a_provider_is_terraforms_alone() -> None:
    """Bicep deploys none."""
    fix = SetProperty("/subscriptions/s/providers/Microsoft.Cdn", "registrationState", "Registered")

    assert list(notations(fix)) == ["Terraform"]
    assert 'name = "Microsoft.Cdn" # this line' in notations(fix)["Terraform"]


@pytest.mark.parametrize("table", ["error-codes", "error-wordings", "log-causes", "service-codes"])
def test_what_the_commands_of_a_table_leave_open_is_a_blank(table: str) -> None:
    """Whatever is not known of the names in them: a command that still has to be completed never counts as one to
    run.
    """
    commands = [words for row in data.load(table).rows for words in commands_for(row.get("commands") or (), {})]

    assert commands
    assert [word for words in commands for word in capitals(shell(*words))] == []
