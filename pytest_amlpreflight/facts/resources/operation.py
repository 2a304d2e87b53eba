"""What Azure says of the last operation on an endpoint or a deployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.resources.azure_error import AzureError

AT_REST = frozenset({"succeeded", "failed", "canceled"})
"""Provisioning states in which nothing is under way."""


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What an error code means, where Microsoft's guide describes it, what to try first, and which checks could explain
    it.
    """

    code: str
    title: str
    guide: str
    advice: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """The last operation on a resource. `error` is None while it runs; `unread` says in words why the operation itself
    could not be read.
    """

    status: str
    percent: float | None = None
    error: AzureError | None = None
    unread: str | None = None

    @property
    def meaning(self) -> CodeMeaning | None:
        """What is known of the error's code; of a code within, where the innermost is not in the table."""
        codes = self.error.codes if self.error else ()
        return next((meaning for code in codes if (meaning := meaning_of(code))), None)


def meaning_of(code: str) -> CodeMeaning | None:
    """What the table says of a code, in any casing; None for one it does not know."""
    return code_meanings().get(code.lower())


@cache
def code_meanings() -> Mapping[str, CodeMeaning]:
    """Every code of the table `error-codes`, by its lower case."""
    return {str(row["code"]).lower(): _meaning(row) for row in load("error-codes").rows}


def _meaning(row: Mapping[str, Any]) -> CodeMeaning:
    return CodeMeaning(str(row["code"]), row["title"], row["guide"], row["advice"], tuple(row.get("checks") or ()))
