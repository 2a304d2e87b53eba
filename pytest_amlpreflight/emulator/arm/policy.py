"""Azure Policy in small: assignments of definitions whose rule compares fields, and what they say of a resource.

Knows `field` with `equals`, `notEquals`, `in`, `notIn`, `exists` and `like`, under `allOf`, `anyOf` and `not`. A rule
with anything else cannot be evaluated, as happens in Azure with a wrong template function.
"""

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from typing import Any

from .. import ids
from ..answers import Answer
from ..notation import dig
from ..world import Document, World, type_of

_ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"


class NotEvaluated(Exception):  # reads as what it is
    """The rule holds something that cannot be evaluated."""


def restrictions(world: World, group: str, body: bytes) -> Answer:
    """What `checkPolicyRestrictions` answers: the policies with the effect deny that the resource would violate."""
    content = json.loads(body)["resourceDetails"]["resourceContent"]
    evaluations = [_evaluation(*one) for one in _judged(world, group, content)]
    return Answer({"fieldRestrictions": [], "contentEvaluationResult": {"policyEvaluations": evaluations}})


def states(world: World, scope: str) -> Answer:
    """What `policyStates/latest/queryResults` answers for violations of policies that deny, below a scope."""
    rows = []
    for resource in [one for one in world.documents.values() if ids.within(one["id"], scope)]:
        found = _judged(world, resource["id"], {**resource, "type": type_of(resource)})
        rows += [
            _state(resource, assignment, definition)
            for assignment, definition, result, _ in found
            if result == "NonCompliant"
        ]
    return Answer({"@odata.count": len(rows), "value": rows})


Judged = tuple[Document, Document, str, Document]


def _judged(world: World, scope: str, content: Document) -> Iterator[Judged]:
    """Each assignment above the scope that denies the content or cannot be evaluated: definition and comparison."""
    for assignment in world.of_type(_ASSIGNMENTS):
        definition = world.get(assignment["properties"]["policyDefinitionId"])
        above = assignment["id"].rpartition("/providers/")[0]
        if definition is None or not ids.within(scope, above):
            continue
        rule = definition["properties"]["policyRule"]
        if str(rule["then"]["effect"]).lower() != "deny":
            continue
        compared: Document = {}
        try:
            if _holds(rule["if"], content, compared):
                yield assignment, definition, "NonCompliant", compared
        except NotEvaluated:
            yield assignment, definition, "Error", {}


def _holds(rule: Any, content: Document, compared: Document) -> bool:
    if "allOf" in rule:
        return all(_holds(one, content, compared) for one in rule["allOf"])
    if "anyOf" in rule:
        return any(_holds(one, content, compared) for one in rule["anyOf"])
    if "not" in rule:
        return not _holds(rule["not"], content, compared)
    operator = next((name for name in rule if name in _OPERATORS), None)
    if "field" not in rule or operator is None or _is_expression(rule[operator]):
        raise NotEvaluated
    value = _field(rule["field"], content)
    held = _OPERATORS[operator](value, rule[operator])
    if held and rule["field"] != "type":
        compared.update(path=rule["field"], expressionValue=value, operator=operator, targetValue=rule[operator])
    return held


def _is_expression(wanted: Any) -> bool:
    return isinstance(wanted, str) and wanted.startswith("[")


def _field(name: str, content: Document) -> Any:
    """`location`, or an alias: the type and then the path below `properties`; `sku.` stands beside them."""
    kind = str(content["type"])
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


def _state(resource: Document, assignment: Document, definition: Document) -> Document:
    return {
        "resourceId": resource["id"],
        "policyAssignmentId": assignment["id"],
        "policyAssignmentName": assignment["id"].rpartition("/")[2],
        "policyDefinitionId": definition["id"],
        "policyDefinitionAction": "deny",
        "complianceState": "NonCompliant",
        "isCompliant": False,
    }
