"""Vaults, registries and storage accounts, asked by programs that nobody here wrote."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_amlpreflight.emulator import Emulator, world
from pytest_amlpreflight.emulator.data_plane import hosts

VAULT = "contoso-ml-kv.vault.azure.net"
REGISTRY = "contosomlacr.azurecr.io"
ACCOUNT = "contosomlstore.blob.core.windows.net"
CONTAINER = "azureml-blobstore-2c7e5d84-8f31-4f0b-9b1d-6b0f4a93c7d2"
BLOB = "LocalUpload/7d1e0c52a9b84f36/model/iris.json"
STORAGE = {"x-ms-version": "2021-12-02"}

Visit = Callable[..., requests.Response]


@pytest.fixture
def visit(emulator: Emulator) -> Visit:
    """Ask a host of the example's world through the emulator's proxy, with a token of the world's caller."""

    def send(method: str, host: str, path: str, audience: str | None = None, **options: Any) -> requests.Response:
        headers = options.pop("headers", {})
        if audience:
            headers = {**headers, "Authorization": f"Bearer {token(emulator, audience)}"}
        proxies = {"https": emulator.proxy}
        return requests.request(method, f"https://{host}{path}", headers=headers, proxies=proxies, timeout=5, **options)

    return send


def token(emulator: Emulator, audience: str) -> str:
    """A token of the caller's for a service."""
    where, header = (emulator.environment[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"))
    answer = requests.get(where, params={"resource": audience}, headers={"X-IDENTITY-HEADER": header}, timeout=5)
    return str(answer.json()["access_token"])


def test_a_pull_is_told_where_to_fetch_its_token(emulator: Emulator, visit: Visit) -> None:
    """`/v2/` answers with the challenge; the exchange and the token that follow open it, and the lists of tags."""
    challenge = visit("GET", REGISTRY, "/v2/")
    service = {"service": REGISTRY}
    entra = {"grant_type": "access_token", "access_token": token(emulator, "https://management.azure.com/")}
    refresh = visit("POST", REGISTRY, "/oauth2/exchange", data={**entra, **service})
    asked = {"grant_type": "refresh_token", "refresh_token": refresh.json()["refresh_token"], **service}
    access = visit("POST", REGISTRY, "/oauth2/token", data={**asked, "scope": "registry:catalog:*"}).json()

    headers = {"Authorization": f"Bearer {access['access_token']}"}
    opened = [visit("GET", REGISTRY, path, headers=headers).status_code for path in ("/v2/", "/acr/v1/_catalog")]
    elsewhere = visit("GET", REGISTRY, "/v2/iris/tags/list", headers=headers)

    assert (challenge.status_code, refresh.status_code, opened) == (401, 200, [200, 200])
    assert f'realm="https://{REGISTRY}/oauth2/token"' in challenge.headers["WWW-Authenticate"]
    assert "error=" not in challenge.headers["WWW-Authenticate"]
    assert elsewhere.status_code == 401
    assert 'scope="repository:iris:metadata_read",error="insufficient_scope"' in elsewhere.headers["WWW-Authenticate"]
    assert elsewhere.json()["errors"][0]["detail"] == [
        {"Type": "repository", "Name": "iris", "Action": "metadata_read"}
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_manifest_answers_to_both_methods(visit: Visit, method: str) -> None:
    """With its digest; an image of Microsoft's own registry needs no token."""
    answer = visit(method, "mcr.microsoft.com", "/v2/azureml/openmpi4.1.0-ubuntu22.04/manifests/20250601.v1")

    assert (answer.status_code, bool(answer.content)) == (200, method == "GET")
    assert answer.headers["Docker-Content-Digest"].startswith("sha256:3f0c7a9d")


def test_a_blob_tells_size_and_type(visit: Visit) -> None:
    """In the list and on its own, where there is no body; one that is not there says so in a header."""
    audience = "https://storage.azure.com"

    alone = visit("HEAD", ACCOUNT, f"/{CONTAINER}/{BLOB}", audience, headers=STORAGE)
    listed = visit("GET", ACCOUNT, f"/{CONTAINER}?restype=container&comp=list", audience, headers=STORAGE)
    absent = visit("HEAD", ACCOUNT, f"/{CONTAINER}/none", audience, headers=STORAGE)

    assert (alone.headers["Content-Length"], alone.headers["x-ms-blob-type"]) == ("1824", "BlockBlob")
    assert "<BlobType>BlockBlob</BlobType>" in listed.text
    assert (absent.status_code, absent.headers["x-ms-error-code"]) == (404, "BlobNotFound")


def test_secrets_are_listed_to_a_reader_and_shown_to_nobody_without_the_right(visit: Visit) -> None:
    """Names and versions are metadata; a value takes another data action."""
    audience = "https://vault.azure.net"

    listed = visit("GET", VAULT, "/secrets?api-version=7.4", audience)
    alone = visit("GET", VAULT, "/secrets/greenhouse-key?api-version=7.4", audience)

    assert [one["id"] for one in listed.json()["value"]] == [f"https://{VAULT}/secrets/greenhouse-key"]
    assert (alone.status_code, alone.json()["error"]["innererror"]["code"]) == (403, "ForbiddenByRbac")


@pytest.mark.parametrize(
    ("policy", "lists"),
    [
        ("permissions: {secrets: [List]}", True),
        ("permissions: {secrets: [all]}", True),
        ("permissions: {secrets: [get]}", False),
        ("applicationId: app, permissions: {secrets: [all]}", False),
    ],
)
def test_a_vault_with_access_policies_asks_for_no_role(
    serve: Callable[..., Emulator], world_path: Path, tmp_path: Path, policy: str, lists: bool
) -> None:
    """The caller's policy decides, whatever roles they have; the refusal names what it lacks."""
    text, changed = world_path.read_text(encoding="utf-8"), tmp_path / "world.yml"
    given = f"accessPolicies: [{{objectId: 0C6A0C3B-5b1a-4b52-8f0e-6a8f3d1e7c21, {policy}}}]"
    text = text.replace("enableRbacAuthorization: true", "enableRbacAuthorization: false")
    changed.write_text(text.replace("accessPolicies: []", given), encoding="utf-8")
    emulator = serve(changed)
    headers = {"Authorization": f"Bearer {token(emulator, 'https://vault.azure.net')}"}
    url = f"https://{VAULT}/secrets?api-version=7.4"

    answer = requests.get(url, headers=headers, proxies={"https": emulator.proxy}, timeout=5)

    assert (answer.status_code == 200) is lists
    if not lists:
        error = answer.json()["error"]
        assert error["innererror"]["code"] == "ForbiddenByPolicy"
        assert "does not have secrets list permission on key vault 'contoso-ml-kv;" in error["message"]


@pytest.mark.parametrize(
    ("address", "rules", "admitted"),
    [
        ("203.0.113.7", "ipRules: []", False),
        ("203.0.113.7", "ipRules: [{value: 203.0.113.0/24}, {value: odd}]", True),
        (None, "ipRules: []", True),
    ],
)
def test_a_caller_outside_meets_the_firewalls(
    serve: Callable[..., Emulator],
    world_path: Path,
    tmp_path: Path,
    address: str | None,
    rules: str,
    admitted: bool,
) -> None:
    """Of the vault and the storage account by their rules; one without public access lets nobody in."""
    text, changed = world_path.read_text(encoding="utf-8"), tmp_path / "world.yml"
    text = text.replace("ipRules: []", rules)
    changed.write_text(text.replace("caller: {", f"caller: {{address: {address}, " if address else "caller: {"))
    emulator = serve(changed)

    def status(host: str, path: str, audience: str) -> int:
        headers = {"Authorization": f"Bearer {token(emulator, audience)}", **STORAGE}
        proxies = {"https": emulator.proxy}
        return requests.get(f"https://{host}{path}", headers=headers, proxies=proxies, timeout=5).status_code

    vault = status(VAULT, "/secrets?api-version=7.4", "https://vault.azure.net")
    account = status(ACCOUNT, f"/{CONTAINER}?restype=container&comp=list", "https://storage.azure.com")
    registry = status(REGISTRY, "/v2/", "https://management.azure.com")
    assert (vault, account) == ((200, 200) if admitted else (403, 403))
    assert registry == (403 if address else 401)


def test_a_secret_is_its_latest_version(serve: Callable[..., Emulator], world_path: Path, tmp_path: Path) -> None:
    """Or the one that is asked for; a disabled one is refused."""
    text = world_path.read_text(encoding="utf-8")
    changed = tmp_path / "world.yml"
    caller = next(line for line in text.splitlines() if line.startswith("caller:"))
    text = text.replace(caller, "caller: {objectId: me, enforced: false}")
    text = text.replace("9b2c41d07ea84f53b6a10c8d5e7f3264: {enabled: true}", "old: {enabled: false}")
    changed.write_text(text, encoding="utf-8")
    emulator = serve(changed)
    headers = {"Authorization": f"Bearer {token(emulator, 'https://vault.azure.net')}"}

    def secret(path: str) -> Any:
        url = f"https://{VAULT}/secrets/{path}?api-version=7.4"
        return requests.get(url, headers=headers, proxies={"https": emulator.proxy}, timeout=5).json()

    assert secret("greenhouse-key")["id"].endswith("/4f1d8a7be35c42a09d6e0b7c8f2a1935")
    assert secret("greenhouse-key/old")["error"]["innererror"]["code"] == "SecretDisabled"
    assert secret("greenhouse-key/none")["error"]["code"] == "SecretNotFound"


def test_the_proxy_leads_nowhere_else(visit: Visit) -> None:
    """What is no host of the world is refused, so that nothing leaves the machine."""
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        visit("GET", "elsewhere.example.com", "/")


@pytest.mark.parametrize(
    ("method", "host", "path", "audience", "options"),
    [
        ("GET", VAULT, "/secrets?api-version=7.4&maxresults=x", "https://vault.azure.net", {}),
        ("GET", VAULT, "/secrets?api-version=7.4&$skiptoken=x", "https://vault.azure.net", {}),
        ("GET", ACCOUNT, f"/{CONTAINER}?comp=list&maxresults=-3", "https://storage.azure.com", {"headers": STORAGE}),
        ("POST", REGISTRY, "/oauth2/token", None, {"data": b"\xff\xfe"}),
    ],
)
def test_what_is_no_question_is_refused(
    visit: Visit, method: str, host: str, path: str, audience: str | None, options: dict[str, Any]
) -> None:
    """400 or 401 in the service's own words, never a 500."""
    assert visit(method, host, path, audience, **options).status_code in (400, 401)


def test_a_region_has_its_own_address_whatever_a_world_says_of_it(world_path: Path) -> None:
    """It tells where registries are: what stands behind it can be said by a change."""
    assert "eastus2.api.azureml.ms" in hosts.names(world.load(world_path))
