"""What the caller may ask: ARM authorizes first, minds locks then, and looks later.

The roles that the world assigns to the caller decide, less what deny assignments take away. A world whose `caller` says
`enforced: false` answers whatever is asked.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache

from .. import ids
from ..answers import Answer, arm_error
from ..ids import ArmPath
from ..world import Document, World
from . import authorization

_LOCKS = "Microsoft.Authorization/locks"

# Everybody may ask for these: own permissions, own tenants, and rows that hold only what the caller can read.
_FREE = frozenset(
    {"microsoft.authorization/permissions", "microsoft.resources/tenants", "microsoft.resourcegraph/resources"}
)
# And for these where no subscription is asked: the list of one's own, and what every tenant has.
_FREE_ABOVE = frozenset(
    {
        "microsoft.authorization/policydefinitions",
        "microsoft.authorization/policysetdefinitions",
        "microsoft.authorization/provideroperations",
        "microsoft.authorization/roledefinitions",
        "microsoft.insights/eventcategories",
        "microsoft.resources/providers",
        "microsoft.resources/subscriptions",
    }
)

# Where the action is not the type and a verb. Names from
# learn.microsoft.com/azure/role-based-access-control/resource-provider-operations.
_ACTIONS = {
    "microsoft.containerregistry/checknameavailability": "Microsoft.ContainerRegistry/checkNameAvailability/read",
    "microsoft.keyvault/checkmhsmnameavailability": "Microsoft.KeyVault/checkMhsmNameAvailability/read",
    "microsoft.keyvault/checknameavailability": "Microsoft.KeyVault/checkNameAvailability/read",
    "microsoft.storage/checknameavailability": "Microsoft.Storage/checknameavailability/read",
    "microsoft.policyinsights/checkpolicyrestrictions": "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
    "microsoft.policyinsights/policystates/queryresults": "Microsoft.PolicyInsights/policyStates/queryResults/read",
    "microsoft.resources/providers": "Microsoft.Resources/subscriptions/providers/read",
    "microsoft.resources/providers/resourcetypes": "Microsoft.Resources/subscriptions/providers/read",
    "microsoft.resources/resources": "Microsoft.Resources/subscriptions/resources/read",
}


def refusal(world: World, method: str, arm: ArmPath) -> Answer | None:
    """403 `AuthorizationFailed` where no role of the caller holds the action; None where one does, or nobody looks."""
    wanted = action(method, arm)
    if wanted is None:
        return None
    scope = arm.path if arm.name is not None and method in ("GET", "HEAD") else arm.parent or "/"
    world.asked.append(wanted)
    if _is_open(world) or _allowed(world, wanted, scope):
        return None
    client, object_id = world.caller.get("appId", world.caller["objectId"]), world.caller["objectId"]
    text = (
        f"The client '{client}' with object id '{object_id}' does not have authorization to perform action '{wanted}' "
        f"over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your "
        "credentials."
    )
    return arm_error(403, "AuthorizationFailed", text)


def frozen(world: World, method: str, arm: ArmPath) -> Answer | None:
    """409 for an action, such as to list keys, beneath a read-only lock or in a disabled subscription; None elsewhere.

    ARM leaves there what Reader may do: POSTs whose action is to read among it
    (learn.microsoft.com/azure/azure-resource-manager/management/lock-resources).
    """
    wanted = action(method, arm)
    if wanted is None or not wanted.lower().endswith("/action"):
        return None
    scope = arm.parent or "/"
    locks = [one for one in world.of_type(_LOCKS) if str(one["properties"].get("level")).lower() == "readonly"]
    above = [place for place in (one["id"].rpartition("/providers/")[0] for one in locks) if ids.within(scope, place)]
    if above:
        text = (
            f"The scope '{scope}' cannot perform write operation because following scope(s) are locked: "
            f"'{', '.join(above)}'. Please remove the lock and try again."
        )
        return arm_error(409, "ScopeLocked", text)
    subscription = world.get(arm.subscription or "") or {}
    if subscription.get("state") not in ("Disabled", "Expired"):
        return None
    text = (
        f"The subscription '{(arm.subscription or '').rpartition('/')[2]}' is disabled and therefore marked as read "
        "only. You cannot perform any write actions on this subscription until it is re-enabled."
    )
    return arm_error(409, "ReadOnlyDisabledSubscription", text)


def action(method: str, arm: ArmPath) -> str | None:
    """The action that a request needs, in Azure's spelling; None for what everybody may."""
    kind = arm.type.lower()
    if kind in _FREE or (kind in _FREE_ABOVE and arm.subscription is None):
        return None
    return _ACTIONS.get(kind) or f"{arm.type}/{'read' if method in ('GET', 'HEAD') else 'action'}"


def sees(world: World, subscription: str) -> bool:
    """Whether a subscription is in the caller's list: a role anywhere in it, or above it, is enough."""
    return _is_open(world) or authorization.is_assigned(world, subscription)


def reader(world: World) -> Callable[[str, str], bool]:
    """Whether the caller may read a resource, by type and id, for lists of many: deny assignments aside."""
    if _is_open(world):
        return lambda _kind, _scope: True
    held = authorization.own_permissions(world)
    covered = cache(lambda where, kind: _covered(held[where], f"{kind}/read", data=False))
    return lambda kind, scope: any(covered(where, kind.lower()) for where in ids.scopes(scope) if where in held)


def admits(world: World, wanted: str, scope: str, *, data: bool) -> bool:
    """Whether a service's own host may answer the caller, who needs an action, or a data action, on the resource."""
    world.asked.append(wanted)
    return _is_open(world) or _allowed(world, wanted, scope, data=data)


def meets_policy(world: World, vault: Document, permission: str) -> bool:
    """Whether an access policy of a vault gives the caller, or a group of theirs, a permission on secrets. One that
    names an application as well is for that application acting for somebody.
    """
    members = world.members_of(world.caller["objectId"])
    held = (vault.get("properties") or {}).get("accessPolicies") or []
    mine = [one for one in held if str(one["objectId"]).lower() in members and not one.get("applicationId")]
    given = {str(word).lower() for one in mine for word in (one.get("permissions") or {}).get("secrets") or []}
    return _is_open(world) or bool(given & {permission, "all"})


def _allowed(world: World, wanted: str, scope: str, *, data: bool = False) -> bool:
    if _covered(authorization.denied_permissions(world, scope), wanted, data=data):
        return False
    return _covered(authorization.permissions(world, scope), wanted, data=data)


def _covered(blocks: list[Document], wanted: str, *, data: bool) -> bool:
    held, left_out = ("dataActions", "notDataActions") if data else ("actions", "notActions")
    return any(
        _matches(one.get(held) or [], wanted) and not _matches(one.get(left_out) or [], wanted) for one in blocks
    )


def _is_open(world: World) -> bool:
    return world.caller.get("enforced") is False


def _matches(patterns: list[str], wanted: str) -> bool:
    # `*` is Azure's only wildcard; square brackets and question marks do not occur in actions.
    return any(fnmatchcase(wanted.lower(), pattern.lower()) for pattern in patterns)
