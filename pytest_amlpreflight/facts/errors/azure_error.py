"""An error as Azure reports it: codes inside codes, of which the innermost usually names the cause."""

from dataclasses import dataclass

WRAPPERS = frozenset(
    {
        "badrequest", "usererror", "systemerror", "serviceerror", "validationerror", "validation", "operationfailed",
        "deploymentfailed", "resourcedeploymentfailure", "resourceoperationfailure", "invalidrequest", "conflict",
        "notfound", "acideploymentfailed", "kubernetesdeploymentfailed", "kuberneteserror",
        "inferencingclientcreatedeploymentfailed", "deploymentidentityerror", "invalidtemplatedeployment",
    }
)  # fmt: skip
"""Codes, in lower case, that wrap another one and say nothing of their own while there is another."""


@dataclass(frozen=True, slots=True)
class ErrorLink:
    """One level of an error: its code, where it has one, and its message."""

    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class AzureError:
    """An error with all its levels, the outermost first; it has at least one. `beside` are further errors that Azure
    lists with it, which are no levels of it.
    """

    levels: tuple[ErrorLink, ...]
    beside: tuple[ErrorLink, ...] = ()

    @property
    def code(self) -> str | None:
        """The innermost code that says something; a code that merely wraps others where there is no better one."""
        codes = [level.code for level in self.levels if level.code]
        telling = [code for code in codes if code.lower() not in WRAPPERS]
        return next(reversed(telling or codes), None)

    @property
    def message(self) -> str:
        """The innermost message; a level without one leaves the word to the level around it."""
        return next((level.message for level in reversed(self.levels) if level.message), "")

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code, the innermost telling one first, each once."""
        inward = [level.code for level in reversed(self.levels) if level.code]
        return tuple(dict.fromkeys([code for code in (self.code, *inward) if code]))
