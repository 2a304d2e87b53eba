"""What a principal may do at a scope, by Azure's own rules for roles and deny assignments.

The rules are those of https://learn.microsoft.com/azure/role-based-access-control/role-definitions and
https://learn.microsoft.com/azure/role-based-access-control/deny-assignments: a role's name proves nothing, its
permissions do. Everything here is arithmetic over values already read; nothing asks Azure.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache

from pytest_amlpreflight.facts.resources.role_condition import holds
from pytest_amlpreflight.facts.scope import covers, describe_scope, same_scope

EVERYONE = "00000000-0000-0000-0000-000000000000"
"""The principal of a deny assignment that means all principals; its type is `SystemDefined` or `Everyone`."""

_GROUPS = {"group", "foreigngroup"}
_INDIVIDUALS = {"user", "serviceprincipal", "device"}


class Answer(Enum):
    """Whether an action is allowed. Only `GRANTED` is a yes."""

    GRANTED = "granted"
    CONDITIONAL = "conditional"
    """Something holds it, but under a condition or a group membership that cannot be decided from here."""
    DENIED = "denied"
    """A deny assignment forbids it; no further role will help."""
    ABSENT = "absent"
    """No role grants it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, and the phrase an operator reads as its reason: `role AcrPull at resource group ml-prod`."""

    answer: Answer
    because: str

    @property
    def granted(self) -> bool:
        """True for an unconditional yes, and for nothing else."""
        return self.answer is Answer.GRANTED


@dataclass(frozen=True, slots=True)
class PermissionBlock:
    """One block of a role's permissions: what it holds, and what the same block takes out again.

    A `not_actions` entry is a subtraction within its block, never a denial: another block or another role may still
    grant what this one leaves out.
    """

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str | None = None

    def holds(self, action: str, *, data: bool = False) -> bool:
        """True if the block covers `action`, its condition aside. An action is never a data action, nor the reverse."""
        held, left_out = (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)
        return matches_any(held, action) and not matches_any(left_out, action)


def blocks_answer(blocks: Iterable[PermissionBlock], action: str, *, data: bool = False) -> Answer:
    """Whether permission blocks that add up allow `action`: `GRANTED`, `CONDITIONAL` or `ABSENT`.

    This is all there is to ask of a plain list of blocks, such as the caller's own permissions at a scope. That list
    does not have deny assignments subtracted.
    """
    conditions = [bool(block.condition) for block in blocks if block.holds(action, data=data)]
    if not conditions:
        return Answer.ABSENT
    return Answer.CONDITIONAL if all(conditions) else Answer.GRANTED


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role: its blocks add up. `custom` roles may hold anything, whatever their name says."""

    id: str
    name: str
    custom: bool
    permissions: tuple[PermissionBlock, ...]


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """A role given to a principal at a scope. With a `condition`, it may or may not apply to a given request."""

    id: str
    role_definition_id: str
    principal_id: str
    principal_type: str
    scope: str
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone a deny assignment names, with Azure's type: `User`, `Group`, `ServicePrincipal`, `SystemDefined`."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class DenyAssignment:
    """What Azure forbids at a scope, whatever roles say. Managed applications and deployment stacks leave them behind.

    `scope` is `None` where Azure names none: it then holds wherever it was listed.
    """

    id: str
    name: str
    permissions: tuple[PermissionBlock, ...]
    scope: str | None
    principals: tuple[Principal, ...]
    exclude_principals: tuple[Principal, ...] = ()
    do_not_apply_to_child_scopes: bool = False

    def applies_at(self, scope: str) -> bool:
        """True if it reaches `scope`, by standing there or by inheritance."""
        if self.scope is None:
            return True
        if self.do_not_apply_to_child_scopes:
            return same_scope(self.scope, scope)
        return covers(self.scope, scope)


@dataclass(frozen=True, slots=True)
class Access:
    """Everything that decides what one principal may do at one scope; ask it with `allows` and `allows_data`.

    `assignments` are the role assignments Azure listed for the principal with `assignedTo()`, each beside its role;
    those at scopes that do not contain `scope`, and those of other people, are passed over. `group_ids` are all the
    groups the principal belongs to, transitively. With `None` nobody asked: a role of a group then counts, since
    `assignedTo()` lists only the principal's own groups, and a deny assignment for an unknown group makes the answer
    `CONDITIONAL`.

    `attributes` are what is known of what it acts on, for the conditions of assignments: by the names that these have,
    in lower case. `parts` are what it may do at those parts of the scope that count, where not the whole does: roles
    can be given on containers of a storage account and on secrets of a vault. Together they grant what the whole does
    not.
    """

    principal_id: str
    scope: str
    assignments: tuple[tuple[RoleAssignment, RoleDefinition], ...] = ()
    denials: tuple[DenyAssignment, ...] = ()
    group_ids: frozenset[str] | None = None
    parts: "tuple[Access, ...]" = ()
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def conditional(self) -> bool:
        """Whether an assignment has a condition: what is known of its object counts then."""
        return any(given.condition for given, _ in self.assignments)

    def allows(self, action: str) -> Decision:
        """Whether a control-plane action, such as `Microsoft.ContainerRegistry/registries/pull/read`, is allowed."""
        return self._decide(action, data=False)

    def allows_data(self, action: str) -> Decision:
        """Whether a data action, such as `.../blobServices/containers/blobs/read`, is allowed.

        Owner and Contributor hold no data actions at all: an identity can own a storage account and read none of it.
        """
        return self._decide(action, data=True)

    def _decide(self, action: str, *, data: bool) -> Decision:
        of_whole = self._decide_here(action, data=data)
        if of_whole.granted or of_whole.answer is Answer.DENIED:
            return of_whole
        of_parts = [part._decide_here(action, data=data) for part in self.parts]
        granted = [one for one in of_parts if one.granted]
        if not granted:
            return of_whole
        lacking = next((one for one in of_parts if not one.granted), None)
        return (
            replace(lacking, because=f"{lacking.because}; {granted[0].because} is not all") if lacking else granted[0]
        )

    def _decide_here(self, action: str, *, data: bool) -> Decision:
        granted = self._granted(action, data=data)
        denied = self._denied(action, data=data)
        if denied.answer is Answer.DENIED:
            return denied
        if denied.answer is Answer.CONDITIONAL and granted.granted:
            return Decision(Answer.CONDITIONAL, f"{granted.because}, unless {denied.because}")
        return granted

    def _granted(self, action: str, *, data: bool) -> Decision:
        applying = [(given, role) for given, role in self.assignments if self._applies(given)]
        conditional = None
        for given, role in applying:
            answer = blocks_answer(role.permissions, action, data=data)
            met = not given.condition or holds(given.condition, action, self.attributes)
            if answer is Answer.GRANTED and met:
                return Decision(Answer.GRANTED, self._grant_phrase(given, role))
            if answer is not Answer.ABSENT and conditional is None:
                conditional = self._grant_phrase(given, role) + _condition_phrase(given, role, action, data=data)
        if conditional:
            return Decision(Answer.CONDITIONAL, conditional)
        return Decision(Answer.ABSENT, self._absence_phrase([role for _, role in applying]))

    def _denied(self, action: str, *, data: bool) -> Decision:
        """`DENIED`, or `CONDITIONAL` where a deny assignment may apply, or `ABSENT` where none does."""
        doubtful = None
        for denial in self.denials:
            answer = blocks_answer(denial.permissions, action, data=data)
            if answer is Answer.ABSENT or not denial.applies_at(self.scope):
                continue
            targeted = self._is_targeted(denial)
            phrase = f"deny assignment {denial.name!r} at {describe_scope(denial.scope or self.scope)}"
            if targeted and answer is Answer.GRANTED:
                return Decision(Answer.DENIED, phrase)
            if targeted is not False:
                doubtful = doubtful or f"{phrase} applies, which cannot be told from here"
        return Decision(Answer.CONDITIONAL, doubtful) if doubtful else Decision(Answer.ABSENT, "")

    def _applies(self, given: RoleAssignment) -> bool:
        known = self._is(given.principal_id, given.principal_type)
        its_own = given.principal_type.lower() in _GROUPS if known is None else known
        return its_own and covers(given.scope, self.scope)

    def _is(self, principal_id: str, principal_type: str) -> bool | None:
        """True for the principal and its groups, False for others, None for what may be a group of its own."""
        if _same(principal_id, self.principal_id):
            return True
        if self.group_ids is not None:
            return any(_same(principal_id, group) for group in self.group_ids)
        return False if principal_type.lower() in _INDIVIDUALS else None

    def _is_targeted(self, denial: DenyAssignment) -> bool | None:
        """Whether `denial` is meant for the principal; None where that hangs on an unknown group membership."""
        # Azure accepts the everyone principal in principals only, never in excludePrincipals.
        everyone = any(_same(principal.id, EVERYONE) for principal in denial.principals)
        named = True if everyone else self._is_among(denial.principals)
        excluded = self._is_among(denial.exclude_principals)
        if named is False or excluded is True:
            return False
        return True if named and excluded is False else None

    def _is_among(self, principals: Collection[Principal]) -> bool | None:
        answers = {self._is(principal.id, principal.type) for principal in principals}
        if True in answers:
            return True
        return None if None in answers else False

    def _grant_phrase(self, given: RoleAssignment, role: RoleDefinition) -> str:
        through = "" if _same(given.principal_id, self.principal_id) else f", through group {given.principal_id}"
        return f"role {role.name} at {describe_scope(given.scope)}{through}"

    def _absence_phrase(self, roles: Sequence[RoleDefinition]) -> str:
        if not roles:
            return f"no role is assigned to it at {describe_scope(self.scope)} or above"
        names = sorted({role.name for role in roles})
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return f"no role it holds there grants it ({shown})"


def matches_any(patterns: Iterable[str], action: str) -> bool:
    """True if one pattern covers `action`; `*` stands for any characters, `/` among them, and casing is ignored."""
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)


def _condition_phrase(given: RoleAssignment, role: RoleDefinition, action: str, *, data: bool) -> str:
    held = [block.condition for block in role.permissions if block.holds(action, data=data)]
    text = " ".join((given.condition or next(filter(None, held), "")).split())
    return f", on the condition {text if len(text) <= 100 else text[:97] + '...'}"


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
