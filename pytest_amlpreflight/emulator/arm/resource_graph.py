"""Azure Resource Graph: the tables that follow from the world, as far as the caller may read them, and pages of them.

Queries are in the Kusto language (`kusto`). What is not spoken there is refused as Resource Graph refuses what it
cannot parse, and shows among what the emulator does not know.

Rows differ from what the resources themselves tell as Azure's do: no `systemData`, types in lower case, roles named at
the tenant, assignments from above only where `authorizationScopeFilter` asks for them, and what the world's `stale`
says instead of what is.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from .. import ids
from ..answers import Answer
from ..notation import dig, filled, merge
from ..world import Document, World, type_of
from . import bodies, enforcement, kusto

Row = dict[str, Any]

_MOST = 1000
_COLUMNS = ("id", "name", "location", "kind", "sku", "tags", "identity", "properties")
_TYPES: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_GROUP = "Microsoft.Management/managementGroups"
_GROUPS = f"/providers/{_GROUP}"
_WORKSPACES = "microsoft.machinelearningservices/workspaces"
_NOT_INDEXED = (
    *(f"{_WORKSPACES}/{name}" for name in ("codes", "computes", "connections", "data", "datastores")),
    *(f"{_WORKSPACES}/{name}" for name in ("diagnose", "environments", "models", "outboundrules")),
    "microsoft.network/privateendpoints/",
    "microsoft.insights/diagnosticsettings",
    "microsoft.resources/deployments",
)
"""Types without rows, by how they begin: supported-tables-resources names them nowhere."""
_INVALID = {"code": "InvalidQuery", "message": "Query is invalid. Please refer to the documentation for the syntax."}
_DENIED = {
    "code": "AccessDenied",
    "message": "Access is denied to the requested resource. The user might not have enough permission.",
}
_OLD = ("2018-09-01-preview", "2019-04-01")
"""The versions whose answer is a table unless objects are asked for."""


def answer(world: World, version: str, body: bytes, own_url: str) -> Answer:
    """A page of the query's answer, with `$skipToken` while more is to come and the rows have ids."""
    asked = bodies.content(body)
    options = bodies.maybe(asked, "options", dict) or {}
    above = "above" in (bodies.maybe(options, "authorizationScopeFilter", str) or "").lower()
    named = _subscriptions(world, asked)
    if named and not any(enforcement.sees(world, f"/subscriptions/{one}") for one in named):
        return _refused(403, "AccessDenied", [_DENIED])
    question = bodies.need(asked, "query", str), None if named is None else tuple(named), above
    try:
        rows = world.remembered(question, lambda: _rows(world, *question))
    except kusto.Unparsed as part:
        return _invalid(question[0], str(part))
    size = min(bodies.maybe(options, "$top", int) or 100, world.page_size or _MOST, _MOST)
    start = _start(options)
    page, left = filled(rows[start : start + size], "{arm}", own_url), len(rows) - start - size
    onward = {"$skipToken": str(start + size)} if left > 0 and all("id" in row for row in page) else {}
    counts = {"totalRecords": len(rows), "count": len(page)}
    truncated = "true" if left > 0 and not onward else "false"
    tabular = str(options.get("resultFormat") or ("table" if version in _OLD else "objectArray")).lower() == "table"
    data = _table(page) if tabular else page
    return Answer({**counts, "data": data, "facets": [], "resultTruncated": truncated, **onward})


def _subscriptions(world: World, asked: Document) -> list[str] | None:
    """The subscriptions that a question is about, those of its management groups included; None for all."""
    groups = bodies.maybe(asked, "managementGroups", list)
    named = bodies.maybe(asked, "subscriptions", list)
    if groups is None:
        return named
    return [one for group in groups for one in _below(world, f"{_GROUPS}/{group}")] + (named or [])


def _below(world: World, group: str) -> list[str]:
    own = world.of_type(f"{_GROUP}/subscriptions", group)
    children = [one["id"] for one in world.of_type(_GROUP) if ids.key(_parent(one)) == ids.key(group)]
    return [one["id"].rpartition("/")[2] for one in own] + [one for child in children for one in _below(world, child)]


def _parent(group: Document) -> str:
    return str(dig(group, "properties.details.parent.id") or "")


def _start(options: Document) -> int:
    token = str(options.get("$skipToken") or options.get("$skip") or "0")
    if not token.isdigit():
        raise bodies.Malformed("$skipToken is none of this query")
    return int(token)


def _rows(world: World, query: str, subscriptions: tuple[str, ...] | None, above: bool) -> list[Row]:
    wanted = None if subscriptions is None else {str(one).lower() for one in subscriptions}
    readable = enforcement.reader(world)

    def table(name: str) -> list[Row]:
        if name not in _TABLES:
            raise kusto.Unparsed(name)
        found = world.remembered(
            name, lambda: [row for row in _indexed(world, name) if readable(row["type"], row["id"])]
        )
        if name == "authorizationresources" and not above:
            found = [row for row in found if row["subscriptionId"]]
        return [row for row in found if wanted is None or not row["subscriptionId"] or row["subscriptionId"] in wanted]

    return kusto.run(query, table)


def _indexed(world: World, name: str) -> list[Row]:
    """The rows of a table, as they were when the index last looked."""
    documents = dict(world.documents)
    for key, patch in world.stale.items():
        if patch is None:
            documents.pop(key, None)
        else:
            documents[key] = merge(documents.get(key) or {"id": key}, patch)
    return [_row(document) for document in documents.values() if _TABLES[name](document)]


def _of_resources(document: Document) -> bool:
    """What lies in resource groups; roles, policies and the groups themselves have tables of their own."""
    arm = ids.parse(document["id"])
    kind = type_of(document).lower()
    elsewhere = kind.startswith(("microsoft.authorization/", *_NOT_INDEXED)) or _of_containers(document)
    beside = _of_extensions(document) or _of_dns(document)
    return arm is not None and arm.resource_group is not None and not elsewhere and not beside


def _of_containers(document: Document) -> bool:
    kinds = ("microsoft.resources/subscriptions", "microsoft.resources/subscriptions/resourcegroups")
    return type_of(document).lower() in kinds


def _of_authorization(document: Document) -> bool:
    return type_of(document).lower().startswith("microsoft.authorization/role")


def _of_policies(document: Document) -> bool:
    return type_of(document).lower().startswith("microsoft.authorization/policy")


def _of_extensions(document: Document) -> bool:
    return type_of(document).lower().startswith("microsoft.kubernetesconfiguration/")


def _of_dns(document: Document) -> bool:
    kind = type_of(document).lower()
    return kind.startswith("microsoft.network/privatednszones/") and not kind.endswith("/virtualnetworklinks")


_TABLES: dict[str, Callable[[Document], bool]] = {
    "resources": _of_resources,
    "resourcecontainers": _of_containers,
    "authorizationresources": _of_authorization,
    "dnsresources": _of_dns,
    "policyresources": _of_policies,
    "kubernetesconfigurationresources": _of_extensions,
    "extensibilityresources": _of_extensions,
}


def _row(document: Document) -> Row:
    parts = document["id"].strip("/").split("/")
    subscription = parts[1] if parts[0].lower() == "subscriptions" else ""
    group = parts[3].lower() if len(parts) > 3 and parts[2].lower() == "resourcegroups" else ""
    kind = type_of(document).lower()
    known = {name: _without_system_data(document.get(name)) for name in _COLUMNS}
    if kind == _WORKSPACES:
        known["properties"] = {"creationTime": dig(document, "systemData.createdAt")} | (known["properties"] or {})
    if kind == "microsoft.authorization/roleassignments":
        role = str(dig(document, "properties.roleDefinitionId")).rpartition("/")[2]
        known["properties"]["roleDefinitionId"] = f"/providers/Microsoft.Authorization/RoleDefinitions/{role}"
    if kind == "microsoft.resources/subscriptions":
        known |= {"name": document.get("displayName"), "properties": {**document}}
    places = {"resourceGroup": group, "subscriptionId": subscription.lower(), "tenantId": document.get("tenantId")}
    return {**known, "type": kind, **places}


def _without_system_data(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_system_data(member) for name, member in value.items() if name != "systemData"}
    return [_without_system_data(one) for one in value] if isinstance(value, list) else value


def _table(rows: list[Row]) -> Document:
    """The older form: columns with their types, and rows without names."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    kinds = [next((type(row[name]) for row in rows if row.get(name) is not None), str) for name in names]
    columns = [{"name": name, "type": _TYPES.get(kind, "object")} for name, kind in zip(names, kinds, strict=True)]
    return {"columns": columns, "rows": [[row.get(name) for name in names] for row in rows]}


def _invalid(query: str, part: str) -> Answer:
    place = {"line": 1, "characterPositionInLine": max(query.find(part), 0), "token": part, "expectedToken": "\u01cf"}
    failure = {"code": "ParserFailure", "message": "ParserFailure", **place}
    return _refused(400, "BadRequest", [_INVALID, failure], unknown=f"query part {part!r}")


def _refused(status: int, code: str, details: list[Document], unknown: str | None = None) -> Answer:
    """A refusal whose outer message says nothing: the reason is in `details`, as recorded."""
    text = (
        "Please provide below info when asking for support: timestamp = 2026-09-17T07:29:02.1234567Z, correlationId = "
        f"{UUID(int=0)}."
    )
    return Answer({"error": {"code": code, "message": text, "details": details}}, status, unknown=unknown)
