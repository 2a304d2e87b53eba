"""One run: what was asked, what is inspected, and which facts could not be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotRead
from pytest_amlpreflight.run.patience import Patience
from pytest_amlpreflight.run.settings import Settings
from pytest_amlpreflight.run.targets import MISSING, Level, Target, targets_at
from pytest_amlpreflight.verdict import NotApplicable, NotReached

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.project.spec import DeploymentSpec
    from pytest_amlpreflight.inspection import Facts, Run, fact
    from pytest_amlpreflight.reporting.explanation import Explanation
    from pytest_amlpreflight.run.discovery import Discovery

PREFIX = "aml_"
"""A fact `key_vault` is the fixture `aml_key_vault`."""


class Preflight:
    """The state of a configured run. Nothing of Azure's SDK is imported before the first fact is asked for."""

    def __init__(
        self, settings: Settings, targets: Sequence[Target], selected: Sequence[str] | None, root: Path = Path()
    ) -> None:
        self.settings, self.targets, self.selected, self.root = settings, targets, selected, root
        self._named = frozenset(target.endpoint for target in targets if target.endpoint)
        self.discovered: Discovery | None = None
        self.explanation: Explanation | None = None
        self.patience = Patience(settings.wait)
        self._forgotten = False
        self._facts_on_the_run: set[str] = set()
        self._first_refused: dict[str, str] = {}

    @property
    def takes_suite(self) -> bool:
        """Whether the built-in checks are on the run: not where only node ids of other tests were given."""
        return self.selected is None or bool(self.selected)

    @property
    def offline(self) -> bool:
        """Whether there is no workspace: the run is over the deployment's files alone."""
        return not self.settings.workspaces

    def has_facts_for(self, fixture_names: Iterable[str]) -> bool:
        """Whether the run can tell every fact behind these fixtures; without a workspace only those of files."""
        return not self.offline or all(fact.offline for fact in facts_behind(fixture_names))

    @property
    def phase_of_checks(self) -> str | None:
        """The phase whose checks are collected; None for those of every phase, where an error is to be explained."""
        return None if self.explanation else self.settings.phase

    @cached_property
    def run(self) -> Run:
        """The readings of this process."""
        from pytest_amlpreflight.inspection import Run, RunOptions
        from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings

        settings = self.settings
        connection = ConnectionSettings(
            settings.cloud, settings.timeout, settings.dns_server, settings.azure_dns, connect_to=settings.connect_to
        )
        options = RunOptions(
            phase=settings.phase,
            samples=replace(settings.samples, named=self._named),
            origin=settings.origin,
            root=self.root,
            templates=settings.templates,
            tables=settings.tables,
            local=settings.local,
            local_python=settings.local_python,
            local_debug=settings.local_debug,
            target_rps=settings.target_rps,
            deployment_specs=self.deployment_specs,
        )
        return Run(Azure(connection), options)

    @property
    def deployment_specs(self) -> tuple[DeploymentSpec, ...]:
        """Each spec once, however many workspaces it is for."""
        specs = [target.deployment_spec for target in self.targets if target.deployment_spec]
        return tuple({spec.source.path: spec for spec in specs}.values())

    def discover(self, found_by_controller: str | None) -> None:
        """Fill in the endpoints and deployments that nobody named, where the run is about what is live."""
        live = not self.offline and (self.settings.phase != "pre" or self.explanation is not None)
        if not live or all(target.level is Level.DEPLOYMENT for target in self.targets):
            return
        from pytest_amlpreflight.run.discovery import Discovery, discover

        if found_by_controller is not None:
            self.discovered = Discovery.of_text(found_by_controller)
        else:
            self.discovered = discover(self.targets, lambda: self.run.azure.arm)
        self.targets = self.discovered.expand(self.targets)

    def facts(self, target: Target) -> Facts:
        """The facts of one target."""
        from pytest_amlpreflight.inspection import Facts

        return Facts(self.run, target)

    def parameters(self, fixture_names: Iterable[str]) -> list[object]:
        """What a test with these fixtures is parametrised with: the targets as far down as its facts go.

        Where no target goes that far, the test is still there, skipped with the reason: an empty list would leave a
        green run that looked at nothing.
        """
        level = level_of(fixture_names)
        return [pytest.param(target, id=str(target)) for target in targets_at(level, self.targets)]

    def require_target(self, item: pytest.Item) -> None:
        """Raise why there is nothing that a test could look at: it could not be looked up, is not there, or was not
        given.
        """
        target = target_of(item)
        if target is None or reaches(target, item):
            return
        if self.discovered and (problem := self.discovered.problem(target)):
            raise problem
        if self.discovered and (reason := self.discovered.reason(target)):
            raise NotApplicable(reason)
        raise NotReached(MISSING[Level(target.level + 1)])

    def start(self, items: Sequence[pytest.Item]) -> None:
        """Start every read that the selected tests need."""
        for item in items:
            target = target_of(item)
            names = [name.removeprefix(PREFIX) for name in getattr(item, "fixturenames", ()) if name.startswith(PREFIX)]
            if target is not None and reaches(target, item):
                self._facts_on_the_run.update(names)
                facts = self.facts(target)
                for name in names:
                    facts.start(name)

    def forget(self) -> None:
        """Let every fact be read again, over the same connection; what tests hold is renewed before their call."""
        self.run = self.run.anew()
        self._forgotten = True

    def renew(self, item: pytest.Item) -> None:
        """Give a test the facts as they are now, where its session fixtures hold what was read before a wait."""
        target, values = target_of(item), getattr(item, "funcargs", {})
        if not self._forgotten or target is None:
            return
        facts = self.facts(target)
        names = [name for name in values if name.startswith(PREFIX) and facts.find(name.removeprefix(PREFIX))]
        for name in names:
            facts.start(name.removeprefix(PREFIX))
        values.update({name: getattr(facts, name.removeprefix(PREFIX)) for name in names})
        if "aml_facts" in values:
            values["aml_facts"] = facts

    def refuse(self, problem: NotRead, item: pytest.Item) -> NoReturn:
        """End a test whose fact could not be had: an ERROR for the first that meets the resource, `not reached` for the
        rest.

        A resource that is absent is left to the check that answers for it, where that check is on the run.
        """
        answered = isinstance(problem, FactAbsent) and f"{problem.fact}_or_none" in self._facts_on_the_run
        first = self._first_refused.setdefault(problem.resource, item.nodeid)
        if answered or first != item.nodeid:
            permission = problem.permission if isinstance(problem, FactUnreadable) else None
            raise NotReached(f"not reached: {problem.headline}", behind=problem.resource, permission=permission)
        raise problem


def target_of(item: pytest.Item) -> Target | None:
    """The target a test was parametrised with."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    target = parameters.get("aml_target")
    return target if isinstance(target, Target) else None


def reaches(target: Target, item: pytest.Item) -> bool:
    """Whether the target goes down as far as the test's facts do."""
    return target.level >= level_of(getattr(item, "fixturenames", ()))


def level_of(fixture_names: Iterable[str]) -> Level:
    """How far down the facts behind these fixtures go."""
    return max((fact.level for fact in facts_behind(fixture_names)), default=Level.WORKSPACE)


def about_a_target(fixture_names: list[str], ours: Iterable[str]) -> bool:
    """Whether a test with these fixtures, of which some are `ours`, looks at a target.

    pytest 8.3 does not see what stands behind a fixture that a conftest.py overrides under its own name, so the target
    is named here.
    """
    if "aml_target" not in fixture_names and facts_behind(ours):
        fixture_names.append("aml_target")
    return "aml_target" in fixture_names


def facts_behind(fixture_names: Iterable[str]) -> list[fact[Any]]:
    """The facts that these fixtures are, by name."""
    from pytest_amlpreflight.inspection import Facts

    found = (Facts.find(name.removeprefix(PREFIX)) for name in fixture_names if name.startswith(PREFIX))
    return [one for one in found if one]


PREFLIGHT = pytest.StashKey[Preflight]()
"""Where a configured run keeps its state; not there in a run without a workspace."""
