"""The checks of secrets, by call."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.secrets import (
    ENFORCED,
    GET_SECRET,
    LIST_SECRETS,
    check_endpoint_identity_may_read_secrets,
    check_referenced_secrets_exist,
    check_secret_references_are_well_formed,
)
from pytest_amlpreflight.facts.project.position import Position, Source
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.access import Access, PermissionBlock, RoleAssignment, RoleDefinition
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Deployment, Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.key_vault import KeyVault
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.secret import (
    Connection,
    SecretReferences,
    SecretVault,
    SecretVersions,
    parse_references,
)
from pytest_amlpreflight.verdict import Blocked, NotApplicable, NotReached, PreflightAdvice

SOURCE = Source("blue.yml", {"environment_variables.KEY": Position("blue.yml", 9)})
DEPLOYMENT = Deployment("blue", "iris", SOURCE, "Standard_DS3_v2", 1)
ENDPOINT = Endpoint("iris", LIVE, "key")
IDENTITY = Identity("u", "p", "c", None)
CONNECTION = parse_references({"KEY": "${{azureml://connections/openai/credentials/key}}"})
VAULT = parse_references({"KEY": "${{keyvault:https://kv.vault.azure.net/secrets/key/2}}"})
NONE = SecretReferences()
SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv"
ID = parse_resource_id(SCOPE)
assert ID


def access(block: PermissionBlock | None = None) -> Access:
    """What an identity may do that holds this block, or nothing."""
    if block is None:
        return Access("p", SCOPE)
    role = RoleDefinition("r", "Role", False, (block,))
    return Access("p", SCOPE, ((RoleAssignment("a", "r", "p", "ServicePrincipal", SCOPE), role),))


READS = access(PermissionBlock(actions=(LIST_SECRETS,), data_actions=(GET_SECRET,)))
KV = KeyVault(
    id=ID,
    name="kv",
    uri="https://kv.vault.azure.net/",
    location="eastus2",
    tenant_id="t",
    rbac_authorization=True,
    public_network_access=PublicAccess.ENABLED,
    default_action=None,
    bypass=None,
    access_policies=(),
)


def in_vault(*held: Access) -> SecretVault:
    """The vault that is referred to, with what identities may do on it."""
    return SecretVault("kv.vault.azure.net", KV, held)


def versions(held: Mapping[str, bool] | None) -> tuple[SecretVersions, ...]:
    """The vault's answer for the one reference."""
    return (SecretVersions(VAULT.vaults[0], held),)


def test_well_formed_references_pass() -> None:
    """Both forms."""
    check_secret_references_are_well_formed(CONNECTION, DEPLOYMENT)
    check_secret_references_are_well_formed(VAULT, DEPLOYMENT)


def test_a_malformed_reference_blocks() -> None:
    """With the line it stands on, and how it should be written."""
    references = parse_references({"KEY": "${{keyvault:https://kv.vault.azure.net/secrets/key}}"})

    with pytest.raises(Blocked, match="variable KEY refers to no secret as it is written") as raised:
        check_secret_references_are_well_formed(references, DEPLOYMENT)

    assert raised.value.culprit.expected == "${{keyvault:https://kv.vault.azure.net/secrets/key/VERSION}}"
    assert raised.value.culprit.fix == "correct KEY in blue.yml:9"


@pytest.mark.parametrize("text", ["${azureml://connections/c/target}", "azureml://connections/c/target"])
def test_a_reference_that_lacks_brackets_is_shown_as_it_was_meant(text: str) -> None:
    """Its names are known; and a deployment that runs is called by its name."""
    with pytest.raises(Blocked) as raised:
        check_secret_references_are_well_formed(parse_references({"KEY": text}), replace(DEPLOYMENT, source=LIVE))

    assert raised.value.culprit.expected == "${{azureml://connections/c/target}}"
    assert raised.value.culprit.fix == "correct KEY in deployment blue"


def test_a_connection_that_is_absent_is_one_finding() -> None:
    """However many variables refer to it."""
    both = parse_references({"A": "${{azureml://connections/c/target}}", "B": "${{azureml://connections/c}}"})

    with pytest.raises(Blocked, match="connection c does not exist") as raised:
        check_referenced_secrets_exist(both, {"c": None}, (), DEPLOYMENT)

    assert len(raised.value.culprits) == 1
    assert raised.value.culprit.found.count("\n") == 1


def test_on_kubernetes_it_is_advice() -> None:
    """Nobody documents whether secrets are injected there."""
    on_a_cluster = replace(DEPLOYMENT, managed=False)

    with pytest.warns(PreflightAdvice, match="KEY refers to no secret"):
        check_secret_references_are_well_formed(parse_references({"KEY": "${{keyvault:kv/key}}"}), on_a_cluster)
    with pytest.warns(PreflightAdvice, match="identity u"):
        check_endpoint_identity_may_read_secrets(
            replace(ENDPOINT, compute="k8s"), (IDENTITY,), CONNECTION, (access(),), ()
        )


def test_without_references_there_is_no_question() -> None:
    """Most deployments have none."""
    with pytest.raises(NotApplicable, match="refers to a secret"):
        check_secret_references_are_well_formed(NONE, DEPLOYMENT)
    with pytest.raises(NotApplicable, match="refers to a secret"):
        check_referenced_secrets_exist(NONE, {}, (), DEPLOYMENT)
    with pytest.raises(NotApplicable, match="refers to a secret"):
        check_endpoint_identity_may_read_secrets(ENDPOINT, (IDENTITY,), NONE, (), ())


def test_secrets_that_exist_pass() -> None:
    """A connection with the credential, a secret with the version."""
    check_referenced_secrets_exist(
        CONNECTION, {"openai": Connection("openai", "ApiKey", "ApiKey", None, ())}, (), DEPLOYMENT
    )
    check_referenced_secrets_exist(VAULT, {}, versions({"2": True}), DEPLOYMENT)


@pytest.mark.parametrize(
    ("connection", "headline"),
    [
        (None, "connection openai does not exist in the workspace"),
        (Connection("openai", "ADLSGen2", "AAD", None, ()), "connection openai has no credentials/key"),
    ],
)
def test_a_connection_that_is_not_there_blocks(connection: Connection | None, headline: str) -> None:
    """Or one without what is referred to."""
    with pytest.raises(Blocked, match=headline):
        check_referenced_secrets_exist(CONNECTION, {"openai": connection}, (), DEPLOYMENT)


@pytest.mark.parametrize(
    ("held", "headline"),
    [
        (None, "secret key does not exist in key vault kv"),
        ({"1": True}, "secret key has no such version in key vault kv"),
        ({"2": False}, "secret key is disabled in key vault kv"),
    ],
)
def test_a_secret_that_is_not_there_blocks(held: Mapping[str, bool] | None, headline: str) -> None:
    """Absent, in another version, disabled."""
    with pytest.raises(Blocked, match=headline):
        check_referenced_secrets_exist(VAULT, {}, versions(held), DEPLOYMENT)


def test_a_vault_that_does_not_exist_blocks() -> None:
    """Its name is in no DNS; what its secrets may be is not asked any more."""
    secrets = (SecretVersions(VAULT.vaults[0], None, vault_exists=False),)

    with pytest.raises(Blocked, match="key vault kv does not exist") as raised:
        check_referenced_secrets_exist(VAULT, {}, secrets, DEPLOYMENT)
    with pytest.raises(NotReached, match="there is no key vault at kv"):
        check_endpoint_identity_may_read_secrets(
            ENDPOINT, (IDENTITY,), VAULT, (), (SecretVault("kv.vault.azure.net", None),)
        )

    assert "NXDOMAIN for kv.vault.azure.net" in raised.value.culprit.found


def test_every_culprit_is_named_in_one_verdict() -> None:
    """Both roles, both secrets, both references: the first does not hide the second."""
    both = parse_references({"A": CONNECTION.connections[0].text, "B": VAULT.vaults[0].text})
    wrong = parse_references(
        {"A": "${keyvault:https://kv.vault.azure.net/secrets/a/1}", "B": "azureml://connections/x"}
    )

    with pytest.raises(Blocked, match="connections") as roles:
        check_endpoint_identity_may_read_secrets(ENDPOINT, (IDENTITY,), both, (access(),), (in_vault(access()),))
    with pytest.raises(Blocked, match="openai") as secrets:
        check_referenced_secrets_exist(both, {"openai": None}, versions(None), DEPLOYMENT)
    with pytest.raises(Blocked, match="variable A") as references:
        check_secret_references_are_well_formed(wrong, DEPLOYMENT)

    assert [len(one.value.culprits) for one in (roles, secrets, references)] == [2, 2, 2]


@pytest.mark.parametrize(
    "text",
    [
        "${keyvault:https://kv.vault.azure.net/secrets/key/2}",
        "{{keyvault:https://kv.vault.azure.net/secrets/key/2}}",
        "$ {azureml://connections/openai/credentials/key}",
    ],
)
def test_a_reference_with_the_wrong_brackets_is_malformed(text: str) -> None:
    """It would reach the container as it is written."""
    assert len(parse_references({"KEY": text}).malformed) == 1


def test_an_identity_that_may_read_passes() -> None:
    """On both."""
    check_endpoint_identity_may_read_secrets(ENDPOINT, (IDENTITY,), CONNECTION, (READS,), ())
    check_endpoint_identity_may_read_secrets(ENDPOINT, (IDENTITY,), VAULT, (), (in_vault(READS),))


def test_an_identity_without_the_role_for_connections_blocks() -> None:
    """The role to assign is in the fix."""
    with pytest.raises(Blocked, match="identity u cannot read the secrets of the workspace's connections") as raised:
        check_endpoint_identity_may_read_secrets(ENDPOINT, (IDENTITY,), CONNECTION, (access(),), ())

    assert "Azure Machine Learning Workspace Connection Secrets Reader" in raised.value.culprit.fix


def test_an_identity_without_the_role_on_the_vault_blocks() -> None:
    """An action is no data action: Contributor does not help."""
    contributor = access(PermissionBlock(actions=("*",)))

    with pytest.raises(Blocked, match="identity u cannot read secrets of key vault kv"):
        check_endpoint_identity_may_read_secrets(ENDPOINT, (IDENTITY,), VAULT, (), (in_vault(contributor),))


def test_a_vault_with_access_policies_blocks() -> None:
    """Secret injection asks Azure RBAC."""
    policies = replace(KV, rbac_authorization=False)

    with pytest.raises(Blocked, match="key vault kv does not use Azure RBAC"):
        check_endpoint_identity_may_read_secrets(
            ENDPOINT, (IDENTITY,), VAULT, (), (replace(in_vault(READS), vault=policies),)
        )


def test_an_identity_to_come_is_advised_on() -> None:
    """Its roles can be assigned only between the creation of the endpoint and that of the deployment."""
    with (
        pytest.warns(PreflightAdvice, match="endpoint iris will have no access to secrets"),
        pytest.raises(NotApplicable, match="does not exist yet"),
    ):
        check_endpoint_identity_may_read_secrets(ENDPOINT, (), CONNECTION, (), ())


def test_an_endpoint_that_enforces_access_gets_it(recwarn: pytest.WarningsRecorder) -> None:
    """Azure assigns the role for connections itself; for vaults it never does."""
    enforcing = replace(ENDPOINT, properties={ENFORCED: "enabled"})

    with pytest.raises(NotApplicable, match="does not exist yet"):
        check_endpoint_identity_may_read_secrets(enforcing, (), CONNECTION, (), ())

    assert not recwarn.list
