"""What happened when the deployment's own script was started on this machine."""

from dataclasses import dataclass, replace

from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.rules.redaction import redact

NOTHING = Measured()


@dataclass(frozen=True, slots=True)
class SampleAnswer:
    """The answer to the sample request: its HTTP status, the start of its body, and the script's error behind it."""

    status: int | None
    body: str = ""
    reason: str | None = None
    traceback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalRun:
    """A run of the real inference server on this machine.

    Without a start `code` is the error with which Azure would report it, `reason` the last line of the script's own
    traceback, `traceback` its frames without the server's, and `advice` what mends it where that is known. `log` is the
    end of what was printed.
    """

    script: str
    server: str | None = None
    code: str | None = None
    reason: str | None = None
    traceback: tuple[str, ...] = ()
    advice: str | None = None
    log: tuple[str, ...] = ()
    budget_seconds: float = 0
    sample: SampleAnswer | None = None
    measured: Measured = NOTHING

    @property
    def has_started(self) -> bool:
        """Whether the server answered its liveness probe."""
        return self.measured.start_seconds is not None

    def without_secrets(self) -> "LocalRun":
        """The same run as a report may show it: what the user's script prints may hold keys and tokens."""
        sample = self.sample
        return replace(
            self,
            reason=self.reason and redact(self.reason),
            traceback=tuple(map(redact, self.traceback)),
            log=tuple(map(redact, self.log)),
            sample=sample
            and replace(
                sample,
                body=redact(sample.body),
                reason=sample.reason and redact(sample.reason),
                traceback=tuple(map(redact, sample.traceback)),
            ),
        )
