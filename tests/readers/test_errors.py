"""Whatever goes wrong between here and Azure becomes `FactAbsent` or `FactUnreadable`, and never anything else."""

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from wire import Wire, arm_on

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotSignedIn
from pytest_amlpreflight.readers.connection.decoding import Legible
from pytest_amlpreflight.readers.connection.errors import WITHOUT_ANSWER, innermost_error, not_read
from pytest_amlpreflight.readers.resources.key_vault import read_key_vault
from pytest_amlpreflight.readers.resources.workspace import read_workspace


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ServiceRequestTimeoutError("no route"), "Timeout"),
        (ServiceResponseTimeoutError("silence"), "Timeout"),
        (ServiceRequestError("refused"), "ConnectionFailed"),
        (ServiceResponseError("reset"), "ConnectionBroken"),
        (DecodeError("not JSON"), "MalformedAnswer"),
        (IncompleteReadError("cut off"), "MalformedAnswer"),
        (AzureError("something else"), "AzureError"),
    ],
)
def test_an_error_without_an_answer_has_a_code_of_ours(error: AzureError, code: str) -> None:
    """No status, a code that can be searched for, and the SDK's first line as detail."""
    problem = not_read("workspace w", error)

    assert isinstance(problem, FactUnreadable)
    assert (problem.status, problem.code, problem.detail) == (None, code, error.message)


def test_the_table_holds_subclasses_before_their_bases() -> None:
    """The first row that fits decides; a base before its subclass would hide it."""
    kinds = [kind for kind, _ in WITHOUT_ANSWER]

    hidden = [late for at, late in enumerate(kinds) for early in kinds[:at] if issubclass(late, early)]

    assert hidden == []


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "A", "message": "m"}}, "A", "m"),
        ({"code": "A", "message": "m"}, "A", "m"),
        (
            {"error": {"code": "UserError", "message": "m", "innerError": {"code": "NotFoundError"}}},
            "NotFoundError",
            "m",
        ),
        (
            {"error": {"code": "A", "innerError": {"code": "B", "innerError": {"code": "C", "message": "deep"}}}},
            "C",
            "deep",
        ),
        ({"error": {"code": "Forbidden", "innererror": {"code": "ForbiddenByRbac"}}}, "ForbiddenByRbac", ""),
        ({"error": {"code": "A", "message": "m", "innerError": {"code": None}}}, "A", "m"),
        ({"error": "plain words"}, None, "plain words"),
        ({}, None, ""),
        ([], None, ""),
        (None, None, ""),
        ("<html>", None, ""),
    ],
)
def test_the_innermost_code_is_found_in_every_dialect(body: object, code: str | None, message: str) -> None:
    """ARM, Azure Machine Learning, Key Vault, the bare object, and what is none of them."""
    assert innermost_error(body) == (code, message)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "InvalidApiVersionParameter"),
        (403, "AuthorizationFailed"),
        (409, "MissingSubscriptionRegistration"),
        (500, "InternalServerError"),
        (503, "ServerBusy"),
    ],
)
def test_a_refusal_is_unreadable_with_status_and_code(world: Any, status: int, code: str) -> None:
    """In Azure's own words."""
    world.fault("status", "*/workspaces/contoso-ml", status=status, code=code, message="Not now.\nTrace: 1")
    azure = world.connect()

    with pytest.raises(FactUnreadable, match=f"workspace contoso-ml is unreadable: HTTP {status} {code}") as caught:
        read_workspace(azure.arm, world.workspace_id)

    assert (caught.value.status, caught.value.code, caught.value.detail) == (status, code, "Not now.")


def test_a_refusal_names_the_lock_behind_it(world: Any) -> None:
    """However long the ids are that stand before it in Azure's sentence."""
    lock = {"name": "frozen", "properties": {"level": "ReadOnly"}}
    place = world.id("Microsoft.MachineLearningServices/workspaces/contoso-ml/onlineEndpoints/iris").text
    world.add(lock | {"id": f"{place}/providers/Microsoft.Authorization/locks/frozen"})
    arm = world.connect().arm

    with pytest.raises(FactUnreadable, match="HTTP 409 ScopeLocked") as caught:
        arm.post(f"{place}/deployments/blue/getLogs", "2024-10-01", {}, "the log")

    assert caught.value.detail.endswith(f"'{place}'. Please remove the lock and try again.")


@pytest.mark.parametrize(
    ("status", "permission"), [(403, "Microsoft.MachineLearningServices/workspaces/read"), (409, None)]
)
def test_only_a_denial_names_the_permission_that_lacks(world: Any, status: int, permission: str | None) -> None:
    """A permission mends a 403 and nothing else."""
    world.fault("status", "*/workspaces/contoso-ml", status=status)
    azure = world.connect()

    with pytest.raises(FactUnreadable, match=f"HTTP {status}") as caught:
        read_workspace(azure.arm, world.workspace_id)

    assert caught.value.permission == permission


@pytest.mark.parametrize(
    "code", ["ResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound", "ParentResourceNotFound", "NotFound"]
)
def test_a_404_of_the_gateway_is_absence(world: Any, code: str) -> None:
    """Azure Resource Manager looked, and there is nothing."""
    world.fault("vanish", "*/workspaces/contoso-ml", code=code)
    azure = world.connect()

    with pytest.raises(FactAbsent, match="hub contoso-ml does not exist, but project p names it"):
        read_workspace(azure.arm, world.workspace_id, word="hub", named_by="project p")


def test_a_404_of_machine_learnings_own_services_is_absence(world: Any) -> None:
    """The second dialect says `UserError` and means the same."""
    azure = world.connect()

    with pytest.raises(FactAbsent, match="model m does not exist"):
        azure.arm.get(f"{world.workspace_id}/models/m", "2024-10-01", "model m")


@pytest.mark.parametrize(
    "code",
    [
        "InvalidApiVersionParameter",
        "InvalidResourceNamespace",
        "InvalidResourceType",
        "MissingSubscriptionRegistration",
        "NoRegisteredProviderFound",
        "SubscriptionNotRegistered",
        "UnsupportedApiVersion",
    ],
)
def test_a_404_that_speaks_of_the_question_is_no_absence(world: Any, code: str) -> None:
    """Nobody looked: taking this for absence would let a first deployment pass."""
    world.fault("vanish", "*/workspaces/contoso-ml", code=code)
    azure = world.connect()

    with pytest.raises(FactUnreadable, match=f"HTTP 404 {code}"):
        read_workspace(azure.arm, world.workspace_id)


def test_a_provider_that_was_not_told_of_the_subscription_makes_nothing_absent() -> None:
    """It says so for months to a subscription that never registered it; only Resource Manager knows which there are."""
    told: Any = _Response(404, "SubscriptionNotFound", message="Subscription 5f1c was not found.")

    problem = not_read("storage account s", HttpResponseError(response=told))

    assert isinstance(problem, FactUnreadable)
    assert (problem.code, problem.detail) == ("SubscriptionNotFound", "Subscription 5f1c was not found.")


@pytest.mark.parametrize("body", ["", "<html><h1>404</h1></html>", "{}", '{"message": "no healthy upstream"}'])
def test_a_404_without_a_code_is_nobodys_word(body: str) -> None:
    """A proxy's page, a gateway's empty body, another service's JSON: whoever it was did not look for the resource."""
    wire = Wire({"https://": (404, {"Content-Type": "text/html"}, body)})

    with pytest.raises(FactUnreadable, match="workspace w is unreadable: HTTP 404 MalformedAnswer"):
        arm_on(wire).get("/subscriptions/s", "2022-12-01", "workspace w")


def test_a_403_of_machine_learnings_own_services_says_what_lacks() -> None:
    """Its code is in a row of `additionalInfo`, its sentence at the top."""
    inner = {"type": "InnerError", "info": {"value": {"code": "ForbiddenError", "innerError": None}}}
    sentence = (
        f"Identity(object id: {UUID(int=7)}) does not have permissions for "
        "Microsoft.MachineLearningServices/workspaces/datastores/read actions."
    )
    refused: Any = _Response(403, "UserError", message=sentence, details=[], additionalInfo=[inner])

    problem = not_read("datastore d", HttpResponseError(response=refused), permission="the/action")

    assert isinstance(problem, FactUnreadable)
    assert (problem.code, problem.detail, problem.permission) == ("ForbiddenError", sentence, "the/action")


def test_a_connection_that_breaks_is_unreadable(world: Any) -> None:
    """A firewall's reset, twice."""
    world.fault("reset", "*/workspaces/contoso-ml")
    azure = world.connect()

    with pytest.raises(FactUnreadable, match=r"workspace contoso-ml is unreadable: Connection(Broken|Failed)"):
        read_workspace(azure.arm, world.workspace_id)


@pytest.mark.parametrize("kind", ["truncate", "garble"])
def test_a_body_that_cannot_be_parsed_is_unreadable(world: Any, kind: str) -> None:
    """A status of 200 is not enough."""
    world.fault(kind, "*/workspaces/contoso-ml")
    azure = world.connect()

    with pytest.raises(FactUnreadable, match=r"workspace contoso-ml is unreadable: (MalformedAnswer|ConnectionBroken)"):
        read_workspace(azure.arm, world.workspace_id)


@pytest.mark.parametrize("kind", ["truncate", "garble"])
def test_a_body_that_the_sdks_own_clients_cannot_parse_is_unreadable(world: Any, kind: str) -> None:
    """Key vault and registry are read by clients that parse for themselves."""
    vault_id = world.id("Microsoft.KeyVault/vaults/contoso-ml-kv")
    world.fault(kind, "*/vaults/contoso-ml-kv")
    azure = world.connect()

    with pytest.raises(
        FactUnreadable, match=r"key vault contoso-ml-kv is unreadable: (MalformedAnswer|ConnectionBroken)"
    ):
        read_key_vault(azure, vault_id, named_by="workspace contoso-ml")


def test_silence_is_a_timeout(world: Any) -> None:
    """Asked twice, waited for as long as the settings say, and then told."""
    world.fault("slow", "*/workspaces/contoso-ml", seconds=1.0)
    azure = world.connect(timeout=0.2)

    with pytest.raises(FactUnreadable, match="workspace contoso-ml is unreadable: Timeout"):
        read_workspace(azure.arm, world.workspace_id)


def test_a_token_that_cannot_be_had_is_no_answer_of_the_resource(world: Any) -> None:
    """Not the identity endpoint's status but a code of its own: the workspace was never asked."""
    from azure.identity import ManagedIdentityCredential

    world.fault("token")
    azure = world.connect(lambda _: ManagedIdentityCredential())

    with pytest.raises(NotSignedIn, match="not signed in: no identity gave a token") as caught:
        read_workspace(azure.arm, world.workspace_id)

    assert caught.value.status is None


def test_a_token_endpoint_that_answers_404_makes_nothing_absent(world: Any) -> None:
    """What the credential could not find is an identity, not the workspace."""
    azure = world.connect(lambda _: _Unknown())

    with pytest.raises(NotSignedIn, match="not signed in: no identity gave a token"):
        read_workspace(azure.arm, world.workspace_id)


class _Unknown:
    """A credential whose authority answers 404."""

    def get_token_info(self, *scopes: str, options: object = None) -> object:
        """Fail as azure-identity does, with the authority's response."""
        raise ClientAuthenticationError(message="identity not found", response=_Response(404))


class _Response:
    reason, headers = "Not Found", {"content-type": "application/json"}

    def __init__(self, status: int, code: str = "ResourceNotFound", **more: object) -> None:
        self.status_code, self.body = status, {"error": {"code": code, **more}}

    def json(self) -> object:
        return self.body

    def text(self) -> str:
        return json.dumps(self.json())

    @property
    def content(self) -> bytes:
        return self.text().encode()


def test_a_certificate_bundle_that_is_not_there_is_a_failed_connection(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`requests` raises a bare OSError before it connects; the operator reads which file it misses."""
    azure = world.connect()
    assert azure.token.get_token_info(f"{azure.cloud.audience}/.default")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/authority.pem")

    with pytest.raises(FactUnreadable, match="workspace contoso-ml is unreadable: ConnectionFailed") as caught:
        read_workspace(azure.arm, world.workspace_id)

    assert "/nowhere/authority.pem" in caught.value.detail


@pytest.fixture
def page(world: Any) -> Iterator[Any]:
    """A server that answers every ARM request with one page, as a proxy in between does."""
    given: dict[str, Any] = {"status": 200, "type": "text/html", "body": b"<html>Please log in</html>"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(given["status"])
            self.send_header("Content-Type", given["type"])
            self.send_header("Content-Length", str(len(given["body"])))
            self.end_headers()
            self.wfile.write(given["body"])

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    given["port"] = server.server_port
    yield given
    server.shutdown()
    server.server_close()


def _through(page: dict[str, Any], error: type[Exception], match: str) -> Any:
    """Read a resource group over plain http, so that no token travels: the proxy's page is what counts."""
    import requests
    from azure.core.pipeline import Pipeline
    from azure.core.pipeline.policies import ContentDecodePolicy
    from azure.core.pipeline.transport import RequestsTransport

    from pytest_amlpreflight.engine import Pool
    from pytest_amlpreflight.readers.connection.arm import Arm

    session = requests.Session()
    transport = RequestsTransport(session=session, session_owner=False)
    arm = Arm(
        f"http://127.0.0.1:{page['port']}", Pipeline(transport, policies=[ContentDecodePolicy(), Legible()]), Pool()
    )
    with pytest.raises(error, match=match) as caught:
        arm.get("/subscriptions/s/resourceGroups/g", "2021-04-01", "resource group g")
    session.close()
    return caught.value


@pytest.mark.parametrize("kind", ["text/html", "application/json", "application/octet-stream", "text/plain"])
def test_a_page_of_html_with_status_200_is_no_answer(page: dict[str, Any], kind: str) -> None:
    """A proxy's login page, whatever it calls itself."""
    page["type"] = kind

    problem = _through(page, FactUnreadable, "resource group g is unreadable: MalformedAnswer")

    assert problem.status is None


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
@pytest.mark.parametrize("body", [b"<html>Please log in</html>", b"", b"[]", b"null", b"17", b'"text"'])
def test_a_page_that_an_sdk_client_cannot_parse_is_no_answer(page: dict[str, Any], kind: str, body: bytes) -> None:
    """The clients of azure-mgmt raise what their parsers raise."""
    from azure.core.pipeline import Pipeline
    from azure.core.pipeline.policies import ContentDecodePolicy
    from azure.core.pipeline.transport import RequestsTransport
    from azure.mgmt.keyvault import KeyVaultManagementClient

    page |= {"type": kind, "body": body}
    vault_id = parse_resource_id("/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv")
    assert vault_id is not None
    pipeline: Any = Pipeline(RequestsTransport(), policies=[ContentDecodePolicy(), Legible()])
    where, credential = f"http://127.0.0.1:{page['port']}", _Unknown()
    client = KeyVaultManagementClient(credential, "s", base_url=where, pipeline=pipeline)  # type: ignore[arg-type]
    azure: Any = SimpleNamespace(management_client=lambda *_: client)

    with pytest.raises(FactUnreadable, match=r"key vault kv is unreadable: (MalformedAnswer|UnexpectedShape)"):
        read_key_vault(azure, vault_id, named_by="workspace w")


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
@pytest.mark.parametrize("body", [b"<html>Not Found</html>", b"", b"null", b"[]", b"{}"])
def test_a_404_that_is_not_azures_makes_nothing_absent(page: dict[str, Any], kind: str, body: bytes) -> None:
    """A proxy or a wrong address knows nothing of the resource; absent would be read as `not created yet`."""
    page |= {"status": 404, "type": kind, "body": body}

    _through(page, FactUnreadable, r"resource group g is unreadable: (HTTP 404 )?MalformedAnswer")


def test_an_error_page_of_html_keeps_its_status(page: dict[str, Any]) -> None:
    """A gateway in between, and not Azure, has no code to give."""
    page["status"] = 502

    problem = _through(page, FactUnreadable, "resource group g is unreadable: HTTP 502")

    assert (problem.status, problem.code) == (502, "")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"17"])
def test_json_that_is_no_object_is_of_an_unexpected_shape(page: dict[str, Any], body: bytes) -> None:
    """It parses, and is not understood."""
    page |= {"type": "application/json", "body": body}

    _through(page, FactUnreadable, "resource group g is unreadable: UnexpectedShape")


def test_a_port_that_nobody_listens_on_is_a_failed_connection() -> None:
    """Closed just now, so that nobody can have taken it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    _through({"port": port}, FactUnreadable, "resource group g is unreadable: ConnectionFailed")


def test_an_answer_that_is_not_200_is_no_document() -> None:
    """`HttpResponseError` without a body still has a status."""
    error = HttpResponseError(message="accepted", response=_Response(202))

    problem = not_read("resource group g", error)

    assert isinstance(problem, FactUnreadable)
    assert problem.status == 202
