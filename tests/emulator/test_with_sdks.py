"""The real SDK clients, unmodified, against the emulator."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.storage.blob import BlobServiceClient

from pytest_amlpreflight.emulator import Emulator

SCOPE = "https://management.azure.com/.default"
SUBSCRIPTION = "5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"


def test_the_key_vault_client_reads_the_vault(emulator: Emulator) -> None:
    """KeyVaultManagementClient sees the firewall that the world describes."""
    options: dict[str, Any] = {"base_url": emulator.url, "credential_scopes": [SCOPE]}
    client = KeyVaultManagementClient(DefaultAzureCredential(), SUBSCRIPTION, **options)

    vault = client.vaults.get("ml-prod", "contoso-ml-kv")

    assert vault.properties.network_acls is not None
    assert vault.properties.network_acls.bypass == "AzureServices"
    assert vault.properties.network_acls.default_action == "Deny"


def test_the_registry_client_lists_private_endpoint_connections(emulator: Emulator) -> None:
    """ContainerRegistryManagementClient lists the connections that ARM embeds in the registry."""
    options: dict[str, Any] = {"base_url": emulator.url, "credential_scopes": [SCOPE]}
    client = ContainerRegistryManagementClient(DefaultAzureCredential(), SUBSCRIPTION, **options)

    connections = list(client.private_endpoint_connections.list("ml-prod", "contosomlacr"))

    states = [one.as_dict()["properties"]["privateLinkServiceConnectionState"] for one in connections]
    assert states == [
        {"status": "Approved", "description": "Egress for Microsoft.MachineLearningServices/workspaces/onlineEndpoints"}
    ]


def test_a_bare_arm_client_reads_anything(emulator: Emulator) -> None:
    """ARMPipelineClient with the default credential reads a workspace by any casing of its id."""
    policy = ARMChallengeAuthenticationPolicy(DefaultAzureCredential(), SCOPE)
    client: ARMPipelineClient[Any, Any] = ARMPipelineClient(base_url=emulator.url, policies=[policy])
    path = f"/subscriptions/{SUBSCRIPTION}/RESOURCEGROUPS/ml-prod/providers/microsoft.machinelearningservices"

    answer = client.send_request(
        HttpRequest("GET", f"{emulator.url}{path}/workspaces/Contoso-ML?api-version=2025-12-01")
    )

    assert answer.status_code == 200
    assert answer.json()["name"] == "contoso-ml"


def test_ml_client_finds_workspace_endpoint_and_deployment(serve: Callable[..., Emulator]) -> None:
    """MLClient needs nothing but the environment. It runs in a process of its own: it reads the cloud at import."""
    serve()
    script = f"""
import json
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential
client = MLClient(DefaultAzureCredential(), {SUBSCRIPTION!r}, "ml-prod", "contoso-ml")
endpoint = client.online_endpoints.get("iris")
deployment = client.online_deployments.get("blue", "iris")
print(json.dumps([client.workspaces.get("contoso-ml").location, endpoint.traffic, deployment.instance_count]))
"""

    run = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60)

    assert json.loads(run.stdout.strip().splitlines()[-1]) == ["eastus2", {"blue": 100}, 3], run.stderr


def test_the_vault_and_registry_clients_read_whatever_they_can_ask(emulator: Emulator) -> None:
    """Every read of the two management clients that a preflight has a use for, with the versions of their own."""
    options: dict[str, Any] = {"base_url": emulator.url, "credential_scopes": [SCOPE]}
    vaults = KeyVaultManagementClient(DefaultAzureCredential(), SUBSCRIPTION, **options)
    registries = ContainerRegistryManagementClient(DefaultAzureCredential(), SUBSCRIPTION, **options)

    vault, registry = ("ml-prod", "contoso-ml-kv"), ("ml-prod", "contosomlacr")
    resources = [
        vaults.vaults.get(*vault),
        *vaults.vaults.list_by_resource_group("ml-prod"),
        *vaults.vaults.list_by_subscription(),
        *vaults.secrets.list(*vault),
        vaults.secrets.get(*vault, "greenhouse-key"),
        vaults.private_link_resources.list_by_vault(*vault).value[0],  # type: ignore[index]  # typed as optional
        registries.registries.get(*registry),
        *registries.registries.list(),
        *registries.registries.list_by_resource_group("ml-prod"),
        *registries.registries.list_private_link_resources(*registry),
        registries.registries.get_private_link_resource(*registry, "registry"),
        *registries.private_endpoint_connections.list(*registry),
    ]
    empty = [
        *vaults.vaults.list_deleted(),
        *vaults.keys.list(*vault),
        *vaults.private_endpoint_connections.list_by_resource(*vault),
        *registries.replications.list(*registry),
        *registries.webhooks.list(*registry),
        *registries.tokens.list(*registry),
        *registries.scope_maps.list(*registry),
        *registries.cache_rules.list(*registry),
        *registries.credential_sets.list(*registry),
        *registries.connected_registries.list(*registry),
    ]

    taken = [
        vaults.vaults.check_name_availability({"name": "contoso-ml-kv", "type": "Microsoft.KeyVault/vaults"}),
        registries.registries.check_name_availability(
            {"name": "contosomlacr", "type": "Microsoft.ContainerRegistry/registries"}
        ),
    ]
    usages = registries.registries.list_usages(*registry).value or []
    assert all(one.id and one.name and one.as_dict()["properties"] for one in resources)
    assert [(one.name_available, one.reason) for one in taken] == [(False, "AlreadyExists")] * 2
    assert [one.name for one in usages] == ["Size", "Webhooks"]
    assert empty == []


def test_the_blob_client_lists_and_finds(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """BlobServiceClient, through the proxy as a client does that knows no other way; a blob has a type and a size."""
    monkeypatch.setenv("HTTPS_PROXY", emulator.proxy)
    account = "https://contosomlstore.blob.core.windows.net"
    container = "azureml-blobstore-2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2"
    with BlobServiceClient(account, credential=DefaultAzureCredential()) as service:
        blobs = list(service.get_container_client(container).list_blobs())
        first = service.get_blob_client(container, blobs[0].name).get_blob_properties()

        assert [one.name for one in service.list_containers()] == [container]
        assert (first.name, first.size, str(first.blob_type)) == (blobs[0].name, blobs[0].size, "BlobType.BLOCKBLOB")
        assert not service.get_blob_client(container, "none").exists()
