"""The check of ARM templates, called with values."""

from pathlib import Path

import pytest

from pytest_amlpreflight.checks import template as checks
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import Problem
from pytest_amlpreflight.facts.project.template import AccessPolicies, Template, VaultResource
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice


def template(policies: AccessPolicies, *, deployed: bool | None = True, workspace: bool = True) -> Template:
    """A template with one vault."""
    vault = VaultResource("kv-prod", Position("main.json", 40), policies, deployed, "[parameters('new')]")
    return Template(Path("main.json"), "main.json", (vault,), workspace)


@pytest.mark.parametrize(
    "found",
    [
        template(AccessPolicies.WRITTEN),
        template(AccessPolicies.UNUSED),
        template(AccessPolicies.EMPTY, deployed=False),
        Template(Path("a"), "a"),
    ],
)
def test_harmless_templates_pass(found: Template) -> None:
    """Policies of its own, role assignments, or a switch that leaves the vault alone."""
    checks.check_template_keeps_vault_access((found,))


def test_template_that_wipes_the_vault_is_blocked() -> None:
    """An empty list, deployed beside the workspace."""
    found = template(AccessPolicies.EMPTY)

    with pytest.raises(Blocked, match=r"main.json wipes the vault's access policies") as caught:
        checks.check_template_keeps_vault_access((found,))

    assert caught.value.culprit.found == "accessPolicies: an empty list at main.json:40"


@pytest.mark.parametrize(
    "found",
    [
        template(AccessPolicies.UNDECIDABLE),
        template(AccessPolicies.EMPTY, deployed=None),
        template(AccessPolicies.EMPTY, workspace=False),
    ],
)
def test_undecidable_templates_are_advice(found: Template) -> None:
    """Where the deployment or another template decides, nothing is blocked."""
    with pytest.warns(PreflightAdvice, match=r"main.json may wipe a vault's access policies"):
        checks.check_template_keeps_vault_access((found,))


def test_unreadable_template_is_advice() -> None:
    """Nothing unreadable passes in silence."""
    found = Template(Path("a"), "a.json", problem=Problem("is not JSON", Position("a.json", 3)))

    with pytest.warns(PreflightAdvice, match=r"template a.json cannot be read\n  found:    a.json:3: is not JSON"):
        checks.check_template_keeps_vault_access((found,))


def test_repository_without_templates_is_skipped() -> None:
    """There is nothing to look at."""
    with pytest.raises(NotApplicable, match="no ARM templates"):
        checks.check_template_keeps_vault_access(())
