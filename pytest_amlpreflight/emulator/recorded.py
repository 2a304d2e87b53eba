"""A recorded world: questions of a real run with the answers they got, beside the resources in ARM's own notation.

    answers:
      - ask: GET /subscriptions/…/providers/Microsoft.Authorization/locks?api-version=2020-05-01
        status: 200
        body: {value: []}
      - ask: POST /score
        host: iris.eastus2.inference.ml.azure.com    # left out: Azure Resource Manager
        with: sha256:…                               # what was sent; JSON as it is
        deployment: blue                             # azureml-model-deployment
        caller: nobody                               # or `stranger`; left out: the run itself
        status: 200
        headers: {azureml-model-deployment: blue}
        text: "…"                                    # what is no JSON
      - ask: GET /api/v1/nodes
        cluster: /subscriptions/…/managedClusters/aks
        broken: reset                                # or `silence`: no answer came

Several answers to one question are given in their order, the last one again and again; `seconds` says how
long an answer took, where that matters. What is neither here nor a
resource of the world was not asked when it was recorded: nobody knows, so the answer is an error.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from .answers import Answer, arm_error
from .notation import filled

Document = dict[str, Any]
Question = tuple[str, ...]

BROKEN = ("reset", "silence")
SILENCE = 600.0
"""Seconds for which a silent host keeps silent, longer than anybody waits."""
_QUESTION = ("ask", "host", "cluster", "with", "deployment", "caller")
_ANSWER = ("status", "headers", "body", "text", "trailers", "broken", "seconds")
MEMBERS = frozenset((*_QUESTION, *_ANSWER))
HIDDEN_VALUES = frozenset(("environmentvariables", "tags"))
"""Members of what is sent whose values are the user's: their names alone tell one question from another."""

_SIGNATURE = frozenset(("sig", "se", "sp", "sv", "sr", "st", "spr", "skoid", "sktid", "skt", "ske", "sks", "skv"))
_OF_AN_OPERATION = frozenset("tcsh")
_NO_KEY = "Bearer " + "0" * 32


class Recording:
    """The answers of a world, by question."""

    def __init__(self, entries: Iterable[Document] = ()) -> None:
        self.entries = list(entries)
        self._answers: dict[Question, list[Document]] = {}
        self._given = Counter[Question]()
        for entry in self.entries:
            self._answers.setdefault(question(entry), []).append(entry)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that were asked, API servers of clusters aside."""
        return frozenset(entry["host"].lower() for entry in self.entries if "host" in entry)

    def next(self, asked: Document) -> Document | None:
        """What was answered to this question, at this time of asking; None for one that was not asked."""
        key = question(asked)
        known = self._answers.get(key)
        if known is None:
            return None
        at = min(self._given[key], len(known) - 1)
        self._given[key] += 1
        return known[at]


def asking(
    method: str, path: str, query: str, body: bytes, headers: Mapping[str, str], *, host: str = "", cluster: str = ""
) -> Document:
    """A request as an entry asks it. `path` is decoded, names in `headers` are in lower case."""
    pairs = parse_qsl(query, keep_blank_values=True)
    names = {name.lower() for name, _ in pairs}
    secret = _SIGNATURE if "sig" in names else frozenset() if host else _OF_AN_OPERATION
    shown = "&".join(f"{name}={value}" for name, value in sorted(pairs) if name.lower() not in secret)
    entry: Document = {"ask": f"{method} {path}" + (f"?{shown}" if shown else "")}
    who = headers.get("authorization")
    scoring = method == "POST" and host and not body.startswith(b"grant_type=")
    more = {
        "host": host,
        "cluster": cluster,
        "with": sent(body, digest=bool(scoring)),
        "deployment": headers.get("azureml-model-deployment"),
        "caller": "stranger" if who == _NO_KEY else "nobody" if host and who is None else None,
    }
    return entry | {name: value for name, value in more.items() if value}


def sent(body: bytes, *, digest: bool) -> Any:
    """What tells a body from another: JSON as it is, of a form what is no token, of all else a digest."""
    if not body:
        return None
    if body.startswith(b"grant_type="):
        return {name: value for name, value in parse_qsl(body.decode()) if not name.endswith("_token")}
    try:
        content = None if digest else json.loads(body)
    except ValueError:
        content = None
    return _without_values(content) if content is not None else f"sha256:{hashlib.sha256(body).hexdigest()[:32]}"


def question(entry: Mapping[str, Any]) -> Question:
    """What two requests have in common that get the same answer."""
    ask, place = entry["ask"], str(entry.get("host") or entry.get("cluster") or "").lower()
    who = str(entry.get("deployment") or ""), str(entry.get("caller") or "")
    return (ask if place else ask.lower(), place, json.dumps(entry.get("with"), sort_keys=True).lower(), *who)


def pause(entry: Mapping[str, Any]) -> float:
    """Seconds before the answer, or before its connection breaks."""
    return SILENCE if entry.get("broken") == "silence" else float(entry.get("seconds", 0))


def answer(entry: Mapping[str, Any], own_url: str) -> Answer:
    """What goes back over the wire."""
    headers = {name: str(value) for name, value in filled(entry.get("headers") or {}, "{arm}", own_url).items()}
    body: Any = entry["text"].encode() if "text" in entry else filled(entry.get("body"), "{arm}", own_url)
    return Answer(body, int(entry.get("status", 200)), headers, trailers=dict(entry.get("trailers") or {}))


def not_recorded(asked: Document) -> Answer:
    """What nobody asked when the world was recorded is not known to be absent."""
    text = f"{asked['ask']} was not asked when this world was recorded."
    return arm_error(501, "NotRecorded", text, unknown="not recorded")


def _without_values(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        hides = name.lower() in HIDDEN_VALUES
        return {key: "" if hides else _without_values(one, key) for key, one in value.items()}
    return [_without_values(one) for one in value] if isinstance(value, list) else value
