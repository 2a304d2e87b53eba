"""The subscription and what is set for the whole of it: providers, locks, the number of role assignments."""

from pytest_amlpreflight.facts.resources.subscription import (
    Lock,
    ResourceProvider,
    ResourceProviders,
    RoleAssignmentUsage,
    Subscription,
)
from pytest_amlpreflight.readers.connection.api_versions import LOCKS, RESOURCES, ROLE_ASSIGNMENT_METRICS, SUBSCRIPTIONS
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document

_LOCKS = "/providers/Microsoft.Authorization/locks"


def read_subscription(arm: Arm, subscription: str) -> Subscription:
    """The subscription with that id; one that Azure does not know, or has deleted, is `FactAbsent`."""
    document = arm.get(
        f"/subscriptions/{subscription}",
        SUBSCRIPTIONS,
        f"subscription {subscription}",
        permission="Microsoft.Resources/subscriptions/read",
    )
    return Subscription(subscription, document.text("displayName") or subscription, document.need_word("state"))


def read_providers(arm: Arm, subscription: str) -> ResourceProviders:
    """Every resource provider and whether it is registered.

    One list instead of a request for each namespace: Azure counts requests, and this one runs beside the others, on
    nobody's way.
    """
    rows = arm.list(
        f"/subscriptions/{subscription}/providers",
        RESOURCES,
        f"the resource providers of subscription {subscription}",
        permission="Microsoft.Resources/subscriptions/providers/read",
        never_empty=True,
    )
    providers = [ResourceProvider(row.need("namespace"), row.need_word("registrationState")) for row in rows]
    return ResourceProviders(subscription, {provider.namespace.lower(): provider for provider in providers})


def read_locks(arm: Arm, subscription: str) -> tuple[Lock, ...]:
    """Every lock of the subscription, on whatever it stands.

    Asked at the subscription: one request answers for the workspace, for what it leans on, and for what stands above
    them.
    """
    rows = arm.list(
        f"/subscriptions/{subscription}{_LOCKS}",
        LOCKS,
        f"the locks of subscription {subscription}",
        permission="Microsoft.Authorization/locks/read",
    )
    return tuple(_lock(row) for row in rows)


def read_role_assignment_usage(arm: Arm, subscription: str) -> RoleAssignmentUsage:
    """How many role assignments the subscription holds and may hold."""
    document = arm.get(
        f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignmentsUsageMetrics",
        ROLE_ASSIGNMENT_METRICS,
        f"the number of role assignments of subscription {subscription}",
        # No list of Azure's operations names it; ARM derives the action of a GET from its type.
        permission="Microsoft.Authorization/roleAssignmentsUsageMetrics/read",
    )
    return RoleAssignmentUsage(
        limit=int(document.need_number("roleAssignmentsLimit")),
        used=int(document.need_number("roleAssignmentsCurrentCount")),
        remaining=int(document.need_number("roleAssignmentsRemainingCount")),
    )


def _lock(document: Document) -> Lock:
    properties, id_ = document.child("properties"), document.need("id")
    return Lock(
        name=document.text("name") or id_.rpartition("/")[2],
        level=properties.need("level"),
        scope=id_[: id_.lower().rindex(_LOCKS.lower())] if _LOCKS.lower() in id_.lower() else "",
        notes=properties.text("notes"),
    )
