"""Reads draw from buckets; a refusal stops one bucket, an answer that says little is left slows it down."""

import pytest

from pytest_amlpreflight.readers.connection.budget import LOW, REFILL, Budget, bucket_of


class Clock:
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Later."""
        self.now += seconds


def budget(clock: Clock, deadline: float | None = None) -> Budget:
    """A budget over a clock of the test's."""
    return Budget(deadline, clock, clock.sleep)


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("https://management.azure.com/subscriptions/S/resourceGroups/g?api-version=1", "s"),
        ("https://management.azure.com/providers/Microsoft.ResourceGraph/resources", "resource graph"),
        ("https://management.azure.com/subscriptions?api-version=1", "tenant"),
        ("https://management.azure.com/providers/Microsoft.Authorization/permissions", "tenant"),
    ],
)
def test_a_request_draws_from_its_subscription_s_bucket(url: str, bucket: str) -> None:
    """Resource Graph has its own, and what is of no subscription is of the tenant."""
    assert bucket_of(url) == bucket


def test_a_refusal_stops_one_bucket_for_as_long_as_azure_says() -> None:
    """The others go on."""
    clock = Clock()
    reads = budget(clock)
    reads.refused("a", 372)

    reads.take("b")
    at_once = clock.now
    reads.take("a")

    assert (at_once, clock.now) == (100, 472)
    assert (reads.spending.throttled, reads.spending.waited) == (1, 372)


def test_a_bucket_that_is_nearly_empty_is_drawn_from_as_fast_as_it_fills() -> None:
    """Until an answer says that there is enough again."""
    clock, header = Clock(), "x-ms-ratelimit-remaining-subscription-reads"
    reads = budget(clock)
    reads.answered("a", {header: str(LOW - 1)})

    for _ in range(26):
        reads.take("a")
    paced = clock.now
    reads.answered("a", {header: "249"})
    for _ in range(26):
        reads.take("a")

    assert paced == pytest.approx(100 + 25 / REFILL)
    assert clock.now == pytest.approx(paced + 1 / REFILL)


def test_resource_graph_says_when_its_quota_is_full_again() -> None:
    """In the answer that takes the last of it, before anything is refused."""
    clock = Clock()
    reads = budget(clock)
    reads.answered("resource graph", {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:05"})

    reads.take("resource graph")

    assert clock.now == 105


def test_nothing_is_waited_for_beyond_the_deadline() -> None:
    """The read is sent, and its refusal stands."""
    clock = Clock()
    reads = budget(clock, deadline=60)
    reads.refused("a", 372)

    reads.take("a")

    assert clock.now == 100
    assert not reads.allows(61)
    assert reads.allows(59)
