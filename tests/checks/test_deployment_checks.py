"""The checks of what became of a deployment, by call."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_amlpreflight.checks import autoscale, deployment, logs
from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.errors.azure_error import AzureError, ErrorLink
from pytest_amlpreflight.facts.project.position import Position, Source
from pytest_amlpreflight.facts.project.spec import DeploymentSpec, NetworkAccess, ProbeSettings, RequestSettings
from pytest_amlpreflight.facts.reference import AssetReference, ModelReference
from pytest_amlpreflight.facts.resources.autoscale import AutoscaleSetting
from pytest_amlpreflight.facts.resources.container_log import Container, ContainerLog
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Deployment, Endpoint
from pytest_amlpreflight.facts.resources.operation import Operation
from pytest_amlpreflight.facts.resources.quota import Quota, Usage, UsageLevel, VmSize
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

TARGET = Target(None, "iris", "blue")


def endpoint(**changes: Any) -> Endpoint:
    """A live endpoint that is well."""
    values: dict[str, Any] = {"provisioning_state": "Succeeded", "traffic": {"blue": 100}}
    return Endpoint(name="iris", source=LIVE, auth_mode="Key", **{**values, **changes})


def live(name: str = "blue", **changes: Any) -> Deployment:
    """A live deployment that is well."""
    values: dict[str, Any] = {
        "instance_type": "Standard_DS3_V2",
        "instance_count": 3,
        "provisioning_state": "Succeeded",
    }
    return Deployment(name=name, endpoint_name="iris", source=LIVE, **{**values, **changes})


def failed(*codes: str) -> Operation:
    """A failed operation whose error nests these codes, the innermost last."""
    return Operation("Failed", error=AzureError(tuple(ErrorLink(code, f"about {code}") for code in codes)))


def test_a_provisioned_endpoint_passes() -> None:
    """Succeeded is all that is asked."""
    deployment.check_endpoint_is_provisioned(endpoint(), endpoint(), None, TARGET)


def test_an_absent_endpoint_is_final() -> None:
    """No waiting creates what nobody creates."""
    with pytest.raises(Blocked, match="endpoint iris does not exist") as caught:
        deployment.check_endpoint_is_provisioned(None, None, None, TARGET)

    assert caught.value.final


def test_a_spec_without_an_endpoint_is_yet_to_be_created() -> None:
    """Where an error is explained before anything exists, the question does not arise."""
    with pytest.raises(NotApplicable, match="yet to be created"):
        deployment.check_endpoint_is_provisioned(endpoint(), None, None, TARGET)


def test_a_failed_deployment_says_the_innermost_code_and_what_it_means() -> None:
    """Code, meaning, message and advice; and that it will not pass by itself."""
    blue = live(provisioning_state="Failed")

    with pytest.raises(
        Blocked, match="deployment blue failed with PodOutOfMemory: the pod needs more memory"
    ) as caught:
        deployment.check_deployment_is_provisioned(
            blue, blue, failed("BadRequest", "PodOutOfMemory"), endpoint(), TARGET
        )

    assert caught.value.final
    assert "BadRequest > PodOutOfMemory" in caught.value.culprit.found
    assert "about PodOutOfMemory" in caught.value.culprit.found
    assert "#error-podoutofmemory" in caught.value.culprit.fix


@pytest.mark.parametrize(
    ("code", "message", "advice", "logs"),
    [
        ("ImageBuildFailure", "container registry authorization failure", "az ml workspace sync-keys", False),
        ("OutOfQuota", "a lack of Azure ML capacity in the region", "Try again later", False),
        ("OutOfQuota", "1 Insufficient cpu: Kubernetes unschedulable", "resources.requests", False),
        ("BadArgument", "User container has crashed", "--endpoint-name iris --name blue --lines 200", False),
        ("BadArgument", "Unable to download user model", "--container storage-initializer", False),
        ("BadArgument", "Startup task failed due to authorization error", "AcrPull", False),
        ("ResourceNotReady", "the container is not ready", "inference server's log", True),
        ("OperationCanceled", "another operation came first", "Wait until", False),
    ],
)
def test_the_cause_that_azure_names_has_its_own_advice(code: str, message: str, advice: str, logs: bool) -> None:
    """Logs are offered only where a container can have printed any, and once."""
    blue = live(provisioning_state="Failed")
    operation = Operation("Failed", error=AzureError((ErrorLink(code, message),)))

    with pytest.raises(Blocked, match=f"deployment blue failed with {code}") as caught:
        deployment.check_deployment_is_provisioned(blue, blue, operation, endpoint(), TARGET)

    fix = caught.value.culprit.fix
    assert advice in fix
    assert fix.startswith("az ml online-deployment get-logs") is logs
    assert fix.count("get-logs") <= 1


@pytest.mark.parametrize(("named", "probe"), [("Liveness", "liveness_probe"), ("Readiness", "readiness_probe")])
def test_the_probe_that_gave_up_is_the_one_to_raise(named: str, probe: str) -> None:
    """From what it is today, behind the log of the container that there was."""
    blue = live(provisioning_state="Failed", **{probe: ProbeSettings(initial_delay=100, failure_threshold=40)})
    told = ErrorLink("ResourceNotReady", f"User container has crashed or terminated: {named} probe failed: 502")

    with pytest.raises(Blocked) as caught:
        deployment.check_deployment_is_provisioned(
            blue, blue, Operation("Failed", error=AzureError((told,))), endpoint(), TARGET
        )

    logs_first, _, raised, *_ = caught.value.culprit.fix.splitlines()
    assert logs_first.startswith("az ml online-deployment get-logs")
    assert raised.endswith(f"--set {probe}.initial_delay=200 {probe}.failure_threshold=40")


def test_an_internal_error_says_what_a_support_ticket_asks_for() -> None:
    """The ids of the operation and of the request; other errors are mended without."""
    blue = live(provisioning_state="Failed")
    told = {code: replace(failed(code), id="od:1", request="r1") for code in ("InternalServerError", "PodOutOfMemory")}

    for code, operation in told.items():
        with pytest.raises(Blocked, match="deployment blue failed") as caught:
            deployment.check_deployment_is_provisioned(blue, blue, operation, endpoint(), TARGET)
        assert ("operation od:1, request r1" in caught.value.culprit.found) is (code == "InternalServerError")


def test_an_unknown_code_is_still_shown() -> None:
    """What no table knows is shown as Azure says it."""
    blue = live(provisioning_state="Failed")

    with pytest.raises(Blocked, match="deployment blue failed with Brandnew"):
        deployment.check_deployment_is_provisioned(blue, blue, failed("Brandnew"), endpoint(), TARGET)


def test_a_reason_that_could_not_be_read_is_no_pass() -> None:
    """The state is known, so it is a failure; why the reason is missing stands beside it."""
    blue, forgotten = live(provisioning_state="Failed"), Operation("Failed", unread="the operation does not exist")

    with pytest.raises(Blocked, match="deployment blue failed") as caught:
        deployment.check_deployment_is_provisioned(blue, blue, forgotten, endpoint(), TARGET)

    assert "the reason is not known: the operation does not exist" in caught.value.culprit.found


@pytest.mark.parametrize("state", ["Creating", "Updating"])
def test_while_an_operation_is_under_way_the_fix_is_to_look_again(state: str) -> None:
    """There may be no container yet, and nothing has failed of which a log could tell."""
    blue = live(provisioning_state=state)

    with pytest.raises(Blocked) as caught:
        deployment.check_deployment_is_provisioned(blue, blue, Operation(state, unread="gone"), endpoint(), TARGET)

    assert caught.value.culprit.fix == (
        "az ml online-deployment show --endpoint-name iris --name blue --query provisioning_state"
    )
    assert caught.value.culprit.found == f"provisioningState = {state!r}"


@pytest.mark.parametrize("code", ["ImageBuildFailure", "OutOfQuota"])
def test_where_no_container_was_made_no_log_is_offered(code: str) -> None:
    """An image that was not built, and machines that were not had, left nothing that prints."""
    blue = live(provisioning_state="Failed")

    with pytest.raises(Blocked) as caught:
        deployment.check_deployment_is_provisioned(blue, blue, failed(code), endpoint(), TARGET)

    assert "get-logs" not in caught.value.culprit.fix


@pytest.mark.parametrize("state", ["Updating", "Scaling"])
def test_a_deployment_that_is_changed_keeps_its_traffic(state: str) -> None:
    """It serves as before meanwhile; one that is being created does not."""
    routed = replace(endpoint(), traffic={"blue": 100})

    deployment.check_traffic_reaches_a_live_deployment(routed, (live(provisioning_state=state),))

    with pytest.raises(Blocked, match=r"(?s)sends 100 % to blue, which is creating.*wait for blue"):
        deployment.check_traffic_reaches_a_live_deployment(routed, (live(provisioning_state="Creating"),))


@pytest.mark.parametrize("state", ["Creating", "Updating", "Scaling", "Deleting"])
def test_a_state_under_way_is_worth_waiting_for(state: str) -> None:
    """It fails, and is not final."""
    blue = live(provisioning_state=state)

    with pytest.raises(Blocked, match=f"deployment blue is still {state.lower()}") as caught:
        deployment.check_deployment_is_provisioned(blue, blue, Operation(state), endpoint(), TARGET)

    assert not caught.value.final


@pytest.mark.parametrize(
    ("traffic", "deployments", "words"),
    [
        ({}, (live(),), "endpoint iris sends traffic to no deployment"),
        ({"blue": 0}, (live(),), "endpoint iris sends traffic to no deployment"),
        ({"gone": 100}, (live(),), "endpoint iris sends 100 % to gone, which is absent"),
        (
            {"blue": 90, "green": 10},
            (live(), live("green", provisioning_state="Failed")),
            "sends 10 % to green, which is failed",
        ),
    ],
)
def test_traffic_must_reach_somebody(traffic: dict[str, int], deployments: tuple[Deployment, ...], words: str) -> None:
    """No weight, weight for nobody, and weight for a deployment that failed; the fix names one that works."""
    with pytest.raises(Blocked, match=words) as caught:
        deployment.check_traffic_reaches_a_live_deployment(endpoint(traffic=traffic), deployments)

    assert "--traffic blue=100" in caught.value.culprit.fix


def test_traffic_to_a_failed_deployment_without_another_is_not_mended_by_the_traffic_it_has() -> None:
    """There is nobody else to send it to."""
    failed_one = (live(provisioning_state="Failed"),)

    for traffic in ({"blue": 100}, {}):
        with pytest.raises(Blocked, match="endpoint iris sends") as caught:
            deployment.check_traffic_reaches_a_live_deployment(endpoint(traffic=traffic), failed_one)
        assert "--traffic" not in caught.value.culprit.fix
        assert "mend one first" in caught.value.culprit.fix


def spec(*declared: str, **changes: Any) -> DeploymentSpec:
    """A spec in which these fields were written, on line 1 and onwards."""
    positions = {field: Position("blue.yml", line) for line, field in enumerate(declared, 1)}
    values: dict[str, Any] = {"instance_type": "Standard_DS3_v2", "instance_count": 3}
    return DeploymentSpec("blue", "iris", source=Source("blue.yml", positions), **{**values, **changes})


ALL = ("instance_type", "instance_count", "request_settings.request_timeout_ms", "model",
       "egress_public_network_access",
       "environment_variables.TOKEN")  # fmt: skip


def settings_of(given: DeploymentSpec | None, found: Deployment, *scaled: AutoscaleSetting) -> None:
    """The check, called."""
    deployment.check_live_settings_match_the_spec(given, found, scaled)


def test_live_settings_as_the_spec_has_them_pass() -> None:
    """Casing of the instance type is Azure's own affair."""
    settings_of(spec(*ALL, request_settings=RequestSettings(10000)), live(request_settings=RequestSettings(10000)))


def test_every_difference_is_named_with_its_line_and_no_value_of_a_variable() -> None:
    """One verdict for all of them; a variable may be a secret."""
    given = spec(
        *ALL,
        instance_count=5,
        request_settings=RequestSettings(10000),
        model=ModelReference(asset=AssetReference("iris", "2")),
        egress_public_network_access=NetworkAccess.DISABLED,
        environment_variables={"TOKEN": "s3cr3t"},
    )
    found = live(
        request_settings=RequestSettings(5000),
        model="/subscriptions/s/resourceGroups/g/providers/M/workspaces/w/models/iris/versions/1",
        egress_public_network_access=True,
        environment_variables={"TOKEN": "another"},
    )

    with pytest.raises(Blocked, match="deployment blue differs from its spec in instance_count, ") as caught:
        settings_of(given, found)

    assert "request_settings.request_timeout_ms = 10000 (blue.yml:3)" in caught.value.culprit.expected
    assert "model = iris:1" in caught.value.culprit.found
    assert "egress_public_network_access = enabled" in caught.value.culprit.found
    assert "s3cr3t" not in str(caught.value)
    assert "environment_variables.TOKEN = another value" in caught.value.culprit.found


def test_what_the_spec_leaves_open_is_not_compared() -> None:
    """A default of Azure's that changed is no drift of yours."""
    settings_of(
        spec(instance_count=9, request_settings=RequestSettings(1)), live(request_settings=RequestSettings(5000))
    )


def setting(deployment_name: str = "blue", *, enabled: bool = True, maximum: int = 5) -> AutoscaleSetting:
    """An autoscale setting of a deployment."""
    target = (
        f"/subscriptions/s/resourceGroups/g/providers/M/workspaces/w/onlineEndpoints/iris/deployments/{deployment_name}"
    )
    return AutoscaleSetting("as", "/as", enabled, target, maximum, 1)


def test_autoscaling_sets_the_count() -> None:
    """An enabled setting makes the count its own; one that is off does not."""
    given = spec("instance_count", instance_count=2)

    settings_of(given, live(), setting())
    with pytest.raises(Blocked, match="instance_count"):
        settings_of(given, live(), setting(enabled=False))


QUOTA = Quota(
    usages=(
        Usage(UsageLevel.SUBSCRIPTION, "Standard DSv2 Family Cluster Dedicated vCPUs", 84, 100, "dsv2"),
        Usage(UsageLevel.REGION_TOTAL, "Total Cluster Dedicated Regional vCPUs", 200, 350),
    ),
    vm_sizes=(VmSize("Standard_DS3_v2", "standardDSv2Family", 4),),
)


WORKSPACE: Any = SimpleNamespace(location="eastus2", id=SimpleNamespace(text="/w"))
"""As much of a workspace as the quota of autoscaling needs."""


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (setting("old"), "autoscale setting as scales deployment old, which does not exist"),
        (setting(maximum=51), "goes up to 51 instances, beyond Azure's limit"),
        (setting(maximum=20), "goes up to 20 instances, beyond the quota"),
    ],
)
def test_autoscaling_needs_a_target_and_room(found: AutoscaleSetting, words: str) -> None:
    """A target that is gone, a maximum that Azure does not allow, and one that the cores do not allow."""
    with pytest.raises(Blocked, match=words):
        autoscale.check_autoscale_targets_live_deployments(endpoint(), (live(),), (found,), QUOTA, WORKSPACE)


def test_what_a_deployment_holds_is_not_guessed() -> None:
    """Where Azure does not tell its instances, nobody knows how many more cores the most would take."""
    untold = live(instance_count=0)

    autoscale.check_autoscale_targets_live_deployments(endpoint(), (untold,), (setting(maximum=20),), QUOTA, WORKSPACE)


def test_autoscaling_switched_off_is_advice() -> None:
    """Somebody may want it so."""
    with pytest.warns(PreflightAdvice, match="switched off"):
        autoscale.check_autoscale_targets_live_deployments(
            endpoint(), (live(),), (setting(enabled=False),), None, WORKSPACE
        )


def test_an_unused_deployment_is_advice_with_its_cores() -> None:
    """Two instances and the reserve are three of four cores; mirrored traffic is a use."""
    others = (live(), live("green", instance_count=2), live("shadow"))

    with pytest.warns(
        PreflightAdvice, match="deployment green of endpoint iris gets no traffic and holds 12 vCPUs"
    ) as caught:
        deployment.check_unused_deployments_hold_quota(endpoint(mirror_traffic={"shadow": 10}), others, QUOTA)

    assert len(caught) == 1


def printed(text: str) -> tuple[ContainerLog, ...]:
    """The log of an inference server."""
    return (ContainerLog(Container.INFERENCE_SERVER, text),)


TRACEBACK = 'Traceback (most recent call last):\n  File "/var/azureml-app/score.py", line 3, in run\nValueError: odd\n'


def test_a_known_cause_fails_even_what_serves() -> None:
    """The verdict names cause, line and remedy."""
    with pytest.raises(Blocked, match=r"deployment blue: a module is not installed \(lightgbm\)"):
        logs.check_container_logs_are_clean(live(), printed("ModuleNotFoundError: No module named 'lightgbm'"))


def test_an_unknown_exception_fails_only_what_failed() -> None:
    """On a deployment that serves, it may belong to one request."""
    logs.check_container_logs_are_clean(live(), printed(TRACEBACK))

    with pytest.raises(Blocked, match=r"deployment blue raised ValueError: odd in score\.py, line 3"):
        logs.check_container_logs_are_clean(live(provisioning_state="Failed"), printed(TRACEBACK))


def test_every_cause_is_named_in_one_verdict() -> None:
    """The one that ended it first, each with its own remedy."""
    blob = "azure.core.exceptions.ResourceNotFoundError: The specified blob does not exist.\n"
    both = (*printed("OSError: [Errno 28] No space left on device"), ContainerLog(Container.STORAGE_INITIALIZER, blob))

    with pytest.raises(Blocked) as caught:
        logs.check_container_logs_are_clean(live(provisioning_state="Failed"), both)

    assert [one.kind for one in caught.value.culprits] == ["no_space", "blob_not_found"]


def test_a_start_without_an_end_is_a_slow_init_of_what_failed() -> None:
    """While Azure still creates the deployment it is no verdict."""
    text = "2026-03-04 08:11:06,519 I [71] azmlinfsrv.user_script - Invoking user's init function"

    logs.check_container_logs_are_clean(live(provisioning_state="Creating"), printed(text))

    with pytest.raises(Blocked, match="had not come to its end"):
        logs.check_container_logs_are_clean(live(provisioning_state="Failed"), printed(text))


@pytest.mark.parametrize(("state", "words"), [("Creating", "no container log yet"), ("Failed", "no container came up")])
def test_no_log_is_no_clean_log(state: str, words: str) -> None:
    """Azure's sentence that there is none yet makes the question not arise."""
    with pytest.raises(NotApplicable, match=words):
        logs.check_container_logs_are_clean(live(provisioning_state=state), printed("Please try again later."))


@pytest.mark.parametrize(("built", "old"), [("20260601", False), ("20250601", True)])
def test_an_image_is_old_after_a_year(built: str, old: bool, recwarn: pytest.WarningsRecorder) -> None:
    """Counted to the last day of the log, so that the verdict does not depend on when it is asked."""
    text = f"2026-09-17T07:28:02 AzureML image information: openmpi, Materialization Build:{built}.v1"

    logs.check_image_is_recent(live(), printed(text))

    assert [warning.category for warning in recwarn] == ([PreflightAdvice] if old else [])


def test_every_known_cause_can_be_asked_about() -> None:
    """`--aml-explain` of a cause's code runs the check that finds the cause."""
    assert set(load("log-causes").column("code")) <= set(logs.CODES)


def test_what_a_cause_in_the_log_advises_to_run_names_the_deployment() -> None:
    """Nobody has to fill in what is known."""
    told = "Kind: Pod, Name: DownloadFailed, Type: Warning, Message: Failed to download the model, retrying.\n"

    with pytest.raises(Blocked, match="the instance cannot download the model") as caught:
        logs.check_container_logs_are_clean(live(provisioning_state="Failed"), printed(told))

    assert "get-logs --endpoint-name iris --name blue --container storage-initializer" in caught.value.culprit.fix
