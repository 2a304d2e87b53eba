"""The egress checks of the registry, called with values."""

from dataclasses import replace

import pytest
from building import a_workspace

from pytest_amlpreflight.checks.registry import (
    check_egress_private_endpoint_is_approved,
    check_egress_setting_fits_the_registry,
)
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Deployment
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.registry import EGRESS_CONNECTION, Registry
from pytest_amlpreflight.facts.resources.workspace import ManagedNetwork, PrivateEndpointConnection
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

GROUP = "/subscriptions/s/resourceGroups/g/providers"
REGISTRY_ID = parse_resource_id(f"{GROUP}/Microsoft.ContainerRegistry/registries/cr")
WORKSPACE_ID = parse_resource_id(f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ml")
assert REGISTRY_ID
assert WORKSPACE_ID
PRIVATE = Registry(REGISTRY_ID, "cr", "cr.azurecr.io", "Premium", PublicAccess.DISABLED, None, False, False, ())
PUBLIC = replace(PRIVATE, public_network_access=PublicAccess.ENABLED)
LEGACY = a_workspace(WORKSPACE_ID, name="ml", registry_id=REGISTRY_ID, identity_principal_id="p")
OPEN = replace(LEGACY, public_network_access=PublicAccess.ENABLED)
MANAGED = replace(LEGACY, managed_network=ManagedNetwork("AllowInternetOutbound", "Active"))


def spec(egress: bool | None) -> Deployment:
    """A deployment that is about to be made with this egress."""
    return Deployment("blue", "iris", Source("blue.yml"), "Standard_DS3_v2", 1, egress_public_network_access=egress)


def live(egress: bool | None) -> Deployment:
    """The deployment that Azure runs."""
    return replace(spec(egress), source=LIVE)


@pytest.mark.parametrize("egress", [True, None])
def test_open_egress_with_a_private_registry_is_blocked(egress: bool | None) -> None:
    """Open is the default, so a spec that says nothing is as bad."""
    with pytest.raises(Blocked, match=r"^registry cr is private and deployment blue has open egress"):
        check_egress_setting_fits_the_registry(spec(egress), None, OPEN, PRIVATE)


@pytest.mark.parametrize("registry", [PUBLIC, None])
def test_open_egress_in_a_private_workspace_is_blocked(registry: Registry | None) -> None:
    """The deployment calls the workspace's API, which takes no public requests; what serves already is only advised."""
    with pytest.raises(Blocked, match=r"^workspace ml is private and deployment blue has open egress"):
        check_egress_setting_fits_the_registry(spec(True), None, LEGACY, registry)
    with pytest.warns(PreflightAdvice, match=r"^workspace ml is private and deployment blue has open egress"):
        check_egress_setting_fits_the_registry(live(True), live(True), LEGACY, registry)


def test_all_that_open_egress_does_not_reach_is_named_beside_a_change_of_it() -> None:
    """A new name alone would end in the next failure."""
    with pytest.raises(Blocked) as caught:
        check_egress_setting_fits_the_registry(spec(True), live(False), LEGACY, PRIVATE)

    assert [one.headline for one in caught.value.culprits] == [
        "deployment blue cannot change its egress setting",
        "registry cr and workspace ml are private and deployment blue has open egress",
    ]


@pytest.mark.parametrize(("egress", "registry"), [(False, PRIVATE), (True, PUBLIC), (None, PUBLIC), (True, None)])
def test_egress_that_reaches_the_registry_passes(egress: bool | None, registry: Registry | None) -> None:
    """Closed egress has a private endpoint, a public registry its address, and no registry yet nothing to reach."""
    check_egress_setting_fits_the_registry(spec(egress), None, OPEN, registry)


def test_a_registry_in_a_perimeter_is_not_judged_by_its_rules() -> None:
    """Whom the perimeter admits is not read; closed egress has its private endpoint there too."""
    guarded = replace(PRIVATE, public_network_access=PublicAccess.BY_PERIMETER)

    with pytest.raises(NotApplicable, match="perimeter decides"):
        check_egress_setting_fits_the_registry(spec(True), None, OPEN, guarded)
    check_egress_setting_fits_the_registry(spec(False), None, LEGACY, guarded)


@pytest.mark.parametrize("before", [True, None])
def test_changed_egress_is_blocked(before: bool | None) -> None:
    """Azure refuses the update; what was created without the setting is open."""
    with pytest.raises(Blocked, match=r"^deployment blue cannot change its egress setting"):
        check_egress_setting_fits_the_registry(spec(False), live(before), LEGACY, PRIVATE)


def test_spec_that_leaves_the_setting_out_changes_nothing() -> None:
    """Only what is set can be a change."""
    check_egress_setting_fits_the_registry(spec(None), live(True), OPEN, PUBLIC)


@pytest.mark.parametrize("egress", [True, False])
def test_egress_set_under_a_managed_network_is_advice(egress: bool) -> None:
    """There it does nothing, and Microsoft asks to leave it out."""
    with pytest.warns(PreflightAdvice, match=r"deployment blue sets its egress"):
        check_egress_setting_fits_the_registry(spec(egress), None, MANAGED, PRIVATE)


def test_live_deployment_under_a_managed_network_passes() -> None:
    """Azure always shows the setting, whether anyone made it or not."""
    check_egress_setting_fits_the_registry(live(True), live(True), MANAGED, PRIVATE)


def test_kubernetes_deployment_has_no_egress_setting() -> None:
    """Its cluster's network pulls the image."""
    with pytest.raises(NotApplicable, match=r"Kubernetes"):
        check_egress_setting_fits_the_registry(replace(spec(None), managed=False), None, LEGACY, PRIVATE)


def waiting(*statuses: str) -> Registry:
    """The registry with connections of deployments in these states."""
    connections = tuple(PrivateEndpointConnection(f"/{s}", s.lower(), s, EGRESS_CONNECTION, None) for s in statuses)
    return replace(PRIVATE, private_endpoint_connections=connections)


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_a_failed_deployment_is_explained_by_the_connection_that_is_not_approved(status: str) -> None:
    """That of the other deployment is; which is whose, Azure does not say."""
    failed = replace(live(False), provisioning_state="Failed")

    with pytest.raises(Blocked, match=r"registry cr has (not approved|rejected) its private endpoint connection"):
        check_egress_private_endpoint_is_approved(failed, failed, LEGACY, waiting("Approved", status))


@pytest.mark.parametrize("state", ["Succeeded", "Updating"])
def test_a_deployment_that_works_is_not_that_of_the_connection_that_waits(state: str) -> None:
    """It has its own."""
    well = replace(live(False), provisioning_state=state)

    check_egress_private_endpoint_is_approved(well, well, LEGACY, waiting("Approved", "Pending"))


def test_every_connection_that_waits_is_named_to_a_deployment_that_failed() -> None:
    """Which one is its own is not told; each has its own way out."""
    failed = replace(live(False), provisioning_state="Failed")

    with pytest.raises(Blocked) as caught:
        check_egress_private_endpoint_is_approved(failed, failed, LEGACY, waiting("Rejected", "Pending"))

    first, second = caught.value.culprits
    assert "create it again" in first.fix
    approve = "az acr private-endpoint-connection approve --registry-name cr --resource-group g --name pending"
    assert second.fix == approve


def test_a_connection_that_waits_beside_a_deployment_in_the_making_is_advice() -> None:
    """It may be what the deployment waits for."""
    making = replace(live(False), provisioning_state="Creating")

    with pytest.warns(PreflightAdvice, match=r"has not approved a connection, and deployment blue is in the making"):
        check_egress_private_endpoint_is_approved(making, making, LEGACY, waiting("Approved", "Pending"))


@pytest.mark.parametrize("sku", ["Basic", "Standard"])
def test_a_tier_without_private_endpoints_is_blocked_before_the_first_deployment(sku: str) -> None:
    """No approval and no new deployment helps there."""
    with pytest.raises(Blocked, match="registry cr is of a tier that has no private endpoints") as raised:
        check_egress_private_endpoint_is_approved(spec(False), None, LEGACY, replace(PUBLIC, sku=sku))

    assert raised.value.culprit.fix == "az acr update --name cr --resource-group g --sku Premium"
