"""What a resolver knows: the records of a name, wildcards and aliases as the standards have them."""

from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from ..world import Zones

_TTL = 30
_LONGEST_CHAIN = 8


def resolve(zones: Zones, query: dns.message.Message) -> dns.message.Message | None:
    """The answer to a query, CNAMEs followed across zones; None where the world says silence."""
    response = dns.message.make_response(query, recursion_available=True)
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    for _ in range(_LONGEST_CHAIN):
        answers = lookup(zones, name)
        if answers is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return response
        word = answers.get("answer")
        if word == "silence":
            return None
        if word:
            response.answer.clear()
            response.set_rcode(dns.rcode.from_text(word))
            return response
        target = _add(response, name, answers, question.rdtype)
        if target is None:
            return response
        name = target
    response.set_rcode(dns.rcode.SERVFAIL)
    return response


def zone_of(zones: Zones, name: str) -> str | None:
    """The most specific zone that a name belongs to."""
    holding = [zone for zone in zones if name == zone or name.endswith(f".{zone}")]
    return max(holding, key=len, default=None)


def lookup(zones: Zones, name: str) -> dict[str, Any] | None:
    """What a zone holds for a name: its own record or the wildcard at its closest encloser (RFC 4592), else None.

    A name that exists only because names below it do has no records, which is not the same as not existing.
    """
    zone = zone_of(zones, name)
    if zone is None:
        return None
    records = {record.lower(): answers for record, answers in zones[zone].items() if answers is not None}
    relative = name.removesuffix(zone).rstrip(".") or "@"
    if relative in records:
        return dict(records[relative])
    if _exists(records, relative):
        return {}
    labels = relative.split(".")
    for depth in range(1, len(labels) + 1):
        encloser = ".".join(labels[depth:])
        if not encloser or _exists(records, encloser):
            found = records.get(f"*.{encloser}" if encloser else "*")
            return None if found is None else dict(found)
    return None


def _exists(records: dict[str, Any], relative: str) -> bool:
    return relative == "@" or any(record == relative or record.endswith(f".{relative}") for record in records)


def _add(response: dns.message.Message, name: str, answers: dict[str, Any], wanted: int) -> str | None:
    """Put a name's records into the response; the name to go on with when it is an alias."""
    owner = dns.name.from_text(name)
    kind = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(wanted))
    alias = answers.get("CNAME")
    if alias and kind != "CNAME":
        response.answer.append(dns.rrset.from_text(owner, _TTL, "IN", "CNAME", f"{alias.rstrip('.')}."))
        return str(alias).rstrip(".").lower()
    texts = answers.get(kind) or []
    texts = ["127.0.0.1" if text == "loopback" else text for text in ([texts] if isinstance(texts, str) else texts)]
    if kind == "CNAME":
        texts = [f"{text.rstrip('.')}." for text in texts]
    if texts:
        response.answer.append(dns.rrset.from_text(owner, _TTL, "IN", kind, *texts))
    return None
