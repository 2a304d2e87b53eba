"""The secrets that a deployment's environment variables refer to, as Azure will meet them when it injects them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.key_vault import KeyVault
from pytest_amlpreflight.facts.resources.secret import (
    GET_SECRET,
    Connection,
    ConnectionReference,
    MalformedReference,
    SecretReferences,
    SecretVault,
    SecretVersions,
    VaultReference,
)
from pytest_amlpreflight.fix import GrantRole, Option, SetProperty, az, named
from pytest_amlpreflight.verdict import (
    Blocked,
    advise,
    advise_instead,
    blocked,
    check,
    for_each,
    not_applicable,
    not_reached,
)

LIST_SECRETS = "Microsoft.MachineLearningServices/workspaces/connections/listsecrets/action"
CONNECTION_READER = "Azure Machine Learning Workspace Connection Secrets Reader"
ENFORCED = "enforce_access_to_default_secret_stores"


@check("secrets", explains=("SecretsInjectionError",))
def check_secret_references_are_well_formed(
    aml_secret_references: SecretReferences, aml_deployment: Deployment
) -> None:
    """Every reference to a secret has one of the documented forms.

    A vault's secret is referred to with its version. A reference that Azure cannot read ends the creation of the
    deployment with SecretsInjectionError; one without its brackets reaches the container as plain text.
    """
    _skip_without(aml_secret_references.any)
    with _as_far_as_known(managed=aml_deployment.managed):
        for_each(lambda reference: _refuse_malformed(reference, aml_deployment), aml_secret_references.malformed)


@check("secrets", explains=("SecretsInjectionError",))
def check_referenced_secrets_exist(
    aml_secret_references: SecretReferences,
    aml_referenced_connections: Mapping[str, Connection | None],
    aml_referenced_secrets: tuple[SecretVersions, ...],
    aml_deployment: Deployment,
) -> None:
    """Every connection and every version of a vault's secret that is referred to is there and enabled.

    Secrets' values are never read: a vault tells the versions of a secret, and a connection everything but its
    credentials. Which keys a connection of custom keys holds can therefore not be told.
    """
    _skip_without(bool(aml_secret_references.connections or aml_secret_references.vaults))
    refuse: dict[type, Callable[[Any], None]] = {
        ConnectionReference: lambda one: _refuse_connection(
            one, aml_referenced_connections[one.connection], aml_deployment
        ),
        SecretVersions: lambda one: _refuse_secret(one, aml_deployment),
    }
    absent = [
        partial(_refuse_absent_connection, name, references, aml_deployment)
        for name, references in aml_secret_references.by_connection.items()
        if aml_referenced_connections[name] is None
    ]
    judge: list[Callable[[], None]] = [
        *absent,
        *(partial(refuse[type(one)], one) for one in (*aml_secret_references.connections, *aml_referenced_secrets)),
    ]
    with _as_far_as_known(managed=aml_deployment.managed):
        for_each(lambda refuse_one: refuse_one(), judge)


@check("secrets", explains=("SecretsInjectionError",), settles=True)
def check_endpoint_identity_may_read_secrets(
    aml_endpoint: Endpoint,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_secret_references: SecretReferences,
    aml_connection_access: tuple[Access, ...],
    aml_secret_vaults: tuple[SecretVault, ...],
) -> None:
    """The endpoint's identity may read the secrets that the deployment refers to.

    Azure fetches them as this identity: from connections with their secrets reader's role on the workspace, from vaults
    with Azure RBAC as Key Vault Secrets User, of the vault or of each secret. No vault's role comes by itself; that of
    connections only for a system-assigned identity whose endpoint was created to enforce it.
    """
    _skip_without(bool(aml_secret_references.connections or aml_secret_references.vaults))
    if not aml_endpoint_identities:
        _say_what_comes_later(aml_endpoint, aml_secret_references)
    held = list(zip(aml_endpoint_identities, aml_connection_access, strict=False))
    judge: list[Callable[[], None]] = [partial(_refuse_connections, *one) for one in held]
    judge += [partial(_refuse_vault, found, aml_endpoint_identities) for found in aml_secret_vaults]
    with _as_far_as_known(managed=aml_endpoint.managed):
        for_each(lambda refuse: refuse(), judge)


@contextmanager
def _as_far_as_known(*, managed: bool) -> Iterator[None]:
    """Whether Azure injects secrets on a cluster of one's own is documented nowhere: there all of it is advice."""
    try:
        yield
    except Blocked as verdict:
        if managed:
            raise
        advise_instead(verdict)


def _skip_without(references: bool) -> None:
    if not references:
        not_applicable("no environment variable of the deployment refers to a secret")


def _refuse_malformed(reference: MalformedReference, deployment: Deployment) -> None:
    blocked(
        f"variable {reference.variable} refers to no secret as it is written",
        found=reference.found,
        expected=reference.expected,
        fix=f"correct {reference.variable} in {_where(deployment, reference.variable)}",
        where=deployment.position(f"environment_variables.{reference.variable}"),
    )


def _refuse_connections(identity: Identity, access: Access) -> None:
    decision = access.allows(LIST_SECRETS)
    if not decision.granted:
        headline = f"identity {identity.name} cannot read the secrets of the workspace's connections"
        _block_on_role(headline, decision.because, LIST_SECRETS, CONNECTION_READER, identity, access)


def _refuse_connection(reference: ConnectionReference, connection: Connection | None, deployment: Deployment) -> None:
    if connection is None:
        return
    where = _where(deployment, reference.variable)
    if lack := connection.lacks(reference):
        blocked(
            f"connection {connection.name} has no {'/'.join(filter(None, (reference.part, reference.key)))}",
            found=lack,
            expected=f"what {where} refers to: {reference.text}",
            fix=az("ml connection show", name=connection.name),
        )


def _refuse_absent_connection(
    connection: str, references: Sequence[ConnectionReference], deployment: Deployment
) -> NoReturn:
    places = {one.variable: _where(deployment, one.variable) for one in references}
    blocked(
        f"connection {connection} does not exist in the workspace",
        found="\n".join(f"{places[one.variable]}: {one.variable} = {one.text}" for one in references),
        expected=f"a connection {connection!r}",
        fix=(
            az("ml connection create", name=connection, file="CONNECTION.yml"),
            "(CONNECTION.yml says its type, target and credentials; or name one of az ml connection list)",
        ),
    )


def _where(deployment: Deployment, variable: str) -> str:
    """Where a variable is set: a line of the spec, else the deployment that Azure runs."""
    return f"deployment {deployment.name}" if deployment.live else deployment.where(f"environment_variables.{variable}")


def _refuse_secret(secret: SecretVersions, deployment: Deployment) -> None:
    reference = secret.reference
    vault, name = reference.host.partition(".")[0], f"{reference.secret}/{reference.version}"
    enabled = None if secret.versions is None else secret.versions.get(reference.version)
    if enabled:
        return
    if not secret.vault_exists:
        _refuse_absent_vault(vault, reference, deployment)
    if secret.versions is None:
        headline, found = f"secret {reference.secret} does not exist in key vault {vault}", "SecretNotFound"
    elif enabled is None:
        headline = f"secret {reference.secret} has no such version in key vault {vault}"
        found = f"{reference.version}, where there are {', '.join(secret.versions)}"
    else:
        headline, found = f"secret {reference.secret} is disabled in key vault {vault}", f"{name}: enabled = False"
    at: dict[str, Option] = {"vault_name": vault, "name": reference.secret}
    enable = az("keyvault secret set-attributes", **at, version=reference.version, enabled="true")
    where = _where(deployment, reference.variable)
    blocked(
        headline,
        found=found,
        expected=f"{name} enabled, as {where} refers to it",
        fix=(enable if enabled is False else az("keyvault secret list-versions", **at)),
    )


def _refuse_absent_vault(vault: str, reference: VaultReference, deployment: Deployment) -> NoReturn:
    where = _where(deployment, reference.variable)
    blocked(
        f"key vault {vault} does not exist",
        found=f"NXDOMAIN for {reference.host}, which {where} refers to",
        expected="a vault: each has its name in DNS, wherever it is",
        fix=(az("keyvault list-deleted", query=f"[?name=='{vault}']"), f"(recover it, or correct {where})"),
    )


def _refuse_vault(found: SecretVault, identities: Sequence[Identity]) -> None:
    vault = found.vault
    if vault is None:
        not_reached(f"there is no key vault at {found.host}")
    if not vault.rbac_authorization:
        blocked(
            f"key vault {vault.name} does not use Azure RBAC, which secret injection needs",
            found="enableRbacAuthorization = False",
            expected="enableRbacAuthorization = True",
            fix=(
                SetProperty(
                    vault.id.text,
                    "properties.enableRbacAuthorization",
                    True,
                    az=az("keyvault update", **named(vault.id), enable_rbac_authorization="true"),
                ),
                "(first assign the roles that replace its access policies: they end with that)",
            ),
        )
    for_each(lambda identity, access: _refuse_reader(vault, identity, access), identities, found.access)


def _refuse_reader(vault: KeyVault, identity: Identity, access: Access) -> None:
    decision = access.allows_data(GET_SECRET)
    if not decision.granted:
        headline = f"identity {identity.name} cannot read secrets of key vault {vault.name}"
        _block_on_role(headline, decision.because, GET_SECRET, "Key Vault Secrets User", identity, access)


def _block_on_role(headline: str, because: str, action: str, role: str, identity: Identity, access: Access) -> None:
    blocked(
        headline,
        found=because,
        expected=f"{action} granted",
        fix=GrantRole(role, identity.principal_id, access.scope),
        resource=access.scope,
    )


def _say_what_comes_later(endpoint: Endpoint, references: SecretReferences) -> None:
    """An identity that is created with its endpoint can be given roles only between that and the deployment."""
    enforced = (endpoint.properties.get(ENFORCED) or "").lower() == "enabled"
    if references.vaults or not enforced:
        advise(
            f"endpoint {endpoint.name} will have no access to secrets when it is created",
            found="a system-assigned identity that does not exist yet",
            expected="a user-assigned identity with its roles, or roles assigned before the deployment follows",
            fix=az("ml online-endpoint show", name=endpoint.name, query="identity.principal_id"),
        )
    not_applicable("a system-assigned identity does not exist yet")
