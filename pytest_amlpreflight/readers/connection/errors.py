"""Where every SDK error becomes a fact that could not be had: the one place that tells absence, denial and failure
apart.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from pytest_amlpreflight.facts.address import parse_address
from pytest_amlpreflight.facts.unreached import Unbounded, Unreached
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotRead
from pytest_amlpreflight.readers.connection.decoding import NotDecoded, decoded
from pytest_amlpreflight.readers.connection.error_chain import read_error
from pytest_amlpreflight.readers.connection.home import ForeignHost
from pytest_amlpreflight.readers.connection.refusals import not_signed_in, token_refused

NOT_ABSENT = frozenset(
    {
        "InvalidApiVersionParameter",
        "InvalidResourceNamespace",
        "InvalidResourceType",
        "MissingSubscriptionRegistration",
        "NoRegisteredProviderFound",
        "SubscriptionNotRegistered",
        "UnsupportedApiVersion",
    }
)
"""Codes that come with a 404 and speak of the question, not of the resource: nobody looked for it."""

UNKNOWN_SUBSCRIPTION = "SubscriptionNotFound"
"""Resource Manager's word for a subscription that is not there, and a provider's for one that it has not been told of:
https://github.com/Azure/azure-cli/issues/31257. Only the first speaks of what is there.
"""

MALFORMED_SUBSCRIPTION = "InvalidSubscriptionId"
"""Resource Manager's word for an id of another form: a 400, which comes before anything is looked for."""

LONGEST_DETAIL = 600
"""Characters of a message: Resource Manager's longest sentences name an action, or a lock, after two whole ids."""

MALFORMED = "MalformedAnswer"
"""Our code for what is no answer of Azure's, whatever its status."""

WITHOUT_ANSWER: tuple[tuple[type[AzureError], str], ...] = (
    (ForeignHost, "ForeignHost"),
    (ServiceRequestTimeoutError, "Timeout"),
    (ServiceResponseTimeoutError, "Timeout"),
    (ServiceRequestError, "ConnectionFailed"),
    (ServiceResponseError, "ConnectionBroken"),
    (DecodeError, MALFORMED),
)
"""The SDK's errors without an ARM envelope and our codes for them, subclasses before their bases."""


@contextmanager
def reading(resource: str, *, named_by: str | None = None, permission: str | None = None) -> Iterator[None]:
    """Name the resource that is being read; whatever the SDK raises leaves as `FactAbsent` or `FactUnreadable`."""
    problem: NotRead
    try:
        yield
    except AzureError as error:
        problem = not_read(resource, error, named_by=named_by, permission=permission)
    except Unbounded as error:
        problem = FactUnreadable(resource, status=None, code=Unreached.UNBOUNDED, detail=str(error))
    except RecursionError:  # azure-core and its clients make entities of errors, level by level
        problem = FactUnreadable(resource, status=None, code=MALFORMED, detail="it nests deeper than any of Azure's")
    except OSError as error:  # a certificate bundle that is not there: requests says so before it connects
        problem = FactUnreadable(resource, status=None, code="ConnectionFailed", detail=_first_line(str(error)))
    else:
        return
    raise problem


def not_read(
    resource: str, error: AzureError, *, named_by: str | None = None, permission: str | None = None
) -> FactAbsent | FactUnreadable:
    """What an SDK error says of a resource: that it is not there, or that it could not be read and why."""
    response = error.response if isinstance(error, HttpResponseError) else None
    if response is None and isinstance(error, ClientAuthenticationError):
        return not_signed_in(error.message, os.environ)
    if response is None or isinstance(error, DecodeError):
        ours = next((code for kind, code in WITHOUT_ANSWER if isinstance(error, kind)), type(error).__name__)
        return FactUnreadable(resource, status=None, code=ours, detail=_first_line(str(error)))
    status = int(response.status_code or 0)
    if 300 <= status < 400:
        place = parse_address(getattr(response, "headers", {}).get("Location") or "")
        detail = f"to {place.host if place else 'nowhere'}; redirects are not followed, since the token would go along"
        return FactUnreadable(resource, status=status, code="Redirected", detail=detail)
    code, message = innermost_error(body_of(response))
    if status == 404 and code is None:  # both dialects of Azure have a code: a proxy or a wrong address answered
        return FactUnreadable(resource, status=status, code=MALFORMED)
    if _is_absence(status, code, response):
        return FactAbsent(resource, named_by=named_by)
    if status == 401 and code:
        return token_refused(code, _first_line(message), os.environ)
    lacking = permission if status == 403 else None
    return FactUnreadable(resource, status=status, code=code or "", detail=_first_line(message), permission=lacking)


def _is_absence(status: int, code: str | None, response: Any) -> bool:
    """Whether a refusal says that there is no such thing; nothing is in what cannot be a subscription."""
    if code == UNKNOWN_SUBSCRIPTION:
        return status == 404 and _of_the_gateway(response)
    return code == MALFORMED_SUBSCRIPTION if status == 400 else status == 404 and code not in NOT_ABSENT


def _of_the_gateway(response: Any) -> bool:
    """Whether Resource Manager itself refused, and not the provider behind it."""
    cause: str = getattr(response, "headers", {}).get("x-ms-failure-cause") or ""
    return cause.lower() == "gateway"


def innermost_error(body: object) -> tuple[str | None, str]:
    """The innermost code of an error answer that says something, and the innermost message: see `read_error`."""
    error = read_error(body)
    return (error.code, error.message) if error else (None, "")


def body_of(response: Any) -> object:
    """The JSON of a refusal, None where it has none: an error page in HTML is still an answer with a status."""
    try:
        return decoded(response.content, response.headers.get("Content-Type"))
    except NotDecoded:
        return None


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")[:LONGEST_DETAIL]
