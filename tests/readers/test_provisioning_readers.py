"""Operations, logs and autoscale settings, through the real SDK stack."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.container_log import Container
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.resources.autoscale import read_autoscale_settings
from pytest_amlpreflight.readers.resources.container_log import read_container_log
from pytest_amlpreflight.readers.resources.endpoint import read_deployment
from pytest_amlpreflight.readers.resources.operation import read_operation

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
OPERATION = f"{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/eastus2/mfeOperationsStatus/od:w:o"
FAILED = {"code": "ResourceNotReady", "message": "User container has crashed"}


def uri(host: str = "https://management.azure.com") -> dict[str, str]:
    """A resource's properties that name the operation."""
    return {"AzureAsyncOperationUri": f"{host}{OPERATION}?api-version=2023-04-01-preview"}


def test_a_failed_operation_says_why(world: Any) -> None:
    """The error's code, message and what the table knows of it."""
    world.add({"id": OPERATION, "status": "Failed", "percentComplete": 100.0, "error": FAILED})
    azure = world.connect()

    operation = read_operation(azure.arm, uri(), "Failed", "deployment blue")

    assert operation.status == "Failed"
    assert operation.error is not None
    assert operation.error.code == "ResourceNotReady"
    assert operation.meaning is not None
    assert operation.meaning.guide.endswith("#error-resourcenotready")


def test_the_operation_is_asked_of_the_clouds_own_resource_manager(world: Any) -> None:
    """A property of a resource does not decide which host the caller's token goes to."""
    world.add({"id": OPERATION, "status": "Failed", "error": FAILED})
    azure = world.connect()

    operation = read_operation(azure.arm, uri("https://somewhere.else.invalid"), "Failed", "deployment blue")

    assert operation.error is not None
    assert world.asked("/mfeoperationsstatus/od:w:o") == 1


def test_a_forgotten_operation_keeps_the_state(world: Any) -> None:
    """Azure forgets operations: the failure is still known, the reason is not."""
    operation = read_operation(world.connect().arm, uri(), "Failed", "deployment blue")

    assert (operation.status, operation.error) == ("Failed", None)
    assert operation.unread == "Azure keeps the last operation on deployment blue no longer"


def test_a_denied_operation_keeps_the_state(world: Any) -> None:
    """Who may not read operations may still know that one failed."""
    world.fault("deny", "Microsoft.MachineLearningServices/locations/mfeOperationsStatus")

    operation = read_operation(world.connect().arm, uri(), "Failed", "deployment blue")

    assert operation.unread is not None
    assert "HTTP 403 AuthorizationFailed" in operation.unread


def test_a_resource_without_an_operation_is_no_riddle(world: Any) -> None:
    """Resources that other tools made may name none."""
    assert read_operation(world.connect().arm, {}, "Failed", "x").unread == "Azure names no operation"


def test_a_log_comes_without_secrets(world: Any) -> None:
    """What the container printed, and not the key that it printed too."""
    printed = next(iter(world.sections["logs"].values()))
    printed["InferenceServer"] = "connecting with AccountKey=c2VjcmV0c2VjcmV0\nready\n"
    azure = world.connect()

    log = read_container_log(azure.arm, world.workspace_id, "iris", "blue", Container.INFERENCE_SERVER)

    assert log.available
    assert log.text.endswith("\nconnecting with AccountKey=[redacted]\nready\n")  # Azure tells of the instance first
    assert "c2VjcmV0" not in log.text


def test_a_container_that_is_not_up_has_no_log(world: Any) -> None:
    """Azure answers 200 with a sentence."""
    world.sections["logs"] = {}
    azure = world.connect()

    log = read_container_log(azure.arm, world.workspace_id, "iris", "blue", Container.STORAGE_INITIALIZER)

    assert not log.available


def test_logs_of_an_absent_deployment_are_absent(world: Any) -> None:
    """404, like any other resource."""
    azure = world.connect()

    with pytest.raises(FactAbsent, match="log of deployment green"):
        read_container_log(azure.arm, world.workspace_id, "iris", "green", Container.INFERENCE_SERVER)


def test_a_denied_log_names_the_permission(world: Any) -> None:
    """The action that would have answered."""
    world.fault("deny", "*/getlogs")
    azure = world.connect()

    with pytest.raises(FactUnreadable) as caught:
        read_container_log(azure.arm, world.workspace_id, "iris", "blue", Container.INFERENCE_SERVER)

    assert (
        caught.value.permission
        == "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/getLogs/action"
    )


def test_autoscale_settings_are_those_of_the_workspaces_deployments(world: Any) -> None:
    """Capacities are strings; what scales something else is left out; ids have no case."""
    properties = world.properties("autoscalesettings/iris-blue-autoscale")
    properties["targetResourceUri"] = properties["targetResourceUri"].upper()
    other = {
        **world["autoscalesettings/iris-blue-autoscale"],
        "properties": {"targetResourceUri": f"{SUBSCRIPTION}/x/y"},
    }
    other["id"] = other["id"].replace("iris-blue", "of-machines")
    world.add(other)
    azure = world.connect()

    (setting,) = read_autoscale_settings(azure.arm, world.workspace_id)

    assert (setting.minimum, setting.maximum, setting.enabled) == (3, 5, True)
    assert setting.scales("Iris", "BLUE")


def test_an_autoscale_setting_that_does_not_say_so_is_not_enabled(world: Any) -> None:
    """The schema's default: absent means false."""
    del world.properties("autoscalesettings/iris-blue-autoscale")["enabled"]

    (setting,) = read_autoscale_settings(world.connect().arm, world.workspace_id)

    assert not setting.enabled


def test_timeouts_and_probes_are_numbers(world: Any) -> None:
    """ISO 8601 durations as the spec writes them; minutes and fractions too."""
    settings = world.properties("deployments/blue")
    settings["requestSettings"]["requestTimeout"] = "PT1M30.5S"
    azure = world.connect()

    deployment = read_deployment(azure.arm, world.workspace_id, "iris", "blue")

    assert deployment.request_settings is not None
    assert deployment.liveness_probe is not None
    assert deployment.request_settings.request_timeout_ms == 90500
    assert deployment.liveness_probe.initial_delay == 30


@pytest.mark.parametrize("odd", ["5 seconds", "P", "PT"])
def test_an_odd_duration_is_unreadable(world: Any, odd: str) -> None:
    """What was not understood does not pass for a default."""
    world.properties("deployments/blue")["requestSettings"]["requestTimeout"] = odd
    azure = world.connect()

    with pytest.raises(FactUnreadable, match="UnexpectedShape"):
        read_deployment(azure.arm, world.workspace_id, "iris", "blue")


def test_a_connection_anew_reads_again(world: Any) -> None:
    """The same token and session, and nothing remembered: what `--aml-wait` is made of."""
    azure = world.connect()
    end = "/deployments/blue"

    for connection in (azure, azure, azure.anew()):
        read_deployment(connection.arm, world.workspace_id, "iris", "blue")

    assert world.asked(end) == 2
    assert azure.anew().token is azure.token
