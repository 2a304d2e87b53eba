"""Infrastructure templates in the repository that would undo what the workspace needs."""

from pytest_amlpreflight.facts.project.template import AccessPolicies, Template, VaultResource
from pytest_amlpreflight.fix import az
from pytest_amlpreflight.verdict import advise, blocked, check, for_each, not_applicable

HARMLESS = {AccessPolicies.WRITTEN, AccessPolicies.UNUSED}


@check("template", explains=("ImageBuildFailure", "InternalServerError"), phases=("pre", "audit"))
def check_template_keeps_vault_access(aml_templates: tuple[Template, ...]) -> None:
    """No ARM template in the repository empties the vault's access policies when it is deployed again.

    A template writes `accessPolicies` as a whole. One that creates the workspace's vault with an empty list takes the
    workspace's own access away on the second run, and deployments fail from then on.
    """
    if not aml_templates:
        not_applicable("there are no ARM templates here (--aml-template)")
    for_each(_check_template, aml_templates)


def _check_template(template: Template) -> None:
    if template.problem:
        advise(
            f"template {template.shown} cannot be read",
            found=str(template.problem),
            expected="an ARM template in JSON",
            fix=(
                az("bicep build", file="SOURCE.bicep"),
                f"(SOURCE.bicep is what {template.shown} was made from; without one correct it by hand)",
            ),
        )
    for_each(lambda vault: _check_vault(template, vault), template.vaults)


def _check_vault(template: Template, vault: VaultResource) -> None:
    if vault.is_deployed is False or vault.access_policies in HARMLESS:
        return
    condition = f", if {vault.condition}" if vault.is_deployed is None else ""
    found = f"accessPolicies: {vault.access_policies} at {vault.position}{condition}"
    expected = "the policies the vault has now, or a condition that leaves an existing vault alone"
    known = vault.name if vault.name.replace("-", "").isalnum() else "VAULT"
    fix = az("keyvault show", name=known, query="properties.accessPolicies")
    words = f"({'' if known == vault.name else 'VAULT is its name; '}write them into {template.shown})"
    is_certain = vault.is_deployed and vault.access_policies is AccessPolicies.EMPTY and template.has_workspace
    if is_certain:
        blocked(
            f"{template.shown} wipes the vault's access policies",
            found=found,
            expected=expected,
            fix=(fix, words),
            where=vault.position,
        )
    advise(f"{template.shown} may wipe a vault's access policies", found=found, expected=expected, fix=(fix, words))
