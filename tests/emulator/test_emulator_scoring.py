"""The scoring host: reached under its own name, through TLS that carries it."""

from collections.abc import Callable

import pytest
import requests
from urllib3.util import connection

from pytest_amlpreflight.emulator import Emulator

ENDPOINT = (
    "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod/providers"
    "/Microsoft.MachineLearningServices/workspaces/contoso-ml/onlineEndpoints/iris"
)


@pytest.fixture
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host name leads to 127.0.0.1: the private endpoint's address is not of this machine."""
    connect = connection.create_connection
    monkeypatch.setattr(connection, "create_connection", lambda at, *a, **k: connect(("127.0.0.1", at[1]), *a, **k))


def test_the_scoring_uri_leads_to_the_emulator(emulator: Emulator, call: Callable[..., requests.Response]) -> None:
    """The endpoint's document names its real host, with the emulator's port."""
    answer = call(emulator, ENDPOINT, "2025-12-01")

    uri = answer.json()["properties"]["scoringUri"]
    assert uri == f"https://iris.eastus2.inference.ml.azure.com:{emulator.port}/score"


def test_scoring_needs_a_key(emulator: Emulator, call: Callable[..., requests.Response], on_loopback: None) -> None:
    """Without a key 401; with one of the keys from listKeys the live deployment answers with the request's own body."""
    uri = call(emulator, ENDPOINT, "2025-12-01").json()["properties"]["scoringUri"]
    token = call(emulator, ENDPOINT, "2025-12-01").request.headers["Authorization"]
    listed = f"{emulator.url}{ENDPOINT}/listKeys?api-version=2025-12-01"
    key = requests.post(listed, headers={"Authorization": token}, timeout=5).json()["primaryKey"]

    stranger = requests.post(uri, json={}, timeout=5)
    friend = requests.post(uri, data="[5.1]", headers={"Authorization": f"Bearer {key}"}, timeout=5)

    assert stranger.status_code == 401
    assert (friend.status_code, friend.json()) == (200, {"echo": "[5.1]"})
    assert friend.headers["azureml-model-deployment"] == "blue"
