"""What happened when the deployment's own script was started on this machine."""

import json
import re
from dataclasses import dataclass, replace

from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.rules.redaction import redact

NOTHING = Measured()
TELLING = frozenset({"error", "errors", "exception", "traceback", "error_message"})
ERROR_FIELDS = TELLING | {"message", "detail", "details", "status", "code", "success", "type"}
EXCEPTION = re.compile(r"Traceback \(most recent call last\)|[A-Za-z_.]{0,60}(?:Error|Exception)\b|\[Errno \d+\]")


@dataclass(frozen=True, slots=True)
class SampleAnswer:
    """The answer to the sample request: its HTTP status, the start of its body, and the script's error behind it."""

    status: int | None
    body: str = ""
    reason: str | None = None
    traceback: tuple[str, ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def error_text(self) -> str | None:
        """What is wrong by the answer's own words, where a status of success carries nothing but an error."""
        answer = _decoded(_decoded(self.body))  # the server encodes what the script has encoded already
        if isinstance(answer, dict) and answer and {str(key).lower() for key in answer} <= ERROR_FIELDS:
            told = [str(value) for key, value in answer.items() if str(key).lower() in TELLING and value]
            return told[0] if told else None
        return answer if isinstance(answer, str) and EXCEPTION.match(answer) else None


def _decoded(answer: object) -> object:
    """What a JSON text says; anything else as it is."""
    try:
        return json.loads(answer) if isinstance(answer, str) else answer
    except (ValueError, RecursionError):
        return answer


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
    not_run: str | None = None
    other_versions: tuple[str, ...] = ()

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
