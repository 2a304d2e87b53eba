"""The scoring side of an endpoint: its credentials by auth mode, and requests to it."""

import base64
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.credential import ScoringCredential
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.resources.scoring import ANSWERED_BY, Response, Sample, ScoringCall
from pytest_amlpreflight.facts.unreached import HostUnreached, Unreached
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.connection.cloud import Cloud
from pytest_amlpreflight.readers.connection.errors import reading
from pytest_amlpreflight.readers.connection.home import stray

LIST_KEYS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/listKeys/action"
TOKEN = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/token/action"  # noqa: S105  # an action's name

DECIDED = frozenset({401, 403, 424})
"""A refusal, or the model's own failure: somebody looked at the credentials. All else a gateway answers by itself."""

OF_THE_SERVICE = (ANSWERED_BY, "x-request-id", "x-ms-client-request-id", "x-ms-server-version")
"""Headers of which an answer of the endpoint has at least one."""

EMPTY = b"{}"
"""What strangers send: nothing of the user's."""


@dataclass(frozen=True, slots=True)
class Question:
    """One scoring request: whom it asks, as whom, and what. `deployment` passes the traffic rules by."""

    body: bytes = field(repr=False)
    credential: ScoringCredential | None = None
    deployment: str | None = None
    method: str = "POST"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    known: Mapping[str, str] = field(default_factory=dict, hash=False)

    def knowing(self, known: Mapping[str, str]) -> "Question":
        """The same question, with more words for the remedies."""
        return replace(self, known={**self.known, **known})


def read_scoring_credential(azure: Azure, workspace_id: ResourceId, endpoint: Endpoint) -> ScoringCredential:
    """A key, an Azure ML token or an Entra token, by the endpoint's own auth mode; its value is hidden from now on."""
    credential = _credential(azure, workspace_id, endpoint)
    azure.redactor.learn(credential.secret)
    return credential


def _credential(azure: Azure, workspace_id: ResourceId, endpoint: Endpoint) -> ScoringCredential:
    mode = endpoint.auth_mode.lower()
    if mode == "key":
        return _key(azure.arm, workspace_id, endpoint.name)
    if mode == "amltoken":
        return _endpoint_token(azure.arm, workspace_id, endpoint.name)
    if mode == "aadtoken":
        return _entra_token(azure)
    resource = f"the credentials of endpoint {endpoint.name}"
    raise FactUnreadable(resource, status=None, code="UnexpectedShape", detail=f"authMode is {endpoint.auth_mode!r}")


def score(azure: Azure, endpoint: Endpoint, question: Question, timeout: float) -> ScoringCall:
    """Ask the endpoint, and tell what came of it. Nothing is raised: that no answer came is a fact too.

    `timeout` is how long the model may take, in seconds.
    """
    client_id = f"amlpreflight-{uuid.uuid4().hex[:27]}"  # at most 40 of letters, digits, dashes and underscores
    credential = question.credential
    asked = ScoringCall(
        uri=endpoint.scoring_uri or "",
        client_request_id=client_id,
        deployment=question.deployment,
        credential=credential.kind if credential else "no credentials",
        credential_flaw=credential.flaw(time.time()) if credential else None,
        method=question.method,
        origin=question.headers.get("Origin", ""),
        known=question.known,
    )
    if credential and (why := _astray(azure.cloud, endpoint, credential)):
        return replace(asked, unreached=Unreached.FOREIGN, detail=why)
    try:
        response = _answer(azure, asked, question, timeout)
        if stranger := of_another(response, endpoint.managed and question.method == "POST"):
            return replace(asked, unreached=Unreached.ANOTHER, detail=stranger)
        return replace(asked, response=response)
    except HostUnreached as error:
        return replace(asked, unreached=error.why, detail=error.detail)


def _astray(cloud: Cloud, endpoint: Endpoint, credential: ScoringCredential) -> str | None:
    """Why a credential must not go to the endpoint's own address, None where it may.

    A managed endpoint is beneath its cloud's suffix. One on a Kubernetes cluster is wherever its document says, over
    plain http where its owner chose so: its own keys and tokens go there, an Entra token does not.
    """
    if not endpoint.managed and credential.wanted_audience is None:
        return None
    return stray(endpoint.scoring_uri or "", cloud.homes(cloud.machine_learning_audience))


def of_another(response: Response, managed: bool) -> str | None:
    """What says that a success is not the endpoint's: a page for people, such as a proxy's to sign in at.

    Every answer of a managed endpoint comes through Azure's own front door, which adds its headers. A container on a
    cluster may answer by itself, though not with a page.
    """
    kind = response.headers.get("content-type", "no content-type")
    suspicious = response.ok and (managed or "html" in kind)
    if suspicious and not any(name in response.headers for name in OF_THE_SERVICE):
        return f"HTTP {response.status} with {kind}, and no header of the service"
    return None


def _answer(azure: Azure, asked: ScoringCall, question: Question, timeout: float) -> Response:
    started = time.monotonic()
    headers = _headers(question, asked.client_request_id)
    found, body, trailers = azure.data_plane.ask(
        asked.method, asked.uri, headers=headers, data=question.body, timeout=timeout
    )
    received = {name.lower(): value for name, value in found.headers.items()}
    seconds = time.monotonic() - started
    return Response(found.status_code, received, body, seconds, found.reason or "", trailers)


def decided(call: ScoringCall) -> ScoringCall:
    """A call on whose credentials somebody decided, or whose host has no name; all others raise `FactUnreadable`."""
    resource = f"how {call.host} meets strangers"
    if call.unreached not in (None, Unreached.NAME):
        raise FactUnreadable(resource, status=None, code=call.unreached.value, detail=call.detail)
    answer = call.response
    if answer and not (answer.ok or answer.status in DECIDED or answer.deployment):
        raise FactUnreadable(resource, status=answer.status, code="NotDecided", detail=call.trace)
    return call


def strangers() -> tuple[Question, ...]:
    """Two requests that must be refused: one without credentials, one with a key that is none."""
    wrong = ScoringCredential("a wrong key", "0" * 32)
    return Question(EMPTY), Question(EMPTY, wrong)


def from_a_browser(origin: str) -> Question:
    """What a browser asks before it lets a page's script of that origin call the endpoint."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    return Question(b"", method="OPTIONS", headers={"Origin": origin, **asked})


def with_sample(sample: Sample, credential: ScoringCredential, deployment: str | None = None) -> Question:
    """The project's sample request, as its callers would send it."""
    known = {"sample": str(sample.path), "principal": credential.principal_id}
    said = {name: value for name, value in known.items() if value}
    return Question(sample.body, credential, deployment, content_type=sample.content_type, known=said)


def _headers(question: Question, client_id: str) -> dict[str, str]:
    headers = {"x-ms-client-request-id": client_id, "Accept-Encoding": "identity", **question.headers}
    if question.method == "POST":
        headers["Content-Type"] = question.content_type
    if question.deployment:
        headers[ANSWERED_BY] = question.deployment
    if question.credential:
        headers["Authorization"] = f"Bearer {question.credential.secret}"
    return headers


def _key(arm: Arm, workspace_id: ResourceId, name: str) -> ScoringCredential:
    path = f"{workspace_id}/onlineEndpoints/{name}/listKeys"
    resource = f"the keys of endpoint {name}"
    keys = arm.post(path, MACHINE_LEARNING, body={}, resource=resource, permission=LIST_KEYS)
    return ScoringCredential("the primary key", keys.need("primaryKey"))


def _endpoint_token(arm: Arm, workspace_id: ResourceId, name: str) -> ScoringCredential:
    path = f"{workspace_id}/onlineEndpoints/{name}/token"
    resource = f"a token of endpoint {name}"
    token = arm.post(path, MACHINE_LEARNING, body={}, resource=resource, permission=TOKEN)
    return ScoringCredential("the Azure ML token", token.need("accessToken"), token.number("expiryTimeUtc"))


def _entra_token(azure: Azure) -> ScoringCredential:
    """An Entra token for this cloud's own audience: azure-ai-ml asks for the public cloud's everywhere."""
    audience = azure.cloud.machine_learning_audience
    with reading(f"an Entra token for {audience}"):
        token = azure.token.get_token_info(f"{audience}/.default")
    claims = _claims(token.token)
    return ScoringCredential(
        "the Entra token",
        token.token,
        expires_on=float(token.expires_on),
        audience=_text(claims.get("aud")),
        principal_id=_text(claims.get("oid")),
        wanted_audience=audience,
    )


def _claims(token: str) -> dict[str, object]:
    """What the token says of itself; it is Azure that checks it."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==="))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
