"""When a run becomes a preflight: at once where the built-in checks were asked for, and else when the first of the
users' own tests needs a fact. Until then a configured run starts nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_amlpreflight.reporting import explaining
from pytest_amlpreflight.reporting.leaving import recollect
from pytest_amlpreflight.run.asking import Asked
from pytest_amlpreflight.run.emulation import Emulation, without_the_extra
from pytest_amlpreflight.run.preflight import PREFLIGHT, Preflight
from pytest_amlpreflight.run.preparation import is_configured, prepare
from pytest_amlpreflight.run.settings.given import given_by, path_of
from pytest_amlpreflight.run.termination import end_on_termination

if TYPE_CHECKING:
    from _pytest.fixtures import FixtureDef

FIXTURES = "pytest_amlpreflight.graph"

NOT_CONFIGURED = "nothing was configured: --aml-workspace NAME, or aml_workspace in the ini file"

MISTAKE = pytest.StashKey[str]()
"""Why the configuration of a run that did not ask for checks makes no sense: its tests with facts are ERRORs."""


def take_fixtures(config: pytest.Config) -> None:
    """Make the `aml_*` fixtures known to pytest. What Python deprecates in azure-ai-ml concerns its authors: each call
    of `aml_client` would warn.
    """
    config.pluginmanager.import_plugin(FIXTURES)
    config.addinivalue_line("filterwarnings", r"ignore::DeprecationWarning:azure\.ai\.ml")


def start(config: pytest.Config, asked: Asked) -> Preflight:
    """Start the run's emulator, where it has one, and prepare the run. Raises `pytest.UsageError`."""
    end_on_termination(config)
    emulation = Emulation.of(given_by(config), config)
    inherited = asked.anything and hasattr(config, "workerinput")  # a worker of xdist has the controller's environment
    if emulation and not inherited:
        config.pluginmanager.register(emulation, "aml-emulation")
        emulation.start()
    preflight = config.stash[PREFLIGHT] = prepare(config, os.environ, asked)
    _record(preflight, config)
    preflight.connect(config)
    explaining.prepare(preflight, config)
    return preflight


def _record(preflight: Preflight, config: pytest.Config) -> None:
    """Hear everything that is read, where it is to be kept."""
    if path_of(config, "record") is None and path_of(config, "pseudonyms") is None:
        return
    try:
        from pytest_amlpreflight.run.recording.plugin import Recording
    except ModuleNotFoundError as error:
        raise without_the_extra("--aml-record", error) from None
    if recording := Recording.of(preflight, config):
        config.pluginmanager.register(recording, "aml-recording")


def started(config: pytest.Config) -> Preflight | None:
    """The run that a test with facts belongs to, started if it was not; None where nothing was configured, or where
    what was configured makes no sense.
    """
    if PREFLIGHT not in config.stash and MISTAKE not in config.stash and is_configured(config):
        try:
            preflight = start(config, Asked())
            preflight.discover(None)
            recollect(preflight, config)
        except pytest.UsageError as error:
            config.stash[MISTAKE] = str(error)
    return config.stash.get(PREFLIGHT, None)


def facts_among(names: Iterable[str], definitions: Mapping[str, Sequence[FixtureDef[Any]]]) -> list[str]:
    """Those of a test's fixtures that are ours: neither defined by the user, nor replaced without the original."""
    return [name for name in names if name.startswith("aml_") and _is_ours(name, definitions.get(name, ()))]


def skip_tests_with_facts(items: Iterable[pytest.Item], config: pytest.Config) -> None:
    """Where nothing was configured, give the tests that would need a fact that reason."""
    for item in () if is_configured(config) else items:
        if _facts_of(item):
            item.add_marker(pytest.mark.skip(reason=NOT_CONFIGURED))


def mistake_for(item: pytest.Item) -> str | None:
    """What is wrong with the configuration, for a test that would need a fact."""
    mistake = item.config.stash.get(MISTAKE, None)
    return mistake if mistake and _facts_of(item) else None


def _facts_of(item: pytest.Item) -> list[str]:
    definitions = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return facts_among(getattr(item, "fixturenames", ()), definitions)


def _is_ours(name: str, definitions: Sequence[FixtureDef[Any]]) -> bool:
    for definition in reversed(definitions):  # the nearest comes last
        if definition.func.__module__.startswith("pytest_amlpreflight."):
            return True
        if name not in definition.argnames:
            return False
    return True
