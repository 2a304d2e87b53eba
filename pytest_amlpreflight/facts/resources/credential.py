"""What a scoring request is authorised with."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ScoringCredential:
    """A key or token of an endpoint. Its secret is never shown.

    `kind` is in words (`the primary key`). `expires_on` is in seconds since the epoch, None for a key. `audience` is
    that of an Entra token; `principal_id` its owner's.
    """

    kind: str
    secret: str = field(repr=False)
    expires_on: float | None = None
    audience: str | None = None
    principal_id: str | None = None
    wanted_audience: str | None = None

    def flaw(self, now: float) -> str | None:
        """What can be seen to be wrong with it before anybody refuses it, in words; None where it looks sound."""
        if self.expires_on is not None and self.expires_on <= now:
            return "it has expired"
        if self.audience and self.wanted_audience and self.audience.rstrip("/") != self.wanted_audience.rstrip("/"):
            return f"it is for {self.audience}, not for {self.wanted_audience}"
        if not self.secret.strip() or any(letter.isspace() for letter in self.secret):
            return "it is malformed"
        return None
