"""What happened when the deployment's own script was started on this machine."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.rules.redaction import redact

NOTHING = Measured()
TELLING = ("error", "exception", "errors", "error_message", "traceback")
EXPLAINING = ("message", "detail", "details", "error_type", "error_code")
ERROR_FIELDS = {*TELLING, *EXPLAINING, "status", "code", "success", "type"}
FAILED = frozenset({"error", "failed", "failure", "fail"})
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
        if _is_flask_pair(answer):
            answer = answer[0]
        if isinstance(answer, dict):
            return _error_of({str(key).lower(): value for key, value in answer.items()})
        return answer if isinstance(answer, str) and EXCEPTION.match(answer) else None

    @property
    def bare_text(self) -> str | None:
        """The answer where it is nothing but a text: a prediction, or `str(error)`."""
        answer = _decoded(_decoded(self.body))
        return answer if isinstance(answer, str) and self.is_success else None


def _is_flask_pair(answer: Any) -> bool:
    """Whether it is `return {...}, 400`, which Flask takes for a status and the inference server for a list."""
    return isinstance(answer, list) and len(answer) == 2 and answer[1] in range(400, 600)


def _error_of(answer: Mapping[str, object]) -> str | None:
    """What a body says that is an error and nothing else, or says so itself by its status."""
    says_so = str(answer.get("status")).lower() in FAILED or answer.get("success") is False
    if not says_so and not answer.keys() <= ERROR_FIELDS:
        return None
    told = next((str(answer[key]) for key in (*TELLING, *EXPLAINING * says_so) if answer.get(key)), None)
    return told or ("it calls itself failed" if says_so else None)


def _decoded(answer: Any) -> Any:
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
