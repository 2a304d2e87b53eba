"""What the endpoint answers: credentials, and what came of requests to it and to each deployment."""

from functools import partial

import pytest

from pytest_amlpreflight.facts.resources.credential import ScoringCredential
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.scoring import Response, Sample, ScoringCall, Timing
from pytest_amlpreflight.facts.rules.scoring_status import settings_of
from pytest_amlpreflight.facts.target import Level, Target
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.graph.fact import fact
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.project.sample import read_sample
from pytest_amlpreflight.readers.resources.scoring import (
    Question,
    decided,
    from_a_browser,
    read_scoring_credential,
    score,
    strangers,
    with_sample,
)
from pytest_amlpreflight.verdict import NotApplicable

MORE_REQUESTS = 2
"""Beside the first: enough for a median, few enough for a model that is paid by the request."""

ALLOWANCE = 5.0
"""Seconds for the way there and back, beyond what the model itself may take."""


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_scoring_credential(aml_target: Target, aml_endpoint: Endpoint, aml_azure: Azure) -> ScoringCredential:
    """A key or token for scoring, by the endpoint's own auth mode; its secret is in no report."""
    return read_scoring_credential(aml_azure, aml_target.workspace_id, aml_endpoint)


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_sample_request(aml_target: Target, aml_run_options: RunOptions) -> Sample:
    """The project's sample request: `--aml-sample-request FILE`, else the one `sample-request.json`; else it skips."""
    found = read_sample(aml_run_options.samples, aml_target.need_endpoint())
    if isinstance(found, str):
        raise NotApplicable(found)
    return found


@pytest.fixture(scope="session")
@fact()
def aml_routed_deployment(aml_endpoint: Endpoint, aml_live_deployments: tuple[Deployment, ...]) -> Deployment | None:
    """The live deployment with the most traffic, whose settings are most probably in force; None where none has any."""
    by_weight = sorted(aml_live_deployments, key=lambda one: -aml_endpoint.traffic.get(one.name, 0))
    return by_weight[0] if by_weight and aml_endpoint.traffic.get(by_weight[0].name) else None


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_scoring_call(
    aml_target: Target,
    aml_endpoint: Endpoint,
    aml_scoring_credential: ScoringCredential,
    aml_sample_request: Sample,
    aml_routed_deployment: Deployment | None,
    aml_azure: Azure,
) -> ScoringCall | None:
    """The sample request through the traffic rules and what came of it; None where the endpoint has no scoring URI."""
    question = with_sample(aml_sample_request, aml_scoring_credential)
    return _score(aml_azure, aml_target, aml_endpoint, question, aml_routed_deployment)


@pytest.fixture(scope="session")
@fact()
def aml_scoring_response(aml_endpoint: Endpoint, aml_scoring_call: ScoringCall | None) -> Response:
    """The answer to the sample request, for assertions of your own: `.status`, `.json()`, `.text`, `.headers`."""
    call, resource = aml_scoring_call, f"the answer of endpoint {aml_endpoint.name}"
    if call is None:
        raise FactUnreadable(resource, status=None, code="NoScoringUri")
    if call.response is None:
        code = call.unreached.value if call.unreached else "ConnectionFailed"
        raise FactUnreadable(resource, status=None, code=code, detail=call.detail)
    return call.response


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_stranger_calls(
    aml_target: Target, aml_endpoint: Endpoint, aml_run_options: RunOptions, aml_azure: Azure
) -> tuple[ScoringCall, ...]:
    """Requests without credentials and with a wrong key, of an empty JSON object, and what came of them; in an audit,
    only the one without: whatever opens an endpoint adds what lacks.

    Unreadable where nobody looked at the credentials: an endpoint that is down has not rejected anybody.
    """
    ask = partial(_score, aml_azure, aml_target, aml_endpoint, deployment=None)
    calls = aml_azure.arm.together(ask, strangers()[: 1 if aml_run_options.phase == "audit" else None])
    return tuple(decided(call) for call in calls if call)


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_browser_call(
    aml_target: Target, aml_endpoint: Endpoint, aml_run_options: RunOptions, aml_azure: Azure
) -> ScoringCall | None:
    """A browser's CORS preflight from `--aml-origin` and what came of it; None without an origin."""
    origin = aml_run_options.origin
    return _score(aml_azure, aml_target, aml_endpoint, from_a_browser(origin), None) if origin else None


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_deployment_call(
    aml_target: Target,
    aml_endpoint: Endpoint,
    aml_deployment: Deployment,
    aml_scoring_credential: ScoringCredential,
    aml_sample_request: Sample,
    aml_azure: Azure,
) -> ScoringCall | None:
    """The sample request to the deployment itself and what came of it; None where the endpoint has no scoring URI."""
    question = with_sample(aml_sample_request, aml_scoring_credential, aml_deployment.name)
    return _score(aml_azure, aml_target, aml_endpoint, question, aml_deployment)


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_deployment_timing(
    aml_target: Target,
    aml_endpoint: Endpoint,
    aml_deployment: Deployment,
    aml_scoring_credential: ScoringCredential,
    aml_sample_request: Sample,
    aml_deployment_call: ScoringCall | None,
    aml_azure: Azure,
) -> Timing | None:
    """The sample request to the deployment several times over, one after the other; only the first where that was no
    answer, None where the endpoint has no scoring URI.
    """
    calls = [aml_deployment_call] if aml_deployment_call else []
    while calls and calls[-1].response and calls[-1].response.ok and len(calls) <= MORE_REQUESTS:
        question = with_sample(aml_sample_request, aml_scoring_credential, aml_deployment.name)
        calls += filter(None, [_score(aml_azure, aml_target, aml_endpoint, question, aml_deployment)])
    return Timing(tuple(calls)) if calls else None


def _score(
    azure: Azure, target: Target, endpoint: Endpoint, question: Question, deployment: Deployment | None
) -> ScoringCall | None:
    """Ask; wait as long as the model may take and a little more, so that it is Azure's timeout that speaks."""
    if endpoint.scoring_uri is None:
        return None
    allowed = settings_of(deployment).request_timeout_ms / 1000 if deployment else 0.0
    audience = azure.cloud.machine_learning_audience
    known = {"endpoint_id": target.at(Level.ENDPOINT).resource_id, "audience": audience}
    return score(azure, endpoint, question.knowing(known), max(azure.settings.timeout, allowed + ALLOWANCE))
