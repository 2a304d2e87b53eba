"""Azure's limits, by a clock of the test's."""

from pytest_amlpreflight.emulator.ids import parse
from pytest_amlpreflight.emulator.throttling import Throttle

SUBSCRIPTION = parse("/subscriptions/s")
QUERY = parse("/providers/Microsoft.ResourceGraph/resources")


def test_a_bucket_holds_a_burst_and_fills_by_the_second() -> None:
    """Whoever asks before the time is over waits anew; another subscription and another kind have their own."""
    now, limits = [0.0], {"reads": {"burst": 20, "per_second": 1}}
    throttle = Throttle(lambda: now[0])
    assert SUBSCRIPTION
    told = [throttle.weigh(limits, "GET", SUBSCRIPTION) for _ in range(21)]
    posted, _ = throttle.weigh(limits, "POST", SUBSCRIPTION)

    now[0] = 1.5
    early, _ = throttle.weigh(limits, "GET", SUBSCRIPTION)
    now[0] = 3.5
    late, left = throttle.weigh(limits, "GET", SUBSCRIPTION)

    assert [refusal is None for refusal, _ in told] == [True] * 20 + [False]
    assert told[0][1] == {"x-ms-ratelimit-remaining-subscription-reads": "19"}
    refusal = told[20][0]
    assert refusal
    assert (refusal.status, refusal.headers["Retry-After"]) == (429, "2")
    assert posted is None
    assert early
    assert late is None
    assert left == {"x-ms-ratelimit-remaining-subscription-reads": "2"}


def test_resource_graph_has_a_quota_for_a_window() -> None:
    """Its refusal has no `Retry-After`; the header of the quota says when it is full again."""
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    assert QUERY
    told = [throttle.weigh({}, "POST", QUERY) for _ in range(16)]
    now[0] = 5.0
    again, left = throttle.weigh({}, "POST", QUERY)

    refusal, headers = told[15]
    assert refusal
    assert (refusal.status, refusal.body["error"]["code"]) == (429, "RateLimiting")
    assert "Retry-After" not in refusal.headers
    assert headers == {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:05"}
    assert again is None
    assert left["x-ms-user-quota-remaining"] == "14"


def test_without_limits_nothing_is_weighed() -> None:
    """Off unless the world says otherwise."""
    assert SUBSCRIPTION

    assert Throttle().weigh(None, "GET", SUBSCRIPTION) == (None, {})
