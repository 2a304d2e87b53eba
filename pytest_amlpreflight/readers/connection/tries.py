"""How often a question was tried: a reader that leaves while it waits is called again, and must not count anew."""

from collections import Counter
from threading import Lock


class Tries:
    """Counts by question; each is tried `most` times at most."""

    def __init__(self, most: int = 3) -> None:
        self._most, self._lock, self._failed = most, Lock(), Counter[str]()

    def failed(self, question: str) -> int:
        """Count a try that failed: how many did, and 0 once there may be no other."""
        with self._lock:
            self._failed[question] += 1
            if self._failed[question] < self._most:
                return self._failed[question]
            del self._failed[question]
            return 0

    def over(self, question: str) -> None:
        """It was answered."""
        with self._lock:
            self._failed.pop(question, None)
