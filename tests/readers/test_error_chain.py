"""Errors inside errors."""

import json

import pytest

from pytest_amlpreflight.readers.connection.error_chain import errors_in, read_error

KUBERNETES = {
    "code": "BadRequest",
    "statusCode": 400,
    "message": "The request is invalid.",
    "details": [{"code": "KubernetesUnaccessible", "message": "Kubernetes error. Reason: InvalidCertificate"}],
}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "OutOfQuota", "message": "Not enough quota"}}, "OutOfQuota", "Not enough quota"),
        ({"code": "SubscriptionNotRegistered", "message": "bare"}, "SubscriptionNotRegistered", "bare"),
        (KUBERNETES, "KubernetesUnaccessible", "Kubernetes error. Reason: InvalidCertificate"),
        ({"error": {"code": "UserError", "innerError": {"code": "BadArgument"}, "message": "m"}}, "BadArgument", "m"),
        ({"error": {"code": "Forbidden", "innererror": {"code": "ForbiddenByRbac"}}}, "ForbiddenByRbac", ""),
        ({"error": {"code": "ResourceNotReady", "details": [{"code": "BadRequest"}]}}, "ResourceNotReady", ""),
        (
            {"error": {"code": "UserError", "message": f"call failed: {json.dumps(KUBERNETES)}"}},
            "KubernetesUnaccessible",
            None,
        ),
        ({"error": "plain text"}, None, "plain text"),
        ({"error": {"code": "null", "message": "m"}}, None, "m"),
        (
            {
                "error": {
                    "code": "UserError",
                    "message": "outer",
                    "additionalInfo": [
                        {"type": "ComponentName", "info": {"value": "managementfrontend"}},
                        {"type": "InnerError", "info": {"value": {"code": "BadArgument", "innerError": None}}},
                    ],
                }
            },
            "BadArgument",
            "outer",
        ),
        (
            {"error": {"code": "UserError", "additionalInfo": [{"type": "InnerError", "info": {"code": "NotFound"}}]}},
            "NotFound",
            "",
        ),
        ({"error": {"code": "A", "details": None, "innerError": None, "message": None}}, "A", ""),
    ],
)
def test_the_innermost_code_and_message_are_found(body: object, code: str | None, message: str | None) -> None:
    """ARM's details, innerError in both spellings, JSON inside a message; a code that merely wraps gives way."""
    error = read_error(body)

    assert error is not None
    assert error.code == code
    assert message is None or error.message == message


@pytest.mark.parametrize("body", [None, [], "text", {}, {"error": None}, {"status": "Succeeded"}])
def test_what_is_no_error_is_none(body: object) -> None:
    """An answer without an error has no code, and nothing breaks."""
    assert read_error(body) is None


def test_a_message_gives_no_secret_away() -> None:
    """A message may quote what was sent."""
    error = read_error({"error": {"code": "X", "message": "refused https://s/?sig=abcdef&x=1"}})

    assert error is not None
    assert "abcdef" not in error.message


@pytest.mark.parametrize(
    "text",
    [
        f"ERROR: (UserError) The request failed\nException Details: {json.dumps(KUBERNETES)}",
        json.dumps(json.dumps(KUBERNETES))[1:-1],
        json.dumps(json.dumps({"error": {"code": "UserError", "message": json.dumps(KUBERNETES)}}))[1:-1],
    ],
)
def test_an_error_is_found_in_what_a_tool_printed(text: str) -> None:
    """With words around it, and with its quotes escaped, once and twice."""
    assert [error.code for error in errors_in(text)] == ["KubernetesUnaccessible"]


def test_a_nesting_without_end_ends() -> None:
    """A hostile or broken answer cannot keep the run busy."""
    body: dict[str, object] = {"code": "Deep"}
    for _ in range(500):
        body = {"code": "Outer", "innerError": body}

    assert read_error(body) is not None


def test_errors_that_are_listed_with_another_stand_beside_it() -> None:
    """The first of several as deep is the one that is told; the others are not lost, and no level stands twice."""
    listed = [{"code": code, "message": f"about {code}"} for code in ("InvalidParameter", "OutOfQuota")]

    error = read_error({"error": {"code": "BadRequest", "message": "several", "details": listed}})

    assert error is not None
    assert (error.code, [one.code for one in error.beside]) == ("InvalidParameter", ["OutOfQuota"])
