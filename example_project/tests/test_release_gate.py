"""This team's own gate: rules of its own, told with the same facts and in the same words as the built-in checks."""

from pytest_amlpreflight import blocked, check
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.workspace import Workspace


@check("release", phases=("pre",))
def test_production_runs_on_three_instances(aml_deployment: Deployment) -> None:
    """A deployment of this team survives the loss of a zone."""
    if aml_deployment.instance_count >= 3:
        return
    blocked(
        f"deployment {aml_deployment.name} has too few instances for production",
        found=f"instance_count: {aml_deployment.instance_count} ({aml_deployment.where('instance_count')})",
        expected="instance_count: 3 or more",
        fix="set instance_count in the deployment's YAML",
    )


def test_the_workspace_stays_in_our_region(aml_workspace: Workspace) -> None:
    """A plain test takes the same facts."""
    assert aml_workspace.location == "eastus2"
