"""What a check says: nothing when all is well, or one of `blocked`, `advise`, `not_applicable` and `not_reached`.

Blocked            FAILED   we looked, and it will not work
NotApplicable      SKIPPED  the question does not arise here
└── NotReached     SKIPPED  the question was not asked: something in its way is reported by another check
PreflightAdvice    warning  it works, and is unwise

These are plain exceptions: the run tells pytest what they mean.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, NotRequired, TypedDict, TypeVar, Unpack

import pytest  # for the marker alone

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.fix import Fix, Fixes, fixes_of, place_of, resource_of

Test = TypeVar("Test", bound=Callable[..., object])

PHASES = ("pre", "post", "audit")
"""Before a deployment, after it, and at night over everything that is live."""


class Parts(TypedDict):
    """What a check says below a headline. `found` and `expected` are in Azure's spelling; `fix` mends it.

    `kind` says in a word or two which of the check's complaints this is, without names and numbers: two nights are
    compared by it. `resource` is the ARM id of what would have to change, where that is not what the check was asked
    about; `where` is the line of the user's file. Where neither is given, the fix may say.
    """

    found: str
    expected: str
    fix: Fixes
    kind: NotRequired[str]
    resource: NotRequired[object]
    where: NotRequired[Position | None]


@dataclass(frozen=True, slots=True)
class Culprit:
    """One thing that is wrong, or unwise: `headline` names it, the rest is what `Parts` says."""

    headline: str
    found: str
    expected: str
    fixes: tuple[Fix, ...]
    kind: str = ""
    resource: str = ""
    where: Position | None = None

    @classmethod
    def of(cls, headline: str, **parts: Unpack[Parts]) -> "Culprit":
        """As checks say it."""
        fixes = fixes_of(parts["fix"])
        where = parts.get("where") or place_of(fixes)
        resource = str(parts.get("resource") or "") or resource_of(fixes)
        return cls(headline, parts["found"], parts["expected"], fixes, parts.get("kind", ""), resource, where)

    @property
    def fix(self) -> str:
        """The fixes as lines."""
        return "\n".join(map(str, self.fixes))

    def __str__(self) -> str:
        return in_lines(self.headline, found=self.found, expected=self.expected, fix=self.fix)


class Blocked(Exception):
    """A check's verdict that the deployment will not work, or does not; `culprits` are the reasons.

    `final` says that waiting will not mend it; `waited` says in words how long the run waited for it to pass.
    """

    def __init__(self, *culprits: Culprit, final: bool = False, waited: str = "") -> None:
        self.culprits, self.final, self.waited = culprits, final, waited
        super().__init__("\n".join(map(str, culprits)))

    @property
    def culprit(self) -> Culprit:
        """The first, where there are several."""
        return self.culprits[0]

    def after(self, waited: str) -> "Blocked":
        """The same verdict, saying how long the run waited."""
        return Blocked(*self.culprits, final=self.final, waited=waited)


class NotApplicable(Exception):
    """A check's verdict that its question does not arise here."""


class NotReached(NotApplicable):
    """A check could not ask its question, because of something that another check reports. `behind` says in words
    which resource that is, `permission` what would have let it ask.
    """

    def __init__(self, reason: str, *, behind: str = "", permission: str | None = None) -> None:
        self.behind, self.permission = behind, permission
        super().__init__(reason)


class PreflightAdvice(UserWarning):
    """It works but is unwise. `-W error::pytest_amlpreflight.PreflightAdvice` turns it into a failure."""

    def __init__(self, culprit: Culprit) -> None:
        self.culprit = culprit
        super().__init__(str(culprit))


def blocked(headline: str, *, final: bool = False, **parts: Unpack[Parts]) -> NoReturn:
    """End the check: this will not work. Raises `Blocked`, which the run reports as FAILED.

    `headline` names what is wrong; `found`, `expected`, `fix` and the rest are those of `Parts`. `final` is for a state
    that no waiting changes, in a check that otherwise settles.
    """
    raise Blocked(Culprit.of(headline, **parts), final=final)


def not_applicable(reason: str) -> NoReturn:
    """End the check: the question does not arise here. Raises `NotApplicable`, which the run reports as SKIPPED."""
    raise NotApplicable(reason)


def not_reached(reason: str) -> NoReturn:
    """End the check: something stands in its way that another check reports. Raises `NotReached`: SKIPPED."""
    raise NotReached(f"not reached: {reason}")


def advise(headline: str, **parts: Unpack[Parts]) -> None:
    """Say that this works but is unwise, and go on: a `PreflightAdvice` warning with the same parts as `blocked`."""
    warnings.warn(PreflightAdvice(Culprit.of(headline, **parts)), stacklevel=2)


def for_each(judge: Callable[..., object], *things: Iterable[Any]) -> None:
    """Judge each, as `map` would call it, and end the check with every culprit together: the first does not hide the
    rest.

    Where none is blocked, and for some the question does not arise, the check ends with the first such reason.
    """
    blocks: list[Blocked] = []
    asides: list[NotApplicable] = []
    for one in zip(*things, strict=True):
        try:
            judge(*one)
        except Blocked as verdict:
            blocks.append(verdict)
        except NotApplicable as reason:
            asides.append(reason)
    if blocks:
        culprits = [culprit for verdict in blocks for culprit in verdict.culprits]
        raise Blocked(*culprits, final=any(verdict.final for verdict in blocks))
    if asides:
        raise asides[0]


def check(
    topic: str,
    *,
    explains: Sequence[str] = (),
    phases: Sequence[str] = PHASES,
    settles: bool = False,
    shows_logs: bool = False,
) -> Callable[[Test], Test]:
    """Mark a function as a check.

    `topic` groups checks and can be selected with `-m "aml_check(topic='quota')"`. `explains` holds the error codes
    with which Azure would report this very failure. `phases` are those of `pre`, `post`, `audit` in which it makes
    sense. `settles` says that a failure may pass by itself within minutes: `--aml-wait` then reads again until it does.
    `shows_logs` attaches the deployment's container logs to a failure.
    """
    unknown = set(phases) - set(PHASES)
    if unknown:
        raise ValueError(f"unknown phase {', '.join(sorted(unknown))}: a check runs in {', '.join(PHASES)}")
    more = {name: True for name, wanted in (("settles", settles), ("shows_logs", shows_logs)) if wanted}
    mark: Callable[[Test], Test] = pytest.mark.aml_check(
        topic=topic, explains=tuple(explains), phases=tuple(phases), **more
    )
    return mark


def advise_instead(verdict: Blocked) -> None:
    """Say as advice what another check blocks: where nobody knows whether the rule holds."""
    for culprit in verdict.culprits:
        warnings.warn(PreflightAdvice(culprit), stacklevel=3)


def in_lines(headline: str, **parts: str) -> str:
    """The headline, and below it each part that says something, with its name."""
    return "\n".join([headline, *(f"  {name + ':':<10}{aligned(text)}" for name, text in parts.items() if text)])


def aligned(text: str) -> str:
    """Later lines of a part stand under its first."""
    return text.replace("\n", "\n" + " " * 12)
