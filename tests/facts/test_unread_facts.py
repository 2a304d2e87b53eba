"""What is said where a fact cannot be had."""

import pytest

from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable, NotRead


def test_absence_names_the_resource_and_who_misses_it() -> None:
    """An operator looks for the reference, not for the resource."""
    problem = FactAbsent("key vault kv", named_by="workspace w")

    assert str(problem) == "key vault kv does not exist, but workspace w names it"
    assert problem.headline == "key vault kv does not exist"


def test_absence_without_a_referrer_is_short() -> None:
    """Nobody names it but the operator."""
    assert str(FactAbsent("workspace w")) == "workspace w does not exist"


@pytest.mark.parametrize(
    ("status", "code", "detail", "text"),
    [
        (403, "AuthorizationFailed", "", "workspace w is unreadable: HTTP 403 AuthorizationFailed"),
        (None, "Timeout", "", "workspace w is unreadable: Timeout"),
        (500, "E", "Try again", "workspace w is unreadable: HTTP 500 E\n  Try again"),
    ],
)
def test_what_is_unreadable_says_with_what_answer(status: int | None, code: str, detail: str, text: str) -> None:
    """Status and code on the first line, Azure's words beneath."""
    problem = FactUnreadable("workspace w", status=status, code=code, detail=detail)

    assert str(problem) == text
    assert problem.headline == "workspace w is unreadable"


def test_both_are_facts_that_were_not_read() -> None:
    """One clause catches them, and no fact has been named before a reader knows it."""
    problems: list[NotRead] = [FactAbsent("r"), FactUnreadable("r", status=None, code="Timeout")]

    assert [(problem.resource, problem.facts) for problem in problems] == [("r", []), ("r", [])]


@pytest.mark.parametrize(
    ("resource", "verb"),
    [
        ("key vault kv", "is"),
        ("the nodes", "are"),
        ("the blobs of storage account s", "are"),
        ("the resource providers of subscription s", "are"),
        ("the policy states of resource group g", "are"),
        ("the number of role assignments of subscription s", "is"),
        ("the diagnosis of workspace w", "is"),
        ("the trusted access of cluster c", "is"),
        ("the build log s/azureml/x.log", "is"),
    ],
)
def test_several_things_are_and_one_is(resource: str, verb: str) -> None:
    """Read aloud, the line is a sentence."""
    problem = FactUnreadable(resource, status=403, code="Denied")

    assert problem.headline == f"{resource} {verb} unreadable"
    assert str(problem) == f"{resource} {verb} unreadable: HTTP 403 Denied"
