"""The table of routes: which handler answers which method on which type."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from .. import ids
from ..answers import GATEWAY, Answer, arm_error
from ..ids import ArmPath
from ..world import Document
from . import (
    activity_log,
    addresses,
    api_versions,
    authorization,
    bodies,
    diagnosis,
    enforcement,
    monitor,
    policy,
    providers,
    resources,
    schemas,
)
from .actions import ACTIONS
from .call import Call, Handler
from .list_filters import UnsupportedFilter

_READS = ("GET", "HEAD")
"""HEAD asks whether something is there: 204 for all that GET would show."""


def dispatch(call: Call) -> Answer:
    """Answer an authenticated request to ARM: api-version first, then the row of the table, else loudly no."""
    stored = call.world.get(call.arm.path)
    location = stored.get("location") if stored else None
    handler = _find(call)
    typed = call.arm if call.method in _READS or api_versions.knows(call.arm.type) else call.acted_upon
    refused = api_versions.refusal(
        typed, call.query.get("api-version"), location, set(call.world.types), api_versions.listed(call.world, typed)
    )
    if refused is not None:
        return refused
    refused = (
        resources.missing_subscription(call.world, call.arm)
        or _unregistered(call)
        or enforcement.refusal(call.world, call.method, call.arm)
        or enforcement.frozen(call.world, call.method, call.arm)
    )
    if refused is not None:
        return refused
    if handler is None:
        text = f"The request {call.method} {call.arm.path} is not supported."
        return arm_error(404, "InvalidResourceType", text, unknown="no such route")
    try:
        found = handler(call)
    except bodies.Malformed as problem:
        return bodies.refusal(problem)
    if call.method == "HEAD" and found.status == 200:
        return Answer(None, 204)
    return _as_asked(found, call.arm, call.query["api-version"]) if call.method == "GET" else found


def _as_asked(found: Answer, arm: ArmPath, version: str) -> Answer:
    """The answer without the members that its api-version does not know, of one resource or of every row."""
    if found.status != 200 or not isinstance(found.body, dict):
        return found
    rows = found.body.get("value")
    if isinstance(rows, list):
        return replace(found, body={**found.body, "value": [schemas.shown(row, arm.type, version) for row in rows]})
    return replace(found, body=schemas.shown(found.body, arm.type, version))


def _unregistered(call: Call) -> Answer | None:
    """409 for every request to a provider that the world says the subscription is not registered for."""
    provider = call.world.get(f"{call.arm.subscription}/providers/{call.arm.namespace}")
    if provider is None or provider.get("registrationState") not in ("NotRegistered", "Unregistered"):
        return None
    text = (
        f"The subscription is not registered to use namespace '{call.arm.namespace}'. "
        "See https://aka.ms/rps-not-found for how to register subscriptions."
    )
    error = {"code": "MissingSubscriptionRegistration", "message": text}
    return Answer({"error": {**error, "details": [{**error, "target": call.arm.namespace}]}}, 409, GATEWAY)


def _find(call: Call) -> Handler | None:
    kind = call.arm.type.lower()
    if call.method == "POST":
        return ACTIONS.get(kind)
    if call.method not in _READS:
        return None
    if call.arm.name is None:
        return _COLLECTIONS.get(kind, _collection)
    return _RESOURCES.get(kind, _resource)


def _resource(call: Call) -> Answer:
    return resources.resource(call.world, call.arm, call.own_url)


def _collection(call: Call) -> Answer:
    return resources.collection(call.world, call.arm, call.query, call.own_url)


def _resources(call: Call) -> Answer:
    return resources.resources(call.world, call.arm, call.query, call.own_url)


def _subscriptions(call: Call) -> Answer:
    held = call.world.of_type("Microsoft.Resources/subscriptions")
    rows = [resources.outward(one, call.own_url) for one in held if enforcement.sees(call.world, one["id"])]
    return resources.page(rows, call.world.page_size, call.arm, call.query, call.own_url)


def _tenants(call: Call) -> Answer:
    tenant = call.world.tenant
    row = {"id": f"/tenants/{tenant}", "tenantId": tenant, "tenantCategory": "Home", "displayName": "Contoso"}
    return Answer({"value": [row]})


def _role_definition(call: Call) -> Answer:
    found = authorization.role_definition(call.world, call.arm.name or "")
    if found is not None:
        return Answer(found)
    guid = (call.arm.name or "").replace("-", "")
    return arm_error(
        404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{guid}' does not exist."
    )


def _role_definitions(call: Call) -> Answer:
    return _filtered(call, lambda text: authorization.role_definitions(call.world, text))


def _role_assignments(call: Call) -> Answer:
    return _filtered(call, lambda text: authorization.role_assignments(call.world, call.arm.parent or "/", text))


def _deny_assignments(call: Call) -> Answer:
    return _filtered(call, lambda text: authorization.deny_assignments(call.world, call.arm.parent or "/", text))


def _policies(call: Call) -> Answer:
    return _filtered(call, lambda text: policy.listed(call.world, call.arm, text or ""))


def _filtered(call: Call, select: Callable[[str | None], list[dict[str, object]]]) -> Answer:
    text = call.query.get("$filter")
    try:
        found = select(text)
    except UnsupportedFilter:
        return authorization.unsupported_filter(text or "")
    return resources.page(found, call.world.page_size, call.arm, call.query, call.own_url)


def _permissions(call: Call) -> Answer:
    return Answer({"value": authorization.permissions(call.world, call.arm.parent or "/")})


def _locks(call: Call) -> Answer:
    """Locks at the scope and below; with atScope() at the scope and above, as ARM does."""
    world, scope = call.world, call.arm.parent or "/"
    locks = list(world.of_type("Microsoft.Authorization/locks"))
    at_scope = "atscope()" in call.query.get("$filter", "").lower()
    holders = [(one, one["id"].rpartition("/providers/")[0] or "/") for one in locks]
    found = [one for one, at in holders if ids.within(scope, at) or (not at_scope and ids.within(at, scope))]
    return Answer({"value": found})


def _role_assignment_metrics(call: Call) -> Answer:
    given = call.world.collections.get(ids.key(call.arm.path))
    if given is not None:
        return Answer(given)
    scope = call.arm.subscription or "/"
    used = len(list(call.world.of_type("Microsoft.Authorization/roleAssignments", scope)))
    counts = {
        "roleAssignmentsLimit": 4000,
        "roleAssignmentsCurrentCount": used,
        "roleAssignmentsRemainingCount": 4000 - used,
    }
    return Answer({"subscriptionId": scope.rpartition("/")[2]} | counts)


def _deleted_vaults(call: Call) -> Answer:
    """Soft-deleted vaults of every region, five to a page; their own ids stand below a location."""
    found = list(call.world.of_type("Microsoft.KeyVault/locations/deletedVaults", call.arm.parent or "/"))
    return resources.page(found, min(call.world.page_size or 5, 5), call.arm, call.query, call.own_url)


def _activities(call: Call) -> Answer:
    subscription, shown = call.arm.subscription or "/", call.query.get("$select", "")
    return _filtered(call, lambda text: activity_log.activities(call.world, subscription, text or "", shown))


def _activity_categories(_call: Call) -> Answer:
    return Answer({"value": activity_log.categories()})


def _monitored(answer: Callable[[Document, Mapping[str, str]], list[Document] | Answer]) -> Handler:
    """What Azure Monitor tells of one resource, which has to be there."""

    def ask(call: Call) -> Answer:
        scope = call.world.get(call.arm.parent)
        if scope is None:
            owner = ids.parse(call.arm.parent)
            return resources.not_found(call.world, owner or call.arm)
        found = answer(scope, call.query)
        return found if isinstance(found, Answer) else Answer({"value": found})

    return ask


def _diagnostic_settings(call: Call) -> Answer:
    """Those of the resource itself: what is beneath it has its own."""
    held = call.world.of_type(call.arm.type, call.arm.parent)
    found = [one for one in held if ids.key(one["id"]).rpartition("/")[0] == ids.key(call.arm.path)]
    return resources.missing_parent(call.world, call.arm) or Answer({"value": found})


def _address(call: Call) -> Answer:
    network = call.world.get(call.arm.parent)
    if network is None:
        return resources.not_found(call.world, ids.parse(call.arm.parent) or call.arm)
    return addresses.availability(call.world, network, call.query.get("ipAddress", ""))


def _workspace_operation(call: Call) -> Answer:
    kind, version = call.query.get("type", "async"), call.query["api-version"]
    return diagnosis.status(call.world, call.arm, kind, version, call.own_url)


_COLLECTIONS: dict[str, Handler] = {
    "microsoft.authorization/denyassignments": _deny_assignments,
    "microsoft.authorization/locks": _locks,
    "microsoft.authorization/permissions": _permissions,
    "microsoft.authorization/policyassignments": _policies,
    "microsoft.authorization/policydefinitions": _policies,
    "microsoft.authorization/policyexemptions": _policies,
    "microsoft.authorization/policysetdefinitions": _policies,
    "microsoft.authorization/provideroperations": providers.operations,
    "microsoft.authorization/roleassignments": _role_assignments,
    "microsoft.authorization/roleassignmentsusagemetrics": _role_assignment_metrics,
    "microsoft.authorization/roledefinitions": _role_definitions,
    "microsoft.insights/diagnosticsettings": _diagnostic_settings,
    "microsoft.insights/diagnosticsettingscategories": _monitored(lambda scope, _: monitor.logs(scope)),
    "microsoft.insights/eventcategories": _activity_categories,
    "microsoft.insights/eventtypes/values": _activities,
    "microsoft.insights/metricdefinitions": _monitored(lambda scope, _: monitor.definitions(scope)),
    "microsoft.insights/metricnamespaces": _monitored(lambda scope, _: monitor.namespaces(scope)),
    "microsoft.insights/metrics": _monitored(monitor.metrics),
    "microsoft.keyvault/deletedvaults": _deleted_vaults,
    "microsoft.network/virtualnetworks/checkipaddressavailability": _address,
    "microsoft.resources/providers": providers.every,
    "microsoft.resources/providers/resourcetypes": providers.resource_types,
    "microsoft.resources/resources": _resources,
    "microsoft.resources/subscriptions": _subscriptions,
    "microsoft.resources/tenants": _tenants,
}

_RESOURCES: dict[str, Handler] = {
    "microsoft.authorization/provideroperations": providers.operations,
    "microsoft.authorization/roledefinitions": _role_definition,
    "microsoft.machinelearningservices/locations/workspaceoperationsstatus": _workspace_operation,
    "microsoft.resources/providers": providers.one,
}
