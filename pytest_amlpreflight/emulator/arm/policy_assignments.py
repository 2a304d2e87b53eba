"""Which policies are in force at a scope, and with which parameters: assignments of definitions and of sets of them,
what they leave out, and what is exempt.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .. import ids
from ..world import Document, World

ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
_EXEMPTIONS = "Microsoft.Authorization/policyExemptions"
_PARAMETER = re.compile(r"\[parameters\('([^']+)'\)\]", re.IGNORECASE)
_CONCAT = re.compile(r"\[concat\((.*)\)\]", re.IGNORECASE)
_PART = re.compile(r"parameters\('([^']+)'\)|'([^']*)'", re.IGNORECASE)
_MANAGEMENT_GROUP = "/providers/microsoft.management/managementgroups/"

Values = Mapping[str, Any]
"""Parameters by their names in lower case."""


def in_force(world: World, scope: str) -> Iterator[tuple[Document, Document, Values]]:
    """Each assignment that holds at the scope and is enforced, with each definition that it assigns and the values of
    its parameters.
    """
    for assignment in world.of_type(ASSIGNMENTS):
        if _holds(world, assignment, scope):
            yield from ((assignment, *one) for one in _definitions(world, assignment))


def effect(assignment: Document, definition: Document, values: Values) -> str:
    """What the rule does, in lower case: what the assignment overrides, else what the definition says."""
    overrides = assignment["properties"].get("overrides") or []
    of_all = (one["value"] for one in overrides if one.get("kind") == "policyEffect" and not one.get("selectors"))
    return str(next(of_all, filled(definition["properties"]["policyRule"]["then"]["effect"], values))).lower()


def filled(value: Any, values: Values) -> Any:
    """What a parameter, or a `concat` of parameters and texts, stands for; anything else as it is."""
    text = value if isinstance(value, str) else ""
    if match := _PARAMETER.fullmatch(text):
        return values.get(match[1].lower(), value)
    parts = _PART.findall(match[1]) if (match := _CONCAT.fullmatch(text)) else []
    known = [values.get(name.lower()) if name else literal for name, literal in parts]
    return "".join(map(str, known)) if known and None not in known else value


def _holds(world: World, assignment: Document, scope: str) -> bool:
    properties = assignment["properties"]
    if str(properties.get("enforcementMode") or "Default").lower() == "donotenforce":
        return False
    if any(ids.within(scope, one) for one in properties.get("notScopes") or ()):
        return False
    return _at_or_below(scope, assignment) and not any(_exempts(one, assignment, scope) for one in _exemptions(world))


def _exemptions(world: World) -> Iterator[Document]:
    return world.of_type(_EXEMPTIONS)


def _exempts(exemption: Document, assignment: Document, scope: str) -> bool:
    named = exemption["properties"]["policyAssignmentId"]
    return ids.key(named) == ids.key(assignment["id"]) and _at_or_below(scope, exemption)


def _at_or_below(scope: str, extension: Document) -> bool:
    """Whether the scope is what the assignment is made at, or below it: every management group is above all else."""
    above = extension["id"].rpartition("/providers/")[0]
    return ids.within(scope, above) or ids.key(above).startswith(_MANAGEMENT_GROUP)


def _definitions(world: World, assignment: Document) -> Iterator[tuple[Document, Values]]:
    properties = assignment["properties"]
    target, given = world.get(properties["policyDefinitionId"]), _given(properties.get("parameters"))
    if target is None:
        return
    values = _defaults(target) | given
    members = target["properties"].get("policyDefinitions")
    if members is None:
        yield target, values
    for member in members or ():
        definition = world.get(member["policyDefinitionId"])
        if definition is not None:
            own = {name: filled(value, values) for name, value in _given(member.get("parameters")).items()}
            yield definition, _defaults(definition) | own


def _given(parameters: Mapping[str, Document] | None) -> dict[str, Any]:
    return {name.lower(): one.get("value") for name, one in (parameters or {}).items()}


def _defaults(definition: Document) -> dict[str, Any]:
    parameters = definition["properties"].get("parameters") or {}
    return {name.lower(): one["defaultValue"] for name, one in parameters.items() if "defaultValue" in one}
