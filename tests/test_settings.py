"""Where each value comes from: the command line, the environment, the ini file, config.json, the Azure CLI."""

import contextlib
import json
from pathlib import Path

import pytest

from pytest_amlpreflight.run.settings.config_files import Setting, azure_cli_folder
from pytest_amlpreflight.run.settings.options import OPTIONS, Option
from pytest_amlpreflight.run.settings.settings import Settings, read_settings

ID = "/subscriptions/S1/resourceGroups/G1/providers/Microsoft.MachineLearningServices/workspaces/by-id"


def read(
    start: Path,
    *,
    line: dict[str, str] | None = None,
    ini: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
) -> Settings:
    """Settings from these sources alone; the home folder is the start folder."""

    def given(option: Option) -> list[Setting]:
        if line and option.name in line:
            return [Setting(line[option.name], option.flag)]
        return [Setting(ini[option.name], f"ini {option.ini}")] if ini and option.name in ini else []

    return read_settings(given, {"HOME": str(start / "home"), **(environ or {})}, start)


def lay_out(start: Path, sources: set[str]) -> dict[str, dict[str, str]]:
    """Let each source name a subscription after itself."""
    if "config.json" in sources:
        content = {"subscription_id": "config.json", "resource_group": "g", "workspace_name": "ws1"}
        (start / "config.json").write_text(json.dumps(content))
    if "Azure CLI" in sources:
        (start / "home" / ".azure").mkdir(parents=True)
        profile = {"subscriptions": [{"id": "other", "isDefault": False}, {"id": "Azure CLI", "isDefault": True}]}
        (start / "home" / ".azure" / "azureProfile.json").write_text(json.dumps(profile), encoding="utf-8-sig")
    named = {"line": "--aml-subscription", "environ": "AZURE_SUBSCRIPTION_ID", "ini": "ini aml_subscription"}
    given: dict[str, dict[str, str]] = {"line": {}, "environ": {}, "ini": {"workspace": "ws1", "resource-group": "g"}}
    for source, name in named.items():
        if name in sources:
            given[source]["AZURE_SUBSCRIPTION_ID" if source == "environ" else "subscription"] = name
    return given


ORDER = ["--aml-subscription", "AZURE_SUBSCRIPTION_ID", "ini aml_subscription", "config.json", "Azure CLI"]


@pytest.mark.parametrize("strongest", range(len(ORDER)))
def test_the_stronger_source_wins(tmp_path: Path, strongest: int) -> None:
    """Of all the sources that name a subscription, the first in the documented order counts."""
    given = lay_out(tmp_path, set(ORDER[strongest:]))

    settings = read(tmp_path, **given)

    assert settings.workspaces[0].subscription == ORDER[strongest]
    origin = next(source for name, _, source in settings.origins if name == "subscription")
    assert ORDER[strongest] in origin


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.environment], ids=lambda option: option.name)
def test_every_variable_of_an_option_is_read(tmp_path: Path, option: Option) -> None:
    """An option's variables stand in its help; each of them works, the first one first."""
    values = {
        "cloud": "AzureChinaCloud",
        "dns-server": "10.0.0.4:53",
        "azure-dns": "10.0.0.5",
        "connect-to": "::127.0.0.1:8443",
    }
    value = values.get(option.name, "given")
    ini = {"workspace": "ws1", "subscription": "s", "resource-group": "g"}

    for variable in option.environment:
        settings = read(tmp_path, ini=ini, environ={variable: value})

        assert (option.name, value, variable) in settings.origins


def test_a_workspace_is_named_by_name_by_id_or_by_file(tmp_path: Path) -> None:
    """The three forms that `--aml-workspace` takes give the same kind of id."""
    content = {"subscription_id": "S2", "resource_group": "G2", "workspace_name": "by-file"}
    (tmp_path / "other.json").write_text(json.dumps(content))
    parts = {"subscription": "S3", "resource-group": "G3"}

    found = [
        read(tmp_path, line={"workspace": form}, ini=parts).workspaces[0] for form in ("by-name", ID, "other.json")
    ]

    assert [(one.subscription, one.resource_group, one.name) for one in found] == [
        ("S3", "G3", "by-name"),
        ("S1", "G1", "by-id"),
        ("S2", "G2", "by-file"),
    ]


@pytest.mark.parametrize("folder", ["", ".azureml", "aml_config"])
def test_config_json_is_found_upwards(tmp_path: Path, folder: str) -> None:
    """As `MLClient.from_config` finds it: in the folder, its two sub-folders, then above."""
    (tmp_path / folder).mkdir(exist_ok=True)
    content = {"subscription_id": "s", "resource_group": "g", "workspace_name": "found"}
    (tmp_path / folder / "config.json").write_text(json.dumps(content))
    start = tmp_path / "a" / "b"
    start.mkdir(parents=True)

    settings = read(start, line={"phase": "pre"})

    assert settings.workspaces[0].name == "found"


def test_the_cli_s_configured_defaults_fill_in(tmp_path: Path) -> None:
    """`az config set defaults.workspace=... defaults.group=...` is the last place that is looked at."""
    lay_out(tmp_path, {"Azure CLI"})
    (tmp_path / "home" / ".azure" / "config").write_text("[defaults]\ngroup = from-cli\nworkspace = ws-cli\n")

    settings = read(tmp_path, line={"phase": "pre"})

    assert settings.workspaces[0].text.endswith(
        "/resourceGroups/from-cli/providers/Microsoft.MachineLearningServices/workspaces/ws-cli"
    )


def test_a_missing_part_is_asked_for_by_name(tmp_path: Path) -> None:
    """The sentence lists every place where the part could be given."""
    with pytest.raises(
        pytest.UsageError, match=r"workspace 'ws1' needs its subscription: --aml-subscription or AZURE_SUB"
    ):
        read(tmp_path, line={"workspace": "ws1"})


def test_a_config_json_of_another_workspace_gives_nothing_to_the_one_named(tmp_path: Path) -> None:
    """Its group is not the group of the workspace on the command line; a typo must not be looked for in a wrong one."""
    lay_out(tmp_path, {"config.json"})

    with pytest.raises(pytest.UsageError, match=r"workspace 'ws2' needs its subscription: .* or its config.json"):
        read(tmp_path, line={"workspace": "ws2"})


def test_a_config_json_of_the_same_workspace_completes_it(tmp_path: Path) -> None:
    """Names have no case in Azure."""
    lay_out(tmp_path, {"config.json"})

    assert read(tmp_path, line={"workspace": "WS1"}).workspaces[0].subscription == "config.json"


def test_a_computes_own_workspace_gives_nothing_to_another(tmp_path: Path) -> None:
    """On a compute of Azure Machine Learning three variables name its workspace; they belong together."""
    own = {f"AZUREML_ARM_{name}": "own" for name in ("WORKSPACE_NAME", "SUBSCRIPTION", "RESOURCEGROUP")}
    ini = {"subscription": "s", "resource-group": "g"}

    here, there = (read(tmp_path, line={"workspace": name}, ini=ini, environ=own) for name in ("own", "other"))

    assert (here.workspaces[0].subscription, here.workspaces[0].resource_group) == ("own", "own")
    assert (there.workspaces[0].subscription, there.workspaces[0].resource_group) == ("s", "g")


def test_each_workspace_says_where_its_parts_came_from(tmp_path: Path) -> None:
    """What the operator looks at where Azure does not know the workspace."""
    lay_out(tmp_path, {"config.json"})

    settings = read(tmp_path, line={"phase": "pre", "subscription": "s"})

    place = settings.places[settings.workspaces[0]]
    assert place == f"subscription from --aml-subscription, resource group from {tmp_path / 'config.json'}"


@pytest.mark.parametrize(("text", "meant"), [("true", True), ("on", True), ("False", False), ("0", False)])
def test_a_switch_is_true_or_false(tmp_path: Path, text: str, meant: bool) -> None:
    """In the words of an ini file."""
    assert read(tmp_path, line={"workspace": ID}, ini={"local": text}).local is meant


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("workspace", "w", "'w' is no workspace: its name (3 to 33 letters, digits, - and _), its ARM id, or a path"),
        ("local", "maybe", "'maybe' is neither true nor false"),
        ("template", "infra/*.json", "no file matches infra/*.json"),
        ("tables", "tables", "tables/image-ages.yml is no table; did you mean image-age.yml?"),
        ("tables", "empty", "empty has no table; there are "),
        ("tables", "nowhere", "there is no folder nowhere"),
        ("tables", "broken", "ROOT/broken/image-age.yml: cannot be read as YAML"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_source(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    """One line: what was given, where, and what would do."""
    for folder in ("empty", "tables", "broken"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tables" / "image-ages.yml").touch()
    (tmp_path / "broken" / "image-age.yml").write_text("rows: [")

    with pytest.raises(pytest.UsageError) as caught:
        read(tmp_path, line={"workspace": ID} | {name: value})

    assert f"--aml-{name}: {sentence}" in str(caught.value).replace(str(tmp_path), "ROOT")


@pytest.mark.parametrize(
    "name", [option.name for option in OPTIONS if not option.switch and option.name not in {"emulator", "failure"}]
)
def test_an_error_text_in_the_place_of_a_value_is_no_crash(tmp_path: Path, name: str) -> None:
    """No disk takes a name of that length."""
    with contextlib.suppress(pytest.UsageError):
        read(tmp_path, line={"workspace": ID} | {name: "the deployment failed because " * 200})


@pytest.mark.parametrize(
    ("environ", "windows", "folder"),
    [
        ({"HOME": "/home/me", "USERPROFILE": "C:/Users/me"}, False, Path("/home/me/.azure")),
        ({"HOME": "/c/Users/me", "USERPROFILE": "C:/Users/me"}, True, Path("C:/Users/me/.azure")),
        ({"AZURE_CONFIG_DIR": "/elsewhere", "HOME": "/home/me"}, False, Path("/elsewhere")),
        ({}, False, None),
    ],
)
def test_the_azure_clis_folder_is_where_the_cli_looks(
    environ: dict[str, str], windows: bool, folder: Path | None
) -> None:
    """Git's shell sets a HOME on Windows, of which the CLI knows nothing."""
    assert azure_cli_folder(environ, windows=windows) == folder
