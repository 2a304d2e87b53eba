"""The image that an endpoint pulls as it is, and whose registry it is in."""

import re

from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import AssetReference
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.image_origin import ImageHome, ImageOrigin
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.resource_graph import id_of, query

_AZURE_HOST = re.compile(r"([a-z0-9]+)(?:-[a-z0-9]+)?\.azurecr\.(?:io|us|cn)")
"""The name of a registry in its host, of any cloud; a hash after a dash belongs to the host only."""


def image_of_spec(arm: Arm, workspace_id: ResourceId, spec: DeploymentSpec) -> str | None:
    """The image of a deployment that is about to be created; None where Azure builds one, into the workspace's
    registry.
    """
    environment = spec.environment
    if environment is None:
        return None
    if environment.asset:
        return _registered(arm, _path(workspace_id, environment.asset))
    return None if environment.builds_an_image else environment.image


def image_of_live(arm: Arm, deployment: Deployment) -> str | None:
    """The image of a deployment that Azure runs; None where Azure built one."""
    return _registered(arm, deployment.environment)


def read_image_origin(arm: Arm, image: str, registry: Registry | None) -> ImageOrigin:
    """Whose registry an image is in.

    Another Azure registry is looked for by name, in every subscription that the caller sees.
    """
    host = _host(image)
    if registry and host == registry.login_server.lower():
        return ImageOrigin(image, host, ImageHome.WORKSPACE, registry.id)
    if host == "mcr.microsoft.com" or host.endswith(".mcr.microsoft.com"):
        return ImageOrigin(image, host, ImageHome.MICROSOFT)
    azure = _AZURE_HOST.fullmatch(host)
    if azure is None:
        return ImageOrigin(image, host, ImageHome.ELSEWHERE)
    return ImageOrigin(image, host, ImageHome.AZURE, _find_registry(arm, azure[1]))


def _find_registry(arm: Arm, name: str) -> ResourceId | None:
    wanted = f"type =~ 'microsoft.containerregistry/registries' and name =~ '{name}'"
    text = f"resources | where {wanted} | project id | order by id asc"
    rows = query(arm, text, f"the container registries named {name}")
    return id_of(rows[0]) if rows else None  # not shown to this caller is not absent


def _registered(arm: Arm, path: str | None) -> str | None:
    if path is None:
        return None
    resource = f"environment {path.split('/')[-3]}:{path.split('/')[-1]}"
    permission = "Microsoft.MachineLearningServices/workspaces/environments/versions/read"
    try:
        properties = arm.get(path, MACHINE_LEARNING, resource, permission=permission).child("properties")
    except FactAbsent:  # that is another check's to say; an environment that is gone names no image
        return None
    return None if properties.text("condaFile") or properties.maybe("build") else properties.text("image")


def _path(workspace_id: ResourceId, asset: AssetReference) -> str | None:
    """The id of a registered version; None for a label, or for a registry's own environment, which Azure has built."""
    if asset.arm_id:
        return "/" + asset.arm_id.strip("/")
    if asset.registry or asset.version is None:
        return None
    return f"{workspace_id}/environments/{asset.name}/versions/{asset.version}"


def _host(image: str) -> str:
    """Docker's own rule: a first part without a dot or a port is no host, and the image is Docker Hub's."""
    first = image.partition("/")[0].lower()
    return first if "/" in image and ("." in first or ":" in first or first == "localhost") else "docker.io"
