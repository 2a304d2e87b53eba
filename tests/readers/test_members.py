"""What a member of an answer says it is, it is: all else is refused with the member's name."""

from collections.abc import Callable

import pytest
from wire import Wire, arm_on, plane_on

from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.network import Resolution
from pytest_amlpreflight.facts.unreached import HostUnreached, Unreached
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings
from pytest_amlpreflight.readers.connection.decoding import NotDecoded, decoded
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.kubernetes.kubeconfig import Context
from pytest_amlpreflight.readers.resources.asset_files import read_model_files
from pytest_amlpreflight.readers.resources.scoring_certificate import read_scoring_certificate

NO_HOSTS = ["a..b", ".", "a b", "[::1", "a" * 64 + ".net", "\u2603.net", "", "a\x00b", ".".join(["a" * 60] * 5)]

KINDS: dict[str, tuple[Callable[[Document], object], list[str]]] = {
    "word": (lambda one: one.word("m"), ["a b", "a..b", "<html>", "a" * 65, "\x00", "P-1!"]),
    "guid": (lambda one: one.guid("m"), ["me", "0" * 32, " "]),
    "path": (lambda one: one.path("m"), ["a", "/a b", "//", "/a//b", "/a?b", "/a#b", "/a\n"]),
    "region": (lambda one: one.region("m"), ["a..b", "eastus2/", "2", "a" * 65, "east\x00us"]),
    "id": (lambda one: one.id("m"), ["/subscriptions//resourceGroups/g", "/subscriptions/s/providers/N", "kv"]),
    "address": (
        lambda one: one.address("m"),
        [f"https://{host}/score" for host in NO_HOSTS] + ["ftp://a", "https://a:x/"],
    ),
    "host": (lambda one: one.need_host("m"), NO_HOSTS),
    "moment": (lambda one: one.moment("m"), ["soon", "2025-02-31", "99"]),
    "address of a host": (lambda one: one.need_ip("m"), ["10.0.0", "a", "10.0.0.256"]),
}


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, (_, texts) in KINDS.items() for text in texts if text]
)
def test_a_text_that_is_none_of_its_kind_is_refused(kind: str, text: str) -> None:
    """With the member's name, and no more of the text than a line holds."""
    with pytest.raises(FactUnreadable, match=r"thing t is unreadable: UnexpectedShape\n  m is ") as caught:
        KINDS[kind][0](Document("thing t", {"m": text}))

    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 10**400, 2**63])
def test_a_number_that_azure_cannot_write_is_refused(number: float) -> None:
    """Azure's integers have 64 bits."""
    with pytest.raises(FactUnreadable, match=r"m is (int|float), not a number"):
        Document("thing t", {"m": number}).number("m")


@pytest.mark.parametrize("host", NO_HOSTS)
def test_a_host_that_is_none_is_asked_for_nothing(host: str) -> None:
    """Wherever the text came from: a scoring URI, a vault's address, an image's registry."""
    wire = Wire({})

    with pytest.raises(HostUnreached) as caught:
        plane_on(wire).send("GET", f"https://{host}/v2/")

    assert caught.value.why is Unreached.NO_HOST
    assert wire.asked == []


@pytest.mark.parametrize("server", ["https://[::1", "https://a..b", "https://a:x", "a b", "10.0.0.4:443", ""])
def test_a_context_whose_server_is_no_address_leads_nowhere(server: str) -> None:
    """It is no cluster's, whatever is asked of it."""
    assert Context("dev", server, None, {}, {}).host == ""


@pytest.mark.parametrize("uri", ["https://[::1/score", "https://a..b/score", "https://a:x/score"])
def test_a_scoring_uri_that_is_no_address_has_no_certificate_to_look_at(uri: str) -> None:
    """It is unreadable; nothing is connected to."""
    with pytest.raises(FactUnreadable, match="is no address"):
        read_scoring_certificate(Azure(ConnectionSettings()), uri, Resolution("a", "10.0.0.1", (), ("10.0.0.9",), None))


@pytest.mark.parametrize("account", [" ", ".", "[::1", "a\x00b", "/subscriptions//"])
def test_a_datastore_whose_account_is_no_name_is_unreadable(account: str) -> None:
    """Its host would be none."""
    escaped = account.replace("\x00", "\\u0000")
    place = f'"accountName": "{escaped}", "endpoint": "core.windows.net", "containerName": "c"'
    said = f'"datastoreType": "AzureBlob", {place}'
    wire = Wire({"https://": (200, {}, f'{{"properties": {{{said}}}}}')})
    workspace = parse_resource_id("/subscriptions/s/resourceGroups/g/providers/M/workspaces/w")
    assert workspace is not None

    with pytest.raises(FactUnreadable, match=r"accountName is .*, not the name of a storage account"):
        read_model_files(arm_on(wire), plane_on(wire), workspace, "azureml://datastores/d/paths/iris")


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1", "nonsense", ""])
def test_json_in_another_charset_was_changed_on_its_way(charset: str) -> None:
    """What is exchanged is UTF-8."""
    with pytest.raises(NotDecoded, match="its charset is"):
        decoded(b"{}", f"application/json; charset={charset}")


@pytest.mark.parametrize("body", [b'{"a":' * 50_000, b"NaN", b'{"a": ' + b"9" * 6000 + b"}", b"\xff\xfe{", b"<html>"])
def test_a_body_that_is_no_json_is_a_sentence(body: bytes) -> None:
    """Whatever Python's parser would raise over it."""
    with pytest.raises(NotDecoded):
        decoded(body, "application/json")
