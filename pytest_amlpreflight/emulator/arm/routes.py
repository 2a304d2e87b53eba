"""The table of routes: which handler answers which method on which type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from .. import ids
from ..answers import Answer, arm_error
from ..data_plane import scoring
from ..ids import ArmPath
from ..kubernetes.kubeconfig import credential_result
from ..world import ENDPOINTS, World
from . import (
    api_versions,
    authorization,
    bodies,
    diagnosis,
    enforcement,
    logs,
    policy,
    resource_graph,
    resources,
    schemas,
)
from .list_filters import UnsupportedFilter


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets to see."""

    world: World
    method: str
    arm: ArmPath
    query: Mapping[str, str]
    own_url: str
    body: bytes = b""


Handler = Callable[[Call], Answer]
_READS = ("GET", "HEAD")
"""HEAD asks whether something is there: 204 for all that GET would show."""


def dispatch(call: Call) -> Answer:
    """Answer an authenticated request to ARM: api-version first, then the row of the table, else loudly no."""
    stored = call.world.get(call.arm.path)
    location = stored.get("location") if stored else None
    handler = _find(call)
    typed = call.arm if call.method in _READS or api_versions.knows(call.arm.type) else _acted_upon(call.arm)
    refused = api_versions.refusal(
        typed, call.query.get("api-version"), location, set(call.world.types), api_versions.listed(call.world, typed)
    )
    if refused is not None:
        return refused
    refused = (
        resources.missing_subscription(call.world, call.arm)
        or _unregistered(call)
        or enforcement.refusal(call.world, call.method, call.arm)
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
    return arm_error(409, "MissingSubscriptionRegistration", text)


def _find(call: Call) -> Handler | None:
    kind = call.arm.type.lower()
    if call.method == "POST":
        return _ACTIONS.get(kind)
    if call.method not in _READS:
        return None
    if call.arm.name is None:
        return _COLLECTIONS.get(kind, _collection)
    return _RESOURCES.get(kind, _resource)


def _acted_upon(path: ArmPath) -> ArmPath:
    """The resource on which `POST .../listKeys` acts: its type's api-versions count."""
    return ids.parse(path.parent) or path


def _resource(call: Call) -> Answer:
    return resources.resource(call.world, call.arm, call.own_url)


def _provider(call: Call) -> Answer:
    """A provider; an empty `resourceTypes` in the world is filled from the table, so that clients can negotiate."""
    if call.arm.subscription is None:
        return Answer(_of_tenant(call.arm.name or ""))
    found = _resource(call)
    if found.status == 200 and not found.body.get("resourceTypes"):
        found.body["resourceTypes"] = api_versions.of_provider(call.arm.name or "")
    return found


def _providers(call: Call) -> Answer:
    """The providers of a subscription; above one those that the tables know."""
    if call.arm.subscription is not None:
        return _collection(call)
    rows = [_of_tenant(namespace) for namespace in schemas.namespaces()]
    return resources.page(rows, call.world.page_size, call.arm, call.query, call.own_url)


def _of_tenant(namespace: str) -> dict[str, object]:
    spelt = next((kind.partition("/")[0] for kind in schemas.types(namespace)), namespace)
    return {"namespace": spelt, "resourceTypes": api_versions.of_provider(spelt)}


def _resource_types(call: Call) -> Answer:
    namespace = call.arm.path.split("/")[-2]
    return Answer({"value": api_versions.of_provider(namespace)})


def _resource_graph(call: Call) -> Answer:
    return resource_graph.answer(call.world, call.query["api-version"], call.body)


def _collection(call: Call) -> Answer:
    return resources.collection(call.world, call.arm, call.query, call.own_url)


def _resources(call: Call) -> Answer:
    return resources.resources(call.world, call.arm, call.query, call.own_url)


def _subscriptions(call: Call) -> Answer:
    held = call.world.of_type("Microsoft.Resources/subscriptions")
    rows = [one for one in held if enforcement.sees(call.world, one["id"])]
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
    """Soft-deleted vaults of every region; their own ids stand below a location."""
    found = list(call.world.of_type("Microsoft.KeyVault/locations/deletedVaults", call.arm.parent or "/"))
    return resources.page(found, call.world.page_size, call.arm, call.query, call.own_url)


def _diagnose(call: Call) -> Answer:
    workspace = call.world.get(call.arm.parent)
    if workspace is None:
        return resources.not_found(call.world, _acted_upon(call.arm))
    return diagnosis.start(call.world, workspace, call.query["api-version"], call.own_url)


def _workspace_operation(call: Call) -> Answer:
    kind, version = call.query.get("type", "async"), call.query["api-version"]
    return diagnosis.status(call.world, call.arm, kind, version, call.own_url)


def _get_logs(call: Call) -> Answer:
    if call.world.get(call.arm.parent) is None:
        return resources.not_found(call.world, _acted_upon(call.arm))
    return logs.answer(call.world, call.arm.parent, call.body)


def _list_keys(call: Call) -> Answer:
    endpoint = call.world.get(call.arm.parent)
    if endpoint is None:
        return resources.not_found(call.world, _acted_upon(call.arm))
    return Answer(scoring.keys(endpoint["id"]))


def _list_workspace_keys(call: Call) -> Answer:
    workspace = call.world.get(call.arm.parent)
    if workspace is None:
        return resources.not_found(call.world, _acted_upon(call.arm))
    key = scoring.keys(workspace["id"])["primaryKey"]
    return Answer({"userStorageKey": key, "userStorageResourceId": workspace["properties"].get("storageAccount")})


def _list_account_keys(call: Call) -> Answer:
    account = call.world.get(call.arm.parent)
    if account is None:
        return resources.not_found(call.world, _acted_upon(call.arm))
    found = scoring.keys(account["id"]).values()
    rows = [{"keyName": f"key{n}", "value": key, "permissions": "FULL"} for n, key in enumerate(found, 1)]
    return Answer({"keys": rows})


def _list_nodes(call: Call) -> Answer:
    """A cluster that is not at work has none."""
    if call.world.get(call.arm.parent) is None:
        return resources.not_found(call.world, _acted_upon(call.arm))
    return Answer({"nodes": []})


def _policies(call: Call) -> Answer:
    try:
        found = policy.listed(call.world, call.arm, call.query.get("$filter", ""))
    except UnsupportedFilter:
        return authorization.unsupported_filter(call.query["$filter"])
    return resources.page(found, call.world.page_size, call.arm, call.query, call.own_url)


def _policy_summary(call: Call) -> Answer:
    return Answer(policy.summary(call.world, call.arm.path.rpartition("/providers/")[0] or "/"))


def _policy_restrictions(call: Call) -> Answer:
    return policy.restrictions(call.world, call.arm.parent or "/", call.body)


def _policy_states(call: Call) -> Answer:
    rows = policy.states(call.world, call.arm.path.rpartition("/providers/")[0] or "/")
    answer = resources.page(rows, call.world.page_size, call.arm, call.query, call.own_url)
    body = {"@odata.count": len(rows), "value": answer.body["value"]}
    onward = answer.body.get("nextLink")
    return Answer({**body, "@odata.nextLink": onward} if onward else body)


def _token(call: Call) -> Answer:
    endpoint = call.world.get(call.arm.parent)
    if endpoint is None:
        return resources.not_found(call.world, _acted_upon(call.arm))
    return Answer(scoring.token(endpoint["id"]))


def _cluster_credential(call: Call) -> Answer:
    found = call.world.kubeconfigs.get(ids.key(call.arm.parent))
    if found is None:
        return resources.not_found(call.world, _acted_upon(call.arm))
    return Answer(credential_result("clusterUser", found))


def _cluster_admin_credential(call: Call) -> Answer:
    found = call.world.admin_kubeconfigs.get(ids.key(call.arm.parent))
    if found is None:
        return resources.not_found(call.world, _acted_upon(call.arm))
    if ((call.world.get(call.arm.parent) or {}).get("properties") or {}).get("disableLocalAccounts"):
        words = "Getting static credential is not allowed because this cluster is set to disable local accounts."
        return arm_error(400, "BadRequest", words)
    return Answer(credential_result("clusterAdmin", found))


_COLLECTIONS: dict[str, Handler] = {
    "microsoft.authorization/denyassignments": _deny_assignments,
    "microsoft.authorization/locks": _locks,
    "microsoft.authorization/permissions": _permissions,
    "microsoft.authorization/policyassignments": _policies,
    "microsoft.authorization/policydefinitions": _policies,
    "microsoft.authorization/policyexemptions": _policies,
    "microsoft.authorization/policysetdefinitions": _policies,
    "microsoft.authorization/roleassignments": _role_assignments,
    "microsoft.authorization/roleassignmentsusagemetrics": _role_assignment_metrics,
    "microsoft.authorization/roledefinitions": _role_definitions,
    "microsoft.keyvault/deletedvaults": _deleted_vaults,
    "microsoft.resources/providers": _providers,
    "microsoft.resources/providers/resourcetypes": _resource_types,
    "microsoft.resources/resources": _resources,
    "microsoft.resources/subscriptions": _subscriptions,
    "microsoft.resources/tenants": _tenants,
}

_RESOURCES: dict[str, Handler] = {
    "microsoft.authorization/roledefinitions": _role_definition,
    "microsoft.machinelearningservices/locations/workspaceoperationsstatus": _workspace_operation,
    "microsoft.resources/providers": _provider,
}

# Azure's read-only POSTs. getLogs, token and the others belong here.
_ACTIONS: dict[str, Handler] = {
    f"{ENDPOINTS}/listKeys".lower(): _list_keys,
    f"{ENDPOINTS}/token".lower(): _token,
    f"{ENDPOINTS}/deployments/getLogs".lower(): _get_logs,
    "microsoft.containerservice/managedclusters/listclusteradmincredential": _cluster_admin_credential,
    "microsoft.containerservice/managedclusters/listclusterusercredential": _cluster_credential,
    "microsoft.machinelearningservices/workspaces/computes/listnodes": _list_nodes,
    "microsoft.machinelearningservices/workspaces/diagnose": _diagnose,
    "microsoft.machinelearningservices/workspaces/listkeys": _list_workspace_keys,
    "microsoft.policyinsights/checkpolicyrestrictions": _policy_restrictions,
    "microsoft.policyinsights/policystates/queryresults": _policy_states,
    "microsoft.policyinsights/policystates/summarize": _policy_summary,
    "microsoft.resourcegraph/resources": _resource_graph,
    "microsoft.storage/storageaccounts/listkeys": _list_account_keys,
}
