"""The workspace itself: nothing can be deployed to one that is not there, not ready, or not open to online endpoints."""

from pytest_amlpreflight.facts.workspace import Workspace
from pytest_amlpreflight.verdict import blocked, check


@check("workspace", explains=("ResourceNotFound",))
def check_workspace_is_ready(aml_workspace_or_none: Workspace | None, aml_target: object) -> None:
    """The workspace exists, its last operation succeeded, and its kind can host online endpoints.

    Everything else is read through it; a feature store looks like a workspace to ARM and takes no endpoints.
    """
    workspace = aml_workspace_or_none
    if workspace is None:
        blocked(
            f"workspace {aml_target} does not exist",
            found="404 from Azure Resource Manager",
            expected="a workspace of that name in the subscription and resource group given",
            fix="az ml workspace list --output table",
        )
    if not workspace.hosts_endpoints:
        blocked(
            f"workspace {workspace.name} is a feature store and takes no online endpoints",
            found=f"kind = {workspace.kind!r}",
            expected="kind = 'Default', 'Hub' or 'Project'",
            fix="az ml workspace list --output table",
        )
    if not workspace.ready:
        blocked(
            f"workspace {workspace.name} is not ready",
            found=f"provisioningState = {workspace.provisioning_state!r}",
            expected="provisioningState = 'Succeeded'",
            fix=f"az ml workspace diagnose --name {workspace.name} --resource-group {workspace.id.resource_group}",
        )


@check("workspace", explains=("V1LegacyMode", "BadRequest"), phases=("pre", "audit"))
def check_workspace_allows_v2_apis(aml_workspace: Workspace) -> None:
    """The workspace is not in v1 legacy mode.

    Managed online endpoints exist in the v2 API only. A workspace whose `v1_legacy_mode` is on refuses to create any.
    """
    if not aml_workspace.v1_legacy_mode:
        return
    name, group = aml_workspace.name, aml_workspace.id.resource_group
    blocked(
        f"workspace {name} refuses the v2 API that endpoints need",
        found="v1LegacyMode = True",
        expected="v1LegacyMode = False",
        fix=f"az ml workspace update --name {name} --resource-group {group} --set v1_legacy_mode=false\n"
        "(ask your network security team first: the mode may be on for a good reason)",
    )
