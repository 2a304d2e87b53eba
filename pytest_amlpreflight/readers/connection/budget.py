"""What Azure grants, and what a run spends of it: two buckets a subscription, one for Resource Graph, two more.

A bucket is the caller's: a read that rushes on after another was refused would be refused as well, and would prolong
the wait. Another subscription's reads go on.
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pytest_amlpreflight.engine import pause
from pytest_amlpreflight.engine.later import NAP

REMAINING = (
    "x-ms-ratelimit-remaining-subscription-reads",
    "x-ms-ratelimit-remaining-subscription-writes",
    "x-ms-ratelimit-remaining-subscription-resource-requests",
    "x-ms-ratelimit-remaining-subscription-resource-entities-read",
    "x-ms-ratelimit-remaining-tenant-reads",
    "x-ms-ratelimit-remaining-tenant-writes",
    "x-ms-user-quota-remaining",
)
"""What is left of a bucket, in whichever of its names an answer tells it."""

RESOURCE_GRAPH, TENANT, WRITES = "resource graph", "tenant", " writes"

LONGEST_REFUSAL = 900.0
"""Seconds for which a bucket may refuse without a single answer in between; then its refusals stand."""


class Limit(NamedTuple):
    """How much a bucket holds, and how much flows in every second."""

    burst: float
    rate: float


READ, WRITE, QUERY = Limit(250, 25), Limit(200, 10), Limit(15, 3)
"""The documented figures of ARM's reads, of its other requests, and of Resource Graph."""


class Spending:
    """What was asked, by bucket's kind, how often Azure refused for want of budget, and the seconds waited for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.asked = Counter[str]()
        self.throttled, self.waited = 0, 0.0

    def ask(self, kind: str) -> None:
        """Count a request."""
        with self._lock:
            self.asked[kind] += 1

    def refuse(self) -> None:
        """Count a refusal."""
        with self._lock:
            self.throttled += 1

    def wait(self, seconds: float) -> None:
        """Count seconds that a read waited."""
        with self._lock:
            self.waited += seconds


@dataclass(slots=True)
class _Bucket:
    """`left` was there at `filled_at`, which lies ahead where Azure said to wait. It may be less than nothing: what was
    promised to those that sleep.
    """

    left: float
    filled_at: float
    refuses_since: float | None = None


class Budget:
    """The buckets of a run. `deadline` is seconds from now: what would have to wait beyond it is not waited for.

    `share` is this process's part of what Azure grants the caller.
    """

    def __init__(
        self,
        deadline: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = pause,
    ) -> None:
        self._clock, self._sleep, self._lock = clock, sleep, Lock()
        self._buckets = dict[str, _Bucket]()
        self._until = None if deadline is None else clock() + deadline
        self.spending, self.share = Spending(), 1.0

    def take(self, name: str) -> None:
        """Wait until the bucket may be asked, and count the request. A long wait is begun anew when it is over, so
        that only what is about to be sent is promised anything.
        """
        with self._lock:
            bucket, now = self._filled(name), self._clock()
            seconds = bucket.filled_at - now + max(0.0, 1 - bucket.left) / (_limit(name).rate * self.share)
            waits = seconds > 0 and self.allows(seconds)
            if not waits or seconds <= NAP:
                bucket.left -= 1
        if waits:
            self.spending.wait(seconds)
            self._sleep(seconds)
            if seconds > NAP:
                self.take(name)
                return
        self.spending.ask(name if name in (RESOURCE_GRAPH, TENANT) else "ARM")

    def allows(self, seconds: float, name: str = "") -> bool:
        """Whether the run's time allows to wait that long, and the bucket has not refused for too long already."""
        bucket, now = self._buckets.get(name), self._clock()
        if bucket and bucket.refuses_since is not None and now + seconds > bucket.refuses_since + LONGEST_REFUSAL:
            return False
        return self._until is None or now + seconds < self._until

    def answered(self, name: str, headers: Mapping[str, str]) -> None:
        """Learn from an answer what is left."""
        told = [int(value) for header in REMAINING if (value := headers.get(header, "")).isdigit()]
        with self._lock:
            bucket = self._filled(name)
            bucket.refuses_since = None
            if told:
                bucket.left = min(bucket.left, min(told) * self.share)
        if headers.get("x-ms-user-quota-remaining") == "0":
            self._rest(name, quota_resets_after(headers) or 0.0)

    def refused(self, name: str, seconds: float) -> None:
        """Azure refused for want of budget, and says when to come again."""
        self.spending.refuse()
        self._rest(name, seconds)
        with self._lock:
            bucket = self._filled(name)
            bucket.refuses_since = self._clock() if bucket.refuses_since is None else bucket.refuses_since

    def _rest(self, name: str, seconds: float) -> None:
        """Ask nothing more of the bucket for so long, and then no faster than it fills: all who wait would else ask at
        once.
        """
        with self._lock:
            bucket = self._filled(name)
            bucket.left, bucket.filled_at = min(bucket.left, 0.0), max(bucket.filled_at, self._clock() + seconds)

    def _filled(self, name: str) -> _Bucket:
        """The bucket with what has flowed in until now."""
        limit, now = _limit(name), self._clock()
        bucket = self._buckets.setdefault(name, _Bucket(limit.burst * self.share, now))
        if now > bucket.filled_at:
            grown = bucket.left + (now - bucket.filled_at) * limit.rate * self.share
            bucket.left, bucket.filled_at = min(grown, limit.burst * self.share), now
        return bucket


def _limit(name: str) -> Limit:
    if name == RESOURCE_GRAPH:
        return QUERY
    return WRITE if name.endswith(WRITES) else READ


def bucket_of(url: str, method: str = "GET") -> str:
    """The bucket that a request draws from."""
    path = unquote(urlsplit(url).path).lower()
    if path.startswith("/providers/microsoft.resourcegraph/"):
        return RESOURCE_GRAPH
    parts = path.strip("/").split("/")
    place = parts[1] if len(parts) > 1 and parts[0] == "subscriptions" else TENANT
    return place if method in ("GET", "HEAD") else place + WRITES


def quota_resets_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until Resource Graph's quota is full again, from `hh:mm:ss`; None where the answer does not say.

    https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
    """
    match = re.fullmatch(r"(\d+):(\d+):(\d+)", headers.get("x-ms-user-quota-resets-after", ""))
    return sum(int(part) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True)) if match else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until a service wants to be asked again, from `Retry-After`; None where the answer does not say, or says
    it as a date, which none of Azure's does.
    """
    told = headers.get("Retry-After") or ""
    return float(told) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", told) else None
