"""What is read of the subscription, the caller and the policies, through the real stack."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.core.credentials import AccessTokenInfo

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import ModelReference
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.caller import Caller
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.resources.image_origin import ImageHome
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings
from pytest_amlpreflight.readers.connection.permissions import needed_permissions
from pytest_amlpreflight.readers.resources.caller import read_caller, read_own_access
from pytest_amlpreflight.readers.resources.endpoint import deployment_from_spec
from pytest_amlpreflight.readers.resources.image_origin import read_image_origin
from pytest_amlpreflight.readers.resources.policy import (
    read_denied_states,
    read_deployment_verdicts,
    read_endpoint_verdicts,
)
from pytest_amlpreflight.readers.resources.subscription import (
    read_locks,
    read_providers,
    read_role_assignment_usage,
    read_subscription,
)

WORLD = Path(__file__).parents[2] / "example_project" / "world.yml"
SUBSCRIPTION = "5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ml-prod"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
CALLER = "0c6a0c3b-5b1a-4b52-8f0e-6a8f3d1e7c21"
WRITE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/write"


class Credential:
    """A credential that hands out one text as its token."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_token_info(self, *scopes: str, **_: object) -> AccessTokenInfo:
        """That text, for any scope."""
        return AccessTokenInfo(self.token, 2**31)

    def close(self) -> None:
        """Nothing is held open."""


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Azure]]:
    """A connection to the example's Azure, broken by the failures that are given."""
    started: list[Emulator] = []

    def start(*failures: str) -> Azure:
        emulator = Emulator(WORLD, failures=failures)
        emulator.start()
        started.append(emulator)
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        return Azure(ConnectionSettings(emulator.metadata_url, backoff=0, dns_server=emulator.dns_server))

    yield start
    for emulator in started:
        emulator.stop()


def resource(text: str) -> ResourceId:
    """An id that is known to be one."""
    found = parse_resource_id(text)
    assert found
    return found


def jwt(**claims: str) -> str:
    """A token of JWT's shape whose payload needs padding."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.c2ln"


def test_what_is_set_for_a_whole_subscription(connect: Callable[..., Azure]) -> None:
    """State, providers, locks and role assignments, one request each."""
    arm = connect().arm

    assert read_subscription(arm, SUBSCRIPTION).enabled
    assert read_providers(arm, SUBSCRIPTION).find("microsoft.CDN").registered  # type: ignore[union-attr]
    assert [(lock.name, lock.level, lock.scope) for lock in read_locks(arm, SUBSCRIPTION)] == [
        ("keep", "CanNotDelete", GROUP)
    ]
    assert read_role_assignment_usage(arm, SUBSCRIPTION).limit == 4000


@pytest.mark.parametrize("subscription", ["00000000-0000-0000-0000-000000000001", "0000", "{subscription}"])
def test_a_subscription_that_azure_does_not_know_is_absent(connect: Callable[..., Azure], subscription: str) -> None:
    """404 SubscriptionNotFound, or 400 InvalidSubscriptionId for what can be none."""
    with pytest.raises(FactAbsent, match=f"subscription {subscription} does not exist"):
        read_subscription(connect().arm, subscription)


def test_the_caller_is_read_from_the_token(connect: Callable[..., Azure]) -> None:
    """The very token that the requests carry."""
    azure = connect()

    caller = read_caller(azure.token, azure.cloud.audience)

    assert caller.object_id == CALLER
    assert str(caller).startswith("application ")


def test_a_user_has_no_application() -> None:
    """`appid` is in a user's token too: that of the tool they signed in with."""
    caller = read_caller(
        Credential(jwt(oid="11111111-1111-1111-1111-111111111111", tid="t", appid="cli", idtyp="user")), "https://arm"
    )

    assert caller == Caller("11111111-1111-1111-1111-111111111111", "t", None)


@pytest.mark.parametrize("token", ["opaque", "a.!!.c", "e30.e30.c2ln"])
def test_a_token_without_the_claim_is_unreadable(token: str) -> None:
    """A caller that cannot be named is an error, not somebody without rights."""
    with pytest.raises(FactUnreadable, match="the run's own identity is unreadable"):
        read_caller(Credential(token), "https://arm")


def test_own_access_is_what_azure_adds_up(connect: Callable[..., Azure]) -> None:
    """A Contributor may write endpoints, and assign no roles."""
    access = read_own_access(connect().arm, Caller(CALLER, None), WORKSPACE)

    assert access.allows(WRITE).granted
    assert not access.allows("Microsoft.Authorization/roleAssignments/write").granted


def test_deny_assignments_are_taken_off_own_access(connect: Callable[..., Azure]) -> None:
    """Azure's answer does not have them subtracted."""
    azure = connect("deployer-denied-by-a-deny-assignment")
    deployments = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/write"

    access = read_own_access(azure.arm, Caller(CALLER, None), WORKSPACE)

    assert "Endpoints are made by the platform team" in access.allows(deployments).because


def test_a_caller_without_a_role_is_told_so(connect: Callable[..., Azure]) -> None:
    """An empty list, not a 403."""
    access = read_own_access(connect("deployer-has-no-role").arm, Caller(CALLER, None), WORKSPACE)

    assert "no role is assigned to it" in access.allows(WRITE).because


def test_policy_forecasts_a_denial_with_what_it_compared(connect: Callable[..., Azure]) -> None:
    """A public endpoint against a policy that wants private ones."""
    endpoint = Endpoint("new", Source("endpoint.yml"), "key", public_network_access=True)

    (verdict,) = read_endpoint_verdicts(connect().arm, resource(WORKSPACE), "eastus2", endpoint)

    assert verdict.denies
    assert verdict.assignment == "private-endpoints-only"
    assert verdict.reason.endswith("publicNetworkAccess = 'Enabled' (notEquals 'Disabled')")


def test_policy_states_name_what_stands_against_a_policy(connect: Callable[..., Azure]) -> None:
    """The live endpoint has keys, and the policy forbids them."""
    (state,) = read_denied_states(connect("policy-denies-the-endpoint").arm, resource(WORKSPACE))

    assert (state.assignment, state.resource_id.rpartition("/")[2]) == ("no-keys", "iris")


def test_a_policy_on_a_field_that_is_not_known_yet_restricts_it(connect: Callable[..., Azure]) -> None:
    """A local model is registered by the deployment: the policy decides then, and says now what it will admit."""
    spec = DeploymentSpec("blue", "iris", model=ModelReference(path=Path("model")))
    azure = connect("policy-on-the-model")

    (verdict,) = read_deployment_verdicts(azure.arm, resource(WORKSPACE), "eastus2", deployment_from_spec(spec), spec)

    assert (verdict.restricts, verdict.denies, verdict.undecided) == (True, False, False)
    assert "deployments/model: Required" in verdict.reason


@pytest.mark.parametrize(
    ("image", "host", "home", "found"),
    [
        ("mcr.microsoft.com/azureml/x:1", "mcr.microsoft.com", ImageHome.MICROSOFT, None),
        ("contosomlacr.azurecr.io/x@sha256:0", "contosomlacr.azurecr.io", ImageHome.AZURE, "contosomlacr"),
        ("contosomlacr-a1b2.azurecr.io/x", "contosomlacr-a1b2.azurecr.io", ImageHome.AZURE, "contosomlacr"),
        ("others.azurecr.us/x:1", "others.azurecr.us", ImageHome.AZURE, None),
        ("ubuntu:22.04", "docker.io", ImageHome.ELSEWHERE, None),
        ("contoso/iris:1", "docker.io", ImageHome.ELSEWHERE, None),
        ("localhost:5000/iris", "localhost:5000", ImageHome.ELSEWHERE, None),
    ],
)
def test_an_image_tells_its_registry(
    connect: Callable[..., Azure], image: str, host: str, home: ImageHome, found: str | None
) -> None:
    """By Docker's rule for hosts; an Azure registry is looked for by name."""
    origin = read_image_origin(connect().arm, image, None)

    assert (origin.host, origin.home) == (host, home)
    assert (origin.registry_id.name if origin.registry_id else None) == found


def test_the_readers_name_their_permissions_where_they_read(tmp_path: Path) -> None:
    """Actions and data actions are told apart; other words are left alone."""
    (tmp_path / "vault.py").write_text(
        '"""Microsoft.KeyVault/vaults/read is in prose here."""\n'
        'READ = "Microsoft.KeyVault/vaults/read"\nTYPE = "Microsoft.KeyVault/vaults"\n'
        'SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"\n'
    )

    needed = needed_permissions(tmp_path)

    assert needed.actions == ("Microsoft.KeyVault/vaults/read",)
    assert needed.data_actions == ("Microsoft.KeyVault/vaults/secrets/getSecret/action",)
