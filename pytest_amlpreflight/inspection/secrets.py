"""The facts of the secrets that a deployment's environment variables refer to."""

from collections.abc import Mapping

from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.secret import (
    Connection,
    SecretReferences,
    SecretVault,
    SecretVersions,
    parse_references,
)
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.connection.arm import Arm, together
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.secret import find_vault, read_connection, read_secret_versions
from pytest_amlpreflight.run.targets import Level


class SecretFacts(TargetFacts):
    """What is read once per deployment about its secrets; nothing where it refers to none."""

    level = Level.DEPLOYMENT

    @fact
    def secret_references(self, deployment: Deployment) -> SecretReferences:
        """The references among the deployment's environment variables."""
        return parse_references(deployment.environment_variables)

    @fact
    def referenced_connections(self, secret_references: SecretReferences) -> Mapping[str, Connection | None]:
        """The workspace connections that are referred to, by name; None for one that does not exist."""
        names = sorted({reference.connection for reference in secret_references.connections})
        read = lambda name: read_connection(self.azure.arm, self.target.workspace_id, name)  # noqa: E731
        return dict(zip(names, together(read, names), strict=True))

    @fact
    def referenced_secrets(self, secret_references: SecretReferences) -> tuple[SecretVersions, ...]:
        """The versions of every secret of a key vault that is referred to; never a value."""
        azure = self.azure
        read = lambda reference: read_secret_versions(azure.data_plane, azure.cloud, reference)  # noqa: E731
        return tuple(together(read, list(secret_references.vaults)))

    @fact
    def connection_access(
        self, secret_references: SecretReferences, endpoint_identities: tuple[Identity, ...]
    ) -> tuple[Access, ...]:
        """What each identity of the endpoint may do on the workspace; nothing where no connection is referred to."""
        if not secret_references.connections:
            return ()
        return _access_of_each(self.azure.arm, self.target.workspace_id.text, endpoint_identities)

    @fact
    def secret_vaults(
        self, secret_references: SecretReferences, endpoint_identities: tuple[Identity, ...]
    ) -> tuple[SecretVault, ...]:
        """The key vaults that are referred to, and what each of the endpoint's identities may do on them."""
        hosts = sorted({reference.host for reference in secret_references.vaults})
        return tuple(together(lambda host: self._secret_vault(host, endpoint_identities), hosts))

    def _secret_vault(self, host: str, identities: tuple[Identity, ...]) -> SecretVault:
        workspace: Workspace = self.workspace  # type: ignore[attr-defined]  # a fact of WorkspaceFacts, read for a vault only
        arm, subscription = self.azure.arm, self.target.workspace_id.subscription
        vault_id = find_vault(arm, host, workspace.key_vault_id, subscription)
        vault = self.azure.key_vault(vault_id, named_by=f"deployment {self.target.deployment}")
        return SecretVault(vault, _access_of_each(arm, vault_id.text, identities))


def _access_of_each(arm: Arm, scope: str, identities: tuple[Identity, ...]) -> tuple[Access, ...]:
    return tuple(together(lambda one: read_access(arm, one.principal_id, scope), list(identities)))
