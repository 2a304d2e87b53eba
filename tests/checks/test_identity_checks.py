"""The checks of the endpoint's identity, by call."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
from building import a_workspace

from pytest_amlpreflight.checks.identity import (
    check_endpoint_identity_exists,
    check_private_image_registry_grants_pull,
)
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.access import Access, PermissionBlock, RoleAssignment, RoleDefinition
from pytest_amlpreflight.facts.resources.container_image import parse_image
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.image_origin import ImageHome, ImageOrigin
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.workspace import ManagedNetwork
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/shared"
UAI = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
IDENTITY = Identity("u", "p", "c", None)


def resource(text: str) -> ResourceId:
    """An id that is known to be one."""
    found = parse_resource_id(text)
    assert found
    return found


ENDPOINT = Endpoint("e", Source("endpoint.yml"), "key", identity_ids=(resource(UAI),))
ORIGIN = ImageOrigin("shared.azurecr.io/iris:1", "shared.azurecr.io", ImageHome.AZURE, resource(SCOPE))


def registry(*, anonymous: bool = False) -> Registry:
    """Another registry of the subscription."""
    return Registry(
        id=resource(SCOPE),
        name="shared",
        login_server="shared.azurecr.io",
        sku="Premium",
        public_network_access=PublicAccess.ENABLED,
        default_action=None,
        repository_permissions=False,
        admin_user=False,
        private_endpoint_connections=(),
        anonymous_pull=anonymous,
    )


def access(*actions: str) -> Access:
    """What an identity may do there that holds these actions."""
    role = RoleDefinition("r", "AcrPull", False, (PermissionBlock(actions=actions),))
    return Access("p", SCOPE, ((RoleAssignment("a", "r", "p", "ServicePrincipal", SCOPE), role),))


WORKSPACE = a_workspace(
    resource("/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w")
)
BLUE = Deployment("blue", "e", Source("blue.yml"), "Standard_DS3_v2", 1)
NO_BUILD = (None, None, None, BLUE, WORKSPACE)
"""Nothing is built upon another image, and egress is open."""


def test_identities_that_exist_pass() -> None:
    """Each named identity is there."""
    check_endpoint_identity_exists(ENDPOINT, (IDENTITY,))


def test_an_identity_that_was_deleted_blocks() -> None:
    """It is named, with the way to make it again."""
    with pytest.raises(Blocked, match=r"identity u does not exist(.|\n)*az identity create --name u"):
        check_endpoint_identity_exists(ENDPOINT, (None,))


def test_a_system_assigned_identity_is_azures_affair() -> None:
    """It comes with the endpoint."""
    with pytest.raises(NotApplicable, match="system-assigned"):
        check_endpoint_identity_exists(Endpoint("e", Source("endpoint.yml"), "key"), ())


def test_the_pull_role_on_another_registry_passes() -> None:
    """The endpoint's identity may pull there."""
    given = access("Microsoft.ContainerRegistry/registries/pull/read")

    check_private_image_registry_grants_pull(ENDPOINT, (IDENTITY,), ORIGIN, registry(), (given,), *NO_BUILD)


def test_without_the_pull_role_on_another_registry_it_blocks() -> None:
    """Nobody grants it for the operator."""
    with pytest.raises(Blocked, match=r"identity u cannot pull from registry shared(.|\n)*--role 'AcrPull'"):
        check_private_image_registry_grants_pull(ENDPOINT, (IDENTITY,), ORIGIN, registry(), (access(),), *NO_BUILD)


def test_a_registry_that_admits_anybody_needs_no_role() -> None:
    """Anonymous pull is on."""
    check_private_image_registry_grants_pull(
        ENDPOINT, (IDENTITY,), ORIGIN, registry(anonymous=True), (access(),), *NO_BUILD
    )


def test_closed_egress_leads_to_the_workspaces_own_registry_alone(recwarn: pytest.WarningsRecorder) -> None:
    """Whatever roles there are elsewhere; a managed network may lead anywhere."""
    given, closed = (
        access("Microsoft.ContainerRegistry/registries/pull/read"),
        replace(BLUE, egress_public_network_access=False),
    )
    managed = replace(WORKSPACE, managed_network=ManagedNetwork("AllowInternetOutbound", "Active"))

    for workspace in (WORKSPACE, managed):
        check_private_image_registry_grants_pull(
            ENDPOINT, (IDENTITY,), ORIGIN, registry(), (given,), None, None, None, closed, workspace
        )

    assert [str(one.message).partition("\n")[0] for one in recwarn] == [
        "registry shared.azurecr.io is out of reach of deployment blue, whose egress is closed"
    ]


def test_a_registry_that_cannot_be_seen_is_advice() -> None:
    """It may be in another subscription, and grant the role."""
    hidden = ImageOrigin(ORIGIN.image, ORIGIN.host, ImageHome.AZURE)

    with pytest.warns(PreflightAdvice, match=r"(?s)shared.azurecr.io cannot be looked at.*not in this subscription"):
        check_private_image_registry_grants_pull(ENDPOINT, (IDENTITY,), hidden, None, (), *NO_BUILD)


def test_a_registry_outside_azure_is_advice() -> None:
    """A private one cannot work, and a public one can."""
    origin = ImageOrigin("ghcr.io/contoso/iris:1", "ghcr.io", ImageHome.ELSEWHERE)

    with pytest.warns(PreflightAdvice, match=r"(?s)ghcr.io cannot be looked at.*a public image"):
        check_private_image_registry_grants_pull(ENDPOINT, (IDENTITY,), origin, None, (), *NO_BUILD)


def test_a_new_system_assigned_identity_must_be_granted_the_role_later() -> None:
    """Azure grants it on the workspace's own registry only."""
    new = Endpoint("e", Source("endpoint.yml"), "key")

    with pytest.warns(PreflightAdvice, match="does not know the identity of endpoint e yet"):
        check_private_image_registry_grants_pull(new, (), ORIGIN, registry(), (), *NO_BUILD)


@pytest.mark.parametrize("origin", [None, ImageOrigin("mcr.microsoft.com/x", "mcr.microsoft.com", ImageHome.MICROSOFT)])
def test_images_of_the_workspace_and_of_microsoft_need_nothing(origin: ImageOrigin | None) -> None:
    """Whatever is built lands in the workspace's registry."""
    with pytest.raises(NotApplicable, match=r"workspace's own, or Microsoft's|Azure builds"):
        check_private_image_registry_grants_pull(ENDPOINT, (IDENTITY,), origin, None, (), *NO_BUILD)


@pytest.mark.parametrize(
    ("image", "builds", "advised"),
    [
        ("other.azurecr.io/base:1", True, True),
        ("other.azurecr.io/base:1", False, False),
        ("cr.azurecr.io/base:1", True, False),
        ("mcr.microsoft.com/base:1", True, False),
    ],
)
def test_a_private_image_to_build_upon_is_advised_against(
    image: str, builds: bool, advised: bool, recwarn: pytest.WarningsRecorder
) -> None:
    """The workspace's own and Microsoft's are not private to it; without a build nothing is built upon."""
    own = replace(registry(), login_server="cr.azurecr.io")

    with nullcontext() if advised else pytest.raises(NotApplicable, match="Azure builds"):
        check_private_image_registry_grants_pull(
            ENDPOINT, (IDENTITY,), None, None, (), parse_image(image), builds, own, BLUE, WORKSPACE
        )

    assert ["private, and Azure would build upon it" in str(one.message) for one in recwarn] == [True] * advised
