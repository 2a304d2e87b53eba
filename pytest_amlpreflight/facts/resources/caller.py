"""Who runs the preflight, as the access token says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity behind the run's requests: what roles are assigned to (`object_id`), and its application, if it is
    one.
    """

    object_id: str
    tenant_id: str | None
    application_id: str | None = None

    def __str__(self) -> str:
        return f"application {self.application_id}" if self.application_id else f"user {self.object_id}"
