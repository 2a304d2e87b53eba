"""The workspace's key vault."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.public_access import PublicAccess


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """What one principal may do with the secrets of a vault that does not use Azure RBAC.

    With `application_id` the policy is compound: it holds only where that application acts for the principal.
    """

    object_id: str
    secrets: tuple[str, ...]
    application_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeletedKeyVault:
    """A vault that was deleted and can still be recovered, until `purged_at`."""

    name: str
    location: str | None
    deleted_at: str | None
    purged_at: str | None


@dataclass(frozen=True, slots=True)
class KeyVault:
    """A key vault as ARM describes it. `default_action` and `bypass` are None where Azure sent no `networkAcls`: the
    firewall is open then.
    """

    id: ResourceId
    name: str
    uri: str | None
    location: str | None
    tenant_id: str | None
    rbac_authorization: bool
    public_network_access: PublicAccess
    default_action: str | None
    bypass: str | None
    access_policies: tuple[AccessPolicy, ...]

    @property
    def admits_trusted_services(self) -> bool:
        """Whether Azure Machine Learning gets through the firewall without a network path of its own.

        With public network access off the rules' default action decides nothing and trusted services alone get in; a
        `bypass` that is not set is `AzureServices`: the documented meaning of both properties.
        """
        enabled = self.public_network_access is PublicAccess.ENABLED
        open_to_all = enabled and (self.default_action or "Allow").lower() == "allow"
        return open_to_all or (self.bypass or "AzureServices").lower() == "azureservices"

    def secret_permissions(self, principal_id: str) -> frozenset[str]:
        """What the access policies let a principal do with secrets; none where it has no policy. `all` is every one.

        A compound policy does not count: nobody acts for a managed identity.
        """
        plain = (one for one in self.access_policies if one.application_id is None)
        own = (one for one in plain if one.object_id.lower() == principal_id.lower())
        return frozenset(permission.lower() for policy in own for permission in policy.secrets)
