"""Findings: one record for each thing that a check found, or for its answer where it found nothing."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.fix import Fix, as_json, of_json, reworded
from pytest_amlpreflight.verdict import Culprit, in_lines


class Outcome(StrEnum):
    """What a check said of one target."""

    FAILED = "failed"
    ERROR = "error"
    ADVISED = "advised"
    NOT_REACHED = "not reached"
    NOT_APPLICABLE = "not applicable"
    PASSED = "passed"

    @property
    def was_looked_at(self) -> bool:
        """Whether the question was asked and answered."""
        return self not in (Outcome.ERROR, Outcome.NOT_REACHED)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: of one culprit, or of a check that has none.

    `check` is `<topic>::<name>`, for a user's own test without a topic its node id. `target` is what the check was
    asked about, as node ids have it; `resource` the ARM id of the culprit, else of the target. `key` is the kind of
    finding, without numbers: check, resource and key together name the same finding on another night. `headline` is the
    reason where there is no culprit. `waited` says how long the run waited for it; `permission` is what would have
    answered; `behind` names the resource that was not read, or behind which a check was not reached.
    `target_id` is the ARM id of the target. `waived` is `waived` or `known` where the failure is expected; `waiver`
    says by whom and until when, or that it was; `since` says when it was first seen; `portal` links to the resource.
    `as_of` is the time, in ISO 8601, of the rows of Resource Graph on which a pass rests.
    """

    check: str
    outcome: Outcome
    target: str = ""
    resource: str = ""
    key: str = ""
    headline: str = ""
    found: str = ""
    expected: str = ""
    fixes: tuple[Fix, ...] = ()
    where: Position | None = None
    waited: str = ""
    permission: str = ""
    behind: str = ""
    target_id: str = ""
    waived: str = ""
    waiver: str = ""
    since: str = ""
    portal: str = ""
    phase: str = ""
    as_of: str = ""

    def __str__(self) -> str:
        if self.outcome is Outcome.ERROR:
            return "\n  ".join(filter(None, (self.headline, self.found)))
        return in_lines(self.headline, **dict(self.parts()))

    @property
    def identity(self) -> tuple[str, str, str]:
        """The same on every night on which the same is found."""
        return self.check, self.resource.lower(), self.key

    @property
    def fix(self) -> str:
        """The fixes as lines."""
        return "\n".join(map(str, self.fixes))

    def without_secrets(self, clean: Callable[[str], str]) -> "Finding":
        """The same, in which `clean` has gone over everything that tells what was found; names and ids stay."""
        return replace(
            self,
            headline=clean(self.headline),
            found=clean(self.found),
            expected=clean(self.expected),
            fixes=tuple(reworded(fix, clean) for fix in self.fixes),
        )

    def parts(self) -> Iterator[tuple[str, str]]:
        """Below the headline: each part that says something, with its name."""
        for name in ("found", "waited", "expected", "fix", "since", "waiver"):
            if text := getattr(self, name):
                yield name, text

    def as_json(self) -> dict[str, Any]:
        """In types that JSON knows, without what says nothing."""
        said = {each.name: value for each in fields(self) if (value := getattr(self, each.name))}
        if self.where:
            said["where"] = asdict(self.where)
        if self.fixes:
            said["fixes"] = [as_json(fix) for fix in self.fixes]
        return {**said, "outcome": self.outcome.value}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "Finding":
        """The finding behind `as_json`; names that are not known are left aside."""
        known = {each.name for each in fields(cls)}
        values = {name: value for name, value in content.items() if name in known}
        values["outcome"] = Outcome(values["outcome"])
        values["where"] = Position(**values["where"]) if values.get("where") else None
        values["fixes"] = tuple(map(of_json, values.get("fixes", ())))
        return cls(**values)


def kind_of(culprit: Culprit, *names: str) -> str:
    """What the check itself calls this kind of culprit, else its headline without the names it holds and without
    numbers.
    """
    if culprit.kind:
        return culprit.kind
    known = {part.lower() for name in names for part in re.split(r"[/\s]+", name)}
    words = (word.strip(",;:'\"()") for word in culprit.headline.split())
    return " ".join(word for word in words if word.lower() not in known and not re.search(r"\d", word))
