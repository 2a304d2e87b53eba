"""Azure's read-only POSTs: keys, tokens, logs, what a policy forbids, and queries of Resource Graph."""

from collections.abc import Callable
from functools import wraps

from .. import ids
from ..answers import Answer, arm_error
from ..data_plane import scoring
from ..kubernetes.kubeconfig import credential_result
from ..world import ENDPOINTS, Document, type_of
from . import diagnosis, logs, names, policy, resource_graph, resources
from .call import Call, Handler


def _upon(act: Callable[[Call, Document], Answer]) -> Handler:
    """An action on a resource, which has to be there."""

    @wraps(act)
    def answer(call: Call) -> Answer:
        held = call.world.get(call.arm.parent)
        return _absent(call) if held is None else act(call, held)

    return answer


def _absent(call: Call) -> Answer:
    return resources.not_found(call.world, call.acted_upon)


@_upon
def _list_keys(_call: Call, endpoint: Document) -> Answer:
    return Answer(scoring.keys(endpoint["id"]))


@_upon
def _token(_call: Call, endpoint: Document) -> Answer:
    return Answer(scoring.token(endpoint["id"]))


@_upon
def _get_logs(call: Call, _deployment: Document) -> Answer:
    return logs.answer(call.world, call.arm.parent, call.body)


@_upon
def _diagnose(call: Call, workspace: Document) -> Answer:
    return diagnosis.start(call.world, workspace, call.query["api-version"], call.own_url)


@_upon
def _list_workspace_keys(_call: Call, workspace: Document) -> Answer:
    key = scoring.keys(workspace["id"])["primaryKey"]
    return Answer({"userStorageKey": key, "userStorageResourceId": workspace["properties"].get("storageAccount")})


@_upon
def _list_account_keys(_call: Call, account: Document) -> Answer:
    found = scoring.keys(account["id"]).values()
    rows = [{"keyName": f"key{n}", "value": key, "permissions": "FULL"} for n, key in enumerate(found, 1)]
    return Answer({"keys": rows})


@_upon
def _list_nodes(_call: Call, _cluster: Document) -> Answer:
    """A cluster that is not at work has none."""
    return Answer({"nodes": []})


def _cluster_credential(call: Call) -> Answer:
    found = call.world.kubeconfigs.get(ids.key(call.arm.parent))
    if found is None:
        return _absent(call)
    return Answer(credential_result("clusterUser", found))


def _cluster_admin_credential(call: Call) -> Answer:
    found = call.world.admin_kubeconfigs.get(ids.key(call.arm.parent))
    if found is None:
        return _absent(call)
    if ((call.world.get(call.arm.parent) or {}).get("properties") or {}).get("disableLocalAccounts"):
        words = "Getting static credential is not allowed because this cluster is set to disable local accounts."
        return arm_error(400, "BadRequest", words)
    return Answer(credential_result("clusterAdmin", found))


@_upon
def _list_associated(call: Call, identity: Document) -> Answer:
    """The resources that a user-assigned identity is assigned to."""
    held = [one for one in call.world.documents.values() if ids.key(identity["id"]) in _assigned(one)]
    rows = [_associated(one) for one in held]
    return Answer({"totalCount": len(rows), "value": rows})


def _assigned(document: Document) -> set[str]:
    return {ids.key(one) for one in (document.get("identity") or {}).get("userAssignedIdentities") or {}}


def _associated(document: Document) -> Document:
    group, subscription = (ids.above(document["id"], one) or "" for one in ("resourcegroups", "subscriptions"))
    about = {"id": document["id"], "name": document["name"], "type": type_of(document).lower()}
    places = {"resourceGroup": group.rpartition("/")[2], "subscriptionId": subscription.rpartition("/")[2]}
    return {**about, **places}


def _name_check(call: Call) -> Answer:
    return names.availability(call.world, call.arm, call.body)


def _policy_restrictions(call: Call) -> Answer:
    return policy.restrictions(call.world, call.arm.parent or "/", call.body)


def _policy_states(call: Call) -> Answer:
    rows = policy.states(call.world, call.arm.path.rpartition("/providers/")[0] or "/")
    answer = resources.page(rows, call.world.page_size, call.arm, call.query, call.own_url)
    body = {"@odata.count": len(rows), "value": answer.body["value"]}
    onward = answer.body.get("nextLink")
    return Answer({**body, "@odata.nextLink": onward} if onward else body)


def _policy_summary(call: Call) -> Answer:
    return Answer(policy.summary(call.world, call.arm.path.rpartition("/providers/")[0] or "/"))


def _resource_graph(call: Call) -> Answer:
    return resource_graph.answer(call.world, call.query["api-version"], call.body, call.own_url)


ACTIONS: dict[str, Handler] = {
    f"{ENDPOINTS}/listKeys".lower(): _list_keys,
    f"{ENDPOINTS}/token".lower(): _token,
    f"{ENDPOINTS}/deployments/getLogs".lower(): _get_logs,
    "microsoft.containerregistry/checknameavailability": _name_check,
    "microsoft.containerservice/managedclusters/listclusteradmincredential": _cluster_admin_credential,
    "microsoft.containerservice/managedclusters/listclusterusercredential": _cluster_credential,
    "microsoft.keyvault/checkmhsmnameavailability": _name_check,
    "microsoft.keyvault/checknameavailability": _name_check,
    "microsoft.machinelearningservices/workspaces/computes/listnodes": _list_nodes,
    "microsoft.machinelearningservices/workspaces/diagnose": _diagnose,
    "microsoft.machinelearningservices/workspaces/listkeys": _list_workspace_keys,
    "microsoft.managedidentity/userassignedidentities/listassociatedresources": _list_associated,
    "microsoft.policyinsights/checkpolicyrestrictions": _policy_restrictions,
    "microsoft.policyinsights/policystates/queryresults": _policy_states,
    "microsoft.policyinsights/policystates/summarize": _policy_summary,
    "microsoft.resourcegraph/resources": _resource_graph,
    "microsoft.storage/checknameavailability": _name_check,
    "microsoft.storage/storageaccounts/listkeys": _list_account_keys,
}
"""By the type of resource and the action's name, in lower case."""
