"""The facts of what a workspace is linked to, as far as only the workspace's own checks ask for them."""

from collections.abc import Callable
from typing import TypeVar

from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.application_insights import ApplicationInsights
from pytest_amlpreflight.facts.resources.diagnosis import Diagnosis
from pytest_amlpreflight.facts.resources.key_vault import DeletedKeyVault, KeyVault
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.inspection.reading import fact
from pytest_amlpreflight.inspection.workspace import WorkspaceFacts
from pytest_amlpreflight.readers.connection.arm import together
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.application_insights import read_application_insights
from pytest_amlpreflight.readers.resources.deleted_key_vault import read_deleted_key_vault
from pytest_amlpreflight.readers.resources.diagnosis import read_diagnosis

T = TypeVar("T")


class LinkedFacts(WorkspaceFacts):
    """What is read once per workspace beside the workspace itself.

    A fact `..._or_none` stands for the check that answers for an absence: it starts with the fact it wraps, and
    costs no read of its own.
    """

    @fact
    def hub_or_none(self) -> Workspace | None:
        """The project's hub, None also where the hub does not exist."""
        return _unless_absent(lambda: self.hub)

    @fact
    def key_vault_or_none(self) -> KeyVault | None:
        """The key vault, None where it does not exist."""
        return _unless_absent(lambda: self.key_vault)

    @fact
    def registry_or_none(self) -> Registry | None:
        """The registry, None also where the workspace names one that does not exist."""
        return _unless_absent(lambda: self.registry)

    @fact
    def storage_account_or_none(self) -> StorageAccount | None:
        """The storage account, None where it does not exist."""
        return _unless_absent(lambda: self.storage_account)

    @fact
    def application_insights(self, workspace: Workspace) -> ApplicationInsights | None:
        """The Application Insights, None where the workspace has none."""
        if workspace.application_insights_id is None:
            return None
        return read_application_insights(
            self.azure.arm, workspace.application_insights_id, named_by=f"workspace {workspace.name}"
        )

    @fact
    def application_insights_or_none(self) -> ApplicationInsights | None:
        """The Application Insights, None also where the workspace names one that does not exist."""
        return _unless_absent(lambda: self.application_insights)

    @fact
    def deleted_key_vault(self, key_vault_or_none: KeyVault | None) -> DeletedKeyVault | None:
        """The workspace's vault where it was deleted and can be recovered; read only when the vault itself is not
        there.
        """
        workspace = _unless_absent(lambda: self.workspace)
        if key_vault_or_none or workspace is None or workspace.key_vault_id is None:
            return None
        try:
            return read_deleted_key_vault(self.azure.arm, workspace.key_vault_id)
        except FactUnreadable:  # that the vault is gone is certain; that it can be recovered is more than was asked
            return None

    @fact
    def vault_access(self, workspace: Workspace) -> tuple[Access, ...]:
        """What each identity of the workspace may do on its key vault by Azure's roles.

        Read beside the vault and not after it: a vault with access policies wastes the answer, every other is a
        step faster.
        """
        vault = workspace.key_vault_id
        if vault is None:
            return ()
        return tuple(together(lambda one: read_access(self.azure.arm, one, vault.text), list(workspace.principal_ids)))

    @fact
    def diagnosis(self) -> Diagnosis | None:
        """What Azure's own diagnosis finds, None for a caller who may not ask. It waits for no other fact."""
        return read_diagnosis(self.azure.arm, self.target.workspace_id)


def _unless_absent(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except FactAbsent:
        return None
