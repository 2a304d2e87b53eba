"""From what was heard at the connection to the entries of a world, without anything secret.

Here secrets end: keys, tokens, signatures, vault values, who made what, and the values of variables and tags that the
run's own files do not have. `docs/reports.md` lists them.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from pytest_amlpreflight.emulator.recorded import HIDDEN_VALUES, asking
from pytest_amlpreflight.facts.rules.redaction import HIDDEN, redact
from pytest_amlpreflight.facts.unreached import Unreached
from pytest_amlpreflight.readers.connection.exchange import Exchange, Led, Shown

Entry = dict[str, Any]

HEADERS = re.compile(
    r"content-type|docker-content-digest|location|allow|www-authenticate|x-request-id|x-ms-server-version"
    r"|x-ms-(?:failure-cause|error-code)|azureml-.*|ms-azureml-.*|access-control-.*"
)
"""The headers that readers take or support asks for; all others are dropped. So is what paces a run: a replay waits
for nobody.
"""

LONGEST_TEXT = 2000
"""Characters of a scoring host's refusal that are kept: its own words, not a page."""

SLOW = 0.5
"""Seconds from which an answer's time is kept: whoever judges it judges by more."""

_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_HARMLESS = re.compile(r"\$?\{{0,2}\s*(?:keyvault:https|azureml://)[^\s?]*|-?\d+(\.\d+)?|true|false|", re.IGNORECASE)
"""Numbers, and references to what is kept elsewhere, however they are written."""
_NO_SECRET = re.compile(r"\$\{\{|/|https://")
_PEOPLE = frozenset(("createdby", "lastmodifiedby"))
_OF_A_SIGNATURE = frozenset("tcsh")
"""The parameters that Azure Resource Manager signs the address of an operation with."""
_TOKENS = re.compile(r"(?i)(?:\$?skiptoken|continue|marker)=([^&\s]{8,})")
_CERTIFICATES = {
    Unreached.CERTIFICATE_NAME: "another_name",
    Unreached.CERTIFICATE_TRUST: "untrusted",
    Unreached.CERTIFICATE_EXPIRED: "expired",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the run's Resource Manager is, what hides its secrets, the texts that its own files have anyway,
    and the tags by which it chose its workspaces.
    """

    resource_manager: str
    hide: Callable[[str], str] = redact
    known: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()

    def is_arm(self, url: str) -> bool:
        """Whether an address is Resource Manager's, or one of its regional ones."""
        home, place = urlsplit(self.resource_manager).netloc.lower(), urlsplit(url).netloc.lower()
        return place == home or place.endswith(f".{home}")

    def text(self, text: str) -> str:
        """A text as it is written: no secret, nobody's address, and Resource Manager by its word."""
        shown = _MAIL.sub("someone@example.com", self.hide(text))
        home = re.escape(urlsplit(self.resource_manager).netloc)
        return re.sub(rf"https://(?:[\w-]+\.)?{home}(?=/(?:subscriptions|providers)\b)", "{arm}", shown)


def entry_of(exchange: Exchange, origin: Origin) -> Entry | None:
    """What a world says of an exchange; None for what never left this machine."""
    parts = urlsplit(exchange.url)
    place = {"cluster": exchange.cluster.text} if exchange.cluster else {}
    if not place and not origin.is_arm(exchange.url):
        place = {"host": (parts.hostname or "").lower()}
    sent = {name.lower(): value for name, value in exchange.sent.items()}
    asked = asking(exchange.method, unquote(parts.path), parts.query, exchange.asked, sent, **place)
    asked["ask"] = origin.text(asked["ask"])
    if isinstance(asked.get("with"), dict):
        asked["with"] = without_secrets(asked["with"], origin)
    if exchange.status:
        return asked | _answer(exchange, origin, asked)
    if exchange.broken in (Unreached.NAME, Unreached.FOREIGN, "ForeignHost", "ClientAuthenticationError"):
        return None
    if exchange.broken in _CERTIFICATES:
        return {**place, "certificate": _CERTIFICATES[Unreached(exchange.broken)]}
    return asked | {"broken": "silence" if "Timeout" in exchange.broken else "reset"}


def shown_by(shown: Shown) -> Entry:
    """What a world says of a host's certificate."""
    found = shown.certificate
    if found is None:
        return {"host": shown.host.lower(), "certificate": "none"}
    known = {"names": list(found.names), "days": found.days_left, "trusted": found.distrust is None}
    return {"host": shown.host.lower(), "certificate": known}


def led_by(led: Led) -> Entry:
    """What a world says of the way to a cluster: where it is another than the emulator's own."""
    leads: Entry = {} if led.verified else {"insecure-skip-tls-verify": True, "certificate-authority-data": None}
    if led.elsewhere:
        leads["tls-server-name"] = led.elsewhere
    version = "client.authentication.k8s.io/v1beta1"
    plugin = led.plugin and {"token": None, "exec": {"apiVersion": version, "command": led.plugin}}
    context = led.context if led.context != led.cluster.name else None
    return {"cluster": led.cluster.text, "context": context, "leads": leads, "plugin": plugin}


def _answer(exchange: Exchange, origin: Origin, asked: Entry) -> Entry:
    headers = {name.lower(): origin.text(value) for name, value in exchange.headers.items()}
    kept = {name: value for name, value in headers.items() if HEADERS.fullmatch(name)}
    if "json" in kept.get("content-type", ""):
        del kept["content-type"]  # as the emulator has it by itself
    if "location" in kept:
        kept["location"] = _unsigned(kept["location"])
    found: Entry = {"status": exchange.status, **({"headers": kept} if kept else {})}
    if exchange.trailers:
        found["trailers"] = dict(exchange.trailers)
    if str(asked.get("with", "")).startswith("sha256:") and exchange.seconds >= SLOW:
        found["seconds"] = round(exchange.seconds, 2)
    return found | _body(exchange, origin, asked)


def _body(exchange: Exchange, origin: Origin, asked: Entry) -> Entry:
    scoring = str(asked.get("with", "")).startswith("sha256:")
    if scoring and exchange.status < 300:
        return {"text": ""}  # a model's answer is its owner's
    try:
        content = json.loads(exchange.body) if exchange.body else ""
    except ValueError:
        content = None
    if isinstance(content, dict | list):
        return {"body": without_secrets(content, origin)}
    text = origin.text(exchange.body.decode(errors="replace"))
    return {"text": text[:LONGEST_TEXT] if scoring else text}


def without_secrets(value: Any, origin: Origin, name: str = "") -> Any:
    """JSON as it is written."""
    lowered = name.lower()
    if isinstance(value, dict):
        if lowered in HIDDEN_VALUES:
            return {origin.text(key): _value(key, one, origin) for key, one in value.items()}
        return {origin.text(key): without_secrets(one, origin, key) for key, one in value.items()}
    if isinstance(value, list):
        return [without_secrets(one, origin, name) for one in value]
    if not isinstance(value, str) or not value:
        return value
    if lowered in _PEOPLE:
        return HIDDEN
    named = f'{name}: "{value}"'
    if " " not in value and not _NO_SECRET.match(value) and not _HARMLESS.fullmatch(value) and redact(named) != named:
        return HIDDEN
    return _unsigned(origin.text(value)) if "://" in value or value.startswith("{arm}") else origin.text(value)


def _value(name: str, value: Any, origin: Origin) -> Any:
    """The value of a variable or tag: kept where it refers to another, is a number, or stands in the run's files."""
    if not isinstance(value, str) or _HARMLESS.fullmatch(value):
        return value
    kept = value in origin.known or name.lower() in origin.tags or name.lower().endswith("poolname")  # AKS's own tag
    return origin.text(value) if kept else HIDDEN


def _unsigned(link: str) -> str:
    """A link without the signature of an operation's address."""
    place, sign, query = link.partition("?")
    if not sign or not place.startswith("{arm}"):
        return link
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in _OF_A_SIGNATURE]
    return f"{place}?{urlencode(kept, quote_via=quote, safe='$:,')}" if kept else place


def without_page_tokens(entries: Iterable[Entry]) -> list[Entry]:
    """The entries with the tokens of further pages counted instead: a token may hold what nobody knows."""
    text = json.dumps(list(entries), ensure_ascii=False)
    asked = [token for entry in json.loads(text) for token in _tokens_of(entry)]
    for number, token in enumerate(dict.fromkeys(asked), 1):
        for written in {token, quote(token), quote(token, safe=""), json.dumps(token, ensure_ascii=False)[1:-1]}:
            text = text.replace(written, f"page-{number}")
    found: list[Entry] = json.loads(text)
    return found


def _tokens_of(entry: Mapping[str, Any]) -> Iterable[str]:
    yield from _TOKENS.findall(str(entry.get("ask", "")))
    sent = entry.get("with")
    token = (sent.get("options") or {}).get("$skipToken") if isinstance(sent, dict) else None
    if isinstance(token, str) and len(token) >= 8:
        yield token
