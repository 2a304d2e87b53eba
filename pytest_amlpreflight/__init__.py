"""Microsoft's troubleshooting guides for Azure Machine Learning online endpoints, executed as pytest checks.

A check of your own needs only these names; the facts it looks at come from the `aml_*` fixtures
(`pytest --fixtures -k aml_` lists them).
"""

from pytest_amlpreflight import facts
from pytest_amlpreflight.verdict import Blocked, PreflightAdvice, advise, blocked, check, not_applicable

__all__ = ["Blocked", "PreflightAdvice", "advise", "blocked", "check", "facts", "not_applicable"]
