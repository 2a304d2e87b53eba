"""What a check says: nothing when all is well, or one of `blocked`, `not_applicable` and `advise`.

Blocked            FAILED   we looked, and it will not work
pytest.skip        SKIPPED  the question does not arise here
PreflightAdvice    warning  it works, and is unwise
"""

import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

import pytest
from _pytest.outcomes import Failed  # what pytest.fail raises; pytest.fail.Exception is this class without a type

Test = TypeVar("Test", bound=Callable[..., object])

PHASES = ("pre", "post", "audit")
"""Before a deployment, after it, and at night over everything that is live."""


class Blocked(Failed):
    """A check's verdict that the deployment will not work, or does not.

    `headline` names the culprit; `found` and `expected` are in Azure's spelling; `fix` can be pasted into a shell.
    `final` says that waiting will not mend it; `waited` says in words how long the run waited for it to pass.
    """

    __module__ = "builtins"  # as pytest's own outcomes do, so that the short summary starts with the headline

    def __init__(
        self, headline: str, *, found: str, expected: str, fix: str, final: bool = False, waited: str | None = None
    ) -> None:
        self.headline, self.found, self.expected, self.fix, self.final = headline, found, expected, fix, final
        evidence = (("found", found), ("waited", waited), ("expected", expected), ("fix", fix))
        lines = [headline, *(f"  {label + ':':<10}{_aligned(text)}" for label, text in evidence if text is not None)]
        super().__init__("\n".join(lines), pytrace=False)

    def after(self, waited: str) -> "Blocked":
        """The same verdict, saying how long the run waited."""
        return Blocked(
            self.headline, found=self.found, expected=self.expected, fix=self.fix, final=self.final, waited=waited
        )


class PreflightAdvice(UserWarning):
    """It works but is unwise. `-W error::pytest_amlpreflight.PreflightAdvice` turns it into a failure."""


def blocked(headline: str, *, found: str, expected: str, fix: str, final: bool = False) -> NoReturn:
    """End the check: this will not work. Raises `Blocked`, which pytest reports as FAILED.

    `final` is for a state that no waiting changes, in a check that otherwise settles.
    """
    raise Blocked(headline, found=found, expected=expected, fix=fix, final=final)


def not_applicable(reason: str) -> NoReturn:
    """End the check: the question does not arise here. pytest reports SKIPPED with the reason."""
    pytest.skip(reason)


def advise(headline: str, *, found: str, expected: str, fix: str) -> None:
    """Say that this works but is unwise, and go on: a `PreflightAdvice` warning with the parts of a verdict."""
    text = f"{headline}; found {found}; better {expected}; {fix}"
    warnings.warn(text, PreflightAdvice, stacklevel=2)


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


def _aligned(text: str) -> str:
    """Later lines of a part stand under its first."""
    return text.replace("\n", "\n" + " " * 12)
