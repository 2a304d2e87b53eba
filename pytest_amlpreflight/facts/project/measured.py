"""What starting the scoring script on this machine has shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of a local run; each is None where nothing was measured.

    Seconds until the server answered its liveness probe, seconds a request takes (median), and the peak resident
    memory of the server's whole process tree in MiB.
    """

    start_seconds: float | None = None
    request_seconds: float | None = None
    resident_mib: float | None = None
