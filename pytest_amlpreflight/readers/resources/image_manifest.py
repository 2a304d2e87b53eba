"""Whether an image is in its registry, by the registry's own protocol."""

import requests

from pytest_amlpreflight.facts.resources.container_image import MICROSOFT, ContainerImage, ImageInRegistry
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.cloud import Cloud
from pytest_amlpreflight.readers.connection.data_plane import DataPlane
from pytest_amlpreflight.readers.resources.asset_registry import document_in

PULL = "Microsoft.ContainerRegistry/registries/pull/read"
MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
"""Without these a registry answers with a form of 2016, and 404 where it has none."""


def read_image(data_plane: DataPlane, cloud: Cloud, image: ContainerImage) -> ImageInRegistry:
    """What the registry says of an image. Registries of Azure are asked as ourselves, Microsoft's as anybody, others
    not at all.
    """
    own = image.host.endswith(f".{cloud.registry_suffix}")
    if not own and image.host != MICROSOFT:
        return ImageInRegistry(image, asked=False)
    token = _token(data_plane, cloud, image) if own else None
    url = f"https://{image.host}/v2/{image.repository}/manifests/{image.reference}"
    headers = {"Accept": MANIFESTS} | ({"Authorization": f"Bearer {token}"} if token else {})
    response = data_plane.read(
        "GET",
        url,
        f"image {image}",
        errors=_error,
        expected=(200, 404),
        permission=PULL if own else None,
        headers=headers,
        carries=cloud.registry_audience if own else None,
    )
    if response.status_code == 404:
        return ImageInRegistry(image, missing=_error(response)[0])
    document_in(response, f"image {image}").need_number("schemaVersion")  # of every form of a manifest
    return ImageInRegistry(image)


def _token(data_plane: DataPlane, cloud: Cloud, image: ContainerImage) -> str:
    """Our Entra token for a refresh token of the registry, and that for one to read the repository."""
    aad = data_plane.token(cloud.registry_audience)
    form = {"grant_type": "access_token", "service": image.host, "access_token": aad}
    refresh = _post(data_plane, cloud, image, "exchange", form, "refresh_token")
    scope = f"repository:{image.repository}:pull"
    form = {"grant_type": "refresh_token", "service": image.host, "scope": scope, "refresh_token": refresh}
    return _post(data_plane, cloud, image, "token", form, "access_token")


def _post(
    data_plane: DataPlane, cloud: Cloud, image: ContainerImage, step: str, form: dict[str, str], answer: str
) -> str:
    resource = f"registry {image.host}"
    url = f"https://{image.host}/oauth2/{step}"
    try:
        response = data_plane.read(
            "POST", url, resource, errors=_error, permission=PULL, data=form, carries=cloud.registry_audience
        )
    except FactAbsent:  # a name that some other host answers to
        raise FactAbsent(resource, named_by=f"image {image}") from None
    return document_in(response, resource).need(answer)


def _error(response: requests.Response) -> tuple[str, str]:
    """The first of the registry's errors."""
    try:
        first = document_in(response, "a registry's refusal").children("errors")[0]
        return first.need("code"), first.text("message") or ""
    except (FactUnreadable, IndexError):
        return "", ""
