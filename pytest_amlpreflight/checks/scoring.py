"""The endpoint as its callers meet it: does it answer them, in time, and nobody else?"""

from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.scoring import UNAUTHORIZED, Response, ScoringCall, Timing
from pytest_amlpreflight.facts.rules.cors import cors_refusal
from pytest_amlpreflight.facts.rules.scoring_status import (
    LONGEST_ALREADY,
    Meaning,
    longer_timeout,
    may_wait_longer,
    meaning_of,
    settings_of,
    silence_of,
)
from pytest_amlpreflight.facts.unreached import Unreached
from pytest_amlpreflight.fix import Command, az, shell
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable, not_reached

NOT_FOUND, WHOLE = 404, 100
STATUSES = (
    "400", "401", "403", "404", "405", "408", "409", "413", "415", "422", "424", "429", "500", "502", "503", "504"
)  # fmt: skip


@check("scoring", explains=STATUSES, phases=("post",), settles=True, shows_logs=True)
def check_endpoint_answers_the_sample(
    aml_endpoint: Endpoint, aml_routed_deployment: Deployment | None, aml_scoring_call: ScoringCall | None
) -> None:
    """The sample request, sent as any caller would send it, is answered with a 2xx by the model's own server.

    This is the whole way at once: name, network, certificate, credentials, traffic rules, container, script. The
    status says which of them it was; an answer without a header of the service is somebody else's.
    """
    if aml_scoring_call is None:
        not_applicable(f"endpoint {aml_endpoint.name} has no scoring URI: its creation did not end well")
    if not any(aml_endpoint.traffic.values()):
        not_reached(f"no deployment of endpoint {aml_endpoint.name} has traffic")
    response = _answer(aml_scoring_call, aml_endpoint)
    routed = aml_routed_deployment
    if response.status == NOT_FOUND and routed and not routed.serves:
        not_reached(f"deployment {routed.name}, which has the traffic, was not provisioned")
    if not response.ok:
        _refused(f"endpoint {aml_endpoint.name}", aml_scoring_call, response, aml_endpoint, aml_routed_deployment)


@check("scoring", explains=STATUSES, phases=("post",), settles=True, shows_logs=True)
def check_each_deployment_answers(
    aml_endpoint: Endpoint,
    aml_deployment: Deployment,
    aml_deployment_call: ScoringCall | None,
    aml_scoring_call: ScoringCall | None,
) -> None:
    """Each deployment answers the sample itself, whatever the traffic rules say.

    A deployment without traffic is one that nobody has tried: it fails when traffic is turned to it; with mirrored or
    split traffic only some callers notice. Where it has all the traffic, what is wrong is said of the endpoint.
    """
    call = _asked(aml_deployment, aml_deployment_call)
    if _said_of_the_endpoint(aml_endpoint, aml_deployment, call, aml_scoring_call):
        not_reached(f"endpoint {aml_endpoint.name} answers a request without the deployment's name no better")
    response = _answer(call, aml_endpoint)
    if not response.ok:
        _refused(f"deployment {aml_deployment.name}", call, response, aml_endpoint, aml_deployment)
    if response.deployment in (None, aml_deployment.name):
        return
    blocked(
        f"deployment {aml_deployment.name} was asked and {response.deployment} answered",
        found=f"azureml-model-deployment: {response.deployment}\n{call.trace}",
        expected=f"azureml-model-deployment: {aml_deployment.name}",
        fix="let what is in front of the endpoint pass the header azureml-model-deployment on",
    )


@check("scoring", explains=("401",), phases=("post", "audit"))
def check_endpoint_rejects_strangers(aml_endpoint: Endpoint, aml_stranger_calls: tuple[ScoringCall, ...]) -> None:
    """Without credentials, and after a deployment with a wrong key too, the endpoint answers 401.

    A gateway that adds the endpoint's key for everybody, or an ingress before the router, opens the model to whoever
    finds the name. The requests that find out carry an empty JSON object and none of your data.
    """
    if not aml_stranger_calls:
        not_applicable(f"endpoint {aml_endpoint.name} has no scoring URI: its creation did not end well")
    for call in aml_stranger_calls:
        response = _answer(call, aml_endpoint)
        if response.status in UNAUTHORIZED:
            continue
        blocked(
            f"endpoint {aml_endpoint.name} answers strangers",
            found=f"HTTP {response.status} with {call.credential}\n{call.trace}",
            expected="HTTP 401",
            fix=(
                shell("curl", "-i", "-X", "POST", str(call.uri), "-d", "{}"),
                "(from a network without your gateway, to see who lets it through)",
            ),
        )


@check("scoring", explains=("408", "504"), phases=("post",), settles=True, shows_logs=True)
def check_answers_are_in_time(aml_deployment: Deployment, aml_deployment_timing: Timing | None) -> None:
    """A deployment answers the sample well within its request timeout: the median of several requests.

    A model that needs nearly all of its time passes every test and fails under load, as 408 on a managed endpoint, as
    504 on Kubernetes.
    """
    timing = _timed(aml_deployment, aml_deployment_timing)
    timeout = settings_of(aml_deployment).request_timeout_ms / 1000
    late = timing.timed_out or timing.median >= timeout
    if late:
        blocked(
            f"deployment {aml_deployment.name} does not answer in time",
            found=f"{timing}, with a request timeout of {timeout:g} s",
            expected=f"less than {timeout:g} s",
            fix=_more_time(aml_deployment, timing),
        )
    if timing.median > timeout / 2:
        advise(
            f"deployment {aml_deployment.name} needs more than half of its request timeout",
            found=f"{timing}, with a request timeout of {timeout:g} s",
            expected="half, so that a slow request is not a failed one",
            fix=_more_time(aml_deployment, timing),
        )
    if timing.bandwidth_delay:
        advise(
            f"endpoint {aml_deployment.endpoint_name} is held back by its bandwidth limit",
            found=f"ms-azureml-bandwidth-*-delay-ms: {timing.bandwidth_delay * 1000:.0f} ms in one request",
            expected="no delay: smaller requests and responses, or a higher limit",
            fix=az("monitor metrics list", metric="NetworkBytes", interval="PT1M", resource=_id_of_endpoint(timing)),
        )


@check("scoring", explains=("CORS",), phases=("post",))
def check_browser_callers_are_expected(aml_endpoint: Endpoint, aml_browser_call: ScoringCall | None) -> None:
    """Where browsers call the endpoint (`--aml-origin`), something in front answers their CORS preflight. Only advice.

    Online endpoints do not speak CORS: a page's script is refused by the browser, whatever the endpoint would answer.
    """
    if aml_browser_call is None:
        not_applicable("no page calls the endpoint from a browser, as far as was said (--aml-origin URL)")
    response = aml_browser_call.response
    if response is None:
        not_reached(f"{aml_browser_call.host} gives no answer")
    refused = cors_refusal(aml_browser_call.origin, response)
    if refused is None:
        return
    advise(
        f"endpoint {aml_endpoint.name} does not answer browsers",
        found=f"HTTP {response.status} to OPTIONS, and {refused}",
        expected="a service in between that answers CORS preflights",
        fix="put Azure Functions, Application Gateway or API Management in front, and call that from the page",
    )


def _id_of_endpoint(timing: Timing) -> str | None:
    return next((call.known.get("endpoint_id") for call in timing.calls), None)


def _said_of_the_endpoint(
    endpoint: Endpoint, deployment: Deployment, call: ScoringCall, through_rules: ScoringCall | None
) -> bool:
    """Whether the traffic rules led to the same refusal, or nowhere either: one cause, one finding."""
    if through_rules is None:
        return False
    one, other = call.response, through_rules.response
    if one is None or other is None:
        return one is other and call.unreached is through_rules.unreached
    return not one.ok and one.status == other.status and endpoint.traffic.get(deployment.name) == WHOLE


def _asked(deployment: Deployment, call: ScoringCall | None) -> ScoringCall:
    """The call to the deployment; where there can be none, or none that would tell more, the reason."""
    if not deployment.serves:
        not_reached(f"deployment {deployment.name} is {deployment.provisioning_state}")
    if call is None:
        not_applicable(f"endpoint {deployment.endpoint_name} has no scoring URI: its creation did not end well")
    return call


def _timed(deployment: Deployment, timing: Timing | None) -> Timing:
    """The measurement; where the first answer was no answer, another check says so."""
    first = _asked(deployment, timing.calls[0] if timing else None)
    if timing is None or (not timing.timed_out and not (first.response and first.response.ok)):
        not_reached(f"deployment {deployment.name} does not answer")
    return timing


def _answer(call: ScoringCall, endpoint: Endpoint) -> Response:
    """The answer; none at all is a verdict of its own."""
    if call.response is not None:
        return call.response
    if call.unreached is Unreached.NAME:
        not_reached(f"{call.host} does not resolve")
    said = silence_of(call, endpoint)
    return blocked(
        f"{call.host} gives no answer: {said.title}",
        found=f"{call.method} {call.uri}\n{call.detail}\n{call.trace}",
        expected="an answer",
        fix=_steps(said),
    )


def _steps(said: Meaning) -> tuple[Command | str, ...]:
    return (*([shell(*said.command)] if said.command else []), said.fix)


def _refused(
    culprit: str, call: ScoringCall, response: Response, endpoint: Endpoint, deployment: Deployment | None
) -> None:
    said = meaning_of(call, response, endpoint, deployment)
    own_words = " ".join(response.text.split())[:200]
    lines = (f"HTTP {response.status} {response.reason}", own_words, said.meaning, call.trace)
    blocked(
        f"{culprit} answers {response.status}: {said.title}",
        found="\n".join(filter(None, lines)),
        expected="HTTP 2xx of the model's own server",
        fix=_steps(said),
    )


def _more_time(deployment: Deployment, timing: Timing) -> Command | str:
    if not may_wait_longer(deployment):
        return LONGEST_ALREADY
    return az(
        "ml online-deployment update",
        name=deployment.name,
        endpoint_name=deployment.endpoint_name,
        set=f"request_settings.request_timeout_ms={longer_timeout(deployment, timing.median)}",
    )
