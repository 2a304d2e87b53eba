"""Which Azure it is: the three public clouds, or any other by its metadata address."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import requests

from pytest_amlpreflight.facts.unreached import Unbounded, Unreached
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.decoding import NotDecoded, json_of
from pytest_amlpreflight.readers.connection.document import Document


@dataclass(frozen=True, slots=True)
class Cloud:
    """The addresses of one Azure. Nothing outside `readers` knows a host suffix.

    `trusted_access` says whether AKS lets Azure Machine Learning pass a closed API server by there.
    """

    name: str
    resource_manager: str
    audience: str
    authority: str
    machine_learning_audience: str
    private_link_zone: str
    inference_suffix: str
    key_vault_suffix: str
    registry_suffix: str
    registry_audience: str
    storage_suffix: str
    trusted_access: bool = False

    @property
    def key_vault_audience(self) -> str:
        """For whom a vault's tokens are."""
        return f"https://{self.key_vault_suffix}"

    @property
    def known_as(self) -> str:
        """The public cloud that it is, or is like: the one with the same authority."""
        return next((name for name, cloud in CLOUDS.items() if cloud.authority == self.authority), "AzureCloud")

    def machine_learning_host(self, region: str) -> str:
        """Where Azure Machine Learning's own services answer in a region."""
        return f"{region}.{self.private_link_zone.removeprefix('privatelink.')}"

    def homes(self, audience: str) -> tuple[str, ...]:
        """The hosts, and what is beneath them, to which a token for that audience may go; none for one that nobody
        knows.
        """
        own_services = self.private_link_zone.removeprefix("privatelink.")
        rows = (
            (self.audience, (own_services, *ASSET_REGISTRY_HOSTS.get(self.authority, ()))),
            (self.machine_learning_audience, (self.inference_suffix,)),
            (self.key_vault_audience, (self.key_vault_suffix,)),
            (self.registry_audience, (self.registry_suffix,)),  # in some clouds the first row's audience
            (STORAGE_AUDIENCE, (self.storage_suffix,)),
        )
        return tuple(home for issued, homes in rows if issued == audience for home in homes)


ASSET_REGISTRY_HOSTS = {"login.microsoftonline.com": ("experiments.azureml.net",)}
"""Where the public cloud's registries of assets say that they are, beside Azure Machine Learning's own hosts."""

STORAGE_AUDIENCE = "https://storage.azure.com"
"""For whom a storage account's tokens are, in every cloud."""

# Registries: containerregistry.azure.net is the public cloud's; SDKs take Resource Manager's audience in the others.
# Endpoints and audiences: azure-core's and azure-identity's own tables; zones and suffixes: Microsoft's "custom DNS"
# and "private endpoint" articles.
CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            name="AzureCloud",
            resource_manager="https://management.azure.com",
            audience="https://management.azure.com",
            authority="login.microsoftonline.com",
            machine_learning_audience="https://ml.azure.com",
            private_link_zone="privatelink.api.azureml.ms",
            inference_suffix="inference.ml.azure.com",
            key_vault_suffix="vault.azure.net",
            registry_suffix="azurecr.io",
            registry_audience="https://containerregistry.azure.net",
            storage_suffix="core.windows.net",
            trusted_access=True,
        ),
        Cloud(
            name="AzureUSGovernment",
            resource_manager="https://management.usgovcloudapi.net",
            audience="https://management.core.usgovcloudapi.net",
            authority="login.microsoftonline.us",
            machine_learning_audience="https://ml.azure.us",
            private_link_zone="privatelink.api.ml.azure.us",
            inference_suffix="inference.ml.azure.us",
            key_vault_suffix="vault.usgovcloudapi.net",
            registry_suffix="azurecr.us",
            registry_audience="https://management.usgovcloudapi.net",
            storage_suffix="core.usgovcloudapi.net",
        ),
        Cloud(
            name="AzureChinaCloud",
            resource_manager="https://management.chinacloudapi.cn",
            audience="https://management.chinacloudapi.cn",
            authority="login.chinacloudapi.cn",
            machine_learning_audience="https://ml.azure.cn",
            private_link_zone="privatelink.api.ml.azure.cn",
            inference_suffix="inference.ml.azure.cn",
            key_vault_suffix="vault.azure.cn",
            registry_suffix="azurecr.cn",
            registry_audience="https://management.chinacloudapi.cn",
            storage_suffix="core.chinacloudapi.cn",
        ),
    )
}


def read_cloud(choice: str, session: requests.Session, timeout: float) -> Cloud:
    """The cloud of that name, or the one that a metadata URL describes.

    A metadata answer is a single object (api-version 2022-09-01) or a list of clouds (2019-05-01), of which the first
    is taken. What metadata does not tell (the zone of private link, the audience of scoring) is that of the cloud with
    the same login endpoint, AzureCloud where there is none.
    """
    if choice in CLOUDS:
        return CLOUDS[choice]
    resource = f"cloud metadata at {choice}"
    try:
        response = session.get(choice, timeout=timeout, allow_redirects=False)
        response.raise_for_status()
        if response.status_code != 200:
            raise FactUnreadable(resource, status=response.status_code, code="MetadataUnavailable")
        body = json_of(response)
    except requests.HTTPError as error:
        raise FactUnreadable(resource, status=error.response.status_code, code="MetadataUnavailable") from None
    except requests.Timeout:
        raise FactUnreadable(resource, status=None, code="Timeout") from None
    except NotDecoded as error:
        raise FactUnreadable(resource, status=None, code="MalformedAnswer", detail=str(error)) from None
    except Unbounded as error:
        raise FactUnreadable(resource, status=None, code=Unreached.UNBOUNDED, detail=str(error)) from None
    except OSError as error:  # requests' own errors, and a certificate bundle that is not there
        raise FactUnreadable(resource, status=None, code="ConnectionFailed", detail=str(error)) from None
    return _described(resource, body)


def _described(resource: str, body: object) -> Cloud:
    first = cast(Sequence[object], body)[0] if isinstance(body, list) and body else body
    document = Document(resource, first)
    authentication = document.child("authentication")
    manager = document.need("resourceManager").rstrip("/")
    if not manager.startswith("https://"):  # nothing that a token goes to is asked in the clear
        raise document.refusal(f"resourceManager is {manager!r}, not an https address")
    authority = authentication.need("loginEndpoint").removeprefix("https://").rstrip("/")
    known = next((cloud for cloud in CLOUDS.values() if cloud.authority == authority), CLOUDS["AzureCloud"])
    suffixes = document.child("suffixes")
    audiences = [audience.rstrip("/") for audience in authentication.texts("audiences")]
    return replace(
        known,
        name=document.text("name") or manager,
        resource_manager=manager,
        audience=known.audience if known.audience in audiences or not audiences else audiences[0],
        authority=authority,
        key_vault_suffix=(suffixes.text("keyVaultDns") or known.key_vault_suffix).lstrip("."),
        registry_suffix=(suffixes.text("acrLoginServer") or known.registry_suffix).lstrip("."),
        storage_suffix=(suffixes.text("storage") or known.storage_suffix).lstrip("."),
    )
