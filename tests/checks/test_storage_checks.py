"""The checks of the storage account, called with values."""

from dataclasses import replace

import pytest
from building import a_workspace

from pytest_amlpreflight.checks.storage import check_storage_admits_azure_machine_learning
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import ManagedNetwork, OutboundRule
from pytest_amlpreflight.verdict import Blocked, NotApplicable

GROUP = "/subscriptions/S/resourceGroups/g/providers"
ACCOUNT_ID = parse_resource_id(f"{GROUP}/Microsoft.Storage/storageAccounts/sa")
WORKSPACE_ID = parse_resource_id(f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ml")
HUB_ID = parse_resource_id(f"{GROUP}/Microsoft.MachineLearningServices/workspaces/hub")
assert ACCOUNT_ID
assert WORKSPACE_ID
assert HUB_ID
CLOSED = StorageAccount(
    ACCOUNT_ID, "sa", None, PublicAccess.ENABLED, "Deny", ("Logging", "Metrics"), (), shared_keys=True
)
WORKSPACE = a_workspace(
    WORKSPACE_ID,
    name="ml",
    kind="Project",
    public_network_access=PublicAccess.ENABLED,
    storage_account_id=ACCOUNT_ID,
    hub_id=HUB_ID,
)


@pytest.mark.parametrize(
    "account",
    [
        replace(CLOSED, default_action="Allow"),
        replace(CLOSED, bypass=("Logging", "AzureServices")),
        replace(CLOSED, public_network_access=PublicAccess.DISABLED, bypass=("AzureServices",)),
        replace(CLOSED, admitted_resources=(WORKSPACE_ID.text.lower(),)),
        replace(CLOSED, admitted_resources=(HUB_ID.text,)),
        replace(
            CLOSED,
            admitted_resources=(
                "/subscriptions/s/resourcegroups/*/providers/Microsoft.MachineLearningServices/workspaces/*",
            ),
        ),
    ],
    ids=["open", "trusted services", "trusted services only", "this workspace", "its hub", "all of a subscription"],
)
def test_account_that_lets_azure_machine_learning_through_passes(account: StorageAccount) -> None:
    """Open, by bypass, or by a rule for the workspace, its hub or all of their kind."""
    check_storage_admits_azure_machine_learning(WORKSPACE, account)


@pytest.mark.parametrize(
    "account",
    [
        CLOSED,
        replace(CLOSED, default_action="Allow", public_network_access=PublicAccess.DISABLED),
        replace(CLOSED, admitted_resources=(f"{WORKSPACE_ID.text}-other",)),
    ],
    ids=["denied by default", "public access off", "a rule for another workspace"],
)
def test_account_that_turns_azure_machine_learning_away_is_blocked(account: StorageAccount) -> None:
    """With public access off, the default of the rules admits nobody."""
    with pytest.raises(Blocked, match=r"^storage account sa turns Azure Machine Learning away"):
        check_storage_admits_azure_machine_learning(WORKSPACE, account)


def a_network(status: str, *, rule: str = "Active", part: str = "blob") -> ManagedNetwork:
    """A managed network with one private endpoint of its own to the account."""
    way = OutboundRule("__SYS_PE_sa_blob", "PrivateEndpoint", "Required", rule, None, ACCOUNT_ID, part)
    return ManagedNetwork("AllowInternetOutbound", status, (way,))


def test_private_endpoint_of_the_managed_network_is_a_way_in() -> None:
    """Deployments run inside that network: no firewall stands between them and the account's blobs."""
    check_storage_admits_azure_machine_learning(replace(WORKSPACE, managed_network=a_network("Active")), CLOSED)


@pytest.mark.parametrize(
    "network", [a_network("Inactive"), a_network("Active", rule="Inactive"), a_network("Active", part="file")]
)
def test_private_endpoint_that_is_not_made_or_leads_elsewhere_is_no_way_in(network: ManagedNetwork) -> None:
    """A network that is not provisioned, a rule that is not active, and another part of the account."""
    with pytest.raises(Blocked, match=r"turns Azure Machine Learning away"):
        check_storage_admits_azure_machine_learning(replace(WORKSPACE, managed_network=network), CLOSED)


def test_account_in_a_perimeter_is_not_judged_by_its_own_rules() -> None:
    """The perimeter's access rules decide, and are not read."""
    with pytest.raises(NotApplicable, match=r"perimeter"):
        check_storage_admits_azure_machine_learning(
            WORKSPACE, replace(CLOSED, public_network_access=PublicAccess.BY_PERIMETER)
        )
