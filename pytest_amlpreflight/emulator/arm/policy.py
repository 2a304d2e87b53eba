"""Azure Policy in small: assignments of definitions whose rule compares fields, and what they say of a resource.

Knows `field` with `equals`, `notEquals`, `in`, `notIn`, `exists` and `like`, under `allOf`, `anyOf` and `not`, with
parameters. A rule with anything else cannot be evaluated, as happens in Azure with a wrong template function.
"""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from typing import Any

from .. import ids
from ..answers import Answer
from ..ids import ArmPath
from ..notation import dig
from ..world import Document, World, type_of
from . import bodies
from .list_filters import UnsupportedFilter
from .policy_assignments import Values, effect, filled, in_force

_PENDING = "Pending"
_TAG = re.compile(r"tags(?:\['?|\.)([^'\]]+)(?:'?\])?", re.IGNORECASE)
_COMPARISON = re.compile(r"(?P<member>policyType|policyDefinitionId) eq '(?P<value>[^']*)'", re.IGNORECASE)


class NotEvaluated(Exception):  # reads as what it is
    """The rule holds something that cannot be evaluated."""


def restrictions(world: World, group: str, body: bytes) -> Answer:
    """What `checkPolicyRestrictions` answers: the policies with the effect deny that the resource would violate."""
    question = bodies.content(body)
    details = bodies.need(question, "resourceDetails", dict)
    content, below = bodies.need(details, "resourceContent", dict), bodies.maybe(details, "scope", str)
    bodies.need(content, "type", str)
    bodies.maybe(content, "tags", dict)
    fields = bodies.maybe(question, "pendingFields", list) or []
    pending = frozenset(bodies.need(one, "field", str).lower() for one in fields)
    judged = list(_judged(world, below if below and ids.within(below, group) else group, content, pending))
    return Answer(
        {
            "fieldRestrictions": [_restriction(*one) for one in judged if one[2] == _PENDING],
            "contentEvaluationResult": {
                "policyEvaluations": [_evaluation(*one) for one in judged if one[2] != _PENDING]
            },
        }
    )


def listed(world: World, arm: ArmPath, text: str) -> list[Document]:
    """The policies of a kind at a scope: those that hold there and, unless `atScope()` is asked for, those below.

    Raises `UnsupportedFilter`.
    """
    scope, word = arm.parent or "/", text.replace(" ", "").lower()
    held = [(one, one["id"].rpartition("/providers/")[0] or "/") for one in world.of_type(arm.type)]
    if word == "atexactscope()":
        return [one for one, at in held if ids.key(at) == ids.key(scope)]
    below = scope != "/" and word != "atscope()"
    found = [one for one, at in held if ids.within(scope, at) or (below and ids.within(at, scope))]
    if word in ("", "atscope()", "atscopeandbelow()"):
        return found
    match = _COMPARISON.fullmatch(text.strip())
    if match is None:
        raise UnsupportedFilter(text)
    name = {"policytype": "policyType"}.get(match["member"].lower(), "policyDefinitionId")
    return [one for one in found if _same((one.get("properties") or {}).get(name), match["value"])]


def summary(world: World, scope: str) -> Document:
    """The answer of `policyStates/latest/summarize`."""
    found = states(world, scope)
    violated = {one["policyAssignmentId"] for one in found}
    counts = {"nonCompliantResources": len({one["resourceId"] for one in found}), "nonCompliantPolicies": len(violated)}
    assigned = [{"policyAssignmentId": one, "results": counts, "policyDefinitions": []} for one in sorted(violated)]
    return {"@odata.count": 1, "value": [{"results": counts, "policyAssignments": assigned}]}


def states(world: World, scope: str) -> list[Document]:
    """The rows of `policyStates/latest/queryResults` for violations of policies that deny, below a scope."""
    rows = []
    for resource in [one for one in world.documents.values() if ids.within(one["id"], scope)]:
        found = _judged(world, resource["id"], {**resource, "type": type_of(resource)}, frozenset())
        rows += [
            _state(resource, assignment, definition)
            for assignment, definition, result, _ in found
            if result == "NonCompliant"
        ]
    return rows


Judged = tuple[Document, Document, str, Document]


def _judged(world: World, scope: str, content: Document, pending: frozenset[str]) -> Iterator[Judged]:
    """Each assignment above the scope that denies the content, hangs on a pending field, or cannot be evaluated:
    definition and comparison.
    """
    for assignment, definition, values in in_force(world, scope):
        if effect(assignment, definition, values) != "deny":
            continue
        compared: Document = {}
        try:
            held = _holds(_with(values, definition["properties"]["policyRule"]["if"]), content, compared, pending)
        except NotEvaluated:
            yield assignment, definition, "Error", {}
            continue
        if held is not False:
            yield assignment, definition, _PENDING if held is None else "NonCompliant", compared


def _with(values: Values, rule: Any) -> Any:
    """A condition with its parameters' values."""
    if isinstance(rule, dict):
        return {word: _with(values, one) for word, one in rule.items()}
    return [_with(values, one) for one in rule] if isinstance(rule, list) else filled(rule, values)


def _holds(rule: Any, content: Document, compared: Document, pending: frozenset[str]) -> bool | None:
    """Whether a condition holds; None where that hangs on a pending field."""
    for word, ends in (("allOf", False), ("anyOf", True)):
        if word in rule:
            parts = [_holds(one, content, compared, pending) for one in rule[word]]
            return ends if ends in parts else None if None in parts else not ends
    if "not" in rule:
        held = _holds(rule["not"], content, compared, pending)
        return None if held is None else not held
    operator = next((name for name in rule if name in _OPERATORS), None)
    if "field" not in rule or operator is None or any(map(_is_expression, (rule["field"], rule[operator]))):
        raise NotEvaluated
    value = _field(rule["field"], content)
    held = None if rule["field"].lower() in pending else _OPERATORS[operator](value, rule[operator])
    if held is not False and rule["field"] != "type":
        compared.update(path=rule["field"], expressionValue=value, operator=operator, targetValue=rule[operator])
    return held


def _is_expression(wanted: Any) -> bool:
    return isinstance(wanted, str) and wanted.startswith("[")


def _field(name: str, content: Document) -> Any:
    """`location`, a tag, or an alias: the type and then the path below `properties`; `sku.` stands beside them."""
    kind = str(content["type"])
    if tag := _TAG.fullmatch(name):
        return (content.get("tags") or {}).get(tag[1])
    if not name.lower().startswith(f"{kind.lower()}/"):
        return content.get(name)
    path = name[len(kind) + 1 :]
    return dig(content, path) if path.startswith("sku.") else dig(content, f"properties.{path}")


def _same(value: Any, wanted: Any) -> bool:
    return str(value).lower() == str(wanted).lower()


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "notEquals": lambda value, wanted: not _same(value, wanted),
    "in": lambda value, wanted: any(_same(value, one) for one in wanted),
    "notIn": lambda value, wanted: not any(_same(value, one) for one in wanted),
    "exists": lambda value, wanted: (value is not None) == _same(wanted, True),
    "like": lambda value, wanted: fnmatch(str(value).lower(), str(wanted).lower()),
}


def _evaluation(assignment: Document, definition: Document, result: str, compared: Document) -> Document:
    expression = {"result": "True", "expressionKind": "Field", "expression": compared.get("path"), **compared}
    return {
        "policyInfo": {"policyDefinitionId": definition["id"], "policyAssignmentId": assignment["id"]},
        "evaluationResult": result,
        "evaluationDetails": {"evaluatedExpressions": [expression] if compared else []},
        "effectDetails": {"policyEffect": "Deny"},
    }


def _restriction(assignment: Document, definition: Document, _: str, compared: Document) -> Document:
    wanted = compared["targetValue"]
    restriction = {
        "result": "Required" if compared["operator"] in ("notEquals", "notIn") else "Deny",
        "values": [str(one) for one in (wanted if isinstance(wanted, list) else [wanted])],
        "policy": {"policyDefinitionId": definition["id"], "policyAssignmentId": assignment["id"]},
        "policyEffect": "Deny",
    }
    return {"field": compared["path"], "restrictions": [restriction]}


def _state(resource: Document, assignment: Document, definition: Document) -> Document:
    """Policy Insights writes ids in lower case, whatever their resources' casing, as recorded."""
    return {
        "resourceId": resource["id"].lower(),
        "policyAssignmentId": assignment["id"].lower(),
        "policyAssignmentName": assignment["id"].rpartition("/")[2].lower(),
        "policyDefinitionId": definition["id"].lower(),
        "policyDefinitionAction": "deny",
        "complianceState": "NonCompliant",
        "isCompliant": False,
    }
