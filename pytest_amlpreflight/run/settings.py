"""Every value the operator can set, and where it came from.

A value given on the command line wins over one from the environment, that one over the ini file, that one over the
workspace's `config.json`, and that one over the Azure CLI's own defaults.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.data import TableError
from pytest_amlpreflight.data import names as table_names
from pytest_amlpreflight.data import read as read_table
from pytest_amlpreflight.facts.fleet import Scope, Selection, Shard, parse_scope
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.run.config_files import (
    Setting,
    from_azure_cli,
    from_config_json,
    workspace_id,
    workspace_of_file,
)
from pytest_amlpreflight.run.options import DEFAULTS, OPTIONS, Option
from pytest_amlpreflight.verdict import PHASES

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.resources.scoring import SampleRequests

WORKSPACE_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}"
"""https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces"""

OF_THE_COMPUTE = "AZUREML_ARM_"
"""The variables with which a compute of Azure Machine Learning names its own workspace, all parts of it."""

CONNECT_TO = r"[^:]*:[0-9]*:([0-9.]*|\[[0-9A-Fa-f:]*\]):[0-9]*"

Sources = Callable[[Option], list[Setting]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator asked for. `origins` says for each value where it came from, in the words that `-v` prints;
    `places` says for each workspace where its subscription and resource group came from.
    """

    workspaces: tuple[ResourceId, ...]
    places: Mapping[ResourceId, str]
    scopes: tuple[Scope, ...]
    selection: Selection
    shard: Shard | None
    fresh: bool
    offline: bool
    endpoints: tuple[str, ...]
    deployments: tuple[str, ...]
    phase: str
    cloud: str
    dns_server: str | None
    azure_dns: str
    connect_to: tuple[str, ...]
    timeout: float
    deadline: float | None
    wait: float
    samples: SampleRequests
    origin: str | None
    local: bool
    local_python: str | None
    local_model: Path | None
    local_debug: int | None
    target_rps: float | None
    templates: tuple[str, ...]
    tables: Path | None
    kube_context: str | None
    kubeconfig: Path | None
    origins: tuple[tuple[str, str, str], ...]


def asked_for(
    sources: Sources, names: Sequence[str] = ("workspace", "scope", "endpoint", "deployment", "phase")
) -> list[str]:
    """What says what a run would look at, as the operator wrote it. Parts of a workspace that merely lie about do not.

    The environment is left out on purpose: on an Azure Machine Learning compute it always names a workspace, and plain
    `pytest` must stay plain there.
    """
    options = [option for option in OPTIONS if option.name in names]
    return [setting.source for option in options for setting in sources(option)]


def read_settings(given: Sources, environ: Mapping[str, str], start: Path) -> Settings:
    """Everything that was configured, complete.

    `given` answers for the command line and the ini file; `start` is the folder from which `config.json` is searched
    upwards. Raises `pytest.UsageError` in one sentence for what makes no sense.
    """
    look = _Lookup(given, environ, start)
    phase, cloud, azure_dns, timeout = (look.one(name) for name in ("phase", "cloud", "azure-dns", "timeout"))
    if phase.value not in PHASES:
        raise pytest.UsageError(f"{phase.source}: {phase.value!r} is not a phase; there are {', '.join(PHASES)}")
    dns_server, offline = look.maybe("dns-server"), look.text("offline") is not None
    scopes = [] if offline else look.all("scope")
    selection = _selection(look, bool(scopes))
    named = [] if offline or scopes else look.workspaces()
    return Settings(
        workspaces=tuple(look.workspace(setting) for setting in named),
        scopes=tuple(dict.fromkeys(_scope(setting) for setting in scopes)),
        selection=selection,
        shard=_shard(shard) if (shard := look.maybe("shard")) else None,
        fresh=look.text("fresh") is not None,
        offline=offline,
        places=look.places,
        endpoints=tuple(setting.value for setting in look.all("endpoint")),
        deployments=tuple(setting.value for setting in look.all("deployment")),
        phase=phase.value,
        cloud=_cloud(cloud),
        dns_server=_server(dns_server) if dns_server else None,
        azure_dns=_server(azure_dns),
        connect_to=tuple(rule for setting in look.all("connect-to") for rule in _connect_to(setting)),
        timeout=_number(timeout, "seconds"),
        deadline=_number(deadline, "seconds") if (deadline := look.maybe("deadline")) else None,
        wait=_number(look.one("wait"), "seconds", least=0.0),
        samples=_samples(look.all("sample-request"), start),
        origin=look.text("origin"),
        local=_flag(local) if (local := look.maybe("local")) else False,
        local_python=look.text("local-python"),
        local_model=_folder(model, start) if (model := look.maybe("local-model")) else None,
        local_debug=_port(debug) if (debug := look.maybe("local-debug")) else None,
        target_rps=_number(rps, "requests per second") if (rps := look.maybe("target-rps")) else None,
        templates=tuple(_glob(setting, start) for setting in look.all("template")),
        tables=_tables(tables, start) if (tables := look.maybe("tables")) else None,
        kube_context=look.text("kube-context"),
        kubeconfig=_file(kubeconfig, start) if (kubeconfig := look.maybe("kubeconfig")) else None,
        origins=tuple(look.origins),
    )


def _selection(look: _Lookup, scoped: bool) -> Selection:
    """Which workspaces of the scopes are meant. Where the scope stands on the command line, a workspace in the ini
    file or the environment is another run's.
    """
    tags, excluded = look.all("tag"), look.all("exclude")
    if not scoped:
        for setting in [*tags, *excluded]:
            raise pytest.UsageError(f"{setting.source} {setting.value} chooses among the workspaces of --aml-scope")
        return Selection()
    return Selection(
        names=tuple(setting.value for setting in look.patterns()),
        tags=tuple(_tag(setting) for setting in tags),
        excluded=tuple(setting.value for setting in excluded),
    )


def _tag(setting: Setting) -> tuple[str, str]:
    name, separator, value = setting.value.partition("=")
    if not name or not separator:
        raise pytest.UsageError(
            f"{setting.source}: {setting.value!r} is not KEY=VALUE; VALUE may be a pattern such as *"
        )
    return name, value


def _scope(setting: Setting) -> Scope:
    found = parse_scope(setting.value)
    if found is None:
        raise pytest.UsageError(
            f"{setting.source}: {setting.value!r} is no scope: `tenant`, a subscription's id or name, or the ARM id of "
            "a subscription, a resource group or a management group"
        )
    return found


def _shard(setting: Setting) -> Shard:
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", setting.value)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is no part of a whole such as 2/5")
    return Shard(number, of)


def _file(setting: Setting, start: Path) -> Path:
    """A file that is there, looked up where pytest was started."""
    found = start / Path(setting.value).expanduser()
    if not found.is_file():
        raise pytest.UsageError(f"{setting.source}: there is no file {setting.value}")
    return found


def _samples(given: Sequence[Setting], start: Path) -> SampleRequests:
    """`FILE` or `ENDPOINT=FILE`; a file is looked up where pytest was started, then in the project's root."""
    from pytest_amlpreflight.facts.resources.scoring import SampleRequests

    found = list[tuple[str, Path]]()
    for setting in given:
        endpoint, separator, file = setting.value.partition("=")
        endpoint, file = (endpoint, file) if separator else ("", setting.value)
        path = next((folder / file for folder in (Path.cwd(), start) if (folder / file).is_file()), None)
        if path is None:
            raise pytest.UsageError(f"{setting.source}: there is no file {file}")
        found.append((endpoint, path))
    return SampleRequests(tuple(found), start)


class _Lookup:
    """Finds values in the order of precedence and keeps where each came from."""

    def __init__(self, given: Sources, environ: Mapping[str, str], start: Path) -> None:
        self.given, self.environ, self.start = given, environ, start
        self.origins: list[tuple[str, str, str]] = []
        self.places: dict[ResourceId, str] = {}

    def all(self, name: str, workspace: str | None = None) -> list[Setting]:
        """Every value of a setting from its strongest source; for a part of a workspace, that workspace's."""
        option = next(option for option in OPTIONS if option.name == name)
        settings = self._strongest(option, workspace)
        self.origins += [(name, setting.value, setting.source) for setting in settings]
        return settings

    def _strongest(self, option: Option, workspace: str | None) -> list[Setting]:
        given = self.given(option)
        if given and given[0].source.startswith("--"):
            return given
        for name in option.environment:
            if (value := self.environ.get(name)) and not self._of_another(name, workspace):
                return [Setting(value, name)]
        return given

    def _of_another(self, variable: str, workspace: str | None) -> bool:
        """Whether a variable speaks of the compute's own workspace, and another is asked for."""
        own = self.environ.get(f"{OF_THE_COMPUTE}WORKSPACE_NAME") if variable.startswith(OF_THE_COMPUTE) else None
        return bool(own and workspace and own.lower() != workspace.lower())

    def maybe(self, name: str) -> Setting | None:
        """A single value, or None."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str | None:
        """A single value without its source, or None."""
        found = self.maybe(name)
        return found.value if found else None

    def one(self, name: str) -> Setting:
        """A single value, its default where nobody gave one."""
        return self.maybe(name) or Setting(DEFAULTS[name], "default")

    def patterns(self) -> list[Setting]:
        """The patterns of workspaces, from where the scope is given or from a stronger source."""
        option = next(option for option in OPTIONS if option.name == "workspace")
        found = self.given(option)
        on_line = bool(found) and found[0].source.startswith("--")
        scoped_on_line = any(source.startswith("--") for name, _, source in self.origins if name == "scope")
        return self.all("workspace") if on_line else [] if scoped_on_line else found

    def workspaces(self) -> list[Setting]:
        """The workspaces that were named, else the one of `config.json`, else the Azure CLI's default."""
        return self.all("workspace") or self._fallback("workspace", "workspace_name", "workspace")

    def workspace(self, setting: Setting) -> ResourceId:
        """The ARM id behind a name, an id or a file."""
        text = setting.value
        found = parse_resource_id(text) if text.startswith("/") else None
        if found and found.kind.lower() == "microsoft.machinelearningservices/workspaces":
            return self._at(found, f"all from {setting.source}")
        if text.endswith(".json"):
            return self._at(workspace_of_file(self.start / text, setting.source), f"all from {text}")
        if not re.fullmatch(WORKSPACE_NAME, text):
            raise pytest.UsageError(
                f"{setting.source}: {text!r} is no workspace: its name (3 to 33 letters, digits, - and _), its ARM id, "
                "or a path to its config.json"
            )
        subscription = self._part("subscription", "subscription_id", "subscription", text)
        group = self._part("resource-group", "resource_group", "group", text)
        return self._at(
            workspace_id(subscription.value, group.value, text),
            f"subscription from {subscription.source}, resource group from {group.source}",
        )

    def _at(self, workspace: ResourceId, place: str) -> ResourceId:
        self.places[workspace] = place
        return workspace

    def _part(self, name: str, key: str, cli_key: str, workspace: str) -> Setting:
        found = self.all(name, workspace) or self._fallback(name, key, cli_key, workspace)
        if not found:
            option = next(option for option in OPTIONS if option.name == name)
            places = " or ".join((option.flag, *option.environment, f"ini {option.ini}", "its config.json"))
            raise pytest.UsageError(f"workspace {workspace!r} needs its {name.replace('-', ' ')}: {places}")
        return found[0]

    def _fallback(self, name: str, key: str, cli_key: str, workspace: str | None = None) -> list[Setting]:
        """What nobody set explicitly, from the files that Azure's own tools keep."""
        setting = from_config_json(self.start, key, workspace) or from_azure_cli(self.environ, cli_key)
        if setting is None:
            return []
        self.origins.append((name, setting.value, setting.source))
        return [setting]


def _cloud(setting: Setting) -> str:
    names = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")
    known = next((name for name in names if name.lower() == setting.value.lower()), None)
    if known is None and not setting.value.startswith("https://"):
        raise pytest.UsageError(
            f"{setting.source}: {setting.value!r} is no cloud: {', '.join(names)} or an https metadata URL"
        )
    return known or setting.value


def _server(setting: Setting) -> str:
    address, _, port = setting.value.partition(":") if setting.value.count(":") == 1 else (setting.value, "", "")
    if not re.fullmatch(r"[0-9.]{7,15}|[0-9a-fA-F:]+", address) or not (port.isdigit() or not port):
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is not an IP address with an optional port")
    return setting.value


def _connect_to(setting: Setting) -> list[str]:
    """The rules of one setting; a variable of the environment holds several, with spaces between them."""
    rules = setting.value.split()
    for rule in rules:
        if not re.fullmatch(CONNECT_TO, rule):
            raise pytest.UsageError(
                f"{setting.source}: {rule!r} is not HOST:PORT:ADDRESS:PORT, of which each part may be empty"
            )
    return rules


def _number(setting: Setting, what: str, least: float = 0.001) -> float:
    try:
        number = float(setting.value)
    except ValueError:
        number = -1.0
    if not least <= number < float("inf"):
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is not a number of {what}")
    return number


def _port(setting: Setting) -> int:
    if not setting.value.isdigit() or not 0 < int(setting.value) < 65536:
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is not a port")
    return int(setting.value)


def _flag(setting: Setting) -> bool:
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if (value := setting.value.lower()) not in known:
        raise pytest.UsageError(f"{setting.source}: {setting.value!r} is neither true nor false")
    return known[value]


def _glob(setting: Setting, start: Path) -> str:
    pattern = setting.value
    if Path(pattern).is_absolute() or not any(start.glob(pattern)):
        raise pytest.UsageError(f"{setting.source}: no file matches {pattern} (a glob from {start})")
    return pattern


def _tables(setting: Setting, start: Path) -> Path:
    """A folder of tables; a file whose name is none of a table's would be passed over."""
    path, known = _folder(setting, start), table_names()
    unknown = sorted(file.name for file in path.glob("*.y*ml") if file.stem not in known or file.suffix != ".yml")
    if unknown or not any(path.glob("*.yml")):
        near = get_close_matches(Path(unknown[0]).stem, known, n=1) if unknown else []
        what = f"{setting.value}/{unknown[0]} is no table" if unknown else f"{setting.value} has no table"
        hint = f"did you mean {near[0]}.yml?" if near else f"there are {', '.join(known)}, each a .yml"
        raise pytest.UsageError(f"{setting.source}: {what}; {hint}")
    try:
        for file in path.glob("*.yml"):
            read_table(file.stem, file)
    except TableError as error:
        raise pytest.UsageError(f"{setting.source}: {error}") from None
    return path


def _folder(setting: Setting, start: Path) -> Path:
    path = start / setting.value
    if not path.is_dir():
        raise pytest.UsageError(f"{setting.source}: there is no folder {setting.value}")
    return path
