"""As much of Protocol Buffers as kubectl's one question needs: since 1.32 `kubectl auth can-i` asks in them.

https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

from collections.abc import Iterator
from typing import Any

MAGIC = b"k8s\x00"
_REVIEW = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}
"""The fields of `ResourceAttributes` in k8s.io/api/authorization/v1/generated.proto."""


def access_review(body: bytes) -> dict[str, Any]:
    """A SelfSubjectAccessReview as JSON has it: the envelope's second field is the object, whose second is its `spec`,
    whose first are the `resourceAttributes`.
    """
    attributes = _inner(_inner(_inner(body.removeprefix(MAGIC), 2), 2), 1)
    found = {_REVIEW[number]: value.decode() for number, value in _fields(attributes) if number in _REVIEW}
    return {
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": {"resourceAttributes": found},
    }


def _inner(message: bytes, wanted: int) -> bytes:
    return next((value for number, value in _fields(message) if number == wanted), b"")


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields; numbers are passed over."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        size, at = _varint(message, at)
        if tag & 7 == 2:
            yield tag >> 3, message[at : at + size]
            at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number, at, shift = number | (byte & 0x7F) << shift, at + 1, shift + 7
        if byte < 0x80:
            return number, at
