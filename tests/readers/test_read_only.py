"""Nothing is ever changed: what is not known to read is not sent."""

import pytest

from pytest_amlpreflight.readers.connection.read_only import NotReadOnly, require_read_only

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
