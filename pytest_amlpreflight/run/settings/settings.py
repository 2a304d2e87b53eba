"""Every value the operator can set, and where it came from.

A value given on the command line wins over one from the environment, that one over the ini file, that one over the
workspace's `config.json`, and that one over the Azure CLI's own defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.facts.fleet import Scope, Selection, Shard
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.run.settings import values
from pytest_amlpreflight.run.settings.lookup import Lookup, Sources
from pytest_amlpreflight.run.settings.options import OPTIONS
from pytest_amlpreflight.verdict import PHASES

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.resources.scoring import SampleRequests


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
    look = Lookup(given, environ, start)
    phase, cloud, azure_dns, timeout = (look.one(name) for name in ("phase", "cloud", "azure-dns", "timeout"))
    if phase.value not in PHASES:
        raise pytest.UsageError(f"{phase.source}: {phase.value!r} is not a phase; there are {', '.join(PHASES)}")
    dns_server, offline = look.maybe("dns-server"), look.text("offline") is not None
    scopes = [] if offline else look.all("scope")
    selection = _selection(look, bool(scopes))
    named = [] if offline or scopes else look.workspaces()
    return Settings(
        workspaces=tuple(look.workspace(setting) for setting in named),
        scopes=tuple(dict.fromkeys(values.scope(setting) for setting in scopes)),
        selection=selection,
        shard=values.shard(shard) if (shard := look.maybe("shard")) else None,
        fresh=look.text("fresh") is not None,
        offline=offline,
        places=look.places,
        endpoints=tuple(setting.value for setting in look.all("endpoint")),
        deployments=tuple(setting.value for setting in look.all("deployment")),
        phase=phase.value,
        cloud=values.cloud(cloud),
        dns_server=values.server(dns_server) if dns_server else None,
        azure_dns=values.server(azure_dns),
        connect_to=tuple(rule for setting in look.all("connect-to") for rule in values.connect_to(setting)),
        timeout=values.number(timeout, "seconds"),
        deadline=values.number(deadline, "seconds") if (deadline := look.maybe("deadline")) else None,
        wait=values.number(look.one("wait"), "seconds", least=0.0),
        samples=values.samples(look.all("sample-request"), start),
        origin=look.text("origin"),
        local=values.flag(local) if (local := look.maybe("local")) else False,
        local_python=look.text("local-python"),
        local_model=values.folder(model, start) if (model := look.maybe("local-model")) else None,
        local_debug=values.port(debug) if (debug := look.maybe("local-debug")) else None,
        target_rps=values.number(rps, "requests per second") if (rps := look.maybe("target-rps")) else None,
        templates=tuple(values.glob(setting, start) for setting in look.all("template")),
        tables=values.tables(tables, start) if (tables := look.maybe("tables")) else None,
        kube_context=look.text("kube-context"),
        kubeconfig=values.file(kubeconfig, start) if (kubeconfig := look.maybe("kubeconfig")) else None,
        origins=tuple(look.origins),
    )


def _selection(look: Lookup, scoped: bool) -> Selection:
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
        tags=tuple(values.tag(setting) for setting in tags),
        excluded=tuple(setting.value for setting in excluded),
    )
