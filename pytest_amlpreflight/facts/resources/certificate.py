"""What a host shows when TLS begins."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of `host`. `names` are those it is for, `days_left` what remains of it, below 0 once it has run
    out; `distrust` says in OpenSSL's words why its chain is not trusted, None where it is.
    """

    host: str
    names: tuple[str, ...]
    issuer: str
    expires: str
    days_left: int
    distrust: str | None = None

    @property
    def fits(self) -> bool:
        """Whether it is for the host: by its name, or by the one label that a `*` stands for."""
        host = self.host.lower()
        return any(name.lower() in (host, f"*.{host.partition('.')[2]}") for name in self.names)
