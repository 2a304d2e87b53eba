"""Whether referenced connections and secrets are there. No secret's value is ever asked for."""

from urllib.parse import urlsplit

from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.secret import Connection, SecretVersions, VaultReference
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.cloud import Cloud
from pytest_amlpreflight.readers.connection.data_plane import DataPlane
from pytest_amlpreflight.readers.resources.asset_registry import error_of, json_of

API_VERSION = "2024-10-01"
VAULT_API_VERSION = "7.4"
RESOURCES_API_VERSION = "2021-04-01"
READ_METADATA = "Microsoft.KeyVault/vaults/secrets/readMetadata/action"


def read_connection(arm: Arm, workspace_id: ResourceId, name: str) -> Connection | None:
    """A workspace connection, None where there is none. Its credentials are null in this answer, always."""
    try:
        document = arm.get(
            f"{workspace_id}/connections/{name}",
            API_VERSION,
            f"connection {name}",
            permission="Microsoft.MachineLearningServices/workspaces/connections/read",
        )
    except FactAbsent:  # what is missing is the verdict of a check
        return None
    properties = document.child("properties")
    return Connection(
        name=name,
        category=properties.text("category") or "",
        auth_type=properties.text("authType") or "",
        target=properties.text("target"),
        metadata=tuple(properties.child("metadata").body),
    )


def read_secret_versions(data_plane: DataPlane, cloud: Cloud, reference: VaultReference) -> SecretVersions:
    """The versions of a secret. Listed, since asking for the secret itself would answer with its value."""
    resource = f"secret {reference.secret} of {reference.host}"
    url = f"https://{reference.host}/secrets/{reference.secret}/versions?api-version={VAULT_API_VERSION}"
    versions: dict[str, bool] = {}
    try:
        while url:
            response = data_plane.read(
                "GET",
                url,
                resource,
                errors=error_of,
                permission=READ_METADATA,
                audience=cloud.key_vault_audience,
            )
            page = json_of(response, resource)
            for row in page.children("value"):
                enabled = row.child("attributes").flag("enabled")
                versions[row.need("id").rpartition("/")[2]] = enabled is not False
            url = _on(reference, page.text("nextLink"))
    except FactAbsent:
        return SecretVersions(reference, None)
    # Some vaults answer an unknown name with an empty list.
    return SecretVersions(reference, versions or None)


def find_vault(arm: Arm, host: str, workspace_vault: ResourceId | None, subscription: str) -> ResourceId:
    """The ARM id of the vault behind a host: the workspace's, or another of its subscription.

    One that is not listed may belong to another subscription, or may not be shown to this caller: that is not absence.
    """
    name = host.partition(".")[0]  # a vault's name is unique in its cloud, and the first label of its host
    if workspace_vault and workspace_vault.name.lower() == name:
        return workspace_vault
    rows = arm.list(
        f"/subscriptions/{subscription}/resources",
        RESOURCES_API_VERSION,
        f"the vaults of subscription {subscription}",
        permission="Microsoft.Resources/subscriptions/resources/read",
        filter=f"resourceType eq 'Microsoft.KeyVault/vaults' and name eq '{name}'",
    )
    found = next((parse_resource_id(row.need("id")) for row in rows), None)
    if found is None:
        detail = f"subscription {subscription} shows no vault {name} to this caller"
        raise FactUnreadable(f"key vault {name}", status=None, code="NotVisible", detail=detail)
    return found


def _on(reference: VaultReference, link: str | None) -> str:
    """The next page, at the vault that was asked: a token goes nowhere else."""
    if not link:
        return ""
    parts = urlsplit(link)
    return f"https://{reference.host}{parts.path}?{parts.query}"
