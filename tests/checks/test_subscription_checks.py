"""The checks of the subscription, by call."""

from dataclasses import replace

import pytest
from building import a_workspace

from pytest_amlpreflight.checks.subscription import (
    check_deployer_may_deploy,
    check_no_lock_stands_in_the_way,
    check_policy_allows_the_deployment,
    check_resource_providers_are_registered,
    check_role_assignments_remain,
    check_subscription_is_enabled,
)
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.access import Access, PermissionBlock, RoleAssignment, RoleDefinition
from pytest_amlpreflight.facts.resources.caller import Caller
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Endpoint
from pytest_amlpreflight.facts.resources.policy import RESTRICTED, PolicyState, PolicyVerdict
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.subscription import (
    Lock,
    ResourceProvider,
    ResourceProviders,
    RoleAssignmentUsage,
    Subscription,
    required_providers,
)
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

GROUP = "/subscriptions/s/resourceGroups/g"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w"
STORAGE = f"{GROUP}-data/providers/Microsoft.Storage/storageAccounts/st"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u"
CALLER = Caller("me", "t", "app")
SPEC = Source("endpoint.yml")


def resource(text: str) -> ResourceId:
    """An id that is known to be one."""
    found = parse_resource_id(text)
    assert found
    return found


W = Target(resource(WORKSPACE), place="subscription from config.json, resource group from --aml-resource-group")

IRIS = replace(W, endpoint="iris", deployment="blue")


def workspace() -> Workspace:
    """A workspace that leans on a storage account elsewhere."""
    return a_workspace(
        resource(WORKSPACE), name="w", public_network_access=PublicAccess.ENABLED, storage_account_id=resource(STORAGE)
    )


def access(*actions: str, scope: str = WORKSPACE) -> Access:
    """What a caller may do who holds these actions."""
    role = RoleDefinition("", "all its roles together", False, (PermissionBlock(actions=actions),))
    return Access("me", scope, ((RoleAssignment("", "", "me", "", scope), role),))


def endpoint(*, identities: tuple[str, ...] = (), live: bool = False, **values: object) -> Endpoint:
    """An endpoint about to be created, or a live one."""
    ids = tuple(resource(text) for text in identities)
    return Endpoint("e", LIVE if live else SPEC, "key", identity_ids=ids, **values)  # type: ignore[arg-type]


def providers(**states: str) -> ResourceProviders:
    """Every needed provider registered, except those given by the part after `Microsoft.`."""
    names = required_providers().column("namespace")
    listed = {name.lower(): ResourceProvider(name, states.get(name.partition(".")[2], "Registered")) for name in names}
    return ResourceProviders("s", listed)


def test_an_enabled_subscription_passes() -> None:
    """Nothing is said of a subscription in which everything may be done."""
    check_subscription_is_enabled(Subscription("s", "Contoso", "Enabled"), W)


def test_an_unknown_subscription_is_likely_mistyped() -> None:
    """The operator is told to look for a typo, and where the right ids are listed."""
    with pytest.raises(Blocked, match=r"does not exist(.|\n)*typo(.|\n)*az account list") as caught:
        check_subscription_is_enabled(None, W)

    assert f"for {WORKSPACE} (subscription from config.json, resource group from" in str(caught.value)


@pytest.mark.parametrize("state", ["Disabled", "Deleted", "SomethingNew"])
def test_a_subscription_that_is_not_enabled_blocks(state: str) -> None:
    """A state that is not known to work does not pass."""
    with pytest.raises(Blocked, match=rf"Contoso is not enabled(.|\n)*state = '{state}'"):
        check_subscription_is_enabled(Subscription("s", "Contoso", state), W)


@pytest.mark.parametrize("state", ["Warned", "PastDue"])
def test_a_subscription_in_grace_is_advice(state: str) -> None:
    """It works today."""
    with pytest.warns(PreflightAdvice, match="Contoso will soon be disabled"):
        check_subscription_is_enabled(Subscription("s", "Contoso", state), W)


def test_registered_providers_pass() -> None:
    """All that endpoints lean on is registered."""
    check_resource_providers_are_registered(providers())


def test_each_missing_provider_is_named_with_its_command() -> None:
    """Azure would have said `[N/A]`."""
    with pytest.raises(Blocked, match=r"Microsoft.PolicyInsights, Microsoft.Cdn are not registered") as caught:
        check_resource_providers_are_registered(providers(Cdn="NotRegistered", PolicyInsights="Unregistered"))

    assert caught.value.culprit.fix.splitlines() == [
        "az provider register --namespace Microsoft.PolicyInsights --subscription s",
        "az provider register --namespace Microsoft.Cdn --subscription s",
    ]


def test_a_provider_on_its_way_is_advice() -> None:
    """Registering is done in some regions before others."""
    with pytest.warns(PreflightAdvice, match="Microsoft.Cdn is still being registered"):
        check_resource_providers_are_registered(providers(Cdn="Registering"))


def test_a_provider_that_the_cloud_does_not_list_is_advice() -> None:
    """The table was made in the public cloud."""
    listed = {name: one for name, one in providers().listed.items() if name != "microsoft.cdn"}

    with pytest.warns(PreflightAdvice, match="Microsoft.Cdn cannot be found"):
        check_resource_providers_are_registered(ResourceProviders("s", listed))


def test_a_contributor_may_deploy() -> None:
    """Everything but role assignments, and the identity brings its roles."""
    everything = access("*")

    check_deployer_may_deploy(CALLER, endpoint(identities=(IDENTITY,)), everything, (access("*", scope=IDENTITY),))


def test_a_reader_may_not_deploy() -> None:
    """The first action that lacks is named, with a role that holds it."""
    with pytest.raises(Blocked, match=r"may not create online endpoints(.|\n)*onlineEndpoints/write granted"):
        check_deployer_may_deploy(CALLER, endpoint(), access("*/read"), ())


def test_a_deployer_needs_to_assign_the_identity() -> None:
    """Writing endpoints is not enough to give one an identity."""
    reader = access("*/read", scope=IDENTITY)

    with pytest.raises(Blocked, match=r"may not give the endpoint its identity(.|\n)*Managed Identity Operator"):
        check_deployer_may_deploy(CALLER, endpoint(identities=(IDENTITY,)), access("*"), (reader,))


def test_for_a_live_endpoint_only_deployments_are_written() -> None:
    """A deployer who may add a deployment need not be able to create endpoints."""
    only = access("*/read", "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/write")

    check_deployer_may_deploy(CALLER, endpoint(live=True), only, ())


def test_a_new_system_assigned_identity_gets_no_roles_elsewhere() -> None:
    """Only advice: whether the code reads elsewhere is not known."""
    without = access("Microsoft.MachineLearningServices/*")

    with pytest.warns(PreflightAdvice, match="cannot grant roles to the endpoint's identity"):
        check_deployer_may_deploy(CALLER, endpoint(), without, ())


@pytest.mark.parametrize("scope", [WORKSPACE, GROUP, "/subscriptions/s"])
def test_a_read_only_lock_on_or_above_the_workspace_blocks(scope: str) -> None:
    """Locks are inherited."""
    with pytest.raises(Blocked, match=r"lock frozen forbids(.|\n)*az lock delete --ids " + scope):
        check_no_lock_stands_in_the_way(workspace(), (Lock("frozen", "ReadOnly", scope),))


def test_a_read_only_lock_on_the_storage_account_is_advice() -> None:
    """That a deployment fails by it is inferred."""
    with pytest.warns(PreflightAdvice, match="storageAccounts st"):
        check_no_lock_stands_in_the_way(workspace(), (Lock("frozen", "ReadOnly", STORAGE),))


def test_other_locks_do_not_stand_in_the_way() -> None:
    """One that only keeps things, and one on somebody else's resources."""
    locks = (Lock("keep", "CanNotDelete", WORKSPACE), Lock("frozen", "ReadOnly", f"{GROUP}2"))

    check_no_lock_stands_in_the_way(workspace(), locks)


def verdict(result: str = "NonCompliant", effect: str | None = "Deny") -> PolicyVerdict:
    """What the assignment `private` says."""
    at = "/subscriptions/s/providers/Microsoft.Authorization"
    return PolicyVerdict(
        "private", f"{at}/policyAssignments/private", f"{at}/policyDefinitions/d", "endpoint e", result, effect, "x = 1"
    )


@pytest.mark.parametrize("effect", ["Deny", None])
def test_a_policy_that_denies_blocks(effect: str | None) -> None:
    """An older answer without effects holds denials only."""
    with pytest.raises(Blocked, match=r"policy private denies endpoint e(.|\n)*--scope /subscriptions/s"):
        check_policy_allows_the_deployment(workspace(), (verdict(effect=effect),), (), IRIS)


def test_the_scope_of_an_assignment_is_its_whole_resource_whatever_its_case() -> None:
    """Azure writes `microsoft.authorization` as well; an assignment at a workspace has two providers in its id."""
    assigned = replace(verdict(), assignment_id=f"{WORKSPACE}/providers/microsoft.authorization/policyAssignments/p")

    with pytest.raises(Blocked, match=r"policy private denies") as caught:
        check_policy_allows_the_deployment(workspace(), (assigned,), (), IRIS)

    assert caught.value.culprit.fix.endswith(f"--scope {WORKSPACE}")


def test_a_policy_on_what_is_not_known_yet_is_advice() -> None:
    """The field is named, and what the policy admits."""
    with pytest.warns(PreflightAdvice, match="policy private decides on endpoint e by what is not known yet"):
        check_policy_allows_the_deployment(workspace(), (verdict(RESTRICTED),), (), IRIS)


def test_a_policy_that_only_audits_is_no_matter() -> None:
    """It refuses nothing."""
    check_policy_allows_the_deployment(workspace(), (verdict(effect="Audit"),), (), IRIS)


def test_a_policy_that_cannot_be_evaluated_is_advice() -> None:
    """It may fail the deployment; nobody can tell."""
    with pytest.warns(PreflightAdvice, match="policy private cannot be evaluated"):
        check_policy_allows_the_deployment(workspace(), (verdict("Error"),), (), IRIS)


def test_what_is_about_to_change_is_judged_by_its_forecast_and_not_by_what_it_was() -> None:
    """A spec that mends what stands against a policy is not told that it will be refused."""
    iris = f"{WORKSPACE}/onlineEndpoints/iris".lower()
    states = (PolicyState(iris, "tags", ""), PolicyState(f"{iris}/deployments/BLUE", "tags", ""))

    check_policy_allows_the_deployment(workspace(), (), states, IRIS)
    with pytest.warns(PreflightAdvice, match="tags will deny the next change"):
        check_policy_allows_the_deployment(workspace(), (), states, W)


def test_what_stands_against_a_policy_is_advice_where_it_is_the_workspaces() -> None:
    """Another resource of the group is no concern of the deployment."""
    states = (PolicyState(f"{WORKSPACE}/onlineEndpoints/e", "private", ""), PolicyState(STORAGE, "other", ""))

    with pytest.warns(PreflightAdvice, match="private will deny the next change") as caught:
        check_policy_allows_the_deployment(workspace(), (), states, IRIS)

    assert len(caught) == 1


@pytest.mark.parametrize("remaining", [4, 2000])
def test_room_for_four_role_assignments_is_enough(remaining: int) -> None:
    """Azure assigns four roles to a system-assigned identity."""
    check_role_assignments_remain(endpoint(), None, RoleAssignmentUsage(4000, 4000 - remaining, remaining))


def test_too_little_room_for_role_assignments_blocks() -> None:
    """The sum is shown, and what may be deleted."""
    with pytest.raises(Blocked, match=r"needs 4 more(.|\n)*4000 - 3997 = 3"):
        check_role_assignments_remain(endpoint(), None, RoleAssignmentUsage(4000, 3997, 3))


@pytest.mark.parametrize(
    ("live", "usage"),
    [(None, None), (endpoint(live=True, principal_id="p"), RoleAssignmentUsage(4000, 4000, 0))],
)
def test_an_endpoint_that_has_its_roles_needs_no_room(live: Endpoint | None, usage: RoleAssignmentUsage | None) -> None:
    """A user-assigned identity, or an endpoint that exists."""
    with pytest.raises(NotApplicable, match=r"assigned already|endpoint exists"):
        check_role_assignments_remain(endpoint(), live, usage)
