"""From what was given to what is inspected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.target import Target

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec


def choose_targets(
    workspaces: Sequence[ResourceId | None],
    endpoints: Sequence[str | EndpointSpec],
    deployments: Sequence[str | DeploymentSpec],
) -> list[Target]:
    """Every workspace with every endpoint, and the deployments with the endpoint they belong to.

    A deployment spec names its endpoint; the name of a live deployment needs exactly one endpoint, or the form
    `ENDPOINT/DEPLOYMENT`. Raises `pytest.UsageError` where a deployment belongs to none of the endpoints given, and
    where two files describe the same one, since only one of them could be judged.
    """
    _unlike([(_name(given), given) for given in endpoints], "endpoint")
    specs = {_name(given): None if isinstance(given, str) else given for given in endpoints}
    placed = [_place(given, list(specs)) for given in deployments]
    _unlike([(f"{endpoint}/{name}", spec or name) for endpoint, name, spec in placed], "deployment")
    with_deployments = {endpoint for endpoint, _, _ in placed}
    rows = [*placed, *((endpoint, None, None) for endpoint in specs if endpoint not in with_deployments)]
    return [
        Target(workspace, endpoint, deployment, specs.get(endpoint), spec)
        for workspace in workspaces
        for endpoint, deployment, spec in rows
    ] or [Target(workspace) for workspace in workspaces]


def _place(given: str | DeploymentSpec, endpoints: list[str]) -> tuple[str, str, DeploymentSpec | None]:
    if not isinstance(given, str):
        if endpoints and given.endpoint_name not in endpoints:
            where = given.where("endpoint_name")
            named = f"endpoint_name {given.endpoint_name!r}"
            raise pytest.UsageError(f"{where}: {named} is not the endpoint given, {_or(endpoints)}")
        return given.endpoint_name, given.name, given
    endpoint, _, deployment = given.rpartition("/")
    if endpoint and endpoints and endpoint not in endpoints:
        raise pytest.UsageError(
            f"--aml-deployment {given}: endpoint {endpoint!r} is not the one given, {_or(endpoints)}"
        )
    if not endpoint and len(endpoints) != 1:
        how = "needs --aml-endpoint" if not endpoints else "could belong to any of " + _or(endpoints)
        raise pytest.UsageError(f"--aml-deployment {given}: {how}; ENDPOINT/{given} says which")
    return endpoint or endpoints[0], deployment, None


def _unlike(given: Sequence[tuple[str, str | EndpointSpec | DeploymentSpec]], noun: str) -> None:
    """Refuse what would stand under one name twice: a file and another file, or a file and a live one."""
    first: dict[str, str] = {}
    for name, one in given:
        where = f"--aml-{noun} {one}" if isinstance(one, str) else one.source.path
        if first.setdefault(name, where) != where:
            raise pytest.UsageError(
                f"{first[name]} and {where} are both {noun} {name}; inspect each in a run of its own"
            )


def _name(given: str | EndpointSpec) -> str:
    return given if isinstance(given, str) else given.name


def _or(names: Sequence[str]) -> str:
    return " or ".join(repr(name) for name in names)
