"""References to secrets in a deployment's environment variables, and what stands behind them.

The forms are those of https://learn.microsoft.com/azure/machine-learning/concept-secret-injection
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.key_vault import KeyVault

_WHOLE = re.compile(r"\$\{\{(.*)\}\}", re.DOTALL)
_CONNECTION = re.compile(r"azureml://connections/(?P<name>[^/]+)(?:/(?P<part>[^/]+)(?:/(?P<key>[^/]+))?)?")
_VAULT = re.compile(r"keyvault:https://(?P<host>[^/]+)/secrets/(?P<name>[^/]+)(?:/(?P<version>[^/]+))?/?")
_BARE = re.compile(r"\s*(azureml://connections/|keyvault:https://)")
_BRACED = re.compile(r"[${]\s*(azureml://connections|keyvault:)")
_FORMS = (
    "${{azureml://connections/NAME[/credentials/KEY | /metadata/KEY | /target]}} or "
    "${{keyvault:https://VAULT/secrets/NAME/VERSION}}"
)

GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"  # noqa: S105 - an action

NO_CREDENTIALS = frozenset({"none", "aad", "managedidentity"})
"""Ways of authentication for which a connection holds no secret at all."""


@dataclass(frozen=True, slots=True)
class ConnectionReference:
    """A reference to a workspace connection; `part` is `credentials`, `metadata` or `target`, None for all of it."""

    variable: str
    text: str
    connection: str
    part: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class VaultReference:
    """A reference to one version of a key vault's secret."""

    variable: str
    text: str
    host: str
    secret: str
    version: str


@dataclass(frozen=True, slots=True)
class MalformedReference:
    """What was meant as a reference and is none. `found` and `expected` say why."""

    variable: str
    text: str
    found: str
    expected: str = _FORMS


SecretReference = ConnectionReference | VaultReference | MalformedReference


@dataclass(frozen=True, slots=True)
class SecretReferences:
    """The references of one deployment, by their form."""

    connections: tuple[ConnectionReference, ...] = ()
    vaults: tuple[VaultReference, ...] = ()
    malformed: tuple[MalformedReference, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.connections or self.vaults or self.malformed)

    @property
    def by_connection(self) -> dict[str, list[ConnectionReference]]:
        """The references to connections, by the connection that they name."""
        names = dict.fromkeys(one.connection for one in self.connections)
        return {name: [one for one in self.connections if one.connection == name] for name in names}


@dataclass(frozen=True, slots=True)
class Connection:
    """A workspace connection without its secrets, which nothing here reads."""

    name: str
    category: str
    auth_type: str
    target: str | None
    metadata: tuple[str, ...]

    def lacks(self, reference: ConnectionReference) -> str | None:
        """What the reference names and the connection is known not to have; None where it has it, or it cannot be
        told.
        """
        if reference.part == "target" and not self.target:
            return "no target"
        if reference.part == "metadata" and reference.key not in self.metadata:
            return f"metadata {', '.join(self.metadata) or 'none'}"
        if reference.part == "credentials" and self.auth_type.lower() in NO_CREDENTIALS:
            return f"authType = {self.auth_type!r}, which has no credentials"
        if reference.part == "credentials" and self.auth_type.lower() == "apikey" and reference.key != "key":
            return "authType = 'ApiKey', whose one credential is called key"
        return None


@dataclass(frozen=True, slots=True)
class SecretVersions:
    """The versions of a secret and whether each is enabled; `versions` is None where there is no such secret, and
    `vault_exists` False where there is no such vault either.
    """

    reference: VaultReference
    versions: Mapping[str, bool] | None
    vault_exists: bool = True


@dataclass(frozen=True, slots=True)
class SecretVault:
    """A vault that references name, and what each of the endpoint's identities may do on it, or on the secrets that
    are referred to; `vault` is None where there is none at that host.
    """

    host: str
    vault: KeyVault | None
    access: tuple[Access, ...] = ()


def parse_references(variables: Mapping[str, str]) -> SecretReferences:
    """The references among a deployment's environment variables; values that are none are passed over."""
    found = [_parse(name, text) for name, text in sorted(variables.items())]
    return SecretReferences(
        connections=tuple(one for one in found if isinstance(one, ConnectionReference)),
        vaults=tuple(one for one in found if isinstance(one, VaultReference)),
        malformed=tuple(one for one in found if isinstance(one, MalformedReference)),
    )


def _parse(variable: str, text: str) -> SecretReference | None:
    whole = _WHOLE.fullmatch(text.strip())
    if whole is None:
        return _stray(variable, text)
    inner = whole[1].strip()
    connection, vault = _CONNECTION.fullmatch(inner), _VAULT.fullmatch(inner)
    if connection:
        return _connection(variable, text, connection)
    if vault and vault["version"]:
        return VaultReference(variable, text, vault["host"].lower(), vault["name"], vault["version"])
    if vault:
        version = f"${{{{keyvault:https://{vault['host']}/secrets/{vault['name']}/VERSION}}}}"
        return MalformedReference(variable, text, f"{text} (without a version)", version)
    return MalformedReference(variable, text, text)


def _connection(variable: str, text: str, match: re.Match[str]) -> SecretReference:
    part, key = match["part"], match["key"]
    if part not in (None, "credentials", "metadata", "target"):
        return MalformedReference(variable, text, f"{text} (a connection has no {part!r})")
    if (part in ("credentials", "metadata")) != (key is not None):
        return MalformedReference(variable, text, f"{text} ({part} {'takes no' if key else 'needs a'} key)")
    return ConnectionReference(variable, text, match["name"], part, key)


def _stray(variable: str, text: str) -> MalformedReference | None:
    """A reference without its brackets, or with fewer, or amid other text, reaches the container as it is written."""
    if _BARE.match(text) or _BRACED.search(text):
        return MalformedReference(variable, text, f"{text} (${{{{...}}}} must be the whole value)", _meant(text))
    return None


def _meant(text: str) -> str:
    """The reference within its brackets, where what stands in the text is one; else all forms."""
    inner = text.strip().strip("${}").strip()
    whole = f"${{{{{inner}}}}}"
    found = _parse("", whole)
    return _FORMS if found is None or isinstance(found, MalformedReference) else whole
