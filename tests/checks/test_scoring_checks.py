"""Scoring: every answer and every silence has a verdict of its own."""

from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.scoring import (
    check_answers_are_in_time,
    check_browser_callers_are_expected,
    check_each_deployment_answers,
    check_endpoint_answers_the_sample,
    check_endpoint_rejects_strangers,
)
from pytest_amlpreflight.facts.project.spec import RequestSettings
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.scoring import Response, ScoringCall, Timing
from pytest_amlpreflight.facts.rules.scoring_status import SILENCES, replicas_needed, table
from pytest_amlpreflight.facts.unreached import Unreached
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

URI = "https://iris.eastus2.inference.ml.azure.com/score"


@pytest.fixture
def live(endpoint: Endpoint) -> Endpoint:
    """The endpoint with all its traffic on blue."""
    return replace(endpoint, traffic={"blue": 100}, scoring_uri=URI)


@pytest.fixture
def blue(deployment: Deployment) -> Deployment:
    """Three instances that take two requests each, and ten seconds a request."""
    settings = RequestSettings(request_timeout_ms=10000, max_concurrent_requests_per_instance=2)
    return replace(deployment, instance_count=3, request_settings=settings, provisioning_state="Succeeded")


def answered(status: int, body: str = "", *, seconds: float = 0.1, **changes: object) -> ScoringCall:
    """A call that was answered; `changes` are fields of the call, or headers and trailers of the answer."""
    parts = {name: changes.pop(name) for name in ("headers", "trailers", "reason") if name in changes}
    response = Response(status, body=body.encode(), seconds=seconds, **parts)  # type: ignore[arg-type]
    return replace(ScoringCall(URI, "amlpreflight-1", response, credential="the primary key"), **changes)  # type: ignore[arg-type]


def silent(why: Unreached) -> ScoringCall:
    """A call without an answer."""
    return ScoringCall(URI, "amlpreflight-1", unreached=why, detail="in the system's words")


def timing(*seconds: float, **parts: object) -> Timing:
    """As many answers with 200, after these seconds."""
    return Timing(tuple(answered(200, seconds=one, **parts) for one in seconds))


def test_a_sample_that_is_answered_passes(live: Endpoint, blue: Deployment) -> None:
    """200 is all that is asked."""
    check_endpoint_answers_the_sample(live, blue, answered(200, '{"predictions": []}'))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (answered(401, "key_auth_access_denied"), r"401: the credentials are refused[\s\S]*get-credentials"),
        (answered(401, credential_flaw="it has expired"), r"401: the credentials have expired"),
        (answered(401, credential_flaw="it is for https://x, not for https://y"), r"401: the credentials are of the"),
        (
            answered(401, credential="the Entra token", known={"principal": "me", "endpoint_id": "/e"}),
            r"401: the caller may not score[\s\S]*--assignee me --role .* --scope /e",
        ),
        (answered(403), r"403: the caller may not score from here"),
        (answered(404, "No valid deployments"), r"404: none of the deployments that have[\s\S]*online-deployment list"),
        (answered(404, "Not Found"), r"404: the address of the request is not one[\s\S]*--query scoring_uri"),
        (answered(404, "No valid deployments", deployment="green"), r"404: the endpoint knows no deployment green"),
        (
            answered(404, "Not Found", deployment="blue"),
            r"404: the address of the request is not one[\s\S]*--query scoring_uri",
        ),
        (answered(408), r"408: the model took longer than 10 s[\s\S]*request_timeout_ms"),
        (answered(409), r"409: an operation is under way"),
        (answered(413), r"413: the request is too large"),
        (
            answered(
                424,
                headers={
                    "ms-azureml-model-error-statuscode": "500",
                    "ms-azureml-model-error-reason": "model_error",
                },
            ),
            r"container answered 500[\s\S]*model_error[\s\S]*get-logs --name blue",
        ),
        (answered(424, "readiness probe failed"), r"424: the container is not ready"),
        (answered(424, "Response payload too large"), r"424: the model's response is too large"),
        (answered(429, "Too many pending requests"), r"429: more requests are waiting than 12[\s\S]*instance_count=4"),
        (answered(429, "Rate limit is exceeded"), r"429: the endpoint's requests per second are used up"),
        (answered(429), r"429: too many requests[\s\S]*does not say which"),
        (answered(500), r"500: Azure's own part of the endpoint fails"),
        (answered(502), r"502: the gateway got no sound answer"),
        (answered(503), r"503: the endpoint is not available"),
        (answered(302), r"302: HTTP 302[\s\S]*neither of Microsoft's tables"),
    ],
)
def test_each_status_of_a_managed_endpoint_has_its_own_words(
    live: Endpoint, blue: Deployment, call: ScoringCall, words: str
) -> None:
    """The headline tells what the status means, and the fix is the next step for exactly that."""
    with pytest.raises(Blocked, match=words):
        check_endpoint_answers_the_sample(live, blue, call)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (409, "an operation is under way"),
        (500, "Azure's own part"),
        (502, r"the scoring script failed[\s\S]*get-logs"),
        (503, r"the replicas are too few[\s\S]*now there are 3"),
        (504, r"no answer within 10 s[\s\S]*Kubernetes allows 300 s"),
    ],
)
def test_each_status_of_a_kubernetes_endpoint_has_its_own_words(
    live: Endpoint, blue: Deployment, status: int, words: str
) -> None:
    """The same number means something else there: 502 is the script, 503 the replicas."""
    with pytest.raises(Blocked, match=rf"{status}: {words}"):
        check_endpoint_answers_the_sample(replace(live, compute="/computes/cluster"), blue, answered(status))


def test_a_refusal_shows_the_ids_under_which_it_is_found_in_logs(live: Endpoint, blue: Deployment) -> None:
    """Ours, and the service's own."""
    call = answered(500, "Internal", headers={"x-request-id": "0f1e"})

    with pytest.raises(Blocked, match=r"x-ms-client-request-id amlpreflight-1, x-request-id 0f1e"):
        check_endpoint_answers_the_sample(live, blue, call)


def test_the_words_hold_without_the_deployment_that_answered(live: Endpoint) -> None:
    """Who has no deployment at hand still gets a sentence, with a word in capitals where a number would be."""
    with pytest.raises(Blocked, match="more requests are waiting than PENDING"):
        check_endpoint_answers_the_sample(live, None, answered(429, "Too many pending requests"))


@pytest.mark.parametrize("state", ["Failed", "Canceled", "Creating"])
def test_what_follows_from_a_failed_deployment_is_left_to_its_own_check(
    live: Endpoint, blue: Deployment, state: str
) -> None:
    """One cause, one failure; one that answers although its last update failed is judged by its answer."""
    failed = replace(blue, provisioning_state=state)

    with pytest.raises(NotApplicable, match="not reached: deployment blue, which has the traffic, was not provisioned"):
        check_endpoint_answers_the_sample(live, failed, answered(404, "No valid deployments"))
    with pytest.raises(Blocked, match="502"):
        check_endpoint_answers_the_sample(live, failed, answered(502))
    check_endpoint_answers_the_sample(live, failed, answered(200))


def test_no_authority_mends_a_certificate_that_has_run_out(live: Endpoint, blue: Deployment) -> None:
    """Trusting who signed it changes nothing: it must be renewed."""
    with pytest.raises(Blocked, match="its certificate has run out") as raised:
        check_endpoint_answers_the_sample(live, blue, silent(Unreached.CERTIFICATE_EXPIRED))

    assert "REQUESTS_CA_BUNDLE" not in raised.value.culprit.fix


@pytest.mark.parametrize("why", [why for why in Unreached if why is not Unreached.NAME])
def test_each_silence_has_its_own_words_and_next_step(live: Endpoint, blue: Deployment, why: Unreached) -> None:
    """A refused connection, a wrong certificate and a proxy are mended in different places."""
    title, command, fix = SILENCES[why]

    with pytest.raises(Blocked, match="gives no answer: ") as verdict:
        check_endpoint_answers_the_sample(live, blue, silent(why))

    assert title in verdict.value.culprit.headline
    words = {"host": "iris.eastus2.inference.ml.azure.com", "port": 443, "endpoint": "iris"}
    steps = [step.format_map(words) for step in (command, fix) if step]
    assert verdict.value.culprit.fix == "\n".join(steps)


def test_every_silence_has_words() -> None:
    """No reason is left without a next step."""
    assert set(SILENCES) == set(Unreached)


def test_a_name_that_does_not_resolve_is_left_to_the_network_check(live: Endpoint, blue: Deployment) -> None:
    """One cause, one failure."""
    with pytest.raises(NotApplicable, match=r"not reached: iris.*does not resolve"):
        check_endpoint_answers_the_sample(live, blue, silent(Unreached.NAME))


def test_an_endpoint_without_traffic_is_left_to_the_traffic_check(live: Endpoint, blue: Deployment) -> None:
    """Its 404 would say the same once more."""
    with pytest.raises(NotApplicable, match="no deployment of endpoint iris has traffic"):
        check_endpoint_answers_the_sample(replace(live, traffic={"blue": 0}), blue, answered(404))


def test_an_endpoint_without_scoring_uri_cannot_be_asked(live: Endpoint, blue: Deployment) -> None:
    """Its creation failed, which another check says."""
    with pytest.raises(NotApplicable, match="has no scoring URI"):
        check_endpoint_answers_the_sample(live, None, None)
    with pytest.raises(NotApplicable, match="has no scoring URI"):
        check_each_deployment_answers(live, blue, None, None)
    with pytest.raises(NotApplicable, match="has no scoring URI"):
        check_endpoint_rejects_strangers(live, ())


def test_a_deployment_that_answers_passes(live: Endpoint, blue: Deployment) -> None:
    """With or without the header that names it: not every service in between passes it on."""
    check_each_deployment_answers(live, blue, answered(200, deployment="blue"), answered(200))
    named = {"azureml-model-deployment": "blue"}
    check_each_deployment_answers(live, blue, answered(200, deployment="blue", headers=named), answered(200))


def test_a_deployment_that_refuses_is_named(live: Endpoint, blue: Deployment) -> None:
    """The culprit is the deployment, not the endpoint."""
    with pytest.raises(Blocked, match="deployment blue answers 424"):
        check_each_deployment_answers(live, blue, answered(424, deployment="blue"), answered(200))


def test_another_deployment_than_the_one_asked_is_noticed(live: Endpoint, blue: Deployment) -> None:
    """An answer of green says nothing about blue."""
    call = answered(200, deployment="blue", headers={"azureml-model-deployment": "green"})

    with pytest.raises(Blocked, match="deployment blue was asked and green answered"):
        check_each_deployment_answers(live, blue, call, answered(200))


@pytest.mark.parametrize("state", ["Failed", "Creating", "Canceled"])
def test_a_deployment_that_is_not_live_is_not_asked(live: Endpoint, blue: Deployment, state: str) -> None:
    """Its provisioning is the story; another check tells it."""
    with pytest.raises(NotApplicable, match=f"not reached: deployment blue is {state}"):
        check_each_deployment_answers(live, replace(blue, provisioning_state=state), answered(404), None)


@pytest.mark.parametrize("status", [401, 403])
def test_an_endpoint_that_refuses_strangers_passes(live: Endpoint, status: int) -> None:
    """Both ways of saying no."""
    check_endpoint_rejects_strangers(live, (answered(status), answered(status)))


@pytest.mark.parametrize("status", [200, 408, 424, 502])
def test_an_endpoint_whose_model_a_stranger_reaches_is_open(live: Endpoint, status: int) -> None:
    """A model that fails was reached as well."""
    opened = answered(status, credential="a wrong key")

    with pytest.raises(Blocked, match=rf"answers strangers[\s\S]*HTTP {status} with a wrong key"):
        check_endpoint_rejects_strangers(live, (answered(401), opened))


def test_answers_well_within_the_timeout_pass(blue: Deployment) -> None:
    """The first answer pays for the connection and does not count beside others."""
    check_answers_are_in_time(blue, timing(9.0, 0.1, 0.2))


def test_an_answer_that_needs_the_whole_timeout_blocks(blue: Deployment) -> None:
    """The median decides; a fix asks for three times as much, within what Azure allows."""
    with pytest.raises(Blocked, match=r"10500 ms, the median of 3[\s\S]*request_timeout_ms=31500"):
        check_answers_are_in_time(blue, timing(0.1, 10.4, 10.5, 10.6))


@pytest.mark.parametrize("call", [answered(408), answered(504), silent(Unreached.TIMEOUT)])
def test_a_timeout_blocks(blue: Deployment, call: ScoringCall) -> None:
    """Whoever lost patience first: the gateway, or we."""
    with pytest.raises(Blocked, match="deployment blue does not answer in time"):
        check_answers_are_in_time(blue, Timing((call,)))


def test_more_than_half_of_the_timeout_is_advice(blue: Deployment) -> None:
    """Some requests are slower than the sample."""
    with pytest.warns(PreflightAdvice, match="needs more than half of its request timeout"):
        check_answers_are_in_time(blue, timing(5.5))


def test_a_bandwidth_delay_is_advice(blue: Deployment) -> None:
    """Both directions count."""
    trailers = {"ms-azureml-bandwidth-request-delay-ms": "120", "ms-azureml-bandwidth-response-delay-ms": "80"}

    with pytest.warns(PreflightAdvice, match=r"(?s)held back by its bandwidth limit.*found: .* 200 ms"):
        check_answers_are_in_time(blue, timing(0.1, trailers=trailers))


@pytest.mark.parametrize("call", [answered(401), silent(Unreached.REFUSED)])
def test_what_does_not_answer_has_no_time(blue: Deployment, call: ScoringCall) -> None:
    """Another check says why there is no answer."""
    with pytest.raises(NotApplicable, match="not reached: deployment blue does not answer"):
        check_answers_are_in_time(blue, Timing((call,)))


def test_browsers_are_no_question_without_an_origin(live: Endpoint) -> None:
    """Most endpoints are called by servers."""
    with pytest.raises(NotApplicable, match="--aml-origin"):
        check_browser_callers_are_expected(live, None)


def test_an_endpoint_without_cors_is_advice(live: Endpoint) -> None:
    """It works for servers, and for no page."""
    with pytest.warns(PreflightAdvice, match="endpoint iris does not answer browsers"):
        check_browser_callers_are_expected(live, answered(405, method="OPTIONS"))


def test_a_silent_host_is_no_advice_on_browsers(live: Endpoint) -> None:
    """Another check says that it is silent."""
    with pytest.raises(NotApplicable, match="not reached: iris"):
        check_browser_callers_are_expected(live, silent(Unreached.RESET))


def test_something_in_front_that_speaks_cors_passes(live: Endpoint) -> None:
    """The origin and the headers that the page's script sends, by name or as a whole."""
    check_browser_callers_are_expected(live, browser(204, origin="*", headers="authorization, *"))
    check_browser_callers_are_expected(live, browser(200, origin=PAGE, headers="Content-Type,Authorization"))


@pytest.mark.parametrize(
    ("status", "origin", "headers", "why"),
    [
        (403, "*", "authorization, content-type", "no 2xx"),
        (200, "", "*", "Access-Control-Allow-Origin is"),
        (200, "https://other", "*", "Allow-Origin is https://other"),
        (200, "*", "*", "Allow-Headers lacks authorization"),
        (200, "*", "authorization", "Allow-Headers lacks content-type"),
    ],
)
def test_an_answer_that_a_browser_does_not_accept_is_none(
    live: Endpoint, status: int, origin: str, headers: str, why: str
) -> None:
    """A page, an error, or an answer for somebody else's page."""
    with pytest.warns(PreflightAdvice, match=why):
        check_browser_callers_are_expected(live, browser(status, origin=origin, headers=headers))


PAGE = "https://app.contoso.com"


def browser(status: int, *, origin: str, headers: str) -> ScoringCall:
    """What a browser's question beforehand is answered with."""
    said = {"access-control-allow-origin": origin, "access-control-allow-headers": headers}
    return replace(answered(status, method="OPTIONS", headers=said), origin=PAGE)


@pytest.mark.parametrize(
    ("load", "replicas"), [((20, 10, 1), 286), ((20, 0.35, 1), 10), ((0.1, 1, 1), 1), ((100, 0.1, 4), 4)]
)
def test_the_guides_formula_tells_how_many_replicas_carry_a_load(load: tuple[float, float, int], replicas: int) -> None:
    """Rounded up, but never because of how floating point writes a whole number."""
    assert replicas_needed(*load) == replicas


def test_every_row_of_the_table_can_be_told() -> None:
    """Title, meaning and next step are there, and a guide is a page of Microsoft's."""
    for row in table().rows:
        assert {"status", "title", "meaning"} < set(row)
        assert row.get("guide", "https://learn.microsoft.com/").startswith("https://learn.microsoft.com/")


def test_what_the_endpoint_answers_too_is_said_once(live: Endpoint, blue: Deployment) -> None:
    """Where a deployment has all the traffic, or nothing answers at all; each of two that share it has its own."""
    whole, shared = replace(live, traffic={"blue": 100}), replace(live, traffic={"blue": 90, "green": 10})
    refused, silence = answered(424, deployment="blue"), silent(Unreached.REFUSED)

    for endpoint, call, through in ((whole, refused, answered(424)), (shared, silence, silence)):
        with pytest.raises(NotApplicable, match="not reached: endpoint iris answers a request"):
            check_each_deployment_answers(endpoint, blue, call, through)
    for endpoint, through in (
        (whole, answered(200)),
        (whole, answered(502)),
        (shared, answered(424)),
        (whole, silence),
    ):
        with pytest.raises(Blocked, match="deployment blue answers 424"):
            check_each_deployment_answers(endpoint, blue, refused, through)
    check_each_deployment_answers(whole, blue, answered(200, deployment="blue"), answered(200))
