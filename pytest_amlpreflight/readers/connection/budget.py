"""What Azure grants, and what a run spends of it: a bucket per subscription, one for Resource Graph, one more.

A bucket is the caller's: a read that rushes on after another was refused would be refused as well, and would prolong
the wait. Another subscription's reads go on.
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from urllib.parse import unquote, urlsplit

REMAINING = (
    "x-ms-ratelimit-remaining-subscription-reads",
    "x-ms-ratelimit-remaining-subscription-resource-requests",
    "x-ms-ratelimit-remaining-subscription-resource-entities-read",
    "x-ms-ratelimit-remaining-tenant-reads",
)
"""What is left of a bucket, in whichever of its names an answer tells it."""

LOW, REFILL = 40, 25.0
"""With no more reads left than may be under way at once, they are sent as fast as ARM refills its bucket."""

RESOURCE_GRAPH, TENANT = "resource graph", "tenant"


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


class Budget:
    """The buckets of a run. `deadline` is seconds from now: what would have to wait beyond it is not waited for."""

    def __init__(
        self,
        deadline: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._clock, self._sleep, self._lock = clock, sleep, Lock()
        self._resume_at = dict[str, float]()
        self._low = set[str]()
        self._until = None if deadline is None else clock() + deadline
        self.spending = Spending()

    def take(self, bucket: str) -> None:
        """Wait until the bucket may be asked, and count the request."""
        with self._lock:
            at = max(self._resume_at.get(bucket, 0.0), self._clock())
            if bucket in self._low:
                self._resume_at[bucket] = at + 1 / REFILL
        pause = at - self._clock()
        if pause > 0 and self.allows(pause):
            self._sleep(pause)
            self.spending.wait(pause)
        self.spending.ask(bucket if bucket in (RESOURCE_GRAPH, TENANT) else "ARM")

    def allows(self, seconds: float) -> bool:
        """Whether the run's time allows to wait that long."""
        return self._until is None or self._clock() + seconds < self._until

    def answered(self, bucket: str, headers: Mapping[str, str]) -> None:
        """Learn from an answer what is left."""
        left = [int(value) for name in REMAINING if (value := headers.get(name, "")).isdigit()]
        with self._lock:
            if left:
                (self._low.add if min(left) < LOW else self._low.discard)(bucket)
        if headers.get("x-ms-user-quota-remaining") == "0":
            self.pause(bucket, quota_resets_after(headers) or 0.0)

    def refused(self, bucket: str, seconds: float) -> None:
        """Azure refused for want of budget, and says when to come again."""
        self.spending.refuse()
        self.pause(bucket, seconds)

    def pause(self, bucket: str, seconds: float) -> None:
        """Ask nothing more of the bucket for so long."""
        with self._lock:
            self._resume_at[bucket] = max(self._resume_at.get(bucket, 0.0), self._clock() + seconds)


def bucket_of(url: str) -> str:
    """The bucket that a request draws from."""
    path = unquote(urlsplit(url).path).lower()
    if path.startswith("/providers/microsoft.resourcegraph/"):
        return RESOURCE_GRAPH
    parts = path.strip("/").split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "subscriptions" else TENANT


def quota_resets_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until Resource Graph's quota is full again, from `hh:mm:ss`; None where the answer does not say.

    https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
    """
    match = re.fullmatch(r"(\d+):(\d+):(\d+)", headers.get("x-ms-user-quota-resets-after", ""))
    return sum(int(part) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True)) if match else None
