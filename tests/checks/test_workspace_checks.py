"""The checks of the workspace and of what it is linked to, called with values."""

from dataclasses import replace
from typing import Any

import pytest
from building import a_workspace

from pytest_amlpreflight.checks import workspace as checks
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.application_insights import ApplicationInsights
from pytest_amlpreflight.facts.resources.diagnosis import Diagnosis, DiagnosisResult
from pytest_amlpreflight.facts.resources.key_vault import DeletedKeyVault, KeyVault
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.public_access import PublicAccess
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.resources.workspace import (
    ManagedNetwork,
    OutboundRule,
    PrivateEndpointConnection,
    Workspace,
)
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

TENANT = "9d0a1c5e-3c1f-4d53-8a86-3f7f3c1f2b10"


def id_of(kind: str, name: str, subscription: str = "s") -> ResourceId:
    """The id of a resource in group g."""
    parsed = parse_resource_id(f"/subscriptions/{subscription}/resourceGroups/g/providers/{kind}/{name}")
    assert parsed
    return parsed


VAULT = KeyVault(
    id_of("Microsoft.KeyVault/vaults", "kv"), "kv", None, "eastus2", TENANT, True, PublicAccess.ENABLED, None, None, ()
)
ACCOUNT = StorageAccount(
    id_of("Microsoft.Storage/storageAccounts", "sa"),
    "sa",
    None,
    PublicAccess.ENABLED,
    "Allow",
    (),
    (),
    shared_keys=True,
)
REGISTRY = Registry(
    id_of("Microsoft.ContainerRegistry/registries", "cr"),
    "cr",
    "cr.azurecr.io",
    "Premium",
    PublicAccess.DISABLED,
    None,
    False,
    False,
    (),
)
INSIGHTS = ApplicationInsights(id_of("Microsoft.Insights/components", "ai"), "ai")
WORKSPACE = a_workspace(
    id_of("Microsoft.MachineLearningServices/workspaces", "ml"),
    name="ml",
    guid="2c7e5d84",
    key_vault_id=VAULT.id,
    registry_id=REGISTRY.id,
    storage_account_id=ACCOUNT.id,
    application_insights_id=INSIGHTS.id,
    identity_principal_id="p",
    tenant_id=TENANT,
    created_at="2025-02-11T09:12:44Z",
)


def check_links(own: Workspace | None = WORKSPACE, **found: object) -> None:
    """The check of linked resources, all of them there unless said otherwise."""
    there = {
        "aml_hub_or_none": None,
        "aml_key_vault_or_none": VAULT,
        "aml_storage_account_or_none": ACCOUNT,
        "aml_registry_or_none": REGISTRY,
        "aml_application_insights_or_none": INSIGHTS,
        "aml_deleted_key_vault": None,
    }
    checks.check_linked_resources_exist(own, **there | found)  # type: ignore[arg-type]


def test_linked_resources_that_are_there_pass() -> None:
    """Everything the workspace names exists in its subscription and tenant."""
    check_links()


def test_registry_that_was_never_made_passes() -> None:
    """Before the first image build a workspace names no registry, and that is no absence."""
    check_links(replace(WORKSPACE, registry_id=None), aml_registry_or_none=None)


@pytest.mark.parametrize(
    ("missing", "headline"),
    [
        ("aml_key_vault_or_none", "key vault kv of workspace ml does not exist"),
        ("aml_storage_account_or_none", "storage account sa of workspace ml does not exist"),
        ("aml_registry_or_none", "registry cr of workspace ml does not exist"),
        ("aml_application_insights_or_none", "Application Insights ai of workspace ml does not exist"),
    ],
)
def test_linked_resource_that_is_gone_is_blocked(missing: str, headline: str) -> None:
    """The headline starts with what is gone."""
    with pytest.raises(Blocked, match=rf"^{headline}"):
        check_links(**{missing: None})


def test_vault_in_soft_delete_is_blocked_with_the_command_that_recovers_it() -> None:
    """A deleted vault can be recovered by name and region."""
    deleted = DeletedKeyVault("kv", "westeurope", "2026-10-30", "2027-01-28")

    with pytest.raises(Blocked, match=r"can be recovered") as blocked:
        check_links(aml_key_vault_or_none=None, aml_deleted_key_vault=deleted)

    assert blocked.value.culprit.fix == "az keyvault recover --name kv --location westeurope"


def test_project_whose_hub_is_gone_is_blocked() -> None:
    """Everything of a project comes from its hub, so the hub is named first."""
    project = replace(WORKSPACE, hub_id=id_of("Microsoft.MachineLearningServices/workspaces", "hub"), key_vault_id=None)

    with pytest.raises(Blocked, match=r"^hub hub of workspace ml does not exist"):
        check_links(project)


def test_vault_that_a_project_has_from_its_hub_counts() -> None:
    """A project that names no vault itself is judged by the hub's."""
    hub = replace(WORKSPACE, id=id_of("Microsoft.MachineLearningServices/workspaces", "hub"), name="hub")
    project = replace(WORKSPACE, hub_id=hub.id, key_vault_id=None)

    with pytest.raises(Blocked, match=r"^key vault kv of workspace ml"):
        check_links(project, aml_hub_or_none=hub, aml_key_vault_or_none=None)


def test_resource_in_another_subscription_is_blocked_in_an_isolated_workspace() -> None:
    """With network isolation all linked resources are in the workspace's subscription."""
    elsewhere = replace(WORKSPACE, application_insights_id=id_of("Microsoft.Insights/components", "ai", "other"))

    with pytest.raises(Blocked, match=r"^Application Insights ai is in another subscription"):
        check_links(elsewhere)


def test_resource_in_another_subscription_passes_without_isolation() -> None:
    """The limitation is one of network isolation only."""
    elsewhere = replace(WORKSPACE, application_insights_id=id_of("Microsoft.Insights/components", "ai", "other"))

    check_links(replace(elsewhere, public_network_access=PublicAccess.ENABLED))


def test_vault_of_another_tenant_is_blocked() -> None:
    """A subscription that was moved leaves its vaults with the old tenant."""
    with pytest.raises(Blocked, match=r"^key vault kv trusts another tenant"):
        check_links(aml_key_vault_or_none=replace(VAULT, tenant_id="old"))


def test_a_vault_of_another_tenant_does_not_hide_behind_what_is_gone() -> None:
    """Every linked resource is judged, whatever is wrong with the others."""
    with pytest.raises(Blocked) as caught:
        check_links(aml_storage_account_or_none=None, aml_key_vault_or_none=replace(VAULT, tenant_id="another"))

    assert len(caught.value.culprits) == 2


def test_linked_resources_of_a_workspace_that_is_not_there_do_not_arise() -> None:
    """Its own check answers for its absence."""
    with pytest.raises(NotApplicable, match=r"the workspace does not exist"):
        check_links(None)


def network(status: str = "Active", *rules: OutboundRule) -> Workspace:
    """The workspace with a managed network."""
    return replace(WORKSPACE, managed_network=ManagedNetwork("AllowOnlyApprovedOutbound", status, rules))


def test_provisioned_network_passes() -> None:
    """Status Active, and every rule with it."""
    checks.check_managed_network_is_provisioned(
        network("Active", OutboundRule("r", "FQDN", "UserDefined", "Active")), None
    )


def test_workspace_without_a_managed_network_has_none_to_provision() -> None:
    """Isolation off is the default."""
    with pytest.raises(NotApplicable, match=r"no managed network"):
        checks.check_managed_network_is_provisioned(WORKSPACE, None)


def test_network_that_was_never_provisioned_is_blocked_whatever_its_rules() -> None:
    """Before that all rules are inactive, and only the network is to blame."""
    with pytest.raises(Blocked, match=r"^workspace ml has a managed network that is not provisioned"):
        checks.check_managed_network_is_provisioned(
            network("Inactive", OutboundRule("r", "", "Required", "Inactive")), None
        )


def test_required_rule_that_failed_is_blocked_with_what_azure_says() -> None:
    """The rule is named and Azure's reason repeated."""
    failed = OutboundRule("__SYS_PE_sa", "PrivateEndpoint", "Required", "Failed", "subnet is full")

    with pytest.raises(Blocked, match=r"(?s)^outbound rule __SYS_PE_sa of workspace ml is failed.*subnet is full"):
        checks.check_managed_network_is_provisioned(network("Active", failed), None)


@pytest.mark.parametrize(("category", "status"), [("UserDefined", "Failed"), ("Required", "Provisioning")])
def test_other_rule_that_is_not_active_is_advice(category: str, status: str) -> None:
    """Whether the deployment needs it, or needs it now, cannot be told."""
    with pytest.warns(PreflightAdvice, match=r"outbound rule r of workspace ml"):
        checks.check_managed_network_is_provisioned(
            network("Active", OutboundRule("r", "FQDN", category, status)), None
        )


BUILDING = replace(WORKSPACE, image_build_compute="c")
BUILDER = Compute(WORKSPACE.id, "c", "AmlCompute", "Succeeded")


def test_private_registry_without_a_build_compute_is_blocked() -> None:
    """The deployment makes Azure build an image, and nothing can."""
    with pytest.raises(Blocked, match=r"^workspace ml has no compute to build images"):
        checks.check_private_registry_has_a_build_compute(WORKSPACE, REGISTRY, True, None)


def test_private_registry_without_a_build_compute_is_advice_where_nobody_knows_of_a_build() -> None:
    """A registered environment may have its image already."""
    with pytest.warns(PreflightAdvice, match=r"no compute to build images"):
        checks.check_private_registry_has_a_build_compute(WORKSPACE, REGISTRY, None, None)


def test_a_private_registry_that_no_rule_leads_to_is_advice() -> None:
    """Deployments in the managed network pull through a rule of its own; a public registry needs none."""
    feed = OutboundRule("feed", "FQDN", "UserDefined", "Active")
    pull = OutboundRule("cr", "PrivateEndpoint", "Required", "Active", None, REGISTRY.id, "registry")
    public = replace(REGISTRY, public_network_access=PublicAccess.ENABLED)

    with pytest.warns(PreflightAdvice, match="of workspace ml has no private endpoint to its registry cr"):
        checks.check_managed_network_is_provisioned(network("Active", feed), REGISTRY)
    checks.check_managed_network_is_provisioned(network("Active", feed, pull), REGISTRY)
    checks.check_managed_network_is_provisioned(network("Active", feed), public)


@pytest.mark.parametrize(
    ("different", "where"),
    [
        ({"managed_network": ManagedNetwork("AllowInternetOutbound", "Active")}, "the managed network"),
        ({"serverless_subnet_id": parse_resource_id(f"{WORKSPACE.id}/subnets/builds")}, "subnet builds"),
    ],
)
def test_serverless_compute_in_a_network_may_build_for_a_private_registry(
    different: dict[str, Any], where: str
) -> None:
    """Whether it reaches the registry no API tells."""
    with pytest.warns(PreflightAdvice, match=f"whether serverless compute in {where} reaches it is not told"):
        checks.check_private_registry_has_a_build_compute(replace(WORKSPACE, **different), REGISTRY, True, None)


def test_private_registry_with_a_build_compute_passes() -> None:
    """The compute builds in the registry's network."""
    checks.check_private_registry_has_a_build_compute(BUILDING, REGISTRY, True, BUILDER)


def test_build_compute_in_the_making_is_advice_and_no_reason_for_another() -> None:
    """It will be ready in minutes."""
    with pytest.warns(PreflightAdvice, match=r"compute c[\s\S]*is not ready[\s\S]*az ml compute show --name c"):
        checks.check_private_registry_has_a_build_compute(
            BUILDING, REGISTRY, True, replace(BUILDER, provisioning_state="Creating")
        )


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (None, "compute c, which builds images for workspace ml, does not exist"),
        (
            replace(BUILDER, provisioning_state="Failed"),
            "compute c, which builds images for workspace ml, is not ready",
        ),
    ],
)
def test_build_compute_that_cannot_build_is_blocked(compute: Compute | None, words: str) -> None:
    """A name that is no compute is no better than none; where nobody knows of a build, it is advice."""
    with pytest.raises(Blocked, match=words):
        checks.check_private_registry_has_a_build_compute(BUILDING, REGISTRY, True, compute)
    with pytest.warns(PreflightAdvice, match=words):
        checks.check_private_registry_has_a_build_compute(BUILDING, REGISTRY, None, compute)


def test_build_compute_that_is_no_cluster_is_advice() -> None:
    """The documentation asks for a cluster; what else would do, nobody says."""
    with pytest.warns(PreflightAdvice, match="is no cluster"):
        checks.check_private_registry_has_a_build_compute(
            BUILDING, REGISTRY, True, replace(BUILDER, kind="ComputeInstance")
        )


@pytest.mark.parametrize(
    ("registry", "builds", "reason"),
    [
        (None, True, "no registry before"),
        (replace(REGISTRY, public_network_access=PublicAccess.ENABLED), True, "public address"),
        (replace(REGISTRY, public_network_access=PublicAccess.BY_PERIMETER), True, "perimeter decides"),
        (REGISTRY, False, "prebuilt"),
    ],
)
def test_build_compute_does_not_matter(registry: Registry | None, builds: bool, reason: str) -> None:
    """No registry yet, a public one, or nothing to build."""
    with pytest.raises(NotApplicable, match=reason):
        checks.check_private_registry_has_a_build_compute(WORKSPACE, registry, builds, None)


@pytest.mark.parametrize("mode", ["accesskey", "AccessKey"])
def test_keys_on_an_account_that_refuses_them_are_blocked(mode: str | None) -> None:
    """Keys are Azure's default, so a workspace that says nothing uses them."""
    workspace = replace(WORKSPACE, datastores_auth_mode=mode)

    with pytest.raises(Blocked, match=r"^storage account sa refuses the account keys"):
        checks.check_datastore_authentication_matches_the_storage(workspace, replace(ACCOUNT, shared_keys=False))


def test_authentication_that_azure_does_not_tell_is_advice() -> None:
    """Older api-versions leave it out of every workspace, whatever it is."""
    workspace = replace(WORKSPACE, datastores_auth_mode=None)

    with pytest.warns(
        PreflightAdvice, match=r"(?s)that workspace ml may use.*Azure does not tell systemDatastoresAuthMode"
    ):
        checks.check_datastore_authentication_matches_the_storage(workspace, replace(ACCOUNT, shared_keys=False))


@pytest.mark.parametrize(("mode", "shared_keys"), [("identity", False), ("accesskey", True), (None, True)])
def test_authentication_that_the_account_takes_passes(mode: str | None, shared_keys: bool) -> None:
    """Keys where there are keys, the identity anywhere."""
    workspace, account = replace(WORKSPACE, datastores_auth_mode=mode), replace(ACCOUNT, shared_keys=shared_keys)

    checks.check_datastore_authentication_matches_the_storage(workspace, account)


def connected(*statuses: str) -> Workspace:
    """The workspace with private endpoint connections in these states."""
    connections = tuple(PrivateEndpointConnection(f"/{s}", s.lower(), s, None, None) for s in statuses)
    return replace(WORKSPACE, private_endpoint_connections=connections)


def with_endpoint_of(created_at: str | None) -> Workspace:
    """A workspace of before online endpoints, whose one private endpoint was made at that time."""
    endpoint = id_of("Microsoft.Network/privateEndpoints", "pe")
    connection = PrivateEndpointConnection("/pe", "pe", "Approved", None, endpoint, created_at)
    return replace(WORKSPACE, created_at="2021-11-08T10:20:30Z", private_endpoint_connections=(connection,))


def test_approved_and_recent_private_endpoint_passes() -> None:
    """The day itself counts as recent."""
    checks.check_private_endpoints_are_approved_and_recent(with_endpoint_of("2022-05-24T00:00:00Z"))


@pytest.mark.parametrize("status", ["Pending", "Rejected", "Timeout"])
def test_private_endpoint_that_is_not_approved_is_blocked(status: str) -> None:
    """Nothing gets through it, approved ones beside it or not."""
    with pytest.raises(Blocked, match=f"private endpoint connection {status.lower()} of workspace ml"):
        checks.check_private_endpoints_are_approved_and_recent(connected("Approved", status))


def test_disconnected_leftover_is_advice() -> None:
    """Its private endpoint was deleted; the approved one serves."""
    with pytest.warns(PreflightAdvice, match=r"disconnected"):
        checks.check_private_endpoints_are_approved_and_recent(connected("Approved", "Disconnected"))


def test_only_private_endpoint_disconnected_is_blocked() -> None:
    """There is no other way in."""
    with pytest.raises(Blocked, match=r"disconnected"):
        checks.check_private_endpoints_are_approved_and_recent(connected("Disconnected"))


def test_private_endpoint_from_before_online_endpoints_is_blocked() -> None:
    """One made before 24 May 2022 must be made again."""
    with pytest.raises(Blocked, match=r"^private endpoint pe of workspace ml is too old"):
        checks.check_private_endpoints_are_approved_and_recent(with_endpoint_of("2022-05-23"))


def test_private_endpoint_of_unknown_age_is_advice() -> None:
    """Azure gave no time, and the workspace is old enough to have had it before."""
    with pytest.warns(PreflightAdvice, match=r"may be too old"):
        checks.check_private_endpoints_are_approved_and_recent(with_endpoint_of(None))


def test_age_is_no_question_where_the_workspace_is_younger() -> None:
    """Its private endpoints were made after it."""
    checks.check_private_endpoints_are_approved_and_recent(connected("Approved"))


def test_workspace_without_private_endpoints_has_none_to_approve() -> None:
    """The question is about those that exist."""
    with pytest.raises(NotApplicable, match=r"no private endpoint"):
        checks.check_private_endpoints_are_approved_and_recent(WORKSPACE)


def found(level: str) -> DiagnosisResult:
    """One result of Azure's diagnosis."""
    return DiagnosisResult("dnsResolutionResults", "CustomDNSInUse", level, "a custom DNS server is used")


@pytest.mark.parametrize("results", [(), (found("Information"),)])
def test_diagnosis_without_complaints_passes(results: tuple[DiagnosisResult, ...]) -> None:
    """Nothing found, or nothing but information."""
    checks.check_diagnosis_is_clean(WORKSPACE, Diagnosis(results))


def test_error_of_the_diagnosis_is_blocked_word_for_word() -> None:
    """Azure's code in the headline, code and message in what was found."""
    with pytest.raises(Blocked, match=r"CustomDNSInUse$|CustomDNSInUse\n") as blocked:
        checks.check_diagnosis_is_clean(WORKSPACE, Diagnosis((found("Error"),)))

    assert blocked.value.culprit.found == "CustomDNSInUse: a custom DNS server is used"


def test_warning_of_the_diagnosis_is_advice() -> None:
    """Azure itself does not call it an error."""
    with pytest.warns(PreflightAdvice, match=r"a custom DNS server is used"):
        checks.check_diagnosis_is_clean(WORKSPACE, Diagnosis((found("Warning"),)))


def test_diagnosis_that_the_caller_may_not_run_is_skipped_with_the_permission() -> None:
    """The reason names the action that would have answered."""
    with pytest.raises(NotApplicable, match=r"workspaces/diagnose/action"):
        checks.check_diagnosis_is_clean(WORKSPACE, None)


@pytest.mark.parametrize(
    ("state", "fix"),
    [
        ("Updating", "az ml workspace show --name ws --resource-group g --query provisioning_state"),
        ("Failed", "az ml workspace diagnose --name ws --resource-group g"),
    ],
)
def test_a_workspace_that_is_not_ready_says_how_to_look_further(state: str, fix: str) -> None:
    """What is under way is looked at again; what failed is diagnosed."""
    with pytest.raises(Blocked, match="is not ready") as raised:
        checks.check_workspace_is_ready(replace(WORKSPACE, provisioning_state=state), Target(WORKSPACE.id))

    assert raised.value.culprit.fix == fix.replace(" ws ", f" {WORKSPACE.name} ")
