"""The secrets that a deployment's environment variables refer to. No value of a secret is ever read."""

from collections.abc import Mapping
from functools import partial

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.key_vault import KeyVault
from pytest_amlpreflight.facts.resources.secret import (
    GET_SECRET,
    Connection,
    SecretReferences,
    SecretVault,
    SecretVersions,
    parse_references,
)
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.graph.endpoint import access_of_each
from pytest_amlpreflight.graph.fact import fact
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.resources.access import with_parts
from pytest_amlpreflight.readers.resources.key_vault import read_key_vault
from pytest_amlpreflight.readers.resources.secret import find_vault, read_connection, read_secret_versions


@pytest.fixture(scope="session")
@fact()
def aml_secret_references(aml_deployment: Deployment) -> SecretReferences:
    """The references to connections and vault secrets in the deployment's environment variables, malformed ones too."""
    return parse_references(aml_deployment.environment_variables)


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_referenced_connections(
    aml_target: Target, aml_secret_references: SecretReferences, aml_azure: Azure
) -> Mapping[str, Connection | None]:
    """The connections that are referred to, by name; None for one that does not exist."""
    arm, names = aml_azure.arm, sorted({reference.connection for reference in aml_secret_references.connections})
    found = arm.together(lambda name: read_connection(arm, aml_target.workspace_id, name), names)
    return dict(zip(names, found, strict=True))


@pytest.fixture(scope="session")
@fact()
def aml_referenced_secrets(aml_secret_references: SecretReferences, aml_azure: Azure) -> tuple[SecretVersions, ...]:
    """Each vault secret that is referred to, with its versions and whether they are enabled; never a value."""
    return tuple(aml_azure.arm.together(partial(read_secret_versions, aml_azure), list(aml_secret_references.vaults)))


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_connection_access(
    aml_target: Target,
    aml_secret_references: SecretReferences,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_azure: Azure,
) -> tuple[Access, ...]:
    """What each identity of the endpoint may do on the workspace; nothing where no connection is referred to."""
    scope = aml_target.workspace_id if aml_secret_references.connections else None
    return access_of_each(aml_azure.arm, scope, aml_endpoint_identities)


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_secret_vaults(
    aml_target: Target,
    aml_workspace: Workspace,
    aml_secret_references: SecretReferences,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_key_vault: Reading[KeyVault],
    aml_azure: Azure,
) -> tuple[SecretVault, ...]:
    """The key vaults that are referred to, with what each identity of the endpoint may do on them."""
    arm, hosts = aml_azure.arm, sorted({reference.host for reference in aml_secret_references.vaults})
    ids = arm.together(lambda host: find_vault(aml_azure, host, aml_workspace.key_vault_id), hosts)
    own = aml_key_vault.get() if any(one == aml_workspace.key_vault_id for one in ids if one) else None

    def read(host: str, vault_id: ResourceId | None) -> SecretVault:
        if vault_id is None:
            return SecretVault(host, None)
        vault = (
            own
            if own and own.id == vault_id
            else read_key_vault(aml_azure, vault_id, named_by=f"deployment {aml_target.deployment}")
        )
        secrets = {f"{vault_id}/secrets/{one.secret}" for one in aml_secret_references.vaults if one.host == host}
        held = access_of_each(arm, vault_id, aml_endpoint_identities)
        return SecretVault(host, vault, tuple(_as_far_as_needed(arm, access, sorted(secrets)) for access in held))

    return tuple(arm.together(lambda found: read(*found), list(zip(hosts, ids, strict=True))))


def _as_far_as_needed(arm: Arm, access: Access, secrets: list[str]) -> Access:
    """What an identity may do on a vault; and on single secrets, where it may not read all of them."""
    return access if access.allows_data(GET_SECRET).granted else with_parts(arm, access, secrets)
