"""Conditions of role assignments, decided as far as they can be."""

import pytest

from pytest_amlpreflight.facts.resources.role_condition import BUILT_BY_AZURE, CONTAINER, REPOSITORY, holds

PULL = "Microsoft.ContainerRegistry/registries/repositories/content/read"
READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
OF_REPOSITORY = f"@Request[{REPOSITORY}]"
OF_CONTAINER = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]"


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("StringEquals 'models'", True),
        ("StringEquals 'Models'", False),
        ("stringEqualsIgnoreCase 'Models'", True),
        ("StringNotEquals 'models'", False),
        ("StringStartsWith 'mod'", True),
        ("StringNotStartsWith 'mod'", False),
        ("StringLike 'm*s'", True),
        ("StringNotLike 'x*'", True),
        ("ForAnyOfAnyValues:StringEquals {'models', 'x'}", None),
        ("NumericEquals 3", None),
        ("StringEquals @Principal[x:y]", None),
    ],
)
def test_a_known_name_is_compared(comparison: str, expected: bool | None) -> None:
    """What is compared otherwise is undecided."""
    assert holds(f"{OF_CONTAINER} {comparison}", READ, {CONTAINER: "models"}) is expected


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("StringStartsWith 'azureml/'", True),
        ("StringLike 'azureml/*'", True),
        ("StringStartsWith 'azureml/azureml_0'", None),
        ("StringEquals 'azureml/azureml_0'", None),
        ("StringLike '*_0'", None),
        ("StringStartsWith 'apps/'", False),
        ("StringEquals 'apps/iris'", False),
        ("StringNotLike 'apps/*'", True),
    ],
)
def test_of_an_image_that_is_yet_to_be_built_the_beginning_is_known(comparison: str, expected: bool | None) -> None:
    """Whatever follows it."""
    assert holds(f"{OF_REPOSITORY} {comparison}", PULL, {REPOSITORY: BUILT_BY_AZURE}) is expected


@pytest.mark.parametrize(("name", "expected"), [("models", True), ("other", None)])
def test_the_form_that_the_portal_writes(name: str, expected: bool | None) -> None:
    """Whether a request lists blobs is not known."""
    condition = (
        f"((!(ActionMatches{{'{READ}'}} AND NOT SubOperationMatches{{'Blob.List'}})) OR "
        f"({OF_CONTAINER} StringEquals 'models'))"
    )

    assert holds(condition, READ, {CONTAINER: name}) is expected
    assert holds(condition, READ.replace("read", "write"), {CONTAINER: name}) is True


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "(",
        "a b c",
        f"({OF_CONTAINER} StringEquals 'models'",
        f"{OF_CONTAINER} StringEquals 'models')",
        "'",
        "!",
        "§",
        "(" * 9999,
    ],
)
def test_what_is_not_understood_is_undecided(condition: str) -> None:
    """Nothing is granted on it."""
    assert holds(condition, READ, {CONTAINER: "models"}) is None


def test_and_or_and_not_know_what_is_undecided() -> None:
    """A false part decides an `and`, a true one an `or`."""
    true, false, open_ = "ActionMatches{'*'}", "!(ActionMatches{'*'})", "Exists @Request[x:y]"

    assert holds(f"{true} && {open_}", READ, {}) is None
    assert holds(f"{false} AND {open_}", READ, {}) is False
    assert holds(f"{true} || {open_}", READ, {}) is True
    assert holds(f"{false} or {open_}", READ, {}) is None
    assert holds(f"not ({open_})", READ, {}) is None
