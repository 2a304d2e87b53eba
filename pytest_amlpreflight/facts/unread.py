"""What is raised where a fact cannot be had. Absence and denial are different things, and neither is a pass.

NotRead
├── NotGiven           nobody said what to look at: the question does not arise
├── FactAbsent         Azure answered: there is no such resource
└── FactUnreadable     Azure would not tell us, or could not be asked
    └── NotSignedIn    it does not know who asks
"""

import re
from collections.abc import Iterable, Sequence

_SEVERAL = re.compile(r"the (?:(?!of |named |in |at )[\w-]+ )*?[\w-]*[^\Wsiu]s(?= of | named | in | at |$)")


class NotRead(Exception):
    """A fact could not be had. `resource` says in words which resource stands behind it; `facts` are the names of the
    facts that it was read for, innermost first.
    """

    def __init__(self, resource: str, message: str) -> None:
        self.resource, self.facts = resource, list[str]()
        super().__init__(message)

    @property
    def headline(self) -> str:
        """What is wrong with the resource, in the words of a `not reached` line."""
        return f"{self.resource} could not be read"


class NotGiven(NotRead):
    """Nobody said what to look at. The message says how to."""


class FactAbsent(NotRead):
    """Azure answered that the resource does not exist. `named_by` says who refers to it."""

    def __init__(self, resource: str, *, named_by: str | None = None) -> None:
        self.named_by = named_by
        where = f", but {named_by} names it" if named_by else ""
        super().__init__(resource, f"{resource} does not exist{where}")

    @property
    def headline(self) -> str:
        """What is wrong with the resource, in the words of a `not reached` line."""
        return f"{self.resource} does not exist"


class FactUnreadable(NotRead):
    """Azure would not tell us, or could not be asked.

    `status` is the HTTP status, or None where no answer came. `code` is Azure's own, or ours: `TokenUnavailable`,
    `ConnectionFailed`, `ConnectionBroken`, `Timeout`, `MalformedAnswer`, `UnexpectedShape`. `permission` is the
    action that would have answered, where a permission was what lacked.
    """

    def __init__(
        self, resource: str, *, status: int | None, code: str, detail: str = "", permission: str | None = None
    ) -> None:
        self.status, self.code, self.detail, self.permission = status, code, detail, permission
        answer = f"HTTP {status} {code}" if status else code
        super().__init__(resource, f"{_unreadable(resource)}: {answer}" + (f"\n  {detail}" if detail else ""))

    @property
    def headline(self) -> str:
        """What is wrong with the resource, in the words of a `not reached` line."""
        return _unreadable(self.resource)


class NotSignedIn(FactUnreadable):
    """There is no token, or Azure takes none of ours: whatever was asked, nothing can be read.

    `why` in a few words; `attempts` are the sources that were tried, each with its own reason; `fixes` are for here.
    `place` is what a run signs in to, where there are several: workspaces may be of several tenants.
    """

    def __init__(
        self,
        why: str,
        attempts: Sequence[tuple[str, str]],
        fixes: Sequence[str],
        *,
        status: int | None = None,
        code: str = "TokenUnavailable",
        place: str = "the sign-in",
    ) -> None:
        self.why, self.attempts, self.fixes = why, tuple(attempts), tuple(fixes)
        super().__init__(place, status=status, code=code, detail="; ".join(map(": ".join, self.attempts)))

    def __str__(self) -> str:
        tried = [f"{name}: {reason}" for name, reason in self.attempts]
        rows = [*_labelled("tried:", tried), *_labelled("fix:", self.fixes)]
        return "\n".join([f"not signed in: {self.why}", *rows])

    @property
    def headline(self) -> str:
        """What is wrong, in the words of a `not reached` line."""
        return "not signed in"


def raise_first(problems: Iterable[NotRead]) -> None:
    """Raise the first of what could not be had, where there is something: it may hold what the rest does not."""
    for problem in problems:
        raise problem


def _unreadable(resource: str) -> str:
    """In a sentence: one thing is, several are (`the locks of subscription S`)."""
    several = _SEVERAL.match(resource) is not None
    return f"{resource} {'are' if several else 'is'} unreadable"


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    return [f"  {label if at == 0 else '':<9} {line}" for at, line in enumerate(lines)]
