"""The facts of scoring: credentials, and what came of requests to the endpoint and to each deployment."""

from collections.abc import Sequence

from pytest_amlpreflight.facts.resources.credential import ScoringCredential
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.scoring import Response, Sample, ScoringCall, Timing
from pytest_amlpreflight.facts.rules.scoring_status import settings_of
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.connection.arm import together
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
from pytest_amlpreflight.run.targets import Level
from pytest_amlpreflight.verdict import not_applicable

MORE_REQUESTS = 2
"""Beside the first: enough for a median, few enough for a model that is paid by the request."""

ALLOWANCE = 5.0
"""Seconds for the way there and back, beyond what the model itself may take."""


class ScoringFacts(TargetFacts):
    """What is read once per endpoint."""

    level = Level.ENDPOINT

    @fact
    def scoring_credential(self, endpoint: Endpoint) -> ScoringCredential:
        """A key or token of the endpoint, by its own auth mode."""
        return read_scoring_credential(self.azure, self.target.workspace_id, endpoint)

    @fact
    def sample_request(self) -> Sample:
        """The project's sample request; where there is none, what needs it is skipped with the reason."""
        found = read_sample(self.run.options.samples, self.target.need_endpoint())
        return not_applicable(found) if isinstance(found, str) else found

    @fact
    def routed_deployment(self, endpoint: Endpoint, live_deployments: Sequence[Deployment]) -> Deployment | None:
        """The deployment with the most traffic, whose settings are most probably in force."""
        by_weight = sorted(live_deployments, key=lambda one: -endpoint.traffic.get(one.name, 0))
        return by_weight[0] if by_weight and endpoint.traffic.get(by_weight[0].name) else None

    @fact
    def scoring_call(
        self,
        endpoint: Endpoint,
        scoring_credential: ScoringCredential,
        sample_request: Sample,
        routed_deployment: Deployment | None,
    ) -> ScoringCall | None:
        """The sample through the traffic rules; None where the endpoint has no scoring URI."""
        return self._score(endpoint, with_sample(sample_request, scoring_credential), routed_deployment)

    @fact
    def scoring_response(self, endpoint: Endpoint, scoring_call: ScoringCall | None) -> Response:
        """The endpoint's answer to the sample, whatever its status."""
        resource = f"the answer of endpoint {endpoint.name}"
        if scoring_call is None:
            raise FactUnreadable(resource, status=None, code="NoScoringUri")
        if scoring_call.response is None:
            code = scoring_call.unreached.value if scoring_call.unreached else "ConnectionFailed"
            raise FactUnreadable(resource, status=None, code=code, detail=scoring_call.detail)
        return scoring_call.response

    @fact
    def stranger_calls(self, endpoint: Endpoint) -> tuple[ScoringCall, ...]:
        """Two requests that must be refused, both of an empty JSON object; none where there is no scoring URI.

        Unreadable where nobody looked at the credentials: an endpoint that is down has not rejected anybody.
        """
        calls = together(lambda question: self._score(endpoint, question, None), list(strangers()))
        return tuple(decided(call) for call in calls if call)

    @fact
    def browser_call(self, endpoint: Endpoint) -> ScoringCall | None:
        """What a browser asks before it calls; None where no origin was given."""
        origin = self.run.options.origin
        return self._score(endpoint, from_a_browser(origin), None) if origin else None

    def _score(self, endpoint: Endpoint, question: Question, deployment: Deployment | None) -> ScoringCall | None:
        return _score(self, endpoint, question, deployment)


class DeploymentScoringFacts(TargetFacts):
    """What is read once per deployment."""

    level = Level.DEPLOYMENT

    @fact
    def deployment_call(
        self,
        endpoint: Endpoint,
        deployment: Deployment,
        scoring_credential: ScoringCredential,
        sample_request: Sample,
    ) -> ScoringCall | None:
        """The sample sent to this deployment itself; None where the endpoint has no scoring URI."""
        return _score(self, endpoint, with_sample(sample_request, scoring_credential, deployment.name), deployment)

    @fact
    def deployment_timing(
        self,
        endpoint: Endpoint,
        deployment: Deployment,
        scoring_credential: ScoringCredential,
        sample_request: Sample,
        deployment_call: ScoringCall | None,
    ) -> Timing | None:
        """The same request a few times more, one after the other; only the first where that was no answer."""
        calls = [deployment_call] if deployment_call else []
        while calls and calls[-1].response and calls[-1].response.ok and len(calls) <= MORE_REQUESTS:
            question = with_sample(sample_request, scoring_credential, deployment.name)
            calls += filter(None, [_score(self, endpoint, question, deployment)])
        return Timing(tuple(calls)) if calls else None


def _score(
    facts: TargetFacts, endpoint: Endpoint, question: Question, deployment: Deployment | None
) -> ScoringCall | None:
    """Ask; wait as long as the model may take and a little more, so that it is Azure's timeout that speaks."""
    if endpoint.scoring_uri is None:
        return None
    allowed = settings_of(deployment).request_timeout_ms / 1000 if deployment else 0.0
    known = {"endpoint_id": facts.target.at(Level.ENDPOINT).resource_id}
    return score(facts.azure, endpoint, question.knowing(known), max(facts.azure.settings.timeout, allowed + ALLOWANCE))
