"""The facts of a workspace and of what it depends on."""

from pytest_amlpreflight.facts.resources.key_vault import KeyVault
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint
from pytest_amlpreflight.facts.resources.quota import Quota
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.connection.arm import together
from pytest_amlpreflight.readers.resources.private_endpoint import read_private_endpoint
from pytest_amlpreflight.readers.resources.quota import read_quota
from pytest_amlpreflight.readers.resources.storage import read_storage_account
from pytest_amlpreflight.readers.resources.workspace import read_workspace
from pytest_amlpreflight.run.targets import Level


class WorkspaceFacts(TargetFacts):
    """What is read once per workspace."""

    level = Level.WORKSPACE

    @fact
    def workspace(self) -> Workspace:
        """The workspace; a project with what it inherits from its hub."""
        own = self._read_own_workspace()
        return own.inheriting(self.hub) if self.hub else own

    @fact
    def workspace_or_none(self) -> Workspace | None:
        """The workspace as its own answer describes it, None where there is none: for the check that answers for its
        absence.
        """
        try:
            return self._read_own_workspace()
        except FactAbsent:
            return None

    @fact
    def hub(self) -> Workspace | None:
        """The hub of a project, None for every other workspace."""
        own = self._read_own_workspace()
        if own.hub_id is None:
            return None
        return read_workspace(self.azure.arm, own.hub_id, word="hub", named_by=f"project {own.name}")

    @fact
    def key_vault(self, workspace: Workspace) -> KeyVault:
        """The workspace's key vault."""
        if workspace.key_vault_id is None:
            raise FactAbsent("the key vault", named_by=f"workspace {workspace.name}")
        return self.azure.key_vault(workspace.key_vault_id, named_by=f"workspace {workspace.name}")

    @fact
    def registry(self, workspace: Workspace) -> Registry | None:
        """The workspace's registry, None before the first image build creates it."""
        if workspace.registry_id is None:
            return None
        return self.azure.registry(workspace.registry_id, named_by=f"workspace {workspace.name}")

    @fact
    def storage_account(self, workspace: Workspace) -> StorageAccount:
        """The workspace's storage account."""
        if workspace.storage_account_id is None:
            raise FactAbsent("the storage account", named_by=f"workspace {workspace.name}")
        return read_storage_account(
            self.azure.arm, workspace.storage_account_id, named_by=f"workspace {workspace.name}"
        )

    @fact
    def quota(self, workspace: Workspace) -> Quota:
        """The usages and machine sizes of the workspace's region."""
        return read_quota(self.azure.arm, self.target.workspace_id.subscription, workspace.location)

    @fact
    def private_endpoints(self, workspace: Workspace) -> tuple[PrivateEndpoint, ...]:
        """The approved private endpoints of the workspace."""
        ids = [c.private_endpoint_id for c in workspace.private_endpoint_connections if c.approved]
        return tuple(
            together(
                lambda one: read_private_endpoint(self.azure.arm, one, named_by=f"workspace {workspace.name}"),
                [one for one in ids if one],
            )
        )

    def _read_own_workspace(self) -> Workspace:
        return read_workspace(self.azure.arm, self.target.workspace_id)
