"""The subscription, and what may be done in it."""

from collections.abc import Callable

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.caller import Caller
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.subscription import Lock, ResourceProviders, RoleAssignmentUsage, Subscription
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.graph.fact import fact, unless_absent
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.caller import read_caller, read_own_access
from pytest_amlpreflight.readers.resources.subscription import (
    read_locks,
    read_providers,
    read_role_assignment_usage,
    read_subscription,
)

OF_THE_SUBSCRIPTION = "aml_target.workspace_id.subscription"


@pytest.fixture(scope="session")
@fact(per=OF_THE_SUBSCRIPTION)
def aml_subscription(aml_target: Target, aml_azure: Azure) -> Subscription:
    """The workspace's subscription and its state."""
    return read_subscription(aml_azure.arm, aml_target.workspace_id.subscription)


@pytest.fixture(scope="session")
@fact()
def aml_subscription_or_none(aml_subscription: Reading[Subscription]) -> Subscription | None:
    """The subscription, or None where there is none: for a test that answers for its absence."""
    return unless_absent(aml_subscription)


@pytest.fixture(scope="session")
@fact(per=OF_THE_SUBSCRIPTION)
def aml_resource_providers(
    aml_target: Target, aml_subscription: Reading[Subscription], aml_azure: Azure
) -> ResourceProviders:
    """The subscription's resource providers, and whether each is registered."""
    try:
        return read_providers(aml_azure.arm, aml_target.workspace_id.subscription)
    except FactAbsent:
        aml_subscription.get()  # raises where that is what is absent
        raise


@pytest.fixture(scope="session")
@fact(per=OF_THE_SUBSCRIPTION)
def aml_locks(aml_target: Target, aml_subscription: Reading[Subscription], aml_azure: Azure) -> tuple[Lock, ...]:
    """Every lock of the subscription, on whatever it stands."""
    try:
        return read_locks(aml_azure.arm, aml_target.workspace_id.subscription)
    except FactAbsent:
        aml_subscription.get()  # raises where that is what is absent
        raise


@pytest.fixture(scope="session")
@fact(per="run")
def aml_caller(aml_azure: Azure) -> Caller:
    """The identity that runs the preflight, from its access token."""
    return read_caller(aml_azure.token, aml_azure.cloud.audience)


@pytest.fixture(scope="session")
@fact(per="workspace")
def aml_deployer_access(
    aml_target: Target,
    aml_caller: Caller,
    aml_subscription: Reading[Subscription],
    aml_workspace: Reading[Workspace],
    aml_azure: Azure,
) -> Access:
    """What the identity that runs the preflight may do in the workspace."""
    try:
        return read_own_access(aml_azure.arm, aml_caller, aml_target.workspace_id.text)
    except FactAbsent:
        aml_subscription.get(), aml_workspace.get()  # each raises where that is what is absent
        raise


@pytest.fixture(scope="session")
@fact()
def aml_deployer_identity_access(
    aml_endpoint: Endpoint, aml_caller: Caller, aml_endpoint_identities: Reading[tuple[Identity, ...]], aml_azure: Azure
) -> tuple[Access, ...]:
    """What the identity that runs the preflight may do with each user-assigned identity of the endpoint."""
    arm = aml_azure.arm
    try:
        return tuple(
            arm.together(lambda one: read_own_access(arm, aml_caller, one.text), list(aml_endpoint.identity_ids))
        )
    except FactAbsent:
        aml_endpoint_identities.get()  # raises where one of them is what is absent
        raise


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_role_assignment_usage(
    aml_target: Target, aml_endpoint: Endpoint, aml_azure: Azure
) -> RoleAssignmentUsage | None:
    """How many role assignments the subscription may still take; None where the endpoint brings its own identity and
    needs none.
    """
    if aml_endpoint.identity_ids or not aml_endpoint.managed:
        return None
    return read_role_assignment_usage(aml_azure.arm, aml_target.workspace_id.subscription)


@pytest.fixture(scope="session")
@fact(per="run")
def aml_permissions(aml_azure: Azure) -> Callable[[str, str], Access]:
    """Effective permissions, for tests of your own: `aml_permissions(principal_id, scope).allows(action)`, and
    `.allows_data(action)`.
    """
    return lambda principal_id, scope: read_access(aml_azure.arm, principal_id, scope)
