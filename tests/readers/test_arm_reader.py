"""Reading from Azure Resource Manager: once, in pages, and field by field."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.once import Once

ZONE = "Microsoft.Network/privateDnsZones/privatelink.api.azureml.ms"


def test_no_url_is_asked_for_twice(world: Any) -> None:
    """However many facts stand on it, and however many ask at once."""
    azure = world.connect()

    found = azure.arm.together(
        lambda _: azure.arm.get(world.workspace_id.text, "2024-10-01", "workspace w"), list(range(8))
    )

    assert {document.need("name") for document in found} == {"contoso-ml"}
    assert world.asked("/workspaces/contoso-ml") == 1


def test_an_error_is_not_asked_for_twice_either(world: Any) -> None:
    """And each reader gets it under the name of its own resource."""
    world.fault("deny", "*/workspaces/contoso-ml")
    azure = world.connect()

    for resource in ("workspace w", "hub w"):
        with pytest.raises(FactUnreadable, match=f"{resource} is unreadable: HTTP 403"):
            azure.arm.get(world.workspace_id.text, "2024-10-01", resource)

    assert world.asked("/workspaces/contoso-ml") == 1


def test_links_to_the_next_page_are_followed_as_azure_wrote_them(world: Any) -> None:
    """Absolute, with escaped slashes, as private DNS writes them."""
    world.sections["paging"] = {"size": 1}
    azure = world.connect()

    rows = azure.arm.list(f"{world.id(ZONE)}/A", "2020-06-01", "the records")

    names = [
        one["name"] for one in world.sections["resources"] if "/privateDnsZones/" in one["id"] and "/A/" in one["id"]
    ]
    assert sorted(row.need("name") for row in rows) == sorted(names)
    assert world.asked("/a") == len(names)


@pytest.mark.parametrize("link", [{}, {"nextLink": None}, {"nextLink": ""}])
def test_a_last_page_ends_the_list(world: Any, link: dict[str, str | None]) -> None:
    """Azure leaves the link out, or sends null, or nothing."""
    azure = world.connect()
    where = f"{world.workspace_id}/onlineEndpoints"
    [row] = azure.arm.list(where, "2024-10-01", "the endpoints")
    azure.arm._send = lambda _: {"value": [row.body], **link}
    azure.arm._once = Once()

    rows = azure.arm.list(where, "2024-10-01", "the endpoints")

    assert [one.need("name") for one in rows] == ["iris"]


def test_a_link_that_leads_to_its_own_page_ends_in_an_error(world: Any) -> None:
    """Neither a run that never ends nor a list that lacks its end."""
    azure = world.connect()
    azure.arm._send = lambda request: {"value": [], "nextLink": f"{world.emulator.url}/again?api-version=1"}

    with pytest.raises(FactUnreadable, match="the endpoints are unreadable: UnexpectedShape\n  nextLink leads back"):
        azure.arm.list(f"{world.workspace_id}/onlineEndpoints", "2024-10-01", "the endpoints")


def test_a_list_without_its_rows_is_unreadable(world: Any) -> None:
    """An answer of another kind is no empty list."""
    azure = world.connect()
    azure.arm._send = lambda request: {"error": "try again later"}

    with pytest.raises(FactUnreadable, match="the endpoints are unreadable: UnexpectedShape\n  value is"):
        azure.arm.list(f"{world.workspace_id}/onlineEndpoints", "2024-10-01", "the endpoints")


DOCUMENT = {
    "text": "t",
    "empty": "",
    "null": None,
    "flag": True,
    "number": 3,
    "decimal": "3.5",
    "object": {"inner": "i"},
    "list": [{"inner": 1}],
    "texts": ["a", "b"],
    "mixed": ["a", 1],
    "map": {"x": {"inner": "i"}, "y": None},
    "nulls": [None],
}


@pytest.fixture
def document() -> Document:
    """One field of every kind."""
    return Document("thing t", DOCUMENT)


def test_fields_that_are_set_have_their_values(document: Document) -> None:
    """Numbers may come as strings, and members of maps may be null."""
    assert (document.text("text"), document.flag("flag"), document.number("decimal")) == ("t", True, 3.5)
    assert (document.need("text"), document.need_number("number")) == ("t", 3)
    assert document.child("object").need("inner") == "i"
    assert [one.number("inner") for one in document.children("list")] == [1]
    assert document.texts("texts") == ("a", "b")
    assert [(name, one.text("inner")) for name, one in document.items("map")] == [("x", "i"), ("y", None)]


@pytest.mark.parametrize("key", ["null", "absent"])
def test_fields_that_are_not_set_are_none_or_empty(document: Document, key: str) -> None:
    """Null and absent say the same."""
    assert (document.text(key), document.flag(key), document.number(key)) == (None, None, None)
    assert document.maybe(key) is None
    assert document.child(key).body == {}
    assert (document.children(key), document.texts(key), list(document.items(key))) == ([], (), [])


def test_an_empty_string_is_not_set(document: Document) -> None:
    """Azure writes it for a registry that is not there yet."""
    assert document.text("empty") is None


@pytest.mark.parametrize(
    ("method", "key", "words"),
    [
        ("text", "number", "number is int, not a string"),
        ("need", "absent", "absent is NoneType, not a string"),
        ("need", "empty", "empty is str, not a string"),
        ("flag", "text", "text is str, not a boolean"),
        ("flag", "number", "number is int, not a boolean"),
        ("number", "text", "text is str, not a number"),
        ("number", "flag", "flag is bool, not a number"),
        ("need_number", "absent", "absent is NoneType, not a number"),
        ("child", "text", "text is str, not an object"),
        ("maybe", "list", "list is list, not an object"),
        ("children", "object", "object is dict, not a list"),
        ("children", "nulls", "an item of nulls is NoneType, not an object"),
        ("texts", "mixed", "mixed is list, not a list of strings"),
    ],
)
def test_a_field_of_another_kind_says_so(document: Document, method: str, key: str, words: str) -> None:
    """A sentence that names the field, and no traceback."""
    with pytest.raises(FactUnreadable, match=f"thing t is unreadable: UnexpectedShape\n  {words}"):
        getattr(document, method)(key)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_what_python_takes_for_a_number_and_json_does_not_is_none(number: str) -> None:
    """It could not be compared with any limit."""
    with pytest.raises(FactUnreadable, match="limit is str, not a number"):
        Document("thing t", {"limit": number}).number("limit")
