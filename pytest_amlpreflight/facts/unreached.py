"""Why a host did not answer, told apart: each has its own next step."""

from enum import StrEnum


class Unreached(StrEnum):
    """What stood between us and a host; the values serve as codes of `FactUnreadable`."""

    NAME = "NameNotResolved"
    REFUSED = "ConnectionRefused"
    RESET = "ConnectionReset"
    NOT_CONNECTED = "ConnectTimeout"
    TIMEOUT = "Timeout"
    CERTIFICATE_NAME = "CertificateForAnotherName"
    CERTIFICATE_TRUST = "CertificateNotTrusted"
    CERTIFICATE_EXPIRED = "CertificateExpired"
    ANOTHER = "AnotherAnswered"
    FOREIGN = "ForeignHost"
    PROXY = "ProxyFailed"
    UNBOUNDED = "AnswerUnbounded"
    NO_HOST = "NoHostName"
    FAILED = "ConnectionFailed"


class Unbounded(Exception):
    """An answer is larger, or takes longer, than any of Azure's; the message says what the bound is."""


class HostUnreached(Exception):
    """No HTTP answer came from `host`. `why` says what stood in the way, `detail` in whose words; `path` is the way the
    name took.
    """

    def __init__(self, host: str, why: Unreached, detail: str, path: str = "") -> None:
        self.host, self.why, self.detail, self.path = host, why, detail, path
        super().__init__(f"{host}: {why}" + (f" ({detail})" if detail else ""))
