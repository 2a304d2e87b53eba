"""What a sentence says by its words alone."""

import time

import pytest

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.errors.grammar import ANY, guessed
from pytest_amlpreflight.run.suite.built_in import built_in_checks


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("UserError: The environment wine:3 could not be found.", "environment_absent"),
        ("Could not locate the registered model 'wine'", "model_absent"),
        ("No usable image for the run", "image_absent"),
        ("ValidationException: instance type Standard_Wine is not supported in the region", "instance_type_invalid"),
        ("The user does not have permissions on it", "identity_denied"),
        ("Access to the container registry was refused", "registry_denied"),
        ("Not enough subscription CPU quota", "quota_exceeded"),
        ("The deployment failed because the model's files were not found", "model_absent"),
        ("The endpoint is being updated, please wait", "endpoint_busy"),
        ("The online deployment of the endpoint already exists", "deployment_taken"),
        ("the workspace private endpoint is not approved or not found", "private_endpoint_absent"),
        ("Failed to mount the storage account", "storage_failed"),
        ("Firewall is turned on and your client IP address is not authorized to access this key vault", "vault_closed"),
        ("The vault's public network access is disabled", "vault_closed"),
        ("The client secret has expired", "credential_expired"),
        ("The virtual cluster does not exist", "compute_absent"),
        ("A job was found, but it is not supported in this API version", "job_invalid"),
        ("Resource 'Microsoft.Storage/storageAccounts/wine' under resource group 'c' was not found", "storage_absent"),
        ("The Resource 'microsoft.insights/components/w' under resource group 'c' was not found", "resource_absent"),
        (
            "The resource with name 'wine' and type 'Microsoft.ContainerRegistry/registries' could not be found",
            "registry_absent",
        ),
        ("Only 'PrivateEndpoint' outbound rules are supported", "private_endpoint_invalid"),
        ("The registry does not have admin user enabled", "registry_unset"),
        ("The uploaded model exceeds the maximum size", "model_exceeded"),
        ("Caller is not authorized", "identity_denied"),
        ("there's an in progress start operation on the managed cluster", "compute_busy"),
        ("The component and the workspace must be in the same region", "workspace_mismatched"),
        ("The encryption key 'k' was not found in key vault v", "encryption_key_absent"),
        ("`subnet_id` must be set if `public_ip` is false", "field_invalid"),
        ("Registry storage limit of 40 TiB has been reached", "registry_exceeded"),
        ("To create projects, you must enable a managed identity", "identity_absent"),
        ("Disk full while running job", "disk_exceeded"),
        ("The principal `7a2b` lacks the required data action `A/b/write` to perform it", "identity_denied"),
        ("Managed cluster is in stopped state", "compute_disabled"),
        ("The node was preempted", "node_failed"),
        ("Asset path https://wine.example/a is not supported", "asset_invalid"),
        ("Deployments with private networking require a premium tier ACR", "registry_wanted"),
        ("The virtual network link already exists for virtual network v", "private_endpoint_taken"),
    ],
)
def test_a_thing_and_what_is_said_of_it_are_told(sentence: str, name: str) -> None:
    """In front of it or behind; of a compound its last part, and the cause before what came of it."""
    guess = guessed(sentence)

    assert guess is not None
    assert guess.name == name


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "All is well with the model",
        "KeyError: 'model not found'",
        "wine.CorkError: the model is missing",
        "The wine was not found",
        "/subscriptions/s/workspaces/w/models/m is not found",
        "the environment variable WINE is not set",
        "no-code deployment needs egress",
        "The deployment is ready",
        "SKU 'Premium_LRS' is not available in zone 2",
        "found character that cannot start any token",
        "no endpoints available for service wine",
        "The endpoint was created within the workspace",
        "Readiness probe succeeded; 0 errors",
        "deployment blue is healthy, no quota or key vault problems found",
        "The check of the registry ended without any errors, access denied 0 times",
        "Invalid page blob size: 7",
        "Unexpected error verifying an endpoint with the provided name does not exist",
    ],
)
def test_nothing_is_made_of_others(sentence: str) -> None:
    """Errors of somebody's own code, paths, and sentences that complain of nothing that is looked into."""
    assert guessed(sentence) is None


def test_the_table_names_checks_that_exist() -> None:
    """And faults that the grammar has."""
    faults = {row["fault"] for row in load("error-grammar").rows} | {ANY}
    for row in load("error-things").rows:
        assert set(row["checks"]) <= faults
        assert ANY in row["checks"]
        assert {check for checks in row["checks"].values() for check in checks} <= set(built_in_checks())
        assert set(row.get("said", ())) <= faults


@pytest.mark.parametrize(
    "sentence", ["no " * 5000, "model " * 5000, "could not be " * 3000, "x" * 9000, "the model's-" * 900]
)
def test_it_takes_a_moment(sentence: str) -> None:
    """However long the sentence."""
    began = time.thread_time()

    guessed(sentence)

    assert time.thread_time() - began < 1
