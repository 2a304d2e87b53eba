"""Answers that are none: what every member of every answer may be instead of what it is.

As a program it tries all of them and prints what was said wrongly: `python tests/hostile.py --help`.
"""

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from operator import attrgetter
from typing import Any

import pytest
import requests
from judging import Said, asked, emulated, readings_of

from pytest_amlpreflight import graph
from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.faults import Fault

Path = tuple[str | int, ...]

PHASES = ("pre", "post", "audit")


def deep(levels: int) -> object:
    """Lists in lists."""
    value: object = []
    for _ in range(levels):
        value = [value]
    return value


SHAPES: dict[str, object] = {
    "a list": [7],
    "an object": {"a": 7},
    "a number": 7,
    "a flag": True,
    "a text": "\u2603",
    "null": None,
    "nested 60 deep": deep(60),
    "nested 400 deep": deep(400),
}
"""What has another type than the member has."""

NUMBERS: dict[str, object] = {
    "a huge number": 10**400,
    "infinity": float("inf"),
    "no number": float("nan"),
    "below zero": -1,
    "a number as text": "7",
    "a long number as text": "9" * 400,
}
"""What stands in a number's place."""

TEXTS: dict[str, object] = {
    "blanks": "   ",
    "empty labels": "a..b",
    "a dot": ".",
    "an open bracket": "[::1",
    "an address without a host": "https://a..b/score",
    "an address with a bracket": "https://[::1/score",
    "an address with blanks": "https://a b/score",
    "a long label": f"https://{'a' * 70}.vault.azure.net/secrets/s",
    "no name of any alphabet": "https://\u2603\u0301\ufffd.azurecr.io/x",
    "a control character": "a\x00b\x1b[31m\n\nc",
    "half an id": "/subscriptions//resourceGroups/",
    "an id of nothing": "/subscriptions/s/resourceGroups/g/providers/",
    "a date of no calendar": "2025-02-31T99:99:99Z",
    "a duration of nothing": "PT-1X!",
    "a long text": "a-" * 50_000,
}
"""What stands in a text's place."""


@dataclass(frozen=True)
class Case:
    """One member of one answer, and what is there instead. `request` is method and path; `what` says it in words."""

    phase: str
    request: tuple[str, str]
    member: Path
    what: str
    value: object

    @property
    def fault(self) -> Fault:
        """The case as a fault of the emulator's."""
        method, path = self.request
        return Fault("set", f"*{path}", method=method, member=list(self.member), value=self.value)

    def __str__(self) -> str:
        place = ".".join(map(str, self.member)) or "the answer"
        return f"{self.phase} {self.request[0]} {self.request[1][-90:]} {place}: {self.what}"


def answers(emulator: Emulator, phase: str) -> dict[tuple[str, str], Any]:
    """What the healthy world answers in JSON to what a phase asks, by method and path."""
    found = dict[tuple[str, str], Any]()

    def keep(response: requests.Response, *_: object, **__: object) -> None:
        request = response.request
        path = str(request.url).partition("?")[0].split("/", 3)[3]
        if path != "score" and "json" in response.headers.get("content-type", "") and response.ok:
            found.setdefault((str(request.method), f"/{path}".lower()), response.json())

    readings, target = readings_of(emulator, phase)
    for session in (readings.azure.session, readings.azure.data_plane._session):
        session.hooks["response"].append(keep)
    asked(readings, target, phase)
    return found


def members(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every place in an answer and what is there; of a list the first of its items."""
    yield path, value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from members(item, (*path, name))
    elif isinstance(value, list) and value:
        yield from members(value[0], (*path, 0))


def garbage(value: object) -> dict[str, object]:
    """What may be in that value's place and is none of it."""
    found = {
        what: other for what, other in SHAPES.items() if type(other) is not type(value) or what.startswith("nested")
    }
    if isinstance(value, str):
        found |= TEXTS
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        found |= NUMBERS
    return found


def cases(emulator: Emulator, phases: Sequence[str] = PHASES) -> list[Case]:
    """Every case there is; what two phases read alike is tried in the first."""
    found, seen = list[Case](), set[tuple[tuple[str, str], Path]]()
    for phase in phases:
        for request, body in sorted(answers(emulator, phase).items(), key=lambda one: one[0]):
            for member, value in members(body):
                if (request, member) not in seen:
                    seen.add((request, member))
                    found += [Case(phase, request, member, what, other) for what, other in garbage(value).items()]
    return found


STATEMENTS = frozenset({"condition", "description", "imageBuildCompute", "name"})
"""Members of which any text says something, by their last names: a name that nobody has is an answer."""

MAPS = frozenset({"properties", "tags", "environmentVariables"})
"""Members whose members are texts that anybody chose, where Azure takes other scalars too."""

PATIENCE = 15.0
"""Seconds after which a case has taken too long."""


@dataclass(frozen=True)
class Breach:
    """What was said wrongly of a case: `kind` of wrong, and the words."""

    case: Case
    kind: str
    words: str


class Trial:
    """A world that is served, with what every phase says of it while it is well."""

    def __init__(self, emulator: Emulator, phases: Sequence[str] = PHASES) -> None:
        self.emulator, self.tried = emulator, 0
        self.healthy = {phase: self._judge(phase) for phase in phases}
        for said in self.healthy.values():
            assert not said.errors | said.blocks, said.words

    def breaches(self, case: Case, only: frozenset[str] | None = None) -> tuple[set[str], list[Breach]]:
        """The checks that the case changes, and what was wrong."""
        self.tried += 1
        self.emulator.world.faults[:] = [case.fault]
        began = time.monotonic()
        try:
            said = self._judge(case.phase, only)
        except Exception:
            return set(), [Breach(case, "traceback", traceback.format_exc())]
        finally:
            self.emulator.world.faults.clear()
        well = self.healthy[case.phase]
        changed = (well.passes - said.passes) | (said.passes - well.passes)
        found = [Breach(case, "failed", said.words[check]) for check in said.blocks if not _says_something(case)]
        if time.monotonic() - began > PATIENCE:
            found.append(Breach(case, "slow", f"{time.monotonic() - began:.1f} s"))
        return changed if only is None else changed & only, found

    def of_member(self, all_of_it: Sequence[Case]) -> list[Breach]:
        """What is wrong over every case of one member. Where two kinds of shape change nothing, nobody reads it."""
        shapes = [case for case in all_of_it if case.what in SHAPES and case.what not in ("null", "nested 400 deep")]
        readers, found = set[str](), list[Breach]()
        for case in shapes[:2]:
            changed, wrong = self.breaches(case)
            readers |= changed
            found += wrong
        if not readers and not found:
            return []
        for case in [case for case in all_of_it if case not in shapes[:2]]:
            changed, wrong = self.breaches(case, frozenset(readers))
            found += wrong
            if case in shapes and not _in_a_map(case) and (passing := readers - changed):
                found.append(Breach(case, "passed", ", ".join(sorted(passing))))
        return found

    def _judge(self, phase: str, only: frozenset[str] | None = None) -> Said:
        return asked(*readings_of(self.emulator, phase, timeout=10), phase, only)


def _says_something(case: Case) -> bool:
    """Whether the case is no garbage: null is Azure's word for what is not set, and of some members any text counts."""
    return case.what == "null" or (
        case.what in (*TEXTS, "a text") and bool(case.member) and case.member[-1] in STATEMENTS
    )


def _in_a_map(case: Case) -> bool:
    return len(case.member) > 2 and case.member[-2] in MAPS and case.what in ("a number", "a flag", "a text")


def by_member(cases: Sequence[Case]) -> list[list[Case]]:
    """The cases of each member."""
    key = attrgetter("phase", "request", "member")
    return [list(group) for _, group in groupby(cases, key)]


def main() -> None:
    """Try the cases."""
    parser = argparse.ArgumentParser(description="Try answers that are none, over every member of every answer.")
    parser.add_argument("--members", type=int, default=0, help="so many members, by chance; all without")
    parser.add_argument("--seed", type=int, default=0, help="of the chance")
    parser.add_argument("--only", default="", help="members whose words hold this")
    options = parser.parse_args()
    for module in graph.pytest_plugins:
        import_module(module)
    with emulated(pytest.MonkeyPatch()) as emulator:
        trial = Trial(emulator)
        chosen = [group for group in by_member(cases(emulator)) if options.only in str(group[0])]
        if options.members:
            chosen = random.Random(options.seed).sample(chosen, min(options.members, len(chosen)))
        kinds = Counter[str]()
        for group in chosen:
            for breach in trial.of_member(group):
                kinds[breach.kind] += 1
                print(f"{breach.kind}: {breach.case}\n    " + "\n    ".join(breach.words.splitlines()[-4:]), flush=True)
    print(f"{len(chosen)} members, {trial.tried} tries, {dict(kinds) or 'no breach'}")
    sys.exit(bool(kinds))


if __name__ == "__main__":
    main()
