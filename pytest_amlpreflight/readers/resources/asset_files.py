"""The blobs of a registered model, or of registered code."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote, unquote, urlencode

import requests

from pytest_amlpreflight.facts.address import is_host_name, parse_address
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.asset import AssetFiles
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.cloud import STORAGE_AUDIENCE
from pytest_amlpreflight.readers.connection.data_plane import DataPlane

BLOB_VERSION = "2021-12-02"
MOST_PAGES = 10
"""Of 5000 blobs each: no model has more files, and a preflight must answer."""

READ_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
_PATH = re.compile(
    r"azureml://(?P<workspace>subscriptions/[^/]+/resource[gG]roups/[^/]+/(?:providers/[^/]+/)?workspaces/[^/]+/)?"
    r"datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)"
)


@dataclass(frozen=True, slots=True)
class BlobStore:
    """Where a datastore keeps its files; None is what a datastore of another type than blobs has."""

    account: str
    host: str
    container: str


def read_model_files(arm: Arm, data_plane: DataPlane, workspace_id: ResourceId, uri: str) -> AssetFiles | None:
    """The files behind a model's `modelUri`; None where it is on no blob storage: a job's output, an address, a file
    share.
    """
    match = _PATH.fullmatch(uri)
    if match is None:
        return None
    path = match["path"].strip("/")
    try:
        store = _store_behind(arm, workspace_id, match)
    except FactAbsent:  # whoever deleted the datastore took the way to the files along
        return AssetFiles(path, absent=f"datastore {match['datastore']}")
    return _list(data_plane, store, path) if store else None


def read_code_files(data_plane: DataPlane, uri: str) -> AssetFiles | None:
    """The files behind a code's `codeUri`, the address of a blob or a folder of blobs; None for any other address."""
    store, path = _blobs_at(uri)
    return _list(data_plane, store, path) if store else None


def find_file_scope(arm: Arm, workspace_id: ResourceId, account: ResourceId, uri: str | None) -> str | None:
    """What of a storage account a role has to reach for files at an address: the container, by its ARM id
    (https://learn.microsoft.com/azure/storage/blobs/assign-azure-role-data-access), or the account itself where no
    container is told; None for files that are elsewhere, or to which no datastore leads any more.
    """
    match = _PATH.fullmatch(uri or "")
    try:
        store = _store_behind(arm, workspace_id, match) if match else _blobs_at(uri or "")[0]
    except FactAbsent:  # another check says so
        return None
    if store is None:
        return account.text
    same = store.account.lower() == account.name.lower()
    return f"{account}/blobServices/default/containers/{store.container}" if same else None


def _store_behind(arm: Arm, workspace_id: ResourceId, match: re.Match[str]) -> BlobStore | None:
    return _read_datastore(arm, _workspace(match["workspace"]) or workspace_id, match["datastore"])


def _blobs_at(uri: str) -> tuple[BlobStore | None, str]:
    """The container and the path in it that an address of blobs leads to."""
    address = parse_address(uri)
    if address is None:
        return None, ""
    account, _, kind = address.host.partition(".")
    container, _, path = address.path.strip("/").partition("/")
    if not kind.startswith("blob.") or not container:
        return None, ""
    return BlobStore(account, address.host, container), unquote(path)


def _workspace(text: str | None) -> ResourceId | None:
    """The URI names the workspace without its provider."""
    if not text:
        return None
    parts = text.strip("/").split("/")
    return parse_resource_id(
        f"/subscriptions/{parts[1]}/resourceGroups/{parts[3]}/providers/Microsoft.MachineLearningServices/workspaces/{parts[-1]}"
    )


def _read_datastore(arm: Arm, workspace_id: ResourceId, name: str) -> BlobStore | None:
    permission = "Microsoft.MachineLearningServices/workspaces/datastores/read"
    path = f"{workspace_id}/datastores/{name}"
    properties = arm.get(path, MACHINE_LEARNING, f"datastore {name}", permission=permission).child("properties")
    kind = (properties.word("datastoreType") or "").lower()
    member = {"azureblob": "containerName", "azuredatalakegen2": "filesystem"}.get(kind)
    if member is None:
        return None
    account, endpoint = properties.need("accountName"), properties.need_host("endpoint")
    host = f"{account}.blob.{endpoint}"
    if not is_host_name(host):
        raise properties.refusal(f"accountName is {account[:100]!r}, not the name of a storage account")
    return BlobStore(account, host, properties.need(member))


def _list(data_plane: DataPlane, store: BlobStore, path: str) -> AssetFiles:
    """The blob of that name, or those of the folder of that name: both begin with it, and so do the neighbours'
    names. Folders that are listed among the blobs, also empty ones, are no files.
    """
    place, count, size, marker = f"{store.account}/{store.container}/{path}", 0, 0, ""
    for _ in range(MOST_PAGES):
        try:
            page = _page(data_plane, store, path, marker)
        except FactAbsent:  # the account answers: the container is what is gone
            return AssetFiles(place, absent=f"container {store.container} of storage account {store.account}")
        for blob in page.iter("Blob"):
            name = _name(blob)
            if not _is_folder(blob) and (name == path or not path or name.startswith(f"{path}/")):
                count, size = count + 1, size + int(blob.findtext("Properties/Content-Length") or 0)
        marker = page.findtext("NextMarker") or ""
        if not marker:
            return AssetFiles(place, count, size, account=store.account)
    return AssetFiles(place, count, size, complete=False, account=store.account)


def _name(blob: ElementTree.Element) -> str:
    """A name with characters that XML cannot hold comes percent-encoded, which an attribute says
    (https://learn.microsoft.com/rest/api/storageservices/list-blobs).
    """
    element = blob.find("Name")
    text = "" if element is None else element.text or ""
    return unquote(text) if element is not None and element.get("Encoded") == "true" else text


def _is_folder(blob: ElementTree.Element) -> bool:
    """A hierarchical namespace says so; elsewhere tools keep empty blobs in the place of folders, and mark them
    (https://learn.microsoft.com/azure/storage/common/storage-ref-azcopy-copy).
    """
    marked = str(blob.findtext("Metadata/hdi_isfolder")).lower() == "true"
    return marked or blob.findtext("Properties/ResourceType") == "directory"


def _page(data_plane: DataPlane, store: BlobStore, prefix: str, marker: str) -> ElementTree.Element:
    resource = f"the blobs of storage account {store.account}"
    options = {"restype": "container", "comp": "list", "include": "metadata", "prefix": prefix}
    options |= {"marker": marker} if marker else {}
    url = f"https://{store.host}/{quote(store.container, safe='$')}?{urlencode(options)}"
    response = data_plane.read(
        "GET",
        url,
        resource,
        errors=blob_error,
        permission=READ_BLOBS,
        audience=STORAGE_AUDIENCE,
        headers={"x-ms-version": BLOB_VERSION, "x-ms-date": formatdate(usegmt=True)},
    )
    try:
        # Azure Storage's own answer over TLS; the format has no JSON form.
        return ElementTree.fromstring(response.content.decode("utf-8-sig"))  # noqa: S314  # expat expands nothing from outside, and the answer is bounded
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        problem = FactUnreadable(resource, status=None, code="MalformedAnswer", detail=str(error))
    raise problem


def blob_error(response: requests.Response) -> tuple[str, str]:
    """Storage says its code in a header, since HEAD has no body."""
    return response.headers.get("x-ms-error-code", ""), ""
