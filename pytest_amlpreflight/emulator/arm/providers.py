"""Resource providers: which there are, which are registered, their types and what may be done with these."""

from typing import Any

from ..answers import Answer, arm_error
from . import api_versions, resources, schemas
from .call import Call

# What every subscription has: learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
_WITHOUT_REGISTRATION = frozenset(
    {"microsoft.authorization", "microsoft.features", "microsoft.resourcegraph", "microsoft.resources"}
)


def one(call: Call) -> Answer:
    """A provider; an empty `resourceTypes` in the world is filled from the table, so that clients can negotiate."""
    if call.arm.subscription is None:
        return Answer(_of_tenant(call.arm.name or ""))
    if call.world.get(call.arm.path) is None:
        return _unsaid(call)
    found = resources.resource(call.world, call.arm, call.own_url)
    if found.status == 200 and not found.body.get("resourceTypes"):
        found.body["resourceTypes"] = api_versions.of_provider(call.arm.name or "")
    return found


def _unsaid(call: Call) -> Answer:
    """A provider that the world says nothing of: registered where there are resources of it."""
    namespace = call.arm.name or ""
    if namespace.lower() not in schemas.namespaces():
        return arm_error(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    free = namespace.lower() in _WITHOUT_REGISTRATION
    used = free or any(kind.startswith(f"{namespace.lower()}/") for kind in call.world.types)
    policy = "RegistrationFree" if free else "RegistrationRequired"
    state = {"registrationState": "Registered" if used else "NotRegistered", "registrationPolicy": policy}
    return Answer({"id": call.arm.path, **_of_tenant(namespace), **state})


def every(call: Call) -> Answer:
    """The providers of a subscription; above one those that the tables know."""
    if call.arm.subscription is not None:
        return resources.collection(call.world, call.arm, call.query, call.own_url)
    rows = [_of_tenant(namespace) for namespace in schemas.namespaces()]
    return resources.page(rows, call.world.page_size, call.arm, call.query, call.own_url)


def _of_tenant(namespace: str) -> dict[str, object]:
    spelt = next((kind.partition("/")[0] for kind in schemas.types(namespace)), namespace)
    return {"namespace": spelt, "resourceTypes": api_versions.of_provider(spelt)}


def resource_types(call: Call) -> Answer:
    """The types of a provider, each with its api-versions."""
    namespace = call.arm.path.split("/")[-2]
    return Answer({"value": api_versions.of_provider(namespace)})


def operations(call: Call) -> Answer:
    """What may be done with the types of one provider, or of every one that the tables know."""
    namespaces = [call.arm.name] if call.arm.name else sorted(schemas.namespaces())
    rows = [_operations(one) for one in namespaces if schemas.types(one)]
    if call.arm.name is None:
        return Answer({"value": rows})
    text = f"The provider '{call.arm.name}' could not be found."
    return Answer(rows[0]) if rows else arm_error(404, "ProviderNotFound", text)


def _operations(namespace: str) -> dict[str, Any]:
    """What may be done with a provider's types, as far as the tables know them."""
    kinds = schemas.types(namespace)
    spelt = kinds[0].partition("/")[0]
    return {
        "id": f"/providers/Microsoft.Authorization/providerOperations/{spelt}",
        "type": "Microsoft.Authorization/providerOperations",
        "name": spelt,
        "displayName": spelt,
        "operations": [],
        "resourceTypes": [
            {
                "name": kind.partition("/")[2],
                "displayName": kind.rpartition("/")[2],
                "operations": [_operation(kind, verb) for verb in _verbs(kind)],
            }
            for kind in kinds
        ],
    }


def _verbs(kind: str) -> tuple[str, ...]:
    acts = kind.rpartition("/")[2].startswith(("check", "list"))
    return ("action",) if acts else ("read", "write", "delete")


def _operation(kind: str, verb: str) -> dict[str, Any]:
    words = f"{verb.capitalize()} {kind.rpartition('/')[2]}"
    told = {"name": f"{kind}/{verb}", "displayName": words, "description": words}
    return {**told, "origin": "user,system", "properties": None, "isDataAction": False}
