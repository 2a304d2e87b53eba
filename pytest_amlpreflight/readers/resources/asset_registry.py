"""Azure Machine Learning's registries, found by name and read where they say they are.

A registry may belong to anyone, Microsoft's own `azureml` with the curated environments above all, so that Resource
Manager cannot be asked for it. azure-ai-ml goes the same way:
https://learn.microsoft.com/azure/machine-learning/how-to-share-models-pipelines-across-workspaces-with-registries
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote

import requests

from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.api_versions import ASSET_REGISTRY
from pytest_amlpreflight.readers.connection.data_plane import DataPlane
from pytest_amlpreflight.readers.connection.decoding import NotDecoded, json_of
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.errors import innermost_error
from pytest_amlpreflight.readers.resources.asset import Store

PERMISSION = "Microsoft.MachineLearningServices/registries/assets/read"

HIDDEN = "UnAuthorizedRegistryAccess"
"""What the discovery answers of a registry that is not for the caller, and of a name that no registry has."""


Errors = Callable[[requests.Response], tuple[str, str]]
"""From a refusal to its code and message."""


def registry_store(data_plane: DataPlane, audience: str, host: str, registry: str) -> Store:
    """The assets of a registry; `host` is Azure Machine Learning's own in any region, which knows where each registry
    is.
    """
    word = f"registry {registry}"
    discovery = f"https://{host}/registrymanagement/v1.0/registries/{registry}/discovery"
    found = _ask(data_plane, audience, discovery, word, _discovery_error)
    base = (
        f"{found.need('primaryRegionResourceProviderUri').rstrip('/')}/mferp/managementfrontend"
        f"/subscriptions/{found.need('subscriptionId')}/resourceGroups/{found.need('resourceGroup')}"
        f"/providers/Microsoft.MachineLearningServices/registries/{registry}"
    )

    def ask(path: str, resource: str, query: Mapping[str, str]) -> Document:
        options = "".join(f"&${name}={quote(value)}" for name, value in query.items())
        return _ask(data_plane, audience, f"{base}/{path}?api-version={ASSET_REGISTRY}{options}", resource, error_of)

    return Store(word, ask)


def _ask(data_plane: DataPlane, audience: str, url: str, resource: str, errors: Errors) -> Document:
    response = data_plane.read("GET", url, resource, errors=errors, audience=audience, permission=PERMISSION)
    return document_in(response, resource)


def _discovery_error(response: requests.Response) -> tuple[str, str]:
    code, message = error_of(response)
    return code, f"{message}, or no registry has that name" if code == HIDDEN else message


def document_in(response: requests.Response, resource: str) -> Document:
    """An answer's object."""
    try:
        return Document(resource, json_of(response))
    except NotDecoded as error:
        problem = FactUnreadable(resource, status=None, code="MalformedAnswer", detail=str(error))
    raise problem


def error_of(response: requests.Response) -> tuple[str, str]:
    """Code and message of an answer in one of Resource Manager's dialects; Key Vault's is among them."""
    try:
        code, message = innermost_error(json_of(response))
    except NotDecoded:
        return "", ""
    return code or "", message.splitlines()[0] if message else ""
