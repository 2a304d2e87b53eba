"""The checks of the workspace itself, called with values."""

from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.workspace import check_workspace_allows_v2_apis, check_workspace_is_ready
from pytest_amlpreflight.facts.workspace import Workspace
from pytest_amlpreflight.verdict import Blocked


@pytest.mark.parametrize("kind", ["Default", "Hub", "Project", "default"])
def test_a_workspace_that_is_ready_passes(workspace: Workspace, kind: str) -> None:
    """Every kind but a feature store hosts endpoints; Azure writes the kind in several casings."""
    check_workspace_is_ready(replace(workspace, kind=kind), "contoso-ml")


def test_a_workspace_that_does_not_exist_is_blocked_by_its_own_check() -> None:
    """Absence is a verdict with a way out, named as the operator named it."""
    with pytest.raises(Blocked, match="workspace contoso-ml does not exist") as caught:
        check_workspace_is_ready(None, "contoso-ml")

    assert caught.value.fix == "az ml workspace list --output table"


@pytest.mark.parametrize("kind", ["FeatureStore", "featurestore"])
def test_a_feature_store_is_blocked(workspace: Workspace, kind: str) -> None:
    """To ARM it is a workspace like any other, and it takes no endpoints."""
    with pytest.raises(Blocked, match="contoso-ml is a feature store and takes no online endpoints") as caught:
        check_workspace_is_ready(replace(workspace, kind=kind), "contoso-ml")

    assert caught.value.found == f"kind = {kind!r}"


@pytest.mark.parametrize("state", ["Failed", "Updating", "Deleting", "Canceled", "SoftDeleted", "Unknown"])
def test_a_workspace_in_any_other_state_is_blocked(workspace: Workspace, state: str) -> None:
    """Only `Succeeded` is ready, so that a state nobody has heard of does not pass."""
    with pytest.raises(Blocked, match="workspace contoso-ml is not ready") as caught:
        check_workspace_is_ready(replace(workspace, provisioning_state=state), "contoso-ml")

    assert caught.value.found == f"provisioningState = {state!r}"
    assert caught.value.expected == "provisioningState = 'Succeeded'"
    assert caught.value.fix.startswith("az ml workspace diagnose --name contoso-ml --resource-group ml-prod")


def test_a_workspace_without_legacy_mode_passes(workspace: Workspace) -> None:
    """The v2 API is open."""
    check_workspace_allows_v2_apis(workspace)


def test_a_workspace_in_legacy_mode_is_blocked(workspace: Workspace) -> None:
    """The fix turns the mode off, and says who is to be asked first."""
    with pytest.raises(Blocked, match="workspace contoso-ml refuses the v2 API that endpoints need") as caught:
        check_workspace_allows_v2_apis(replace(workspace, v1_legacy_mode=True))

    command, advice = caught.value.fix.split("\n")
    assert command == "az ml workspace update --name contoso-ml --resource-group ml-prod --set v1_legacy_mode=false"
    assert "network security team first" in advice
