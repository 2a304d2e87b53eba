"""Key vaults that were deleted and can still be recovered."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.key_vault import DeletedKeyVault
from pytest_amlpreflight.readers.connection.api_versions import KEY_VAULT
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document


def read_deleted_key_vault(arm: Arm, vault_id: ResourceId) -> DeletedKeyVault | None:
    """The soft-deleted vault that had this id; None where there is none.

    The list over all regions: the one call for a single vault wants its region, which only the vault itself could tell.
    """
    rows = arm.list(
        f"/subscriptions/{vault_id.subscription}/providers/Microsoft.KeyVault/deletedVaults",
        KEY_VAULT,
        f"the deleted key vaults of subscription {vault_id.subscription}",
        permission="Microsoft.KeyVault/deletedVaults/read",
    )
    same = (row for row in rows if (row.child("properties").text("vaultId") or "").lower() == vault_id.text.lower())
    return next((_deleted(row) for row in same), None)


def _deleted(row: Document) -> DeletedKeyVault:
    properties = row.child("properties")
    return DeletedKeyVault(
        name=row.need("name"),
        location=properties.region("location"),
        deleted_at=properties.text("deletionDate"),
        purged_at=properties.text("scheduledPurgeDate"),
    )
