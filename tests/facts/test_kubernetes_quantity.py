"""Amounts in Kubernetes' notation."""

from decimal import Decimal

import pytest

from pytest_amlpreflight.facts.kubernetes.quantity import quantity, shown
from pytest_amlpreflight.facts.kubernetes.requirements import Requirements, listed


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("2", Decimal(2)),
        ("100m", Decimal("0.1")),
        ("1.5", Decimal("1.5")),
        ("1e3", Decimal(1000)),
        ("12E6", Decimal(12_000_000)),
        ("2E", Decimal(2 * 10**18)),
        ("1k", Decimal(1000)),
        ("512Mi", Decimal(512 * 2**20)),
        ("0.5Gi", Decimal(2**29)),
        ("1G", Decimal(10**9)),
        ("0", Decimal(0)),
    ],
)
def test_an_amount_is_read_as_kubernetes_reads_it(text: str, amount: Decimal) -> None:
    """Decimal and binary units, thousandths and exponents."""
    assert quantity(text) == amount


@pytest.mark.parametrize("text", ["", None, "abc", "1K", "1GB", "1 Gi", "Gi", ".", "1..2", "0x10", "nan", "inf"])
def test_what_is_no_amount_is_none(text: str | None) -> None:
    """`K` and `GB` are no units of Kubernetes' own."""
    assert quantity(text) is None


@pytest.mark.parametrize(
    ("resource", "amount", "words"),
    [
        ("cpu", "1900m", "1.9"),
        ("cpu", "0.1", "100m"),
        ("memory", "2147483648", "2Gi"),
        ("memory", "1500Mi", "1.46Gi"),
        ("nvidia.com/gpu", "1", "1"),
        ("pods", "110", "110"),
    ],
)
def test_an_amount_is_shown_as_operators_write_it(resource: str, amount: str, words: str) -> None:
    """The unit that is usual for the resource."""
    found = quantity(amount)

    assert found is not None
    assert shown(resource, found) == words


def test_a_limit_alone_is_the_request_too() -> None:
    """As Kubernetes has it; a request of nothing stays nothing."""
    wanted = Requirements(requests={"cpu": "0"}, limits={"cpu": "2", "memory": "4Gi"})

    assert wanted.request("cpu") == 0
    assert listed(wanted.asked) == "cpu 0, memory 4Gi"


def test_a_spec_stands_over_its_instance_type() -> None:
    """What it does not say, the type says."""
    wanted = Requirements({"cpu": "1"}).over(Requirements({"cpu": "100m", "memory": "2Gi"}, {"cpu": "2"}))

    assert dict(wanted.requests) == {"cpu": "1", "memory": "2Gi"}
    assert dict(wanted.limits) == {"cpu": "2"}
