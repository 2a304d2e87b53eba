"""Key vaults that were deleted and can still be recovered."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.key_vault import DeletedKeyVault
from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.readers.connection.api_versions import KEY_VAULT
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document


def read_deleted_key_vault(arm: Arm, vault_id: ResourceId, region: str) -> DeletedKeyVault | None:
    """The soft-deleted vault that had this id; None where there is none.

    First the one of its name in the region of what it was made for, then those of every region: that list comes five
    to a page, and a busy subscription has hundreds.
    """
    return _in_region(arm, vault_id, region) or _anywhere(arm, vault_id)


def _in_region(arm: Arm, vault_id: ResourceId, region: str) -> DeletedKeyVault | None:
    try:
        row = arm.get(
            f"/subscriptions/{vault_id.subscription}/providers/Microsoft.KeyVault/locations/{region}/deletedVaults/{vault_id.name}",
            KEY_VAULT,
            f"the deleted key vault {vault_id.name} in {region}",
            permission="Microsoft.KeyVault/locations/deletedVaults/read",
        )
    except NotRead:  # there is none here, or this caller may only list: the list knows the rest
        return None
    return _deleted(row) if _had(row, vault_id) else None


def _anywhere(arm: Arm, vault_id: ResourceId) -> DeletedKeyVault | None:
    rows = arm.list(
        f"/subscriptions/{vault_id.subscription}/providers/Microsoft.KeyVault/deletedVaults",
        KEY_VAULT,
        f"the deleted key vaults of subscription {vault_id.subscription}",
        permission="Microsoft.KeyVault/deletedVaults/read",
    )
    return next((_deleted(row) for row in rows if _had(row, vault_id)), None)


def _had(row: Document, vault_id: ResourceId) -> bool:
    return (row.child("properties").text("vaultId") or "").lower() == vault_id.text.lower()


def _deleted(row: Document) -> DeletedKeyVault:
    properties = row.child("properties")
    return DeletedKeyVault(
        name=row.need("name"),
        location=properties.region("location"),
        deleted_at=properties.text("deletionDate"),
        purged_at=properties.text("scheduledPurgeDate"),
    )
