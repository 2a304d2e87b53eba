"""What is written of an exchange, and what a pseudonym keeps of its original."""

import json
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from pytest_amlpreflight.readers.connection.exchange import Exchange
from pytest_amlpreflight.run.recording.entries import Origin, entry_of
from pytest_amlpreflight.run.recording.key import Key
from pytest_amlpreflight.run.recording.pseudonyms import OriginalLeft, Pseudonyms

ARM = "https://management.azure.com"
KEY, SAS = "3f1c2f0e6c5b4b1e9a352f4f5d6f0a11", "sv=2024&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D"


def written(body: Any, url: str = f"{ARM}/subscriptions/s?api-version=1", **more: Any) -> str:
    """An answer as it stands in a world."""
    content = json.dumps(body).encode() if not isinstance(body, bytes) else body
    entry = entry_of(Exchange("GET", url, status=200, body=content, **more), Origin(ARM, known=frozenset(["mine"])))
    return json.dumps(entry)


@pytest.mark.parametrize(
    ("body", "secret"),
    [
        ({"primaryKey": KEY, "secondaryKey": KEY}, KEY),
        ({"accessToken": "opaque-token-value"}, "opaque-token-value"),
        ({"refresh_token": "opaque-token-value"}, "opaque-token-value"),
        ({"connectionString": "AccountName=a;AccountKey=c2VjcmV0"}, "c2VjcmV0"),
        ({"properties": {"codeUri": f"https://a.blob.core.windows.net/c?{SAS}"}}, "c2VjcmV0"),
        ({"properties": {"environmentVariables": {"COLOUR": "chartreuse"}}}, "chartreuse"),
        ({"tags": {"owner": "the marketing team"}}, "marketing"),
        ({"systemData": {"createdBy": "a person's name", "lastModifiedBy": "person@contoso.com"}}, "a person's name"),
        ({"message": "ask person@contoso.com"}, "person@contoso.com"),
        ({"content": "using password=hunter2hunter2 for db"}, "hunter2"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_no_secret_is_written(body: dict[str, Any], secret: str) -> None:
    """Whatever member it is in, the member stays and what it held does not."""
    assert secret in json.dumps(body)
    assert secret not in written(body)


def test_what_decides_is_written() -> None:
    """Numbers, references and what the run's own files say: else a verdict would change."""
    variables = {"WORKERS": "2", "KEY": "${{keyvault:https://v/secrets/s}}", "NAME": "mine"}

    text = written({"environmentVariables": variables, "authMode": "Key", "keyVault": "/subscriptions/s"})

    assert all(value in text for value in [*variables.values(), '"Key"', "/subscriptions/s"])


def test_neither_question_nor_headers_tell_who_asked() -> None:
    """Tokens, cookies and a URL's signature stay out; a model's answer and the sample that was sent do too."""
    url = f"https://iris.eastus2.inference.ml.azure.com/score?{SAS}"
    sent = {"Authorization": "Bearer opaque-token-value"}
    exchange = Exchange("POST", url, b'{"patient": 7}', sent, 200, {"Set-Cookie": "a=b"}, b'{"ill": true}')

    text = json.dumps(entry_of(exchange, Origin(ARM)))

    assert [word for word in ("opaque", "sig=", "patient", "ill", "cookie", "a=b") if word in text.lower()] == []


def test_a_pseudonym_has_the_form_of_its_original() -> None:
    """The same one every time, by the key alone, whatever its casing."""
    key, again, other = Key(b"a" * 32), Key(b"a" * 32), Key(b"b" * 32)

    made = key.name("Contoso-ml7")

    assert made.lower() == again.name("contoso-ml7") != other.name("contoso-ml7")
    assert (len(made), made[0].isupper(), made[7], made[10].isdigit()) == (11, True, "-", True)
    assert key.guid("5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11")[14] == "4"


def test_addresses_keep_their_neighbours_and_their_kind() -> None:
    """A subnet stays one; public addresses become those of nobody; what means the same everywhere stays."""
    key = Key(b"a" * 32)

    one, two = (ip_address(key.address(f"10.1.2.{last}")) for last in (7, 9))

    assert two in ip_network(f"{one}/24", strict=False)
    assert one.is_private
    assert ip_address(key.address("20.62.133.17")) in ip_network("198.51.100.0/24")
    assert key.address("168.63.129.16") == "168.63.129.16"


def test_an_original_that_is_left_ends_it() -> None:
    """Nothing is written then."""
    group = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/g"
    vault = f"{group}/providers/Microsoft.KeyVault/vaults/kv-prod"
    world = _world([{"id": vault}])
    pseudonyms = Pseudonyms(world, Key(b"a" * 32))

    pseudonyms.check(json.dumps(pseudonyms.of(world)))
    with pytest.raises(OriginalLeft, match="1 originals are left, such as kv-prod"):
        pseudonyms.check("a word of kv-prod")


def test_a_policy_of_ones_own_is_changed_in_any_casing() -> None:
    """The GUID of a custom role or policy is its owner's, also where an answer writes the id in lower case."""
    own, built_in = "ABCDEF01-0000-4000-8000-000000000001", "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    policy = f"/providers/Microsoft.Authorization/policyDefinitions/{own}"
    role = f"/providers/Microsoft.Authorization/roleDefinitions/{built_in}"
    documents = [{"id": policy, "properties": {"policyType": "Custom"}}, {"id": role}, {"policy": policy.lower()}]

    text = json.dumps(Pseudonyms(world := _world(documents), Key(b"a" * 32)).of(world))

    assert own.lower() not in text.lower()
    assert built_in in text


def _world(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resources": resources, "answers": [], "dns": {"zones": {}}, "data_plane": {}}
