"""The checks of a deployment's numbers, called with values."""

import warnings
from datetime import date

import pytest

from pytest_amlpreflight.checks import spec as checks
from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.project.position import Position, Source
from pytest_amlpreflight.facts.project.schema_verdict import SchemaVerdict
from pytest_amlpreflight.facts.project.script import Problem
from pytest_amlpreflight.facts.project.spec import (
    ComputeKind,
    DeploymentSpec,
    EndpointSpec,
    ProbeSettings,
    RequestSettings,
    ScaleSettings,
    ScaleType,
)
from pytest_amlpreflight.facts.reference import CodeConfiguration, EnvironmentReference, ModelReference, ModelType
from pytest_amlpreflight.facts.rules.serving_rules import read_rules
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

RULES = read_rules()
SCORED = CodeConfiguration(scoring_script="score.py")


def blue(kind: ComputeKind = ComputeKind.MANAGED, **fields: object) -> DeploymentSpec:
    """A deployment with these fields, written in deployments/blue.yml."""
    positions = {name: Position("deployments/blue.yml", 14) for name in fields}
    spec = DeploymentSpec("blue", "iris", kind, source=Source("deployments/blue.yml", positions))
    for name, value in fields.items():
        object.__setattr__(spec, name, value)
    return spec


def scaled(least: int | None, most: int | None) -> ScaleSettings:
    """Settings that scale by utilization."""
    return ScaleSettings(ScaleType.TARGET_UTILIZATION, least, most)


@pytest.mark.parametrize("count", [2, 3, 50])
def test_usual_instance_counts_pass(count: int) -> None:
    """From two instances to the limit all is well."""
    spec = blue(instance_count=count)

    checks.check_instance_count_is_valid(spec, RULES)


def test_a_single_instance_is_advised_against() -> None:
    """It works, and is gone while it is repaired."""
    with pytest.warns(PreflightAdvice, match="deployment blue has a single instance"):
        checks.check_instance_count_is_valid(blue(instance_count=1), RULES)


@pytest.mark.parametrize(
    ("instance_type", "image", "words"),
    [
        ("Standard_NC6s_v2", None, "Standard_NC6s_v2 of blue is out of support since 2023-09-06"),
        ("STANDARD_NC24S_V3", None, "STANDARD_NC24S_V3 of blue is out of support since 2025-09-30"),
        ("Standard_F2s_v2", None, "Standard_F2s_v2 of blue is too small"),
        (
            "Standard_DS3_v2",
            "mcr.microsoft.com/azureml/openmpi3.1.2-ubuntu18.04:20210727.v1",
            "out of support since 2023",
        ),
        ("Standard_DS3_v2", "mcr.microsoft.com/azureml/base-gpu:latest", "latest of blue is deprecated"),
        ("Standard_DS3_v2", "mcr.microsoft.com/azureml/o16n-base/python-slim", "python-slim of blue is deprecated"),
    ],
)
def test_names_of_the_past_are_advised_against(instance_type: str, image: str | None, words: str) -> None:
    """A file alone shows them; case does not matter."""
    spec = blue(instance_type=instance_type, environment=EnvironmentReference(image=image))

    with pytest.warns(PreflightAdvice, match=words):
        checks.check_size_and_image_are_current(spec, RULES, date(2026, 11, 21))


def test_names_of_today_pass() -> None:
    """And those whose day has not come."""
    image = EnvironmentReference(image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest")
    own = EnvironmentReference(image="contoso.azurecr.io/azureml/base-of-ours:1")
    checks.check_size_and_image_are_current(blue(environment=own), RULES, date(2026, 11, 21))

    checks.check_size_and_image_are_current(
        blue(instance_type="Standard_NC4as_T4_v3", environment=image), RULES, date(2026, 11, 21)
    )
    for name in ("Standard_DS3_v2", "Standard_F4s_v2", "Standard_B2ms", "Standard_A2_v2", "Standard_L8s_v2"):
        checks.check_size_and_image_are_current(blue(instance_type=name), RULES, date(2026, 11, 21))


@pytest.mark.parametrize(
    ("name", "gone"),
    [("Standard_DS3_v2", True), ("standard_d13_v2", True), ("Standard_D4s_v3", False), ("Standard_D8s_v5", False)],
)
def test_an_announced_retirement_is_told_half_a_year_ahead(name: str, gone: bool) -> None:
    """What is deployed today will still be there on that day; the names of younger series look much like it."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        checks.check_size_and_image_are_current(blue(instance_type=name), RULES, date(2028, 1, 1))

    assert [f"{name} of blue is retired on 2028-05-01" in str(each.message) for each in told] == [True] * gone


def test_probes_that_nobody_wrote_are_advised_against() -> None:
    """Only where the inference server answers them, and no measurement says that they do."""
    spec = blue(code=SCORED)

    with pytest.warns(PreflightAdvice, match="deployment blue leaves its probes to Azure's defaults"):
        checks.check_probes_leave_time_to_start(spec, Measured())

    checks.check_probes_leave_time_to_start(spec, Measured(start_seconds=3.0))
    checks.check_probes_leave_time_to_start(blue(), Measured())


def test_mistakes_that_are_not_shown_are_counted() -> None:
    """The rest of a long list is not passed over in silence."""
    mistakes = tuple(Problem(f"mistake {n}", Position("blue.yml", n)) for n in range(9))

    with pytest.raises(Blocked) as caught:
        checks.check_spec_matches_the_schema((SchemaVerdict("blue.yml", "1.35.2", mistakes),))

    assert caught.value.culprit.found.splitlines()[-2:] == ["blue.yml:3: mistake 3", "and 5 more"]


def test_no_instances_are_blocked() -> None:
    """A deployment without instances cannot be created, and the line that says so is named."""
    spec = blue(instance_count=0)

    with pytest.raises(Blocked, match="deployment blue has no instances") as caught:
        checks.check_instance_count_is_valid(spec, RULES)

    assert caught.value.culprit.found == "instance_count = 0 at deployments/blue.yml:14"


def test_more_instances_than_the_limit_block() -> None:
    """As with every documented limit: no API tells that it was raised on request."""
    spec = blue(instance_count=51)

    with pytest.raises(Blocked, match="more instances than Azure allows without an exception"):
        checks.check_instance_count_is_valid(spec, RULES)


def test_managed_deployment_cannot_scale_by_utilization() -> None:
    """Azure takes only the default scale settings for managed deployments."""
    spec = blue(scale_settings=scaled(1, 3))

    with pytest.raises(Blocked, match="cannot scale by utilization"):
        checks.check_instance_count_is_valid(spec, RULES)


@pytest.mark.parametrize(("least", "most"), [(3, 1), (-1, 2), (None, 0)])
def test_impossible_scale_is_blocked(least: int | None, most: int | None) -> None:
    """A minimum above the maximum leaves no number of instances."""
    spec = blue(ComputeKind.KUBERNETES, scale_settings=scaled(least, most))

    with pytest.raises(Blocked, match="can never have a valid number of instances"):
        checks.check_instance_count_is_valid(spec, RULES)


@pytest.mark.parametrize(("least", "most"), [(1, 3), (None, None), (2, 2)])
def test_possible_scale_passes(least: int | None, most: int | None) -> None:
    """Kubernetes deployments scale between their bounds."""
    spec = blue(ComputeKind.KUBERNETES, scale_settings=scaled(least, most))

    checks.check_instance_count_is_valid(spec, RULES)


def test_default_probes_pass() -> None:
    """Azure's defaults leave five minutes, measured or not."""
    spec = blue()

    checks.check_probes_leave_time_to_start(spec, Measured())
    checks.check_probes_leave_time_to_start(spec, Measured(start_seconds=309.0))


def test_slow_start_is_blocked() -> None:
    """A script that starts slower than the probe waits is killed while it loads."""
    spec = blue(liveness_probe=ProbeSettings(initial_delay=10, period=5, failure_threshold=3))

    with pytest.raises(Blocked, match="liveness_probe gives up before blue has started") as caught:
        checks.check_probes_leave_time_to_start(spec, Measured(start_seconds=40.0))

    assert caught.value.culprit.fix == "write `failure_threshold: 14` under liveness_probe at deployments/blue.yml:14"


def test_short_probe_without_a_measurement_is_advice() -> None:
    """Without a start time nobody knows, and a short budget is only unwise."""
    spec = blue(readiness_probe=ProbeSettings(initial_delay=1, period=5, failure_threshold=3))

    with pytest.warns(PreflightAdvice, match="readiness_probe of blue gives a container little time to start"):
        checks.check_probes_leave_time_to_start(spec, Measured())


@pytest.mark.parametrize(
    ("probe", "name"),
    [(ProbeSettings(period=0), "period"), (ProbeSettings(initial_delay=-1), "initial_delay")],
)
def test_probe_values_below_azures_minimum_are_blocked(probe: ProbeSettings, name: str) -> None:
    """A probe needs a period, and a delay cannot be negative."""
    spec = blue(liveness_probe=probe)

    with pytest.raises(Blocked, match=f"liveness_probe of blue has no valid {name}"):
        checks.check_probes_leave_time_to_start(spec, Measured())


@pytest.mark.parametrize(
    ("kind", "timeout", "passes"),
    [
        (ComputeKind.MANAGED, 180_000, True),
        (ComputeKind.MANAGED, 180_001, False),
        (ComputeKind.KUBERNETES, 300_000, True),
        (ComputeKind.KUBERNETES, 300_001, False),
        (ComputeKind.MANAGED, 0, False),
    ],
)
def test_timeout_is_limited_by_the_kind_of_endpoint(kind: ComputeKind, timeout: int, passes: bool) -> None:
    """Managed endpoints allow three minutes, Kubernetes five."""
    spec = blue(kind, request_settings=RequestSettings(timeout))

    if passes:
        checks.check_request_timeout_is_within_limits(spec, Measured(), RULES)
    else:
        with pytest.raises(Blocked, match="request timeout of blue is outside Azure's limits"):
            checks.check_request_timeout_is_within_limits(spec, Measured(), RULES)


def test_slow_requests_are_blocked() -> None:
    """A model slower than its timeout answers 408 to everyone."""
    spec = blue()

    with pytest.raises(Blocked, match="requests to blue time out") as caught:
        checks.check_request_timeout_is_within_limits(spec, Measured(request_seconds=6.2), RULES)

    assert "the sample took 6200 ms here" in caught.value.culprit.found


def endpoint(traffic: dict[str, int] | None, mirror: dict[str, int] | None = None) -> EndpointSpec:
    """An endpoint with this traffic."""
    return EndpointSpec("iris", traffic=traffic, mirror_traffic=mirror)


@pytest.mark.parametrize("traffic", [{"blue": 100}, {"blue": 0}, {}])
def test_whole_traffic_to_known_deployments_passes(traffic: dict[str, int]) -> None:
    """All of it, or none yet."""
    spec = endpoint(traffic)

    checks.check_traffic_is_complete(spec, (blue(),), frozenset())


@pytest.mark.parametrize("traffic", [{"blue": 90}, {"blue": 110}, {"blue": 150, "green": -50}])
def test_traffic_that_does_not_add_up_is_blocked(traffic: dict[str, int]) -> None:
    """Anything else is refused, or loses requests."""
    spec = endpoint(traffic)

    with pytest.raises(Blocked, match="traffic of endpoint iris does not add up"):
        checks.check_traffic_is_complete(spec, (blue(),), frozenset({"green"}))


def test_traffic_to_a_stranger_is_blocked_when_the_workspace_was_asked() -> None:
    """Azure refuses weights for a deployment it does not know."""
    spec = endpoint({"blue": 90, "gren": 10})

    with pytest.raises(Blocked, match="traffic of endpoint iris goes to gren, which is not there"):
        checks.check_traffic_is_complete(spec, (blue(),), frozenset({"green"}))


def test_traffic_to_a_stranger_is_advice_offline() -> None:
    """Without a workspace the deployment may well be there."""
    spec = endpoint({"blue": 90, "green": 10})

    with pytest.warns(PreflightAdvice, match="goes to green, which no given spec describes"):
        checks.check_traffic_is_complete(spec, (blue(),), None)


def test_endpoint_without_traffic_is_skipped() -> None:
    """Traffic is often set by the release pipeline instead."""
    spec = endpoint(None)

    with pytest.raises(NotApplicable, match="sets no traffic"):
        checks.check_traffic_is_complete(spec, (), None)


@pytest.mark.parametrize("mirror", [{"green": 51}, {"green": 10, "red": 10}])
def test_mirror_traffic_beyond_azures_rules_is_blocked(mirror: dict[str, int]) -> None:
    """Half of the requests can be mirrored, to one deployment."""
    spec = endpoint({"blue": 100}, mirror)

    with pytest.raises(Blocked, match="mirror traffic of endpoint iris is not allowed"):
        checks.check_traffic_is_complete(spec, (blue(),), frozenset())
    with pytest.raises(Blocked, match="mirror traffic of endpoint iris is not allowed"):
        checks.check_traffic_is_complete(endpoint(None, mirror), (blue(),), frozenset())


def test_everything_that_is_wrong_with_the_traffic_is_told_at_once() -> None:
    """The sum, the mirrored share, and each deployment that is not there."""
    spec = endpoint({"gren": 50, "rd": 40}, {"blu": 60})

    with pytest.raises(Blocked) as caught:
        checks.check_traffic_is_complete(spec, (blue(),), frozenset())

    assert [one.headline for one in caught.value.culprits] == [
        "traffic of endpoint iris does not add up",
        "mirror traffic of endpoint iris is not allowed",
        "traffic of endpoint iris goes to blu, which is not there",
        "traffic of endpoint iris goes to gren, which is not there",
        "traffic of endpoint iris goes to rd, which is not there",
    ]


def test_target_load_is_carried() -> None:
    """The guide's own example: 20 requests a second of 10 seconds take 286 instances."""
    spec = blue(instance_count=286)

    checks.check_instances_carry_the_target_load(spec, Measured(request_seconds=10.0), 20.0)


def test_binary_fractions_demand_no_further_instance() -> None:
    """7 requests/s of 0.1 s at 0.7 are one instance."""
    spec = blue(instance_count=1)

    checks.check_instances_carry_the_target_load(spec, Measured(request_seconds=0.1), 7.0)


def test_too_few_instances_for_the_target_load_are_blocked() -> None:
    """One less does not do, and the sum is shown."""
    spec = blue(instance_count=285)

    with pytest.raises(Blocked, match="deployment blue is too small for 20 requests per second") as caught:
        checks.check_instances_carry_the_target_load(spec, Measured(request_seconds=10.0), 20.0)

    assert caught.value.culprit.expected == "286 instances: 20 requests/s x 10 s / 0.7 / 1 concurrent"


def test_the_load_is_planned_with_the_deployments_own_utilisation() -> None:
    """The guides' own remedy: replicas are added sooner at 30 %, and more of them are needed than at 70."""
    scale = ScaleSettings(ScaleType.TARGET_UTILIZATION, 1, 20, target_utilization_percentage=30)

    with pytest.raises(Blocked, match="deployment blue is too small") as caught:
        checks.check_instances_carry_the_target_load(blue(scale_settings=scale), Measured(request_seconds=1.0), 10.0)

    assert caught.value.culprit.expected == "34 instances: 10 requests/s x 1 s / 0.3 / 1 concurrent"
    assert "max_instances" in str(caught.value)


def test_a_load_that_only_added_replicas_carry_is_advised() -> None:
    """The formula gives the least there should be; adding takes a while."""
    scale = ScaleSettings(ScaleType.TARGET_UTILIZATION, 2, 40, target_utilization_percentage=50)

    with pytest.warns(PreflightAdvice, match="once replicas were added"):
        checks.check_instances_carry_the_target_load(blue(scale_settings=scale), Measured(request_seconds=1.0), 10.0)


@pytest.mark.parametrize(("rps", "seconds"), [(None, 1.0), (20.0, None)])
def test_load_without_its_numbers_is_skipped(rps: float | None, seconds: float | None) -> None:
    """Without an expected load or a timed request the question does not arise."""
    spec = blue()

    with pytest.raises(NotApplicable, match=r"\(--aml-"):
        checks.check_instances_carry_the_target_load(spec, Measured(request_seconds=seconds), rps)


def test_matching_workers_pass() -> None:
    """One worker for one request is the default of both."""
    specs = (
        blue(code=SCORED),
        blue(code=SCORED, request_settings=RequestSettings(5000, 4), environment_variables={"WORKER_COUNT": "4"}),
    )

    for spec in specs:
        checks.check_workers_match_the_concurrency(spec)


def test_workers_apart_from_the_concurrency_are_advised_against() -> None:
    """More requests than workers wait behind one another."""
    spec = blue(code=SCORED, request_settings=RequestSettings(5000, 4))

    with pytest.warns(PreflightAdvice, match="WORKER_COUNT of blue does not match its concurrency"):
        checks.check_workers_match_the_concurrency(spec)


@pytest.mark.parametrize("text", ["two", "0", "", "1.5"])
def test_worker_count_that_is_no_number_is_blocked(text: str) -> None:
    """The server cannot start with it."""
    spec = blue(model=ModelReference(type=ModelType.MLFLOW), environment_variables={"WORKER_COUNT": text})

    with pytest.raises(Blocked, match="WORKER_COUNT of blue is no number of workers"):
        checks.check_workers_match_the_concurrency(spec)


def test_custom_containers_have_workers_of_their_own() -> None:
    """Without Azure's server WORKER_COUNT means nothing."""
    spec = blue()

    with pytest.raises(NotApplicable, match="a server of its own"):
        checks.check_workers_match_the_concurrency(spec)


def test_spec_that_azure_accepts_passes() -> None:
    """No mistakes in either file."""
    checks.check_spec_matches_the_schema((SchemaVerdict("endpoint.yml", "1.35"), SchemaVerdict("blue.yml", "1.35")))


def test_spec_that_azure_refuses_is_blocked() -> None:
    """Azure's words, with file and line."""
    mistake = Problem("instance_typ: Unknown field", Position("blue.yml", 3))

    with pytest.raises(Blocked, match=r"blue.yml does not match Azure's schema: instance_typ: Unknown field") as caught:
        checks.check_spec_matches_the_schema((SchemaVerdict("blue.yml", "1.35", (mistake,)),))

    assert caught.value.culprit.found == "blue.yml:3: instance_typ: Unknown field"
