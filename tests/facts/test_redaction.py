"""Secrets never leave a container's log."""

import json
import time
from html import escape
from urllib.parse import quote

import pytest

from pytest_amlpreflight.facts.rules.redaction import HIDDEN, Redactor, redact

KEY = "c2VjcmV0" * 10 + "c2VjcmU="[:6] + "=="
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"DefaultEndpointsProtocol=https;AccountName=store;AccountKey={KEY};EndpointSuffix=core", KEY),
        ("https://store.blob.core.windows.net/c/b?sv=2022-11-02&sig=ab%2Fcd%3D&sp=r", "ab%2Fcd%3D"),
        ("InstrumentationKey=2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2;IngestionEndpoint=https://x", "2c7e5d84-8f31"),
        ('{"primaryKey":"0123456789abcdef0123456789abcdef"}', "0123456789abcdef"),
        ("Authorization: Bearer s3cr3t-value-of-a-token", "s3cr3t-value"),
        (f"got token {TOKEN}", "eyJhbGci"),
        ("OPENAI_API_KEY=sk-123456789", "sk-123456789"),
        ("redis://:hunter22@cache:6379/0", "hunter22"),
        ("password: 'correct horse'", "correct horse"),
        ("AZURE_CLIENT_SECRET=abc~def.ghi", "abc~def.ghi"),
        ("SharedAccessSignature sr=x&sig=abcdefgh&se=1", "abcdefgh"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "MIIB"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB and the log was cut", "MIIB"),
        (f"key is {KEY}", KEY),
        ("server started with --password hunter22 --port 80", "hunter22"),
        ("calling with api-key 0123456789abcdef", "0123456789abcdef"),
        ("pwd=hunter22;", "hunter22"),
        ("pass=hunter22", "hunter22"),
        ("passphrase=correcthorse", "correcthorse"),
        ("password => hunter22", "hunter22"),
        ("the password is hunter22", "hunter22"),
        ("https://h/?next=%3Fsig%3Dab12cd34", "ab12cd34"),
        ("AccountKey%3Dabcdef123456", "abcdef123456"),
        ('"AccountKey\\u003dabcdef123456"', "abcdef123456"),
        ("Set-Cookie: session=abcdef123456; Path=/", "abcdef123456"),
        ("https://f.azurewebsites.net/api/f?code=abc123def456", "abc123def456"),
        ("aws_secret_access_key abcd1234EFGH", "abcd1234EFGH"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("using ghp_abcdefghij0123456789", "ghp_abcdefghij0123456789"),
        ("login hf_abcdefghij0123456789", "hf_abcdefghij0123456789"),
        ("xoxb-123456789012-abcdef", "xoxb-123456789012-abcdef"),
        (f'key="{KEY}" connection', KEY),
        (json.dumps({"message": json.dumps({"password": "hunter22", "a": 1})}), "hunter22"),
        (json.dumps({"m": json.dumps({"m": json.dumps({"account_key": "abcd1234"})})}), "abcd1234"),
        (r'"password": "ab\"cd1234"', "cd1234"),
        (quote('{"password": "hunter22"}'), "hunter22"),
        (escape('{"password": "hunter22"}'), "hunter22"),
        ("<Connection><Password>hunter22</Password></Connection>", "hunter22"),
    ],
)
def test_a_secret_is_hidden(text: str, secret: str) -> None:
    """Keys, tokens, passwords, signatures and connection strings, in each way in which logs show them."""
    hidden = redact(text)

    assert secret not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize(
    "text",
    [
        "ModuleNotFoundError: No module named 'lightgbm'",
        "KeyError: 'sepal'",
        'File "/var/azureml-app/src/score.py", line 3, in init',
        "max_tokens=2048 tokenizer: bert-base-uncased",
        "azureml_92a029f831ce58d2ed011c3c42d35acb:latest",
        "TypeError: register() takes 3 positional arguments but 4 were given",
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/listKeys/action",
        "authMode: Key, not AMLToken",
        "EnvironmentCredential: EnvironmentCredential authentication unavailable",
        "AzureCliCredential: Azure CLI not found on path",
        "az keyvault update --name contoso-ml-kv --bypass AzureServices",
        "the token is missing, the password is not set",
        "secret contoso/db-password does not exist",
        "skipped: sk-learn is no package",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """The lines that decide a check come through unchanged."""
    assert redact(text) == text


def test_redacting_twice_changes_nothing_more() -> None:
    """A text may pass through several reports."""
    once = redact(f"AccountKey={KEY};x https://h/?sig=abc&a=b Authorization: Bearer abcdefghijk")

    assert redact(once) == once


def test_what_was_read_as_a_secret_is_hidden_wherever_it_stands() -> None:
    """By value: no pattern knows what a team's keys look like, and a URL writes them in its own way."""
    hidden = Redactor(["plain/words no pattern knows"])(
        "it said plain/words no pattern knows and plain%2Fwords%20no%20pattern%20knows"
    )

    assert hidden == f"it said {HIDDEN} and {HIDDEN}"


@pytest.mark.parametrize(
    "one", ["a.", "a-", "=", "key=", "password ", "https://a:", "?sig", "eyJ", "--token ", "%3D", "sk-"]
)
def test_no_pattern_takes_more_than_linear_time(one: str) -> None:
    """Ten times the text takes about ten times as long, whatever it repeats."""
    times = []
    for size in (20_000, 200_000):
        text = one * (size // len(one))
        started = time.thread_time()
        redact(text)
        times.append(time.thread_time() - started)

    assert times[1] < max(times[0], 0.02) * 40


@pytest.mark.parametrize(
    "said", [{"password": "hunter22"}, {"m": "GET https://s/?sv=1&sig=abc%3D"}, {"token": "it's1"}]
)
def test_json_stays_json(said: dict[str, str]) -> None:
    """A record whose message is JSON itself keeps its level: only the value goes, not what encloses it."""
    record = json.dumps({"level": "INFO", "message": json.dumps(said)})

    hidden = json.loads(redact(record))

    assert hidden["level"] == "INFO"
    assert HIDDEN in next(iter(json.loads(hidden["message"]).values()))
