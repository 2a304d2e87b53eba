"""Whether referenced connections and secrets are there. No secret's value is ever asked for."""

from urllib.parse import urlsplit

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.secret import Connection, SecretVersions, VaultReference
from pytest_amlpreflight.facts.unreached import Unreached
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING, VAULT_SECRETS
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.connection.resource_graph import id_of, query
from pytest_amlpreflight.readers.resources.asset_registry import document_in, error_of

READ_METADATA = "Microsoft.KeyVault/vaults/secrets/readMetadata/action"


def read_connection(arm: Arm, workspace_id: ResourceId, name: str) -> Connection | None:
    """A workspace connection, None where there is none. Its credentials are null in this answer, always."""
    try:
        document = arm.get(
            f"{workspace_id}/connections/{name}",
            MACHINE_LEARNING,
            f"connection {name}",
            permission="Microsoft.MachineLearningServices/workspaces/connections/read",
        )
    except FactAbsent:  # what is missing is the verdict of a check
        return None
    properties = document.child("properties")
    return Connection(
        name=name,
        category=properties.text("category") or "",
        auth_type=properties.word("authType") or "",
        target=properties.text("target"),
        metadata=tuple(properties.child("metadata").body),
    )


def read_secret_versions(azure: Azure, reference: VaultReference) -> SecretVersions:
    """The versions of a secret. Listed, since asking for the secret itself would answer with its value."""
    data_plane, cloud = azure.data_plane, azure.cloud
    resource = f"secret {reference.secret} of {reference.host}"
    url = f"https://{reference.host}/secrets/{reference.secret}/versions?api-version={VAULT_SECRETS}"
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
            page = document_in(response, resource)
            for row in page.need_children("value"):
                enabled = row.child("attributes").flag("enabled")
                versions[row.need("id").rpartition("/")[2]] = enabled is not False
            url = _on(reference, page.address("nextLink"))
    except FactAbsent:
        return SecretVersions(reference, None)
    except FactUnreadable as problem:
        if problem.code != Unreached.NAME or not _unknown(azure, reference.host):
            raise
        return SecretVersions(reference, None, vault_exists=False)
    # Some vaults answer an unknown name with an empty list.
    return SecretVersions(reference, versions or None)


def find_vault(azure: Azure, host: str, workspace_vault: ResourceId | None) -> ResourceId | None:
    """The ARM id of the vault behind a host: the workspace's, or another in any subscription that the caller sees.

    None where there is no vault at that host: every vault has its name in public DNS. One that has and is not listed
    may not be shown to this caller: that is not absence.
    """
    name = host.partition(".")[0]  # a vault's name is unique in its cloud, and the first label of its host
    if workspace_vault and workspace_vault.name.lower() == name:
        return workspace_vault
    wanted = f"type =~ 'microsoft.keyvault/vaults' and name =~ '{name}'"
    text = f"resources | where {wanted} | project id | order by id asc"
    rows = query(azure.arm, text, f"the key vaults named {name}")
    if rows:
        return id_of(rows[0])
    if _unknown(azure, host):
        return None
    detail = "no subscription that this caller sees shows it"
    raise FactUnreadable(f"key vault {name}", status=None, code="NotVisible", detail=detail)


def _unknown(azure: Azure, host: str) -> bool:
    return azure.resolve(host).unknown


def _on(reference: VaultReference, link: str | None) -> str:
    """The next page, at the vault that was asked: a token goes nowhere else."""
    if not link:
        return ""
    parts = urlsplit(link)
    return f"https://{reference.host}{parts.path}?{parts.query}"
