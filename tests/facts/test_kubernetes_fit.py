"""Where a pod finds room."""

from decimal import Decimal

import pytest

from pytest_amlpreflight.facts.kubernetes.fit import Node, Taint, Toleration, amounts, place, pod_request, rooms
from pytest_amlpreflight.facts.kubernetes.health_report import read_report
from pytest_amlpreflight.facts.kubernetes.limits import LimitRange, ResourceQuota
from pytest_amlpreflight.facts.kubernetes.pod import Pod

MINE = Toleration({"resource-group": "g", "workspace": "w", "compute": "c"})


def node(name: str = "a", **different: object) -> Node:
    """A node with 4 cores and 8 GiB to be taken."""
    plain: dict[str, object] = {
        "name": name,
        "ready": True,
        "allocatable": amounts({"cpu": "3900m", "memory": "8Gi", "pods": "10"}),
    }
    return Node(**plain | different)  # type: ignore[arg-type]  # the fact's own fields


def pod(cpu: str, on: str = "a", phase: str = "Running") -> Pod:
    """A pod on a node."""
    return Pod(f"p{cpu}", "n", on, phase, requests=amounts({"cpu": cpu}))


REQUEST = amounts({"cpu": "1", "memory": "2Gi"})


def test_what_pods_ask_for_is_taken() -> None:
    """Those that have ended take nothing."""
    [room] = rooms([node()], [pod("2"), pod("1", phase="Succeeded"), pod("1", on="b")], {}, MINE)

    assert (room.free["cpu"], room.free["pods"]) == (Decimal("1.9"), Decimal(9))


def test_pods_are_placed_until_no_node_has_room() -> None:
    """And each node says what is missing, and what would fit."""
    fit = place(rooms([node(), node("b")], [pod("3.5", on="b")], {}, MINE), pod_request(REQUEST), 4)

    assert (fit.placed, fit.fits) == (3, False)
    assert fit.lacking == {"a": ("cpu 870m free", "memory 1.71Gi free"), "b": ("cpu 400m free",)}
    assert fit.largest["cpu"] == Decimal("3.89")


@pytest.mark.parametrize(
    ("barred", "words"),
    [
        (node(ready=False), "not Ready"),
        (node(unschedulable=True), "cordoned"),
        (node(taints=(Taint("sku", "gpu", "NoSchedule"),)), "taint sku=gpu:NoSchedule"),
        (node(taints=(Taint("ml.azure.com/workspace", "other", "NoSchedule"),)), "taint ml.azure.com/workspace"),
        (node(taints=(Taint("ml.azure.com/amlarc-system", "true", "NoSchedule"),)), "taint ml.azure.com/amlarc-system"),
        (node(labels={"pool": "web"}), "no label pool=ml"),
    ],
)
def test_what_keeps_pods_off_a_node_is_named(barred: Node, words: str) -> None:
    """Whatever room there is."""
    fit = place(rooms([barred], [], {"pool": "ml"} if "label" in words else {}, MINE), REQUEST, 1)

    assert fit.shown.startswith(f"a: {words}")


@pytest.mark.parametrize(
    "taint",
    [
        Taint("sku", "gpu", "PreferNoSchedule"),
        Taint("ml.azure.com/amlarc", "true", "NoSchedule"),
        Taint("ml.azure.com/workspace", "W", "NoSchedule"),
        Taint("ml.azure.com/compute", "true", "NoExecute"),
    ],
)
def test_tolerated_taints_keep_nobody_off(taint: Taint) -> None:
    """Preferences, and Azure Machine Learning's own with the right values."""
    assert place(rooms([node(taints=(taint,))], [], {}, MINE), REQUEST, 1).fits


def test_a_node_takes_only_so_many_pods() -> None:
    """`pods` is a resource like others."""
    full = node(allocatable=amounts({"cpu": "4", "memory": "8Gi", "pods": "1"}))

    assert place(rooms([full], [pod("0")], {}, MINE), REQUEST, 1).lacking == {"a": ("pods 0 free",)}


def test_a_quota_says_what_is_used_and_wanted() -> None:
    """By `requests.cpu` and by plain `cpu`, which means the same."""
    quota = ResourceQuota("q", amounts({"requests.cpu": "4", "cpu": "4"}), amounts({"requests.cpu": "3"}))

    [line] = quota.lacks({"requests.cpu": Decimal(2)})

    assert line == "requests.cpu: 3 of 4 used, 2 more wanted"


def test_a_limit_range_refuses_too_much_and_too_little() -> None:
    """Of one container, in requests or limits."""
    one = LimitRange("r", least=amounts({"cpu": "500m"}), most=amounts({"memory": "1Gi"}))

    refused = one.refuses(amounts({"cpu": "100m"}), amounts({"memory": "2Gi"}))

    assert refused == ("memory above the most, 1Gi", "cpu below the least, 500m")


def test_a_health_report_names_what_failed() -> None:
    """As one was recorded."""
    report = read_report(
        "Report:\nDate: 2023-12-12 13:57:17.896838241 +0000 UTC m=+0.298028493\nStatus: Passed Name: service\n"
        "Status: Failed Name: instancetype ErrorCode: E45006 ErrorMessage: Failed to validate or update instancetype\n"
    )

    [failed] = report.failed
    assert (report.date, failed.code, failed.stops_an_installation) == ("2023-12-12 13:57:17", "E45006", False)
