"""Microsoft's troubleshooting guides for Azure Machine Learning online endpoints, executed as pytest checks.

A check of your own needs only these names; the facts it looks at come from the `aml_*` fixtures
(`pytest --fixtures -k aml_` lists them).
"""

from pytest_amlpreflight import facts
from pytest_amlpreflight.verdict import (
    Blocked,
    NotApplicable,
    NotReached,
    PreflightAdvice,
    advise,
    blocked,
    check,
    for_each,
    not_applicable,
    not_reached,
)

__all__ = [
    "Blocked",
    "NotApplicable",
    "NotReached",
    "PreflightAdvice",
    "advise",
    "blocked",
    "check",
    "facts",
    "for_each",
    "not_applicable",
    "not_reached",
]
