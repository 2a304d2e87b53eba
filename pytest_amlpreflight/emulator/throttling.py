"""Azure's limits: the buckets of Resource Manager, and the quota of Resource Graph.

Off unless the world has a section `throttling`: empty for the documented figures, or `reads`, `writes` (`burst`,
`per_second`) and `queries` (`burst`, `seconds`) for others. The one misbehaviour that goes by the clock.
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

from .answers import Answer, arm_error
from .ids import ArmPath

_FIGURES = {
    "reads": {"burst": 250, "per_second": 25},
    "writes": {"burst": 200, "per_second": 10},
    "queries": {"burst": 15, "seconds": 5},
}
_QUERIES = "microsoft.resourcegraph/resources"


@dataclass(slots=True)
class _Bucket:
    left: float
    since: float
    shut_until: float = 0.0


class Throttle:
    """What the caller has left, for each subscription and kind of request."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets = dict[tuple[str, str], _Bucket]()

    def weigh(self, limits: dict[str, Any] | None, method: str, arm: ArmPath) -> tuple[Answer | None, dict[str, str]]:
        """The refusal of a request, if it is one too many, and the headers that tell what is left."""
        if limits is None:
            return None, {}
        if arm.type.lower() == _QUERIES:
            return self._query({**_FIGURES["queries"], **(limits.get("queries") or {})})
        kind = "reads" if method in ("GET", "HEAD") else "writes"
        figures = {**_FIGURES[kind], **(limits.get(kind) or {})}
        return self._request(arm.subscription, kind, figures["burst"], figures["per_second"])

    def _request(
        self, subscription: str | None, kind: str, burst: float, rate: float
    ) -> tuple[Answer | None, dict[str, str]]:
        now, place = self._clock(), (subscription or "tenant").lower()
        bucket = self._buckets.setdefault((place, kind), _Bucket(burst, now))
        bucket.left, bucket.since = min(burst, bucket.left + (now - bucket.since) * rate), now
        header = f"x-ms-ratelimit-remaining-{'subscription' if subscription else 'tenant'}-{kind}"
        if bucket.left < 1 or now < bucket.shut_until:  # whoever comes too early waits anew
            seconds = ceil(burst / 10 / rate)
            bucket.shut_until = now + seconds
            return _refused(subscription, kind, seconds), {header: "0"}
        bucket.left -= 1
        return None, {header: str(int(bucket.left))}

    def _query(self, figures: dict[str, float]) -> tuple[Answer | None, dict[str, str]]:
        """So many questions in a window of time, which begins with the first."""
        now = self._clock()
        bucket = self._buckets.setdefault(("", _QUERIES), _Bucket(figures["burst"], now))
        if now - bucket.since >= figures["seconds"]:
            bucket.left, bucket.since = figures["burst"], now
        resets = ceil(bucket.since + figures["seconds"] - now)
        refused = bucket.left < 1
        bucket.left = max(0, bucket.left - 1)
        told = {
            "x-ms-user-quota-remaining": str(int(bucket.left)),
            "x-ms-user-quota-resets-after": f"00:{resets // 60:02}:{resets % 60:02}",
        }
        return (_rate_limited() if refused else None), told


def _refused(subscription: str | None, kind: str, seconds: int) -> Answer:
    text = (
        f"Number of {kind} for subscription '{(subscription or '').rpartition('/')[2]}' exceeded the limit. "
        f"Please try again after '{seconds}' seconds."
    )
    return arm_error(429, "SubscriptionRequestsThrottled", text, **{"Retry-After": str(seconds)})


def _rate_limited() -> Answer:
    """Without `Retry-After`, as recorded: when to come again is in the quota's header."""
    detail = {"code": "RateLimiting", "message": "Client application has been throttled and should not attempt again."}
    error = {
        "code": "RateLimiting",
        "message": "Please provide below info when asking for support.",
        "details": [detail],
    }
    return Answer({"error": error}, 429)
