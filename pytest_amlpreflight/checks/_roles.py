"""What mends a permission that is lacking: most often a role, and never where something takes away what roles give."""

from pytest_amlpreflight.facts.resources.access import Access, Answer, Decision
from pytest_amlpreflight.fix import Fix, GrantRole, InWords, az


def grant(role: str, access: Access, decision: Decision, kind: str = "ServicePrincipal") -> tuple[Fix, ...]:
    """The role for the principal where it was looked at; a denial has to be taken back by its owner."""
    assign = GrantRole(role, access.principal_id, access.scope, kind)
    if decision.answer is Answer.DENIED:
        listing = f"{access.scope}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01"
        return (
            az("rest", method="get", url=listing),
            InWords("(a deny assignment wins over every role: have its owner take it back)"),
        )
    if decision.answer is Answer.CONDITIONAL:
        return assign, InWords("(this role without a condition, or see that the condition holds here)")
    return (assign,)
