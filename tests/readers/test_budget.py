"""Reads draw from buckets; a refusal stops one bucket, an answer that says little is left slows it down."""

import pytest

from pytest_amlpreflight.readers.connection.budget import LONGEST_REFUSAL, READ, Budget, bucket_of


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

    assert at_once == 100
    assert clock.now == pytest.approx(472, abs=0.1)
    assert reads.spending.throttled == 1
    assert reads.spending.waited == pytest.approx(372, abs=0.1)


def test_a_bucket_is_drawn_from_as_fast_as_it_fills_when_it_is_empty() -> None:
    """By the documented figures, and sooner where an answer says that less is left; a process has its share of both."""
    clock, header = Clock(), "x-ms-ratelimit-remaining-subscription-reads"
    reads = budget(clock)
    reads.share = 0.5

    for _ in range(int(READ.burst / 2)):
        reads.take("a")
    burst = clock.now
    for _ in range(25):
        reads.take("a")
    reads.answered("b", {header: "0"})
    reads.take("b")

    assert burst == 100
    assert clock.now == pytest.approx(100 + 26 / (READ.rate / 2), abs=0.1)


def test_what_is_no_read_has_a_bucket_of_its_own() -> None:
    """A smaller one."""
    clock = Clock()
    spent = budget(clock)
    post = bucket_of("https://management.azure.com/subscriptions/a/diagnose", "POST")

    for _ in range(210):
        spent.take(post)
        spent.take("a")

    assert clock.now == pytest.approx(101)


def test_refusals_that_never_end_are_not_waited_for_forever() -> None:
    """An answer in between begins the count anew."""
    clock = Clock()
    reads = budget(clock)
    reads.refused("a", 10)
    clock.now += LONGEST_REFUSAL - 10

    patient = reads.allows(10, "a")
    hopeless = reads.allows(11, "a")
    reads.answered("a", {})

    assert patient
    assert not hopeless
    assert reads.allows(11, "a")


def test_resource_graph_says_when_its_quota_is_full_again() -> None:
    """In the answer that takes the last of it, before anything is refused."""
    clock = Clock()
    reads = budget(clock)
    reads.answered("resource graph", {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:05"})

    reads.take("resource graph")

    assert clock.now == pytest.approx(105, abs=0.5)


def test_nothing_is_waited_for_beyond_the_deadline() -> None:
    """The read is sent, and its refusal stands."""
    clock = Clock()
    reads = budget(clock, deadline=60)
    reads.refused("a", 372)

    reads.take("a")

    assert clock.now == 100
    assert not reads.allows(61)
    assert reads.allows(59)
