"""Azure Monitor: what is measured of resources, and which logs they have.

A metric has a value where the world says one, such as how many instances a deployment has; of traffic and machines it
says nothing, and Azure's points are empty then.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..answers import Answer
from ..notation import dig, read
from ..world import Document, type_of
from .activity_log import localized, moment_of

_INTERVALS = {"PT1M": 1, "PT5M": 5, "PT15M": 15, "PT30M": 30, "PT1H": 60, "PT6H": 360, "PT12H": 720, "P1D": 1440}
_AGGREGATIONS = ("None", "Average", "Minimum", "Maximum", "Total", "Count")
_MOST_POINTS = 1440
_DEPLOYMENTS = "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments"


def definitions(scope: Document) -> list[Document] | Answer:
    """What is measured of a resource."""
    held = _metrics(scope)
    return _unmeasured(scope) if held is None else [_definition(scope, name, one) for name, one in held.items()]


def namespaces(scope: Document) -> list[Document]:
    """The one namespace of what is measured of a resource."""
    kind, place = type_of(scope), f"{scope['id']}/providers/microsoft.insights/metricNamespaces"
    told = {"classification": "Platform", "properties": {"metricNamespaceName": kind}}
    name = kind.replace("/", "-")
    return [{"id": f"{place}/{name}", "name": name, "type": "Microsoft.Insights/metricNamespaces", **told}]


def metrics(scope: Document, query: Mapping[str, str]) -> Answer:
    """The values of some metrics over a time, a point for each interval."""
    held = _metrics(scope)
    if held is None:
        return _unmeasured(scope)
    wanted = [one for one in query.get("metricnames", "").split(",") if one] or list(held)[:1]
    known = {name.lower(): name for name in held}
    if unknown := [one for one in wanted if one.lower() not in known]:
        return _no_metric(scope, unknown[0], list(held))
    start, end = _span(query.get("timespan"))
    interval = query.get("interval") or "PT1M"
    if interval not in _INTERVALS or start is None or end is None:
        return _bad("The timespan or the interval is invalid.")
    moments = list(_moments(start, end, timedelta(minutes=_INTERVALS[interval])))
    kinds = [one.strip().lower() for one in query.get("aggregation", "").split(",") if one.strip()]
    rows = [_metric(scope, known[one.lower()], held[known[one.lower()]], moments, kinds) for one in wanted]
    about = {"cost": len(moments), "timespan": f"{_written(start)}/{_written(end)}", "interval": interval}
    return Answer({**about, "value": rows, "namespace": type_of(scope), "resourceregion": scope.get("location")})


def logs(scope: Document) -> list[Document]:
    """The categories that diagnostic settings of a resource may send on."""
    names = {kind.lower(): one for kind, one in _table()["logs"].items()}.get(type_of(scope).lower(), [])
    rows = [(name, "Logs") for name in names] + ([("AllMetrics", "Metrics")] if _metrics(scope) else [])
    kind = "microsoft.insights/diagnosticSettingsCategories"
    return [
        {
            "id": f"{scope['id']}/providers/{kind}/{name}",
            "type": kind,
            "name": name,
            "properties": {"categoryType": word, "categoryGroups": ["allLogs"] if word == "Logs" else []},
        }
        for name, word in rows
    ]


@cache
def _table() -> dict[str, Any]:
    return dict(read(Path(__file__).with_name("monitor.yml")))


def _metrics(scope: Document) -> dict[str, Document] | None:
    held = {kind.lower(): one for kind, one in _table()["metrics"].items()}.get(type_of(scope).lower())
    return None if held is None else {one["name"]: one for one in held}


def _definition(scope: Document, name: str, about: Document) -> Document:
    return {
        "id": f"{scope['id']}/providers/microsoft.insights/metricdefinitions/{name}",
        "resourceId": scope["id"],
        "namespace": type_of(scope),
        "category": about["category"],
        "name": {"value": name, "localizedValue": about["title"]},
        "isDimensionRequired": False,
        "unit": about["unit"],
        "primaryAggregationType": "Average",
        "supportedAggregationTypes": list(_AGGREGATIONS),
        "metricAvailabilities": [{"timeGrain": one, "retention": "P93D"} for one in _INTERVALS],
        "dimensions": [localized(one) for one in about["dimensions"]],
    }


def _metric(scope: Document, name: str, about: Document, moments: list[datetime], kinds: list[str]) -> Document:
    value = _value(scope, name)
    told = {} if value is None else dict.fromkeys(kinds or ["average"], value)
    return {
        "id": f"{scope['id']}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": about["title"]},
        "unit": about["unit"],
        "timeseries": [{"metadatavalues": [], "data": [{"timeStamp": _written(one)} | told for one in moments]}],
        "errorCode": "Success",
    }


def _value(scope: Document, name: str) -> float | None:
    """What the world says of a metric: the instances of a deployment."""
    instances = dig(scope, "sku.capacity")
    measured = name == "DeploymentCapacity" and type_of(scope).lower() == _DEPLOYMENTS
    return float(instances) if measured and instances is not None else None


def _span(text: str | None) -> tuple[datetime | None, datetime | None]:
    """`START/END` of ISO 8601; without it the last hour. The Azure CLI encodes it twice."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    if not text:
        return now - timedelta(hours=1), now
    start, _, end = unquote(text).partition("/")
    return moment_of(start), moment_of(end)


def _moments(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    for at in range(_MOST_POINTS):
        if start + at * step >= end:
            return
        yield start + at * step


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unmeasured(scope: Document) -> Answer:
    """For a type that the table does not have."""
    namespace, _, kind = type_of(scope).partition("/")
    found = _bad(f"Failed to find metric configuration for provider: {namespace}, resource Type: {kind}.")
    return Answer(found.body, found.status, unknown=f"no metrics of {type_of(scope)}")


def _no_metric(scope: Document, name: str, known: list[str]) -> Answer:
    namespace, _, kind = type_of(scope).partition("/")
    where = f"provider: {namespace}, resource Type: {kind}, metric: {name}"
    return _bad(f"Failed to find metric configuration for {where}, Valid metrics: {','.join(known)}")


def _bad(message: str) -> Answer:
    """Azure Monitor's own refusal, without an envelope, as recorded."""
    return Answer({"code": "BadRequest", "message": message}, 400)
