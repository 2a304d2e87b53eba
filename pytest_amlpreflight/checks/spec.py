"""The numbers of a deployment's YAML: instances, probes, timeouts, traffic, load."""

from collections.abc import Callable
from datetime import date
from functools import partial
from math import ceil

from pytest_amlpreflight.checks._spec_lines import (
    judge_mirror_traffic,
    judge_placeholders,
    judge_probe_values,
    judge_target_utilization,
    write_line,
)
from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.project.schema_verdict import SchemaVerdict
from pytest_amlpreflight.facts.project.spec import (
    ComputeKind,
    DeploymentSpec,
    EndpointSpec,
    ProbeSettings,
    ScaleType,
)
from pytest_amlpreflight.facts.reference import ModelType
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.rules.scoring_status import TARGET_UTILISATION, replicas_needed
from pytest_amlpreflight.facts.rules.serving_rules import ServingRules
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable, not_reached

PHASES = ("pre", "audit")
SHORTEST_START = 60  # seconds; a container that loads a model is seldom ready sooner
SHOWN_MISTAKES = 4
PROBES = ("liveness_probe", "readiness_probe")


@check("spec", explains=("BadArgument", "InvalidDeploymentSpec", "BadRequest"), phases=PHASES)
def check_spec_matches_the_schema(aml_schema_verdicts: tuple[SchemaVerdict, ...]) -> None:
    """Azure's own schema accepts the YAML of endpoint and deployment.

    The verdict is that of azure-ai-ml, word for word: unknown fields, wrong types, files that are not there. The CLI
    would say the same, after it has found the workspace.
    """
    for verdict in aml_schema_verdicts:
        if verdict.mistakes:
            first, *more = verdict.mistakes
            shown, hidden = more[: SHOWN_MISTAKES - 1], more[SHOWN_MISTAKES - 1 :]
            rest = [f"and {len(hidden)} more"] if hidden else []
            blocked(
                f"{verdict.shown} does not match Azure's schema: {first.sentence}",
                found="\n".join([*(str(each) for each in (first, *shown)), *rest]),
                expected=f"what azure-ai-ml {verdict.version} accepts",
                fix=f"correct {first.position}",
                where=first.position,
            )


@check("spec", explains=("BadArgument", "InvalidDeploymentSpec"), phases=PHASES)
def check_placeholders_are_filled_in(aml_deployment_spec: DeploymentSpec) -> None:
    """Nothing in the YAML still waits to be filled in.

    Samples and pipelines leave words such as `<REGISTRY_NAME>` and `${MODEL_VERSION}`; neither the CLI nor Azure
    replaces them. In fields that Azure takes as they are, such as variables and tags, they are advice.
    """
    judge_placeholders(aml_deployment_spec)


@check("spec", explains=("BadArgument", "InvalidDeploymentSpec"), phases=PHASES)
def check_endpoint_placeholders_are_filled_in(aml_endpoint_spec: EndpointSpec) -> None:
    """Nothing in the endpoint's YAML still waits to be filled in.

    A sample's `location: <REGION>` passes the schema and is refused at the creation of the endpoint.
    """
    judge_placeholders(aml_endpoint_spec)


@check("spec", explains=("InvalidDeploymentSpec",), phases=PHASES)
def check_instance_count_is_valid(aml_deployment_spec: DeploymentSpec, aml_serving_rules: ServingRules) -> None:
    """The deployment asks for a number of instances that Azure can run.

    A count below one, or a minimum above the maximum, is refused when the deployment is created, after its image was
    built. More than the regional limit takes a raised quota first.
    """
    spec, scale = aml_deployment_spec, aml_deployment_spec.scale_settings
    if scale.type is ScaleType.TARGET_UTILIZATION:
        judge_target_utilization(spec)
    elif spec.instance_count < 1:
        blocked(
            f"deployment {spec.name} has no instances",
            found=f"instance_count = {spec.instance_count} at {spec.where('instance_count')}",
            expected="instance_count of 1 or more; 3 for high availability",
            fix=write_line(spec, "instance_count", 3),
        )
    elif spec.instance_count == 1:
        advise(
            f"deployment {spec.name} has a single instance",
            found=f"instance_count = 1 at {spec.where('instance_count')}",
            expected="3 instances for production: a single one is gone while it is repaired or updated",
            fix=write_line(spec, "instance_count", 3),
            kind="single instance",
        )
    limit = aml_serving_rules.limits.get("instances_per_deployment")
    if limit and spec.kind is ComputeKind.MANAGED and spec.instance_count > limit:
        blocked(
            f"deployment {spec.name} has more instances than Azure allows without an exception",
            found=f"instance_count = {spec.instance_count} at {spec.where('instance_count')}",
            expected=f"at most {limit}, the documented default for one deployment, or a raised limit",
            fix=(
                f"instance_count: {limit}, a larger instance_type, or a second deployment that shares the traffic",
                "(or request a higher limit in the Azure portal under Machine learning quota, and waive this then)",
            ),
            where=spec.source.position("instance_count"),
        )


@check("spec", explains=("OutOfCapacity", "OutOfQuota"), phases=PHASES)
def check_size_and_image_are_current(
    aml_deployment_spec: DeploymentSpec, aml_serving_rules: ServingRules, aml_today: date
) -> None:
    """The instance type and the base image are not retired, and the type is not one that the guides call too small.

    Names of the past stay in samples. A retired size is offered nowhere, an image out of support gets no more fixes,
    and on the smallest sizes a container has hardly memory for its own server. Only advice: Azure is not asked.
    """
    spec, rules = aml_deployment_spec, aml_serving_rules
    names = [(kind, "instance_type", spec.instance_type) for kind in ("instance_type", "small")]
    names.append(("image", "environment.image", spec.environment.image if spec.environment else None))
    for kind, field, name in names:
        known = rules.retired(kind, name, aml_today) if name else None
        if known is None:
            continue
        state = "too small for most models" if kind == "small" else "deprecated"
        if known.since:
            state = f"out of support since {known.since}" if known.since <= aml_today else f"retired on {known.since}"
        advise(
            f"{name} of {spec.name} is {state}",
            found=f"{name} at {spec.where(field)}: {known.name}",
            expected=f"a current one (table retirements, as of {rules.as_of.get('retirements')})",
            fix=f"choose another at {spec.where(field)}",
            kind=kind,
            where=spec.position(field),
        )


@check("spec", explains=("ResourceNotReady", "ERR_2200", "424"), phases=PHASES)
def check_probes_leave_time_to_start(aml_deployment_spec: DeploymentSpec, aml_measured: Measured) -> None:
    """The probes wait as long as the container takes to start.

    A probe gives up after its initial delay and `failure_threshold` periods, and the container is killed while it is
    still loading its model: the deployment fails with a log that shows no error at all.
    """
    spec, started = aml_deployment_spec, aml_measured.start_seconds
    if started is None and _is_served_by_azure(spec) and not any(map(spec.declares, PROBES)):
        default = spec.liveness_probe.start_budget
        advise(
            f"deployment {spec.name} leaves its probes to Azure's defaults",
            found=f"neither {' nor '.join(PROBES)} in {spec.where()}: {default} s to start",
            expected="probes that fit the model's start, which --aml-local measures",
            fix=f"write liveness_probe and readiness_probe into {spec.where()}",
            kind="no probes",
        )

    def judge(field: str, probe: ProbeSettings) -> None:
        judge_probe_values(spec, field, probe)
        budget = f"{probe.start_budget} s = {probe.initial_delay} + {probe.period} x {probe.failure_threshold}"
        if started is not None and started > probe.start_budget:
            needed = ceil((2 * started - probe.initial_delay) / probe.period)
            blocked(
                f"{field} gives up before {spec.name} has started",
                found=f"{budget} at {spec.where(field)}; the script took {started:.0f} s to start here",
                expected=f"initial_delay + period x failure_threshold above {started:.0f} s",
                fix=write_line(spec, f"{field}.failure_threshold", needed),
            )
        if started is None and probe.start_budget < SHORTEST_START and spec.declares(field):
            advise(
                f"{field} of {spec.name} gives a container little time to start",
                found=f"{budget} at {spec.where(field)}",
                expected=f"{SHORTEST_START} s or more, or a measured start time (--aml-local)",
                fix=f"raise failure_threshold at {spec.where(f'{field}.failure_threshold')}",
                where=spec.source.position(f"{field}.failure_threshold"),
            )

    for_each(judge, ("liveness_probe", "readiness_probe"), (spec.liveness_probe, spec.readiness_probe))


@check("spec", explains=("408", "504"), phases=PHASES)
def check_request_timeout_is_within_limits(
    aml_deployment_spec: DeploymentSpec, aml_measured: Measured, aml_serving_rules: ServingRules
) -> None:
    """Requests get as long as the model needs, and no longer than Azure allows.

    Five seconds are the default. A model that takes longer answers 408 although its log shows success, and a timeout
    above the limit is refused when the deployment is created.
    """
    spec, timeout = aml_deployment_spec, aml_deployment_spec.request_settings.request_timeout_ms
    where, limit = spec.where("request_settings.request_timeout_ms"), _timeout_limit(spec, aml_serving_rules)
    if timeout < 1 or (limit is not None and timeout > limit * 1000):
        blocked(
            f"request timeout of {spec.name} is outside Azure's limits",
            found=f"request_timeout_ms = {timeout} at {where}",
            expected=f"1 to {limit * 1000} ms for a {spec.kind} deployment" if limit else "1 ms or more",
            fix=write_line(spec, "request_settings.request_timeout_ms", limit * 1000 if limit else 5000),
        )
    taken = aml_measured.request_seconds
    if taken is not None and taken * 1000 > timeout:
        blocked(
            f"requests to {spec.name} time out",
            found=f"request_timeout_ms = {timeout} at {where}; the sample took {taken * 1000:.0f} ms here",
            expected=f"request_timeout_ms above {taken * 1000:.0f}",
            fix=write_line(spec, "request_settings.request_timeout_ms", ceil(taken * 2) * 1000),
        )


@check("spec", explains=("404",), phases=PHASES)
def check_traffic_is_complete(
    aml_endpoint_spec: EndpointSpec,
    aml_deployment_specs: tuple[DeploymentSpec, ...],
    aml_live_deployment_names: frozenset[str] | None,
) -> None:
    """The endpoint's traffic adds up, and goes to deployments that there are.

    Without any weight every request is answered 404, and weights that name a deployment Azure does not know are
    refused. `aml_live_deployment_names` is None where no workspace was asked.
    """
    spec = aml_endpoint_spec
    if spec.traffic is None and not spec.mirror_traffic:
        not_applicable("the endpoint's YAML sets no traffic")
    there = {each.name for each in aml_deployment_specs} | (aml_live_deployment_names or frozenset())
    wanted = {*(spec.traffic or {}), *(spec.mirror_traffic or {})}
    strangers = sorted(wanted - there)
    refuse = blocked if aml_live_deployment_names is not None else advise
    judge = [lambda: _judge_sum(spec), lambda: judge_mirror_traffic(spec)]
    judge += [partial(_refuse_stranger, refuse, spec, stranger, there) for stranger in strangers]
    for_each(lambda judge_one: judge_one(), judge)


def _judge_sum(spec: EndpointSpec) -> None:
    weights, where = spec.traffic or {}, spec.where("traffic")
    total = sum(weights.values())
    if total not in {0, 100} or any(not 0 <= weight <= 100 for weight in weights.values()):
        blocked(
            f"traffic of endpoint {spec.name} does not add up",
            found=f"{_weights(spec)}, in sum {total}, at {where}",
            expected="weights from 0 to 100 that sum to 100, or to 0",
            fix=f"correct the weights at {where}",
            where=spec.source.position("traffic"),
        )


def _refuse_stranger(refuse: Callable[..., None], spec: EndpointSpec, name: str, there: set[str]) -> None:
    kind = "traffic" if name in (spec.traffic or {}) else "mirror_traffic"
    where = spec.where(kind)
    refuse(
        f"traffic of endpoint {spec.name} goes to {name}, which "
        + ("is not there" if refuse is blocked else "no given spec describes"),
        found=f"{_weights(spec, kind)} at {where}",
        expected=f"deployments: {', '.join(sorted(there)) or 'none are known'}",
        fix=f"create {name} first, or take it out of the traffic at {where}",
    )


@check("spec", explains=("429", "503"), phases=PHASES)
def check_instances_carry_the_target_load(
    aml_deployment_spec: DeploymentSpec, aml_measured: Measured, aml_target_rps: float | None
) -> None:
    """The instances carry the requests per second that are expected of them.

    `ceil(requests per second x seconds per request / 0.7 / max_concurrent_requests_per_instance)`, the guides' own
    formula, with `target_utilization_percentage` in the place of 0.7 where the deployment scales by one. With fewer,
    requests queue up and are turned away with 429. Advice where only added replicas would carry them: adding takes a
    while, and the formula's result is the guides' minimum.
    """
    if aml_target_rps is None:
        not_applicable("no expected load is given (--aml-target-rps)")
    if aml_measured.request_seconds is None:
        not_applicable("no request was timed (--aml-local)")
    spec, taken = aml_deployment_spec, aml_measured.request_seconds
    concurrency = spec.request_settings.max_concurrent_requests_per_instance
    scale, share = spec.scale_settings, spec.scale_settings.utilisation or TARGET_UTILISATION
    needed = replicas_needed(aml_target_rps, taken, max(concurrency, 1), share)
    field = "scale_settings.max_instances" if scale.max_instances else "instance_count"
    instances = scale.max_instances or spec.instance_count
    if instances < 1:
        not_reached(f"deployment {spec.name} has no instances")
    sum_ = f"{needed} instances: {aml_target_rps:g} requests/s x {taken:.3g} s / {share:g} / {concurrency} concurrent"
    if instances < needed:
        blocked(
            f"deployment {spec.name} is too small for {aml_target_rps:g} requests per second",
            found=f"{instances} instances at {spec.where(field)}",
            expected=sum_,
            fix=write_line(spec, field, needed),
        )
    if scale.max_instances and (scale.min_instances or 1) < needed:
        advise(
            f"deployment {spec.name} carries {aml_target_rps:g} requests per second once replicas were added",
            found=f"{scale.min_instances or 1} instances at first, at {spec.where('scale_settings.min_instances')}",
            expected=sum_,
            fix=write_line(spec, "scale_settings.min_instances", needed),
        )


@check("spec", explains=("429",), phases=PHASES)
def check_workers_match_the_concurrency(aml_deployment_spec: DeploymentSpec) -> None:
    """The server has a worker for every request that Azure lets through at once.

    Azure admits `max_concurrent_requests_per_instance` at a time, the inference server works on WORKER_COUNT of them.
    With fewer workers the rest wait behind them until they time out; with more, the surplus only takes memory.
    """
    spec = aml_deployment_spec
    if not _is_served_by_azure(spec):
        not_applicable("the container brings a server of its own")
    concurrency, given = spec.request_settings.max_concurrent_requests_per_instance, "WORKER_COUNT"
    where, text = spec.where(f"environment_variables.{given}"), spec.environment_variables.get(given, "1")
    if not text.strip().isdecimal() or int(text) < 1:
        blocked(
            f"{given} of {spec.name} is no number of workers",
            found=f"{given} = {text!r} at {where}",
            expected="a whole number, 1 or more",
            fix=write_line(spec, f"environment_variables.{given}", f'"{max(concurrency, 1)}"'),
        )
    if int(text) != concurrency:
        advise(
            f"{given} of {spec.name} does not match its concurrency",
            found=f"{given} = {text}, max_concurrent_requests_per_instance = {concurrency} at {where}",
            expected="the same number for both",
            fix=write_line(spec, f"environment_variables.{given}", f'"{concurrency}"'),
        )


@check("spec", explains=("BadArgument", "InvalidDeploymentSpec"), phases=("pre",))
def check_deployment_is_of_its_endpoints_kind(aml_deployment_spec: DeploymentSpec, aml_endpoint: Endpoint) -> None:
    """The deployment's YAML is of the kind that its endpoint is: managed, or Kubernetes.

    Without `type: kubernetes` a deployment is taken for a managed one, whatever compute its endpoint names: its
    `resources` are then unknown fields, or Azure refuses it only when it is created.
    """
    spec, where = aml_deployment_spec, aml_deployment_spec.where("type")
    if (spec.kind is ComputeKind.MANAGED) == aml_endpoint.managed:
        return
    kind = "managed" if aml_endpoint.managed else "kubernetes"
    found = f"type: {spec.kind}" if spec.declares("type") else "no type, which means managed"
    compute = "no compute" if aml_endpoint.managed else f"compute {aml_endpoint.compute_name}"
    blocked(
        f"deployment {spec.name} is not of the kind of endpoint {aml_endpoint.name}",
        found=f"{found} at {where}; the endpoint names {compute} ({aml_endpoint.where('compute')})",
        expected=f"type: {kind}",
        fix=write_line(spec, "type", kind),
        where=spec.source.position("type"),
    )


@check("spec", explains=("BadArgument", "InvalidDeploymentSpec"), phases=PHASES)
def check_assets_come_from_the_workspace(aml_deployment_spec: DeploymentSpec) -> None:
    """A Kubernetes deployment takes its model and environment from the workspace, not from a registry of Azure Machine
    Learning.

    The schema refuses `azureml://registries/...`; a registry asset's full id slips through it, and the deployment fails
    with words about an image that is empty.
    """
    spec = aml_deployment_spec
    if spec.kind is ComputeKind.MANAGED:
        not_applicable("a managed deployment may take assets of registries")
    for field, reference in (("model", spec.model), ("environment", spec.environment)):
        asset = reference.asset if reference else None
        if asset is None or not (asset.registry or "/registries/" in (asset.arm_id or "").lower()):
            continue
        blocked(
            f"{field} of deployment {spec.name} is in a registry, which Kubernetes deployments cannot use",
            found=f"{asset.arm_id or asset} at {spec.where(field)}",
            expected=f"a {field} of the workspace",
            fix=(
                f"write a path or an asset of the workspace at {spec.where(field)}",
                f"(az ml {field} download --registry-name REGISTRY fetches it)",
            ),
            where=spec.source.position(field),
        )


def _timeout_limit(spec: DeploymentSpec, rules: ServingRules) -> int | None:
    return rules.limits.get(f"request_timeout_seconds_{spec.kind}")


def _weights(spec: EndpointSpec, kind: str = "traffic") -> str:
    weights = spec.traffic if kind == "traffic" else spec.mirror_traffic
    return ", ".join(f"{name}: {weight}" for name, weight in (weights or {}).items()) or "no weights"


def _is_served_by_azure(spec: DeploymentSpec) -> bool:
    """Whether the inference server runs: with scoring code, or for an MLflow model without any."""
    environment = spec.environment
    if environment is not None and environment.inference_config is not None:
        return False
    is_mlflow = spec.model is not None and spec.model.type is ModelType.MLFLOW
    return (spec.code is not None and spec.code.scoring_script is not None) or is_mlflow
