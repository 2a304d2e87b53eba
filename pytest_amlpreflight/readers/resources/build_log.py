"""The log of an image's build, which Azure Machine Learning keeps in the workspace's storage account."""

from email.utils import formatdate
from urllib.parse import quote

import requests

from pytest_amlpreflight.facts.resources.build_log import BuildLog, BuildLogPlace
from pytest_amlpreflight.facts.resources.storage import StorageAccount
from pytest_amlpreflight.facts.rules.redaction import redact
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.readers.connection.cloud import STORAGE_AUDIENCE
from pytest_amlpreflight.readers.connection.data_plane import DataPlane
from pytest_amlpreflight.readers.resources.asset_files import BLOB_VERSION, READ_BLOBS, blob_error

END = 200_000
"""Bytes that are read, from the end: there the reason stands."""


def read_build_log(data_plane: DataPlane, account: StorageAccount, place: BuildLogPlace) -> BuildLog | None:
    """The end of the log; None where it is in another account than the workspace's, to which no token of ours goes."""
    if account.blob_endpoint is None or (place.account or account.name).lower() != account.name.lower():
        return None
    words = f"{account.name}/{place.container}/{place.path}"
    url = f"{account.blob_endpoint.rstrip('/')}/{quote(f'{place.container}/{place.path}')}"
    try:
        size = int(_ask(data_plane, "HEAD", url, words).headers.get("Content-Length") or 0)
        text = _ask(data_plane, "GET", url, words, max(size - END, 0)).content.decode(errors="replace") if size else ""
    except FactAbsent:  # a policy of the account's may have deleted it: the build failed all the same
        text = ""
    return BuildLog(words, redact(text))


def _ask(data_plane: DataPlane, method: str, url: str, words: str, begin: int | None = None) -> requests.Response:
    wanted = {} if begin is None else {"x-ms-range": f"bytes={begin}-"}
    return data_plane.read(
        method,
        url,
        f"the build log {words}",
        errors=blob_error,
        permission=READ_BLOBS,
        audience=STORAGE_AUDIENCE,
        expected=(200, 206),
        headers={"x-ms-version": BLOB_VERSION, "x-ms-date": formatdate(usegmt=True), **wanted},
    )
