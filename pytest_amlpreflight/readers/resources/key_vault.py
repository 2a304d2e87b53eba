"""The key vault, through azure-mgmt-keyvault."""

from azure.mgmt.keyvault import KeyVaultManagementClient

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.key_vault import AccessPolicy, KeyVault
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.readers.connection.api_versions import KEY_VAULT
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.connection.document import Document, document_of
from pytest_amlpreflight.readers.connection.errors import reading


def read_key_vault(azure: Azure, vault_id: ResourceId, *, named_by: str) -> KeyVault:
    """The vault with that id. A soft-deleted vault is absent: its live id answers 404."""
    resource = f"key vault {vault_id.name}"
    with reading(resource, named_by=named_by, permission="Microsoft.KeyVault/vaults/read"):
        found = azure.management_client(KeyVaultManagementClient, vault_id.subscription, KEY_VAULT).vaults.get(
            vault_id.resource_group or "", vault_id.name
        )
    document = document_of(resource, found)
    properties = document.child("properties")
    rules = properties.maybe("networkAcls")
    return KeyVault(
        id=vault_id,
        name=document.need("name"),
        uri=properties.address("vaultUri"),
        location=document.region("location"),
        tenant_id=properties.guid("tenantId"),
        rbac_authorization=properties.flag("enableRbacAuthorization") or False,  # no key: access policies
        public_network_access=PublicAccess.of(properties.word("publicNetworkAccess")),
        # No networkAcls: the vault was created open, and Azure does not send the key back (recorded 2021 and 2025).
        default_action=(rules.word("defaultAction") or "Allow") if rules else None,
        bypass=rules.word("bypass") if rules else None,
        access_policies=tuple(_policy(policy) for policy in properties.children("accessPolicies")),
    )


def _policy(policy: Document) -> AccessPolicy:
    secrets = policy.child("permissions").texts("secrets")
    return AccessPolicy(
        object_id=policy.need_guid("objectId"),
        secrets=tuple(secret.lower() for secret in secrets),
        application_id=policy.guid("applicationId"),
    )
