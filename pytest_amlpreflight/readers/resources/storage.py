"""The storage account, as ARM sends it."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.readers.connection.api_versions import STORAGE
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.resources.connections import connections


def read_storage_account(arm: Arm, account_id: ResourceId, *, named_by: str) -> StorageAccount:
    """The storage account with that id. Azure leaves out what has its default: public access on, shared keys on, and
    Azure's own services let in.

    Source: https://github.com/Azure/azure-rest-api-specs/tree/main/specification/storage, `NetworkRuleSet.bypass`.
    """
    document = arm.get(
        account_id.text,
        STORAGE,
        f"storage account {account_id.name}",
        named_by=named_by,
        permission="Microsoft.Storage/storageAccounts/read",
    )
    properties = document.child("properties")
    rules = properties.child("networkAcls")
    shared_keys = properties.flag("allowSharedKeyAccess")
    return StorageAccount(
        id=account_id,
        name=document.need("name"),
        blob_endpoint=properties.child("primaryEndpoints").address("blob"),
        public_network_access=PublicAccess.of(properties.word("publicNetworkAccess")),
        default_action=rules.word("defaultAction") or "Allow",
        bypass=tuple(item.strip() for item in (rules.word("bypass") or "AzureServices").split(",") if item.strip()),
        admitted_resources=tuple(rule.need("resourceId") for rule in rules.children("resourceAccessRules")),
        shared_keys=True if shared_keys is None else shared_keys,
        private_endpoint_connections=connections(properties, dated=False),
    )
