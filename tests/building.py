"""Facts that tests start from, so that each test shows only what it is about."""

from typing import Any

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.workspace import Workspace

KUBERNETES = (
    *("-o", "aml_emulator=world-kubernetes.yml", "-o", "aml_endpoint=kubernetes/endpoint.yml"),
    *("-o", "aml_deployment=kubernetes/blue.yml"),
)
"""What makes a run of the example one of its Kubernetes endpoint."""


def in_world(world: str) -> tuple[str, ...]:
    """The arguments of a run of the example in one of its worlds."""
    return {"world.yml": (), "world-kubernetes.yml": KUBERNETES}[world]


def a_workspace(id: ResourceId, **different: Any) -> Workspace:  # noqa: A002  # the fact's own word
    """A ready, private workspace in eastus2 that is linked to nothing, but for what is said to be different."""
    plain: dict[str, Any] = {
        "name": id.name,
        "guid": "",
        "location": "eastus2",
        "kind": "Default",
        "provisioning_state": "Succeeded",
        "v1_legacy_mode": False,
        "public_network_access": PublicAccess.DISABLED,
        "key_vault_id": None,
        "registry_id": None,
        "storage_account_id": None,
        "application_insights_id": None,
        "hub_id": None,
        "managed_network": None,
        "private_endpoint_connections": (),
        "image_build_compute": None,
        "datastores_auth_mode": None,
        "identity_principal_id": None,
        "identity_ids": (),
    }
    return Workspace(id=id, **plain | different)
