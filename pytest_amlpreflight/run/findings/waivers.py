"""`--aml-waivers FILE`: failures that somebody answers for, until a day.

The file is a YAML list; every member is required:

    - check: quota::family_quota_*          a glob over `<topic>::<name>`
      target: /subscriptions/*/resourceGroups/ml-dev/**
      reason: the quota request is under way
      owner: ml-platform
      until: 2026-12-31

`target` is a glob over the ARM id, segment by segment, whatever the casing; `**` stands for any number of segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from pytest_amlpreflight.finding import Finding, Outcome

NOTICE = timedelta(days=14)
MOST_BYTES = 2 * 1024**2
_MEMBERS = ("check", "target", "reason", "owner", "until")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry; `place` is where it stands, `file:line`."""

    check: str
    target: str
    reason: str
    owner: str
    until: date
    place: str

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this check and this resource, or the target that the check was asked about."""
        ids = {finding.resource, finding.target_id}
        return fnmatchcase(finding.check, self.check) and any(matches(self.target, one) for one in ids if one)

    def holds(self, today: date) -> bool:
        """Whether its day has not passed."""
        return today <= self.until

    def in_words(self, today: date) -> str:
        """What a verdict says of it."""
        if self.holds(today):
            return f"waived until {self.until} by {self.owner}: {self.reason}"
        return f"was waived until {self.until} by {self.owner}: {self.reason}"


def matches(pattern: str, arm_id: str) -> bool:
    """Whether a glob matches an ARM id: `*` within a segment, `**` over any number of them."""
    return _match([part for part in pattern.lower().split("/") if part], [p for p in arm_id.lower().split("/") if p])


def _match(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_match(pattern[1:], parts[at:]) for at in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _match(pattern[1:], parts[1:])


def read_waivers(path: Path, checks: Iterable[str]) -> tuple[Waiver, ...]:
    """The file's waivers. `checks` are the built-in ones, which a glob over one of their topics must hit.

    Raises `pytest.UsageError` with file and line: a waiver that silently does nothing is worse than none.
    """
    import yaml

    from pytest_amlpreflight.readers.project.text_file import SpecError, read_text

    try:
        text = read_text(path, str(path), MOST_BYTES)
        content, tree = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except SpecError as error:
        raise pytest.UsageError(f"--aml-waivers {error}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise pytest.UsageError(f"--aml-waivers {path}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise pytest.UsageError(f"--aml-waivers {path}: nests too deeply") from None
    if content is None:
        return ()
    if not isinstance(content, list):
        raise pytest.UsageError(f"--aml-waivers {path}:1: a list of waivers, each with {', '.join(_MEMBERS)}")
    lines = [node.start_mark.line + 1 for node in tree.value] if isinstance(tree, yaml.SequenceNode) else []
    known = tuple(checks)
    return tuple(_waiver(entry, f"{path}:{line}", known) for entry, line in zip(content, lines, strict=True))


def _waiver(entry: Any, place: str, checks: Sequence[str]) -> Waiver:
    names = set(entry) if isinstance(entry, dict) else set()
    if problem := _problem_of(names, entry):
        raise pytest.UsageError(f"--aml-waivers {place}: {problem}")
    words = {name: str(entry[name]).strip() for name in ("check", "target", "reason", "owner")}
    if not (any(fnmatchcase(one, words["check"]) for one in checks) or _may_be_own(words["check"], checks)):
        raise pytest.UsageError(f"--aml-waivers {place}: no check is called {words['check']}")
    return Waiver(**words, until=entry["until"], place=place)


def _may_be_own(pattern: str, checks: Iterable[str]) -> bool:
    """Whether it can name a test of the user's own, by its node id or a topic that reads like none of ours."""
    topic, separator, _ = pattern.partition("::")
    if "/" in topic or topic.endswith(".py"):
        return True
    topics = {check.partition("::")[0] for check in checks}
    return bool(separator) and not (set("*?[") & set(topic) or get_close_matches(topic.lower(), topics))


def _problem_of(names: set[str], entry: Any) -> str | None:
    if missing := [name for name in _MEMBERS if name not in names or entry[name] in (None, "")]:
        return f"{', '.join(missing)} missing"
    if unknown := sorted(map(str, names - set(_MEMBERS))):
        return f"{', '.join(unknown)} is not known; a waiver has {', '.join(_MEMBERS)}"
    if type(entry["until"]) is not date:  # a datetime is one too, and no day can be compared with it
        return f"until is a day such as 2026-12-31, not {entry['until']!r}"
    return None


def waiver_for(finding: Finding, waivers: Iterable[Waiver]) -> Waiver | None:
    """The waiver of a failure, the one that holds longest. An ERROR is never waived."""
    if finding.outcome is not Outcome.FAILED:
        return None
    covering = [one for one in waivers if one.covers(finding)]
    return max(covering, key=lambda one: one.until, default=None)


def unused(waivers: Iterable[Waiver], findings: Sequence[Finding]) -> list[Waiver]:
    """The waivers that no failure needed; one whose resource was not looked at is neither used nor unused."""
    relevant = [one for one in findings if one.outcome is Outcome.FAILED or not one.outcome.was_looked_at]
    return [waiver for waiver in waivers if not any(waiver.covers(finding) for finding in relevant)]


def ending_soon(waivers: Iterable[Waiver], today: date) -> list[Waiver]:
    """The waivers that still hold, and will not for long."""
    return [one for one in waivers if one.holds(today) and one.until - today <= NOTICE]


def to_fill_in(findings: Iterable[Finding]) -> str:
    """A file of today's failures, for `--aml-waive`: who signs it adds reason, owner and day."""
    failed = {(one.check, one.resource): one for one in findings if one.outcome is Outcome.FAILED and not one.waived}
    entries = [_entry(check, resource, finding) for (check, resource), finding in sorted(failed.items())]
    head = "# Each entry needs a reason, an owner and a day; the file is refused without them.\n"
    return head + ("\n".join(entries) if entries else "[]\n")


def _entry(check: str, resource: str, finding: Finding) -> str:
    import yaml

    members = yaml.safe_dump({"check": check, "target": resource}, sort_keys=False, width=1000).splitlines()
    comment = " ".join(finding.headline.split())
    return "\n".join([f"# {comment}", f"- {members[0]}", f"  {members[1]}", "  reason:", "  owner:", "  until:", ""])
