"""Cloud metadata: where this cloud's services are, in the three forms ARM has given it."""

from typing import Any

from ..answers import Answer, arm_error
from ..clouds import CLOUDS, Cloud

PREFIX = "Emulated"
"""azure-ai-ml never asks about a cloud whose name it knows: the list names the cloud a second time, with this."""


def endpoints(cloud_name: str, own_url: str, version: str | None) -> Answer:
    """`/metadata/endpoints`: a list (2019-05-01), an object (2022-09-01), or the oldest and smallest (2015-01-01)."""
    cloud = CLOUDS[cloud_name]
    if version == "2015-01-01":
        return Answer(_oldest(cloud, own_url))
    if version == "2019-05-01":
        names = (cloud_name, f"{PREFIX}{cloud_name}")
        return Answer([_object(name, cloud, own_url) for name in names])
    if version == "2022-09-01":
        return Answer(_object(cloud_name, cloud, own_url))
    text = f"The api-version '{version}' is invalid. The supported versions are '2022-09-01,2019-05-01,2015-01-01'."
    return arm_error(400, "InvalidApiVersionParameter", text, unknown=f"unknown api-version {version}")


def _authentication(cloud: Cloud) -> dict[str, Any]:
    return {
        "loginEndpoint": cloud.login,
        "audiences": list(cloud.audiences),
        "tenant": "common",
        "identityProvider": "AAD",
    }


def _oldest(cloud: Cloud, own_url: str) -> dict[str, Any]:
    authentication = {"loginEndpoint": f"{cloud.login}/", "audiences": list(cloud.audiences)}
    return {
        "galleryEndpoint": f"{own_url}/",
        "graphEndpoint": cloud.graph,
        "portalEndpoint": f"{cloud.portal}/",
        "authentication": authentication,
    }


def _object(name: str, cloud: Cloud, own_url: str) -> dict[str, Any]:
    return {
        "portal": cloud.portal,
        "authentication": _authentication(cloud),
        "media": f"https://rest.media.{cloud.storage.removeprefix('core.')}",
        "graphAudience": cloud.graph,
        "graph": cloud.graph,
        "name": name,
        "suffixes": {
            "acrLoginServer": cloud.registry,
            "keyVaultDns": cloud.key_vault,
            "sqlServerHostname": cloud.sql.lstrip("."),
            "storage": cloud.storage,
        },
        "batch": cloud.batch,
        "resourceManager": f"{own_url}/",
        "gallery": f"{own_url}/",
        # Microsoft Graph is asked for display names only; no such question may leave the machine.
        "microsoftGraphResourceId": f"{own_url}/",
    }
