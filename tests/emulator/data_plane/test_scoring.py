"""The scoring host: reached under its own name, through TLS that carries it; its door, its traffic and its model."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from urllib3.util import connection

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.data_plane.local_model import MODULE, LocalModel
from pytest_amlpreflight.emulator.data_plane.scoring import Admitted, admit, from_model, keys, selector
from pytest_amlpreflight.emulator.faults import Fault
from pytest_amlpreflight.emulator.world import ENDPOINTS, World, load

ENDPOINT = (
    "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/ml-prod/providers"
    "/Microsoft.MachineLearningServices/workspaces/contoso-ml/onlineEndpoints/iris"
)

FAKE_SERVER = """
import http.server, os, sys

class Model(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(200, b"Healthy")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.reply(400 if body == b"bad" else 200, os.environ.get("WORD", "").encode() + body)
    def reply(self, status, body):
        self.send_response(status)
        self.send_header("x-ms-server-version", "fake/1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Model).serve_forever()
"""


@pytest.fixture
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host name leads to 127.0.0.1: the private endpoint's address is not of this machine."""
    connect = connection.create_connection
    monkeypatch.setattr(connection, "create_connection", lambda at, *a, **k: connect(("127.0.0.1", at[1]), *a, **k))


@pytest.fixture
def world(world_path: Path) -> World:
    """The example's world, not served."""
    return load(world_path)


@pytest.fixture
def knock(world: World) -> Callable[..., object]:
    """Ask the endpoint's door, with its own key unless other headers are given."""
    endpoint = next(world.of_type(ENDPOINTS))
    own = {"authorization": f"Bearer {keys(endpoint['id'])['primaryKey']}"}

    def ask(fault: Fault | None = None, method: str = "POST", path: str = "/score", **headers: str) -> object:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return admit(world, endpoint, method, path, own | named, fault)

    return ask


def test_the_scoring_uri_leads_to_the_emulator(emulator: Emulator, call: Callable[..., requests.Response]) -> None:
    """The endpoint's document names its real host, with the emulator's port."""
    answer = call(emulator, ENDPOINT, "2025-12-01")

    uri = answer.json()["properties"]["scoringUri"]
    assert uri == f"https://iris.eastus2.inference.ml.azure.com:{emulator.port}/score"


def test_scoring_needs_a_key(
    emulator: Emulator,
    call: Callable[..., requests.Response],
    on_loopback: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a key 401; with one of the keys from listKeys the live deployment answers, and says that it is canned."""
    monkeypatch.setattr("pytest_amlpreflight.emulator.data_plane.local_model.MODULE", "not_installed_anywhere")
    uri = call(emulator, ENDPOINT, "2025-12-01").json()["properties"]["scoringUri"]
    token = call(emulator, ENDPOINT, "2025-12-01").request.headers["Authorization"]
    listed = f"{emulator.url}{ENDPOINT}/listKeys?api-version=2025-12-01"
    key = requests.post(listed, headers={"Authorization": token}, timeout=5).json()["primaryKey"]

    stranger = requests.post(uri, json={}, timeout=5)
    friend = requests.post(uri, data="[5.1]", headers={"Authorization": f"Bearer {key}"}, timeout=5)
    swagger = requests.get(
        uri.replace("/score", "/swagger.json"), headers={"Authorization": f"Bearer {key}"}, timeout=5
    )

    assert stranger.status_code == 401
    assert (friend.status_code, friend.json()) == (200, {"echo": "[5.1]"})
    assert friend.headers["azureml-model-deployment"] == "blue"
    assert friend.headers["x-ms-server-version"] == "canned"
    assert swagger.json()["swagger"] == "2.0"


def test_the_traffic_rules_choose_a_live_deployment(world: World, knock: Callable[..., object]) -> None:
    """The heaviest that lives; none, and it is 404."""
    deployment = world.get(f"{ENDPOINT}/deployments/blue")
    assert deployment is not None
    admitted = knock()

    deployment["properties"]["provisioningState"] = "Failed"
    refused = knock()

    assert isinstance(admitted, Admitted)
    assert admitted.deployment == "blue"
    assert getattr(refused, "status", None) == 404


def test_a_deployment_can_be_asked_for_by_name(knock: Callable[..., object]) -> None:
    """Past the traffic rules; one that is not there is 404."""
    blue, green = knock(azureml_model_deployment="blue"), knock(azureml_model_deployment="green")

    assert isinstance(blue, Admitted)
    assert getattr(green, "status", None) == 404


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 413, 424, 429, 500, 502, 503, 504])
def test_every_status_can_be_had(knock: Callable[..., object], status: int) -> None:
    """With its headers and the request's trace, once the credentials were looked at."""
    fault = Fault("status", status=status, headers={"ms-azureml-model-error-statuscode": "500"})

    answer, stranger = knock(fault), knock(fault, authorization="")

    assert getattr(answer, "status", None) == status
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"  # type: ignore[attr-defined]
    assert "x-request-id" in answer.headers  # type: ignore[attr-defined]
    assert getattr(stranger, "status", None) == 401


def test_faults_select_a_deployment(world: World) -> None:
    """`*/deployments/green/score` leaves blue alone."""
    endpoint = next(world.of_type(ENDPOINTS))

    assert selector(world, endpoint, "/score", {}) == f"{ENDPOINT}/deployments/blue/score"
    assert selector(world, endpoint, "/score", {"azureml-model-deployment": "green"}).endswith("/green/score")


def test_an_open_door_asks_nobody(knock: Callable[..., object]) -> None:
    """As behind a gateway that adds the key for everybody."""
    assert isinstance(knock(Fault("admit"), authorization=""), Admitted)


@pytest.mark.parametrize(("compute", "status"), [(None, 424), ("/computes/cluster", 502)])
def test_a_model_that_fails_is_told_as_azure_tells_it(compute: str | None, status: int) -> None:
    """Managed endpoints hide the container's status in a header; Kubernetes says 502."""
    admitted = Admitted({"id": "/e", "name": "iris", "properties": {"compute": compute}}, "blue", {"x-request-id": "1"})

    answer = from_model(admitted, 500, {"x-ms-server-version": "1", "server": "gunicorn"}, b"boom")

    assert answer.status == status
    assert answer.headers.get("ms-azureml-model-error-statuscode") == ("500" if compute is None else None)
    assert "server" not in answer.headers


def test_a_script_is_served_by_the_inference_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, started once and ended with the emulator."""
    package = tmp_path / MODULE
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(FAKE_SERVER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("WORD", "seen ")
    model = LocalModel.of({"script": "score.py", "python": sys.executable}, tmp_path)
    assert model is not None

    try:
        status, headers, body = model.ask("POST", "/api/v1/endpoint/iris/score", {}, b"[5.1]")
        refused, _, _ = model.ask("POST", "/score", {}, b"bad")
    finally:
        model.stop()

    assert (status, headers["x-ms-server-version"], body) == (200, "fake/1", b"seen [5.1]")
    assert refused == 400
    assert model.ask("POST", "/score", {}, b"[5.1]")[0] == 502


def test_without_a_script_or_a_server_there_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then answers are canned, and the emulator says so."""
    monkeypatch.setattr("pytest_amlpreflight.emulator.data_plane.local_model.MODULE", "not_installed_anywhere")

    assert LocalModel.of({}, tmp_path) is None
    assert LocalModel.of({"script": "score.py"}, tmp_path) is None


def test_the_examples_own_script_answers() -> None:
    """Where the real inference server is installed: three flowers, three classes."""
    pytest.importorskip(MODULE)
    example = Path(__file__).parents[3] / "example_project"
    model = LocalModel.of({"script": "src/score.py", "model": "."}, example)
    assert model is not None

    try:
        status, headers, body = model.ask(
            "POST",
            "/score",
            {"content-type": "application/json"},
            (example / "sample-request.json").read_bytes(),
        )
    finally:
        model.stop()

    assert status == 200
    assert headers["x-ms-server-version"].startswith("azmlinfsrv/")
    assert body.count(b'"class"') == 3
