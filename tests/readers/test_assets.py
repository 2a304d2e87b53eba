"""Assets, images and secrets through the whole stack, against the emulator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.facts.reference import AssetReference
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.asset import AssetFiles
from pytest_amlpreflight.facts.resources.container_image import parse_image
from pytest_amlpreflight.facts.resources.secret import parse_references
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings
from pytest_amlpreflight.readers.resources.asset import asset_reference, read_environment, read_model, workspace_store
from pytest_amlpreflight.readers.resources.asset_files import read_model_files
from pytest_amlpreflight.readers.resources.asset_registry import registry_store
from pytest_amlpreflight.readers.resources.image_manifest import read_image
from pytest_amlpreflight.readers.resources.secret import find_vault, read_connection, read_secret_versions

W = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
WORKSPACE = ResourceId("s", "g", "Microsoft.MachineLearningServices/workspaces", "w", W)
REGISTRY = "/subscriptions/r/resourceGroups/rg/providers/Microsoft.MachineLearningServices/registries/azureml"
VERSIONS = ", ".join(f"v{n}: {{enabled: {'false' if n == 3 else 'true'}}}" for n in range(30))
FAR = "/subscriptions/r/resourceGroups/far/providers"
ACCOUNTS = "\n".join(
    f"  - {{id: {FAR}/Microsoft.ContainerRegistry/registries/{name}, name: {name}, "
    f"properties: {{loginServer: {name}.azurecr.io}}}}"
    for name in ("mine", "shut", "strict")
)
WORLD = f"""tenant: t
caller: {{objectId: me, enforced: false}}
resources:
  - {{id: /subscriptions/s, subscriptionId: s}}
  - {{id: /subscriptions/r, subscriptionId: r}}
  - {{id: {W}, location: eastus2, properties: {{}}}}
  - {{id: {W}/models/iris/versions/9, name: "9", properties: {{modelType: custom_model, modelUri: "azureml://datastores/d/paths/iris"}},
     systemData: {{createdAt: "2025-01-01T00:00:00Z"}}}}
  - {{id: {W}/models/iris/versions/10, name: "10", properties: {{modelType: mlflow_model, isArchived: true}},
     systemData: {{createdAt: "2025-02-01T00:00:00Z"}}}}
  - {{id: {W}/datastores/d, name: d, properties: {{datastoreType: AzureBlob, accountName: store, containerName: c,
  endpoint: core.windows.net}}}}
  - {{id: {W}/datastores/lake, name: lake, properties: {{datastoreType: AzureDataLakeGen2, accountName: lake,
  filesystem: c, endpoint: core.windows.net}}}}
  - {{id: {W}/datastores/files, name: files, properties: {{datastoreType: AzureFile, accountName: store,
  fileShareName: f, endpoint: core.windows.net}}}}
  - {{id: {W}/connections/openai, name: openai, properties: {{authType: ApiKey, category: ApiKey, target: "",
  metadata: {{a: b}}, credentials: null}}}}
  - {{id: {REGISTRY}, name: azureml, properties: {{}}}}
  - {{id: {REGISTRY}/environments/sklearn/versions/36, name: "36", properties: {{image:
  "mcr.microsoft.com/azureml/curated/sklearn:36", inferenceConfig: {{}}}},
     systemData: {{createdAt: "2025-01-01T00:00:00Z"}}}}
  - {{id: /subscriptions/s/resourceGroups/other/providers/Microsoft.KeyVault/vaults/kv, name: kv, properties:
  {{vaultUri: "https://kv.vault.azure.net/"}}}}
  - {{id: /subscriptions/r/resourceGroups/far/providers/Microsoft.KeyVault/vaults/far, name: far, properties:
  {{vaultUri: "https://far.vault.azure.net/"}}}}
  - {{id: {FAR}/Microsoft.Storage/storageAccounts/store, name: store, properties: {{primaryEndpoints:
  {{blob: "https://store.blob.core.windows.net/"}}}}}}
  - {{id: {FAR}/Microsoft.Storage/storageAccounts/lake, name: lake, properties: {{isHnsEnabled: true, primaryEndpoints:
  {{blob: "https://lake.blob.core.windows.net/"}}}}}}
{ACCOUNTS}
dns:
  zones: {{unseen.vault.azure.net: {{"@": {{A: [20.1.2.3]}}}}}}
data_plane:
  kv.vault.azure.net:
    secrets: {{key: {{versions: {{{VERSIONS}}}}}}}
  mine.azurecr.io:
    repositories: {{ml/iris: {{tags: {{"3": "sha256:0f"}}}}}}
  shut.azurecr.io: {{refuses: DENIED}}
  strict.azurecr.io: {{refuses: UNAUTHORIZED}}
  mcr.microsoft.com:
    repositories: {{azureml/base: {{tags: {{"1": "sha256:1f"}}}}}}
  store.blob.core.windows.net:
    containers: {{c: {{iris/MLmodel: 10, iris/data/a.bin: 20, iris2/b.bin: 40, "odd & <name>": 5,
      "lily/\\ufffe&": 7, peony/: 0, peony/a.bin: 3, tulip/: 0}}}}
  lake.blob.core.windows.net:
    containers: {{c: {{iris/MLmodel: 10, iris/data/a.bin: 20, rose/data/: 0}}}}
  eastus2.api.azureml.ms:
    registries: {{azureml: {REGISTRY}}}
"""


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Azure]:
    """The connection to a world with one of everything."""
    path = tmp_path / "world.yml"
    path.write_text(WORLD, encoding="utf-8")
    with Emulator(path) as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        rules = tuple(emulator.connect_to.split())
        settings = ConnectionSettings(emulator.metadata_url, 5, emulator.dns_server, backoff=0, connect_to=rules)
        yield Azure(settings)


def test_a_model_is_read_by_version(azure: Azure) -> None:
    """Type and place of its files."""
    model = read_model(
        workspace_store(azure.arm, WORKSPACE, "models"), AssetReference("iris", version="9"), named_by="x"
    )

    assert (model.type, model.uri, model.archived) == ("custom_model", "azureml://datastores/d/paths/iris", False)


def test_latest_is_the_youngest_version(azure: Azure) -> None:
    """By time, not by name: ten comes after nine."""
    model = read_model(
        workspace_store(azure.arm, WORKSPACE, "models"), AssetReference("iris", label="latest"), named_by="x"
    )

    assert (model.version, model.type, model.archived) == ("10", "mlflow_model", True)


@pytest.mark.parametrize(
    "reference",
    [
        AssetReference("iris", version="11"),
        AssetReference("rose", version="1"),
        AssetReference("rose", label="latest"),
        AssetReference("iris", label="best"),
        AssetReference("iris"),
    ],
)
def test_a_model_that_is_not_there_is_absent(azure: Azure, reference: AssetReference) -> None:
    """Whatever about it is missing, it says who names it."""
    with pytest.raises(FactAbsent, match=f"model {reference} does not exist, but deployment blue names it"):
        read_model(workspace_store(azure.arm, WORKSPACE, "models"), reference, named_by="deployment blue")


@pytest.mark.parametrize("reference", [AssetReference("sklearn", "36"), AssetReference("sklearn", label="latest")])
def test_a_curated_environment_is_found_in_its_registry(azure: Azure, reference: AssetReference) -> None:
    """Through the registry's discovery, since nobody knows its subscription."""
    store = registry_store(azure.data_plane, azure.cloud.audience, "eastus2.api.azureml.ms", "azureml")

    environment = read_environment(store, reference, named_by="x")

    assert (environment.version, environment.inference_config, environment.is_built) == ("36", True, False)


def test_an_unknown_registry_is_not_told_from_one_that_is_not_for_us(azure: Azure) -> None:
    """The discovery answers both alike: neither is claimed, and both are named."""
    with pytest.raises(
        FactUnreadable, match="registry nobodys is unreadable: HTTP 403 UnAuthorizedRegistryAccess"
    ) as it:
        registry_store(azure.data_plane, azure.cloud.audience, "eastus2.api.azureml.ms", "nobodys")

    assert "not allowed to access registry nobodys" in it.value.detail
    assert "or no registry has that name" in it.value.detail


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        (f"{W}/models/iris/versions/1", ("iris", "1", None)),
        ("azureml://registries/azureml/environments/sklearn/versions/36", ("sklearn", "36", "azureml")),
    ],
)
def test_a_live_deployment_names_assets_by_id(text: str, reference: tuple[str, str, str | None]) -> None:
    """An ARM id, or a registry's."""
    found = asset_reference(text)

    assert found
    assert (found.name, found.version, found.registry) == reference


@pytest.mark.parametrize(
    ("uri", "count", "size"),
    [
        ("azureml://datastores/d/paths/iris", 2, 30),
        ("azureml://datastores/d/paths/iris/", 2, 30),
        ("azureml://datastores/d/paths/iris2/b.bin", 1, 40),
        ("azureml://datastores/d/paths/odd & <name>", 1, 5),
        ("azureml://datastores/d/paths/lily", 1, 7),
        ("azureml://datastores/d/paths/peony", 1, 3),
        ("azureml://datastores/d/paths/tulip", 0, 0),
        ("azureml://datastores/d/paths/iri", 0, 0),
        ("azureml://subscriptions/s/resourceGroups/g/workspaces/w/datastores/d/paths/iris", 2, 30),
    ],
)
def test_model_files_are_counted(azure: Azure, uri: str, count: int, size: int) -> None:
    """A folder's or the one of that name, never a neighbour's whose name begins alike, nor the empty blob in the place
    of a folder.
    """
    files = read_model_files(azure.arm, azure.data_plane, WORKSPACE, uri)

    assert files
    assert (files.count, files.bytes, files.complete) == (count, size, True)


@pytest.mark.parametrize(("path", "count", "size"), [("iris", 2, 30), ("rose", 0, 0), ("rose/data", 0, 0)])
def test_folders_of_a_data_lake_are_no_files(azure: Azure, path: str, count: int, size: int) -> None:
    """An account with a hierarchical namespace lists them among its blobs; whoever deletes the files leaves them."""
    files = read_model_files(azure.arm, azure.data_plane, WORKSPACE, f"azureml://datastores/lake/paths/{path}")

    assert files
    assert (files.count, files.bytes, files.absent) == (count, size, None)


def test_a_deleted_datastore_leaves_no_files(azure: Azure) -> None:
    """The way to the files is gone."""
    files = read_model_files(azure.arm, azure.data_plane, WORKSPACE, "azureml://datastores/gone/paths/iris")

    assert files == AssetFiles("iris", absent="datastore gone")


@pytest.mark.parametrize(
    "uri",
    ["azureml://jobs/j/outputs/o/paths/m", "runs:/r/model", "https://h/m", "azureml://datastores/files/paths/m"],
)
def test_what_is_on_no_blob_storage_is_not_looked_at(azure: Azure, uri: str) -> None:
    """A job's output, another address, a file share."""
    assert read_model_files(azure.arm, azure.data_plane, WORKSPACE, uri) is None


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("mine.azurecr.io/ml/iris:3", None),
        ("mine.azurecr.io/ml/iris@sha256:0f", None),
        ("mine.azurecr.io/ml/iris:4", "MANIFEST_UNKNOWN"),
        ("mine.azurecr.io/ml/rose:3", "NAME_UNKNOWN"),
        ("mcr.microsoft.com/azureml/base:1", None),
        ("mcr.microsoft.com/azureml/base:2", "MANIFEST_UNKNOWN"),
    ],
)
def test_an_image_is_looked_up(azure: Azure, text: str, missing: str | None) -> None:
    """As ourselves in a registry of Azure, as anybody in Microsoft's."""
    found = read_image(azure.data_plane, azure.cloud, parse_image(text))

    assert (found.asked, found.missing) == (True, missing)


def test_another_registry_is_not_asked(azure: Azure) -> None:
    """No token of ours goes to a stranger."""
    assert not read_image(azure.data_plane, azure.cloud, parse_image("docker.io/library/ubuntu:24.04")).asked


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("shut.azurecr.io/iris:1", "HTTP 403 DENIED"),
        ("strict.azurecr.io/iris:1", "HTTP 401 UNAUTHORIZED"),
        ("nowhere.azurecr.io/iris:1", "NameNotResolved"),
    ],
)
def test_a_registry_that_does_not_answer_is_unreadable(azure: Azure, text: str, code: str) -> None:
    """A firewall, a missing role and a broken name are told apart."""
    with pytest.raises(FactUnreadable, match=f"is unreadable: {code}"):
        read_image(azure.data_plane, azure.cloud, parse_image(text))


def test_a_secret_s_versions_are_listed(azure: Azure) -> None:
    """Over more than one page, with whether each is enabled; and never asked for the value."""
    (reference,) = parse_references({"K": "${{keyvault:https://kv.vault.azure.net/secrets/key/v3}}"}).vaults

    found = read_secret_versions(azure, reference)

    assert found.versions
    assert len(found.versions) == 30
    assert [version for version, enabled in found.versions.items() if not enabled] == ["v3"]


def test_a_secret_that_is_not_there_has_no_versions(azure: Azure) -> None:
    """Absence is for the check to judge."""
    (reference,) = parse_references({"K": "${{keyvault:https://kv.vault.azure.net/secrets/other/v3}}"}).vaults

    assert read_secret_versions(azure, reference).versions is None


def test_a_connection_is_read_without_its_secrets(azure: Azure) -> None:
    """Metadata and target; an empty target is none."""
    connection = read_connection(azure.arm, WORKSPACE, "openai")

    assert connection
    assert (connection.auth_type, connection.target, connection.metadata) == ("ApiKey", None, ("a",))
    assert read_connection(azure.arm, WORKSPACE, "other") is None


def test_a_vault_is_found_by_its_host_in_any_subscription(azure: Azure) -> None:
    """In whichever the caller sees; one that none shows, and whose name is in DNS, is not seen: that is not absence."""
    found, elsewhere = (find_vault(azure, f"{name}.vault.azure.net", None) for name in ("kv", "far"))

    assert (found and found.resource_group, elsewhere and elsewhere.subscription) == ("other", "r")
    with pytest.raises(FactUnreadable, match="key vault unseen is unreadable: NotVisible"):
        find_vault(azure, "unseen.vault.azure.net", None)


def test_a_vault_that_has_no_name_in_dns_does_not_exist(azure: Azure) -> None:
    """Every vault has one, whatever network it is in."""
    (reference,) = parse_references({"K": "${{keyvault:https://gone.vault.azure.net/secrets/key/v3}}"}).vaults

    assert find_vault(azure, "gone.vault.azure.net", None) is None
    assert not read_secret_versions(azure, reference).vault_exists
