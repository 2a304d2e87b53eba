"""References to secrets, by the documented forms."""

import pytest

from pytest_amlpreflight.facts.resources.secret import (
    Connection,
    ConnectionReference,
    SecretReferences,
    VaultReference,
    parse_references,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("${{azureml://connections/openai}}", ("openai", None, None)),
        ("${{azureml://connections/openai/target}}", ("openai", "target", None)),
        ("${{azureml://connections/openai/credentials/key}}", ("openai", "credentials", "key")),
        ("${{azureml://connections/openai/metadata/api_version}}", ("openai", "metadata", "api_version")),
    ],
)
def test_a_connection_is_referred_to_in_four_forms(text: str, parts: tuple[str, str | None, str | None]) -> None:
    """All of it, its target, a credential, or a key of its metadata."""
    found = parse_references({"KEY": text})

    assert found == SecretReferences(connections=(ConnectionReference("KEY", text, *parts),))


def test_a_vault_is_referred_to_with_a_version() -> None:
    """Host, name and version."""
    text = "${{keyvault:https://KV.vault.azure.net/secrets/key/0f1e}}"

    found = parse_references({"KEY": text})

    assert found.vaults == (VaultReference("KEY", text, "kv.vault.azure.net", "key", "0f1e"),)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("${{keyvault:https://kv.vault.azure.net/secrets/key}}", "without a version"),
        ("${{azureml://connections/openai/secrets/key}}", "has no 'secrets'"),
        ("${{azureml://connections/openai/credentials}}", "credentials needs a key"),
        ("${{azureml://connections/openai/target/key}}", "target takes no key"),
        ("${{secrets.OPENAI_KEY}}", "secrets.OPENAI_KEY"),
        ("azureml://connections/openai/credentials/key", "must be the whole value"),
        ("Bearer ${{azureml://connections/openai/credentials/key}}", "must be the whole value"),
        ("keyvault:https://kv.vault.azure.net/secrets/key/0f1e", "must be the whole value"),
    ],
)
def test_what_was_meant_as_a_reference_and_is_none_is_kept(text: str, found: str) -> None:
    """With what is wrong about it."""
    (malformed,) = parse_references({"KEY": text}).malformed

    assert found in malformed.found


@pytest.mark.parametrize("text", ["2", "", "https://kv.vault.azure.net/", "azureml:iris:1", "${HOME}", "{{name}}"])
def test_other_values_are_no_references(text: str) -> None:
    """A plain value is nobody's business."""
    assert not parse_references({"KEY": text}).any


@pytest.mark.parametrize(
    ("part", "key", "lack"),
    [
        (None, None, None),
        ("target", None, None),
        ("metadata", "language", None),
        ("metadata", "version", "metadata language"),
        ("credentials", "key", None),
        ("credentials", "token", "called key"),
    ],
)
def test_a_connection_knows_what_it_lacks(part: str | None, key: str | None, lack: str | None) -> None:
    """As far as that can be told without its secrets."""
    connection = Connection("openai", "ApiKey", "ApiKey", "https://openai.example.org/", ("language",))

    found = connection.lacks(ConnectionReference("KEY", "", "openai", part, key))

    assert (found is None) if lack is None else (lack in (found or ""))


def test_custom_keys_cannot_be_told() -> None:
    """Their names are as secret as their values: no verdict."""
    connection = Connection("openai", "CustomKeys", "CustomKeys", None, ())

    assert connection.lacks(ConnectionReference("KEY", "", "openai", "credentials", "any")) is None
    assert "no credentials" in (
        Connection("lake", "ADLSGen2", "AAD", None, ()).lacks(
            ConnectionReference("KEY", "", "lake", "credentials", "key")
        )
        or ""
    )
