"""Amounts of CPU, memory and devices in Kubernetes' notation: `100m`, `2Gi`, `1.5`, `1e3`."""

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i))?")
_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {f"{letter}i": 1 << 10 * power for power, letter in enumerate("KMGTPE", start=1)}
MEBI = 2**20


def quantity(text: str | None) -> Decimal | None:
    """The amount in whole units (cores, bytes, devices); None for no amount and for what is none.

    `K` and `GB` are no units of Kubernetes' own: its thousand is `k`. Source:
    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    found = _QUANTITY.fullmatch((text or "").strip())
    if found is None:
        return None
    number, exponent, unit = Decimal(found[1]), int((found[2] or "e0")[1:]), found[3] or ""
    if unit in _BINARY:
        return number * _BINARY[unit]
    return number.scaleb(exponent + _POWERS.get(unit, 0))


def cores(amount: Decimal) -> str:
    """CPU as an operator writes it: `2`, `1.9`, `100m`."""
    return _plain(amount) if amount >= 1 or not amount else f"{_plain(amount * 1000)}m"


def bytes_in_words(amount: Decimal) -> str:
    """Memory as an operator writes it: `2Gi`, `512Mi`, `0`."""
    for unit in ("Gi", "Mi", "Ki"):
        if abs(amount) >= _BINARY[unit]:
            return f"{_plain(round(amount / _BINARY[unit], 2))}{unit}"
    return _plain(amount)


def shown(resource: str, amount: Decimal) -> str:
    """An amount of a resource in the notation usual for it."""
    if resource == "cpu":
        return cores(amount)
    return bytes_in_words(amount) if resource in ("memory", "ephemeral-storage") else _plain(amount)


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
