"""Who is told that a fact could not be had, and how: one ERROR for a resource, however many checks it stands behind."""

from collections.abc import Iterable
from typing import NoReturn

from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotGiven, NotRead
from pytest_amlpreflight.graph.fact import answered_by
from pytest_amlpreflight.verdict import NotReached

PROVIDERS = "aml_resource_providers"
"""The fact of the checks that say which provider is not registered."""


class Refusals:
    """What of a run could not be had, and who met it first."""

    def __init__(self) -> None:
        self._on_the_run: set[str] = set()
        self._first: dict[str, str] = {}

    def expect(self, facts: Iterable[str]) -> None:
        """These facts are asked for on this run: a check that answers for an absence may be among those who ask."""
        self._on_the_run.update(facts)

    def leave(self, resource: str, *, to: str) -> None:
        """It is this test that says so where the resource cannot be had."""
        self._first[resource] = to

    def end(self, problem: NotRead, who: str) -> NoReturn:
        """End a test whose fact could not be had: the problem itself for the first that meets the resource,
        `NotReached` for the rest.

        A resource that is absent is left to the check that answers for it, where that check is on the run; so is one
        whose provider is not registered in the subscription.
        """
        if isinstance(problem, NotGiven):
            raise NotReached(str(problem))
        absent = isinstance(problem, FactAbsent) and not answered_by(self._on_the_run).isdisjoint(problem.facts)
        answered = absent or (_is_unregistered(problem) and PROVIDERS in self._on_the_run)
        first = self._first.setdefault(problem.resource, who)
        if answered or first != who:
            permission = problem.permission if isinstance(problem, FactUnreadable) else None
            raise NotReached(f"not reached: {problem.headline}", behind=problem.resource, permission=permission)
        raise problem


def _is_unregistered(problem: NotRead) -> bool:
    return isinstance(problem, FactUnreadable) and problem.code == "MissingSubscriptionRegistration"
