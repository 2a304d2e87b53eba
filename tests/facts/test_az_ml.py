"""Resource group and workspace in commands of `az ml`."""

import pytest

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.rules.az_ml import place_of_command, placed

WORKSPACE = parse_resource_id(
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ml"
)
PLACE = " --workspace-name ml --resource-group g"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "az ml online-deployment get-logs --endpoint-name e --name d --lines 100",
            f"az ml online-deployment get-logs --endpoint-name e --name d --lines 100{PLACE}",
        ),
        ("az ml compute list --output table\n(delete one)", f"az ml compute list --output table{PLACE}\n(delete one)"),
        ("see (az ml connection list)", f"see (az ml connection list{PLACE})"),
        (
            "az ml online-deployment update --name d --set a.b=1 c[0]=2, and wait",
            f"az ml online-deployment update --name d --set a.b=1 c[0]=2{PLACE}, and wait",
        ),
        (
            'az ml online-endpoint update --name e --traffic "blue=100"',
            f'az ml online-endpoint update --name e --traffic "blue=100"{PLACE}',
        ),
        ("az ml workspace sync-keys; later", "az ml workspace sync-keys --name ml --resource-group g; later"),
        ("az ml workspace list --output table", "az ml workspace list --output table"),
        (
            "az ml workspace outbound-rule show --rule r --workspace-name ml --resource-group g",
            "az ml workspace outbound-rule show --rule r --workspace-name ml --resource-group g",
        ),
        ("az ml model list --name m --registry-name r", "az ml model list --name m --registry-name r"),
        ("az ml compute detach --name c, then", f"az ml compute detach --name c{PLACE}, then"),
        ("az keyvault show --name kv", "az keyvault show --name kv"),
        (
            "try az ml model show --name m, then az ml model list.",
            f"try az ml model show --name m{PLACE}, then az ml model list{PLACE}.",
        ),
    ],
)
def test_a_command_says_where_it_looks(text: str, expected: str) -> None:
    """Only what lacks is added, at the command's end; prose around it stays."""
    assert WORKSPACE
    assert placed(text, WORKSPACE) == expected
    assert placed(expected, WORKSPACE) == expected


@pytest.mark.parametrize(
    ("command", "lacking"),
    [
        ("az ml compute detach --name c", PLACE),
        ("az ml compute attach --name c --resource-group g", " --workspace-name ml"),
        ("az ml job cancel --name j", PLACE),
        ("az ml workspace outbound-rule remove --rule r", PLACE),
        ("az ml workspace some-later-verb", " --name ml --resource-group g"),
        ("az ml registry show --name r", ""),
        ("az ml model share --name m --registry-name r --workspace-name another --resource-group theirs", ""),
        ("az aks start --name c", ""),
    ],
)
def test_a_fix_says_where_it_looks_whatever_its_verb(command: str, lacking: str) -> None:
    """No list of verbs decides: one that nobody thought of looks in the same place."""
    assert WORKSPACE
    assert "".join(f" {word}" for word in place_of_command(command.split(), WORKSPACE)) == lacking
