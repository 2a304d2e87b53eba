"""Api-versions: refused, negotiated, remembered."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.api_version import Negotiated, nearest, resource_type
from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings
from pytest_amlpreflight.readers.resources.endpoint import read_endpoint, read_endpoints
from pytest_amlpreflight.readers.resources.key_vault import read_key_vault
from pytest_amlpreflight.readers.resources.workspace import read_workspace

WORLD = Path(__file__).parents[2] / "example_project" / "world.yml"
GROUP = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/contoso-ml-kv"


@pytest.fixture
def old_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Emulator]:
    """Serve the example world from a cloud whose provider lists these types and versions only; stopped at the end."""
    started: list[Emulator] = []

    def serve(namespace: str, types: str) -> Emulator:
        head, name, tail = WORLD.read_text(encoding="utf-8").partition(f"    namespace: {namespace}\n")
        lines = tail.split("\n")
        at = next(number for number, line in enumerate(lines) if line.startswith("    resourceTypes:"))
        lines[at] = f"    resourceTypes: {types}"
        path = tmp_path / "world.yml"
        path.write_text(head + name + "\n".join(lines), encoding="utf-8")
        emulator = Emulator(path)
        emulator.start()
        started.append(emulator)
        for variable, value in emulator.environment.items():
            monkeypatch.setenv(variable, value)
        return emulator

    yield serve
    for emulator in started:
        emulator.stop()


def connected(emulator: Emulator) -> Azure:
    """A connection to an emulator, without patience."""
    return Azure(ConnectionSettings(cloud=emulator.metadata_url, timeout=5, backoff=0))


def test_a_refused_api_version_is_negotiated_once_per_type(old_cloud: Callable[[str, str], Emulator]) -> None:
    """The first refusal asks the provider for its list; later reads of the type use what was found at once."""
    types = "[{resourceType: workspaces/onlineEndpoints, apiVersions: [2023-04-01, 2022-05-01, 2026-01-01-preview]}]"
    emulator = old_cloud("Microsoft.MachineLearningServices", types)
    azure, workspace = connected(emulator), parse_resource_id(WORKSPACE)
    assert workspace is not None

    read = read_endpoint(azure.arm, workspace, "iris")
    listed = read_endpoints(azure.arm, workspace)

    assert (read.name, [one.name for one in listed]) == ("iris", ["iris"])
    kind = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
    assert azure.versions.negotiated == (Negotiated(kind, "2024-10-01", "2023-04-01"),)
    asked = [(one.path.rpartition("/")[2], one.status) for one in emulator.requests if one.path.startswith("/subs")]
    provider = ("Microsoft.MachineLearningServices", 200)
    assert asked == [("iris", 400), provider, ("iris", 200), ("onlineEndpoints", 200)]


def test_the_sdks_own_clients_negotiate_too(old_cloud: Callable[[str, str], Emulator]) -> None:
    """Key vault leaves through the same pipeline, so that its pinned version is no obstacle either."""
    emulator = old_cloud("Microsoft.KeyVault", "[{resourceType: vaults, apiVersions: [2019-09-01]}]")
    azure, vault = connected(emulator), parse_resource_id(VAULT)
    assert vault is not None

    found = read_key_vault(azure, vault, named_by="workspace contoso-ml")

    assert found.name == "contoso-ml-kv"
    assert [one.used for one in azure.versions.negotiated] == ["2019-09-01"]


def test_a_type_that_the_provider_does_not_list_stays_refused(old_cloud: Callable[[str, str], Emulator]) -> None:
    """Nothing is invented: Azure's refusal is what the operator reads."""
    listed = "[{resourceType: registries, apiVersions: [2020-01-01]}]"
    azure = connected(old_cloud("Microsoft.MachineLearningServices", listed))

    with pytest.raises(FactUnreadable, match="workspace contoso-ml is unreadable: HTTP 400 NoRegisteredProviderFound"):
        azure.arm.get(WORKSPACE, "1999-01-01", "workspace contoso-ml")

    assert azure.versions.negotiated == ()


def test_nothing_is_negotiated_where_the_cloud_is_up_to_date(old_cloud: Callable[[str, str], Emulator]) -> None:
    """A run against a cloud that knows every pinned version makes no request more."""
    azure, workspace = connected(old_cloud("Microsoft.Cdn", "[]")), parse_resource_id(WORKSPACE)
    assert workspace is not None

    read_workspace(azure.arm, workspace)

    assert azure.versions.negotiated == ()


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        (["2025-12-01", "2024-04-01", "2023-10-01"], "2024-04-01"),
        (["2026-01-01", "2025-12-01"], "2025-12-01"),
        (["2023-01-01-preview", "2025-01-01-preview"], "2025-01-01-preview"),
        (["2024-09-01-preview", "2020-01-01"], "2020-01-01"),
        ([], None),
    ],
)
def test_the_nearest_stable_version_before_the_pinned_one_is_chosen(listed: list[str], chosen: str | None) -> None:
    """Else the oldest stable one after it, else the newest preview."""
    assert nearest(listed, "2024-10-01") == chosen


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (VAULT, "Microsoft.KeyVault/vaults"),
        (f"{WORKSPACE}/onlineEndpoints", "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"),
        ("/providers/Microsoft.ResourceGraph/resources", "Microsoft.ResourceGraph/resources"),
        (f"{VAULT}/providers/Microsoft.Authorization/locks", "Microsoft.Authorization/locks"),
        (GROUP, ""),
        ("/metadata/endpoints", ""),
    ],
)
def test_the_type_is_read_off_the_url(path: str, kind: str) -> None:
    """Of the last provider in it, whether it names a resource or a collection; empty where there is none."""
    assert resource_type(f"https://management.azure.com{path}?api-version=2024-10-01") == kind
