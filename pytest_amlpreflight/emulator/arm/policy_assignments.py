"""Which policies are in force at a scope, and with which parameters: assignments of definitions and of sets of them,
what they leave out, and what is exempt.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .. import ids
from ..world import Document, World
from . import placed

ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
_EXEMPTIONS = "Microsoft.Authorization/policyExemptions"
_PARAMETER = re.compile(r"\[parameters\('([^']+)'\)\]", re.IGNORECASE)
_CONCAT = re.compile(r"\[concat\((.*)\)\]", re.IGNORECASE)
_PART = re.compile(r"parameters\('([^']+)'\)|'([^']*)'", re.IGNORECASE)

Values = Mapping[str, Any]
"""Parameters by their names in lower case."""


def in_force(world: World, scope: str) -> Iterator[tuple[Document, Document, Values]]:
    """Each assignment that holds at the scope and is enforced, with each definition that it assigns and the values of
    its parameters.
    """
    for assignment in placed.above(world, ASSIGNMENTS, scope):
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
    exempted = (one["properties"]["policyAssignmentId"] for one in placed.above(world, _EXEMPTIONS, scope))
    return ids.key(assignment["id"]) not in map(ids.key, exempted)


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
