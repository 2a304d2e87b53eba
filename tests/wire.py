"""The internet as a table of answers, for what readers do with an answer and whom they tell a credential."""

import io
from collections.abc import Mapping
from typing import Any

import requests
from azure.core.credentials import AccessTokenInfo
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from pytest_amlpreflight.engine import Pool
from pytest_amlpreflight.readers.connection.api_version import NegotiateApiVersion
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.cloud import CLOUDS
from pytest_amlpreflight.readers.connection.data_plane import DataPlane
from pytest_amlpreflight.readers.connection.pipeline import OneToken, build_pipeline, http_session

PUBLIC = CLOUDS["AzureCloud"]
HOME = "https://management.azure.com"

Answer = tuple[int, Mapping[str, str], str]


class Wire(BaseAdapter):
    """Every host of the internet: answers from a table, and keeps who was told which credential."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__()
        self.answers, self.asked = answers, list[tuple[str, str | None]]()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The answer whose key the URL starts with, a 200 with an empty list otherwise."""
        url = str(request.url)
        self.asked.append((url.split("/")[2], request.headers.get("Authorization")))
        otherwise: Answer = (200, {}, '{"value": []}')
        status, headers, body = next((a for start, a in self.answers.items() if url.startswith(start)), otherwise)
        response = requests.Response()
        response.status_code, response.url, response.request = status, url, request
        response.headers.update({"Content-Type": "application/json", **headers})
        response.raw = HTTPResponse(io.BytesIO(body.encode()), headers=response.headers, preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""


class Signed:
    """A credential that always has a token."""

    def get_token_info(self, *_: str, options: object = None) -> AccessTokenInfo:
        """The one token."""
        return AccessTokenInfo("secret", 4_000_000_000)

    def close(self) -> None:
        """Nothing is open."""


def arm_on(wire: Wire) -> Arm:
    """Resource Manager of the public cloud, over that wire."""
    session = http_session()
    session.mount("https://", wire)
    session.mount("http://", wire)
    token: Any = Signed()
    versions = NegotiateApiVersion()
    pipeline = build_pipeline(session, OneToken(token), PUBLIC.audience, HOME, versions, timeout=1, backoff=0)
    return Arm(HOME, pipeline, Pool())


def plane_on(wire: Wire) -> DataPlane:
    """The hosts behind the resources of the public cloud, over that wire."""
    plane = DataPlane(lambda _: "secret", PUBLIC.homes, lambda host: _nobody(host), timeout=1, backoff=0)
    plane._session.mount("https://", wire)
    return plane


def _nobody(host: str) -> Any:
    raise AssertionError(f"{host} was looked up")
