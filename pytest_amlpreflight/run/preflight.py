"""One run: what was asked, what is inspected, and which facts could not be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_amlpreflight.checks import OF_CLUSTERS
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.target import MISSING, Level, Target, targets_at
from pytest_amlpreflight.facts.unread import NotRead, NotSignedIn
from pytest_amlpreflight.run.patience import Patience
from pytest_amlpreflight.run.settings.settings import Settings
from pytest_amlpreflight.run.suite.items import give, group_of, reaches, target_of
from pytest_amlpreflight.run.suite.suite import SUITE
from pytest_amlpreflight.run.targets.order import WINDOW, Order, Share
from pytest_amlpreflight.run.targets.window import Window
from pytest_amlpreflight.verdict import NotApplicable, NotReached

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.as_of import AsOf
    from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec
    from pytest_amlpreflight.facts.rules.redaction import Redactor
    from pytest_amlpreflight.graph.readings import RunReadings
    from pytest_amlpreflight.graph.refusals import Refusals
    from pytest_amlpreflight.readers.connection.exchange import Tap
    from pytest_amlpreflight.run.targets.discovery import Discovery


class Preflight:
    """The state of a configured run. Nothing of Azure's SDK is imported before the first fact is asked for."""

    def __init__(
        self, settings: Settings, targets: Sequence[Target], selected: Sequence[str] | None, root: Path = Path()
    ) -> None:
        self.settings, self.targets, self.selected, self.root = settings, targets, selected, root
        self.given = targets
        self._named = frozenset(target.endpoint for target in targets if target.endpoint)
        self.workspaces: tuple[ResourceId, ...] = settings.workspaces
        self.discovered: Discovery | None = None
        self.explains = False
        self.patience = Patience(settings.wait)
        self.not_signed_in: NotSignedIn | None = None
        self.share = Share()
        self._window = Window[pytest.Item]((), self._begin_to_read, None)
        self._forgotten = False
        self.tap: Tap | None = None

    @property
    def takes_suite(self) -> bool:
        """Whether the built-in checks are on the run: not where only node ids of other tests were given."""
        return self.selected is None or bool(self.selected)

    @property
    def offline(self) -> bool:
        """Whether there is no workspace: the run is over the deployment's files alone."""
        return not (self.settings.workspaces or self.settings.scopes)

    def has_facts_for(self, fixture_names: Iterable[str]) -> bool:
        """Whether the run can tell every fact behind these fixtures; without a workspace only those of files."""
        from pytest_amlpreflight.graph.fact import facts_named

        return not self.offline or all(fact.offline for fact in facts_named(fixture_names))

    @property
    def is_fleet(self) -> bool:
        """Whether the workspaces are too many to be held at once, or were not named one by one."""
        return bool(self.settings.scopes) or len({target.workspace for target in self.targets}) > WINDOW

    @cached_property
    def spans(self) -> bool:
        """Whether the run looks at more than one subscription, so that a command has to say which it means."""
        return len({one.workspace.subscription.lower() for one in self.targets if one.workspace}) > 1

    @property
    def phase_of_checks(self) -> str | None:
        """The phase whose checks are collected; None for those of every phase, where an error is to be explained."""
        return None if self.explains else self.settings.phase

    @cached_property
    def readings(self) -> RunReadings:
        """The readings of this process."""
        from pytest_amlpreflight.graph.options import RunOptions
        from pytest_amlpreflight.graph.readings import RunReadings
        from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings
        from pytest_amlpreflight.readers.connection.exchange import untapped

        settings = self.settings
        connection = ConnectionSettings(
            settings.cloud,
            settings.timeout,
            settings.dns_server,
            settings.azure_dns,
            connect_to=settings.connect_to,
            deadline=settings.deadline,
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
            local_model=settings.local_model,
            local_debug=settings.local_debug,
            target_rps=settings.target_rps,
            kube_context=settings.kube_context,
            kubeconfig=settings.kubeconfig,
            deployment_specs=self.deployment_specs,
            endpoint_specs=self.endpoint_specs,
        )
        azure = Azure(connection, tap=self.tap or untapped)
        if not self.in_bulk:
            return RunReadings(azure, options)
        return RunReadings(azure.in_bulk(self._subscriptions), options, RunReadings(azure, options))

    @property
    def in_bulk(self) -> bool:
        """Whether Resource Graph is asked for what it may tell of many resources at once: in the audit of a fleet. Not
        where it is recorded, since each workspace is to be run again by itself.
        """
        return self.tap is None and self.is_fleet and self.settings.phase == "audit" and not self.settings.fresh

    def _subscriptions(self) -> list[str]:
        """Those of the workspaces that this process looks at, in their order."""
        own = (target for target in self.targets if self._is_mine(target.group))
        return list(dict.fromkeys(target.workspace_id.subscription for target in own))

    @cached_property
    def refusals(self) -> Refusals:
        """What could not be had so far."""
        from pytest_amlpreflight.graph.refusals import Refusals

        return Refusals()

    @property
    def redactor(self) -> Redactor:
        """What hides the secrets that were read in this run."""
        return self.readings.azure.redactor

    def connect(self, config: pytest.Config) -> None:
        """Hand the readings to the fixtures; nothing is asked of Azure yet. Raises `pytest.UsageError` for a mistake in
        the definition of a fact.
        """
        from pytest_amlpreflight.graph.fact import READINGS, GraphError

        try:
            config.stash[READINGS] = self.readings
        except GraphError as mistake:
            raise pytest.UsageError(str(mistake)) from None

    @property
    def deployment_specs(self) -> tuple[DeploymentSpec, ...]:
        """Each spec once, however many workspaces it is for."""
        specs = [target.deployment_spec for target in self.targets if target.deployment_spec]
        return tuple({spec.source.path: spec for spec in specs}.values())

    @property
    def endpoint_specs(self) -> tuple[EndpointSpec, ...]:
        """Each spec once, however many workspaces it is for."""
        specs = [target.endpoint_spec for target in self.targets if target.endpoint_spec]
        return tuple({spec.source.path: spec for spec in specs}.values())

    def discover(self, found_by_controller: str | None) -> None:
        """Fill in the endpoints and deployments that nobody named, where the run is about what is live."""
        if self.offline:
            return
        from pytest_amlpreflight.run.targets.discovery import Discovery
        from pytest_amlpreflight.run.targets.fleet import part_of, spread

        told = None if found_by_controller is None else Discovery.of_text(found_by_controller)
        if self.settings.scopes:
            self.workspaces = told.fleet if told else self._find_fleet()
            self.targets = spread(self.targets, self.workspaces)
        self.targets = part_of(self.targets, self.settings.shard)
        self.discovered = told or self._look_below()
        self.targets = self.discovered.expand(self.targets)

    @cached_property
    def tokens(self) -> list[tuple[list[str], str, int]]:
        """What the workers of a fleet's run sign in with: command lines and metadata services are slow to ask."""
        return self.readings.azure.tokens() if self.is_fleet and not self.offline else []

    def learn(self, tokens: Iterable[tuple[Sequence[str], str, int]]) -> None:
        """Sign in with what the controller has."""
        if tokens:
            self.readings.azure.token.learn(tokens)

    def _find_fleet(self) -> tuple[ResourceId, ...]:
        from pytest_amlpreflight.run.targets.fleet import find_fleet

        return tuple(find_fleet(self.settings, self.readings.azure.arm))

    def _look_below(self) -> Discovery:
        from pytest_amlpreflight.run.targets.discovery import Discovery, discover

        live = self.settings.phase != "pre" or self.explains
        if not live or all(target.level is Level.DEPLOYMENT for target in self.targets):
            return Discovery(fleet=self.workspaces)
        return replace(discover(self.targets, lambda: self.readings.azure.arm), fleet=self.workspaces)

    def targets_of(self, topic: str | None) -> list[Target]:
        """The targets that a topic's checks look at, None for a user's own test: none that is known to have no cluster,
        where the topic is about clusters. A check that was asked for by name looks at all and says itself why not.
        """
        asked_for = self.explains or any(one.startswith(f"{SUITE}/{topic}.py") for one in self.selected or ())
        if topic not in OF_CLUSTERS or asked_for:
            return list(self.targets)
        return [target for target in self.targets if not target.known_to_be_managed]

    def parameters(self, fixture_names: Iterable[str], topic: str | None = None) -> list[object]:
        """What a test with these fixtures is parametrised with: the targets as far down as its facts go.

        Where no target goes that far, the test is still there, skipped with the reason: an empty list would leave a
        green run that looked at nothing.
        """
        from pytest_amlpreflight.graph.fact import level_of

        level = level_of(fixture_names)
        return [pytest.param(target, id=str(target)) for target in targets_at(level, self.targets_of(topic))]

    def require_target(self, item: pytest.Item) -> None:
        """Raise why there is nothing that a test could look at: nobody is signed in, or its target could not be looked
        up, is not there, or was not given.
        """
        target = target_of(item)
        if self.not_signed_in and self._asks_azure(item):
            raise self.not_signed_in
        if target is None or reaches(target, item):
            return
        if self.discovered and (problem := self.discovered.problem(target)):
            raise problem
        if self.discovered and (reason := self.discovered.reason(target)):
            raise NotApplicable(reason)
        raise NotReached(MISSING[Level(target.level + 1)])

    def start(self, items: Sequence[pytest.Item]) -> None:
        """Start the reads that the selected tests need; in a fleet, those of the first workspaces."""
        about = [(group_of(item), item) for item in items if target_of(item)]
        self.readings.azure.budget.share = 1 / self.share.of
        self.refusals.expect(self.readings.facts_of(item for _, item in about))
        self._window = Window(about, self._begin_to_read, WINDOW if self.is_fleet else None, self._is_mine)
        self._sign_in([item.nodeid for item in items if self._asks_azure(item)])

    @cached_property
    def order(self) -> Order:
        """The workspaces in their order."""
        return Order(self.targets)

    def _is_mine(self, group: str) -> bool:
        """Whether this process is the one that looks at a workspace of a fleet."""
        return not self.is_fleet or self.order.falls_to(self.share, group)

    def _begin_to_read(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            if target := target_of(item):
                self.readings.start(item, target)

    def _sign_in(self, asking: list[str]) -> None:
        """Learn before the first test whether anything can be read at all; the reads are under way meanwhile."""
        if asking:
            try:
                self.readings.azure.sign_in()
            except NotSignedIn as problem:
                self.not_signed_in = problem
                self.refusals.leave(problem.resource, to=asking[0])  # the same test in every worker of xdist
            except NotRead:  # the cloud's metadata: every read says so itself
                pass

    def _asks_azure(self, item: pytest.Item) -> bool:
        """Whether a test needs a fact that only Azure has, and nothing but that stands in its way."""
        from pytest_amlpreflight.graph.fact import facts_named

        target = target_of(item)
        if target is None or item.get_closest_marker("skip"):
            return False
        undiscovered = self.discovered.problem(target) if self.discovered else None
        wanted = facts_named(getattr(item, "fixturenames", ()))
        return bool(undiscovered or reaches(target, item)) and not all(fact.offline for fact in wanted)

    def begin(self, item: pytest.Item) -> None:
        """A test begins: raise why it is not known what it would look at, where that could not be looked up."""
        self._window.reach(group_of(item))
        self.readings.begin(item)
        self.require_target(item)

    def end(self, item: pytest.Item) -> None:
        """A test is over."""
        if target := target_of(item):
            self.readings.release(item, target)
            self._window.end(target.group)

    def forget(self) -> None:
        """Let every fact be read again, over the same connection; what tests hold is renewed before their call."""
        self.readings.forget()
        self._forgotten = True

    def renew(self, item: pytest.Item) -> None:
        """Give a test the facts as they are now, where its session fixtures hold what was read before a wait; and a
        user's own, which cannot be judged again, what the resources themselves tell.
        """
        target = target_of(item)
        if target is not None and self._forgotten:
            give(item, self.readings.anew(self.readings.names_of(item), target))
        elif item.get_closest_marker("aml_check") is None:
            self.confirm(item)

    def as_of(self, item: pytest.Item) -> AsOf | None:
        """How old the rows are on which a test's facts rest; None where it has them from the resources themselves."""
        target = target_of(item)
        if target is None or self._forgotten or item.get_closest_marker("aml_check") is None:
            return None
        return self.readings.as_of(self.readings.names_of(item), target)

    def confirm(self, item: pytest.Item) -> None:
        """Give a test what the resources themselves tell, in place of rows."""
        if (target := target_of(item)) is not None:
            give(item, self.readings.directly(self.readings.names_of(item), target))

    def refuse(self, problem: NotRead, item: pytest.Item) -> NoReturn:
        """End a test whose fact could not be had."""
        self.refusals.end(problem, item.nodeid)


PREFLIGHT = pytest.StashKey[Preflight]()
"""Where a configured run keeps its state; not there in a run without a workspace."""
