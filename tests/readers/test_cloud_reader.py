"""Which Azure it is: by name, or by its metadata."""

from typing import Any

import pytest
import requests

from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.cloud import CLOUDS, read_cloud


def described(world: Any, version: str) -> Any:
    """What the emulator's metadata of that version describe."""
    world.connect()
    return read_cloud(f"{world.emulator.url}/metadata/endpoints?api-version={version}", requests.Session(), 5)


@pytest.mark.parametrize("name", ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"])
def test_a_cloud_by_name_needs_no_request(name: str) -> None:
    """Its addresses are the SDK's own."""
    cloud = read_cloud(name, requests.Session(), 0.001)

    assert cloud is CLOUDS[name]
    assert cloud.private_link_zone.startswith("privatelink.api.")


def test_the_tables_agree_with_the_sdk() -> None:
    """Endpoint and audience of azure-mgmt-core, authority of azure-identity."""
    from azure.core import AzureClouds
    from azure.identity import AzureAuthorityHosts
    from azure.mgmt.core.tools import get_arm_endpoints

    known = {
        "AzureCloud": (AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD),
        "AzureUSGovernment": (AzureClouds.AZURE_US_GOVERNMENT, AzureAuthorityHosts.AZURE_GOVERNMENT),
        "AzureChinaCloud": (AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA),
    }
    for name, (setting, authority) in known.items():
        endpoints, cloud = get_arm_endpoints(setting), CLOUDS[name]
        assert endpoints["resource_manager"].rstrip("/") == cloud.resource_manager
        assert endpoints["credential_scopes"] == [f"{cloud.audience}/.default"]
        assert authority == cloud.authority


@pytest.mark.parametrize("version", ["2019-05-01", "2022-09-01"])
def test_metadata_come_as_a_list_or_as_one_object(world: Any, version: str) -> None:
    """Both describe the same cloud."""
    cloud = described(world, version)

    assert cloud.resource_manager == world.emulator.url
    assert cloud.authority == "login.microsoftonline.com"
    assert cloud.private_link_zone == "privatelink.api.azureml.ms"


@pytest.mark.parametrize("name", ["AzureUSGovernment", "AzureChinaCloud"])
def test_what_metadata_do_not_tell_is_that_of_the_cloud_with_the_same_login(world: Any, name: str) -> None:
    """Audience, zone and suffix of a sovereign cloud."""
    world.sections["cloud"] = name

    cloud = described(world, "2022-09-01")

    known = CLOUDS[name]
    assert (cloud.audience, cloud.authority) == (known.audience, known.authority)
    assert (cloud.private_link_zone, cloud.inference_suffix) == (known.private_link_zone, known.inference_suffix)


@pytest.mark.parametrize("name", ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"])
def test_every_cloud_is_read_with_a_token_for_its_own_audience(world: Any, name: str) -> None:
    """ARM of one cloud takes no token that was issued for another."""
    world.sections["cloud"] = name

    found = world.connect().arm.get(world.workspace_id.text, "2024-10-01", "workspace w")

    assert found.need("name") == "contoso-ml"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "status", "status": 503}, "HTTP 503 MetadataUnavailable"),
        ({"kind": "vanish"}, "HTTP 404 MetadataUnavailable"),
        ({"kind": "garble"}, "MalformedAnswer"),
        ({"kind": "truncate"}, "ConnectionFailed"),
        ({"kind": "reset"}, "ConnectionFailed"),
        ({"kind": "slow", "seconds": 0.5}, "Timeout"),
    ],
)
def test_metadata_that_cannot_be_read_are_unreadable(world: Any, fault: dict[str, Any], words: str) -> None:
    """No cloud is guessed."""
    world.fault(fault.pop("kind"), "/metadata/endpoints*", **fault)
    azure = world.connect(timeout=0.2)

    with pytest.raises(FactUnreadable, match=f"cloud metadata at https://.* is unreadable: {words}"):
        _ = azure.cloud


def test_nobody_there_is_a_failed_connection(world: Any) -> None:
    """And the address is named."""
    world.connect()
    bundle = world.emulator.ca_bundle.read_bytes()
    nowhere = f"{world.emulator.url}/metadata/endpoints"
    world.emulator.stop()
    kept = world.path.with_suffix(".pem")
    kept.write_bytes(bundle)
    session = requests.Session()
    world.monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(kept))

    with pytest.raises(FactUnreadable, match=f"cloud metadata at {nowhere} is unreadable: ConnectionFailed"):
        read_cloud(nowhere, session, 1)
