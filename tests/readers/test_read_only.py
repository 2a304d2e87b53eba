"""Nothing is ever changed: what is not known to read is not sent."""

import pytest

from pytest_amlpreflight.readers.connection.read_only import CLUSTER, NotReadOnly, require_listed, require_read_only

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    "path",
    [
        f"{WORKSPACE}/diagnose",
        f"{WORKSPACE}/onlineEndpoints/e/listKeys",
        f"{WORKSPACE}/onlineendpoints/e/deployments/d/getlogs",
        "/providers/Microsoft.ResourceGraph/resources",
    ],
)
def test_what_only_reads_is_sent(path: str) -> None:
    """However the case of the path."""
    require_read_only(path)


@pytest.mark.parametrize(
    "path",
    [
        f"{WORKSPACE}/onlineEndpoints/e/regenerateKeys",
        f"{WORKSPACE}/resyncKeys",
        f"{WORKSPACE}/diagnose/more",
        f"{WORKSPACE}/listKeys",
        "/",
        "",
    ],
)
def test_anything_else_is_refused(path: str) -> None:
    """Before it leaves the machine."""
    with pytest.raises(NotReadOnly, match="is none of Azure's read-only requests"):
        require_read_only(path)


@pytest.mark.parametrize("path", CLUSTER)
def test_what_is_listed_is_asked_of_a_cluster(path: str) -> None:
    """Whatever the names in it."""
    require_listed(path.replace("{}", "azureml-iris.v1"))


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/secrets",
        "/api/v1/namespaces/azureml/secrets",
        "/api/v1/namespaces/azureml/secrets/token",
        "/api/v1/namespaces/azureml/configmaps",
        "/api/v1/namespaces/azureml/configmaps/another",
        "/api/v1/namespaces/azureml/pods/router/exec",
        "/api/v1/namespaces/../secrets",
        "/api/v1/namespaces/..",
        "/api/v1/namespaces/a/b/pods",
        "/api/v1/nodes/n/proxy",
        "/api/v1/pods?watch=1",
        "/api/v1/pods/",
        "",
    ],
)
def test_anything_else_is_not_asked_of_a_cluster(path: str) -> None:
    """Neither Secrets, nor what would run something in a pod."""
    with pytest.raises(NotReadOnly, match="is none of what may be asked of a cluster"):
        require_listed(path)
