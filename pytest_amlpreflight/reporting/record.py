"""A run as a whole: what was asked and what was found, for everything that is written about it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.run.findings.history import coverage
from pytest_amlpreflight.run.preflight import Preflight

_RANK = (Outcome.FAILED, Outcome.ERROR, Outcome.ADVISED)


@dataclass(frozen=True)
class Record:
    """`about` is the run in JSON's types; `notices` are sentences about waivers and the past."""

    about: Mapping[str, Any]
    findings: tuple[Finding, ...]
    mended: tuple[Finding, ...] = ()
    unseen: tuple[Finding, ...] = ()
    notices: tuple[str, ...] = field(default=())

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each outcome, and how many of the failures are waived or known."""
        counts = Counter(one.outcome for one in self.findings)
        said = {outcome.value: counts[outcome] for outcome in Outcome}
        return {**said, "waived": sum(bool(one.waived) for one in self.findings)}

    @property
    def worst_first(self) -> list[Finding]:
        """What somebody has to look at: failures nobody answers for, what could not be read, the waived, advice."""
        shown = [one for one in self.findings if one.outcome in _RANK]
        return sorted(shown, key=lambda one: _RANK.index(one.outcome) + 1.5 * bool(one.waived))


def about(
    preflight: Preflight, config: pytest.Config, findings: Sequence[Finding] = (), throttled: int = 0
) -> dict[str, Any]:
    """What is said of a run: `selection` is the same for two runs that asked the same of the same targets;
    `throttled` is how often Azure refused for want of budget.
    """
    settings, asked = preflight.settings, selection(preflight, config)
    return {
        "version": version("pytest-amlpreflight"),
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "phase": settings.phase,
        "cloud": settings.cloud,
        "selection": digest(asked),
        "asked": asked,
        "coverage": {**coverage(findings), "throttled": throttled},
    }


def selection(preflight: Preflight, config: pytest.Config) -> dict[str, Any]:
    """What a run is over: phase, targets as they were given, and whatever narrows it. What is found to be live is no
    part of it: an endpoint that is new tonight makes no other run.
    """
    targets = sorted(_scopes(preflight) or {one.resource_id or str(one) for one in preflight.given})
    shown = targets if len(targets) <= 20 else [f"{len(targets)} targets", digest(targets)]
    return {"phase": preflight.settings.phase, "targets": shown, "narrowed": list(_narrowing(preflight, config))}


def _scopes(preflight: Preflight) -> set[str]:
    return {str(scope).lower() for scope in preflight.settings.scopes}


def is_whole(preflight: Preflight, config: pytest.Config) -> bool:
    """Whether nothing narrows the run, so that what was not found is not there."""
    return not list(_narrowing(preflight, config))


def digest(content: object) -> str:
    """A short name for it."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _narrowing(preflight: Preflight, config: pytest.Config) -> Iterable[str]:
    options = config.option
    for flag, value in (("-k", options.keyword), ("-m", options.markexpr)):
        if value:
            yield f"{flag} {value}"
    yield from (f"--deselect {one}" for one in options.deselect or ())
    yield from preflight.selected or ()
    chosen, shard = preflight.settings.selection, preflight.settings.shard
    yield from (f"--aml-workspace {one}" for one in chosen.names)
    yield from (f"--aml-tag {name}={value}" for name, value in chosen.tags)
    yield from (f"--aml-exclude {one}" for one in chosen.excluded)
    if shard:
        yield f"--aml-shard {shard.number}/{shard.of}"
