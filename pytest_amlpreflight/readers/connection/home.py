"""Where a credential may go: to the hosts of the cloud that issued it, over TLS, and nowhere else.

An address comes from many hands: a resource's document, a `nextLink`, a redirect, a discovery, the YAML of a pull
request. None of them decides who gets a token.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

_HOST = re.compile(r"https://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)
"""Strict, since readers of URLs differ: `https://a.example\\.vault.azure.net` is one host to one, and another to the
next.
"""


class ForeignHost(AzureError):
    """A request was not sent, since a credential would have gone along to a host that is not its own."""


def stray(url: str, homes: Sequence[str]) -> str | None:
    """Why a credential must not go to `url`, None where it may: to a host that is, or is beneath, one of `homes`."""
    found = _HOST.match(url)
    if found and any(_beneath(found[1].lower(), home.lower()) for home in homes):
        return None
    return f"no credential goes to {_shown(url)}, only to https://{' or '.join(homes)} and beneath"


class KeepHome(SansIOHTTPPolicy[object, object]):
    """Lets requests of Resource Manager through to its own host and its regional ones: `eastus.management.azure.com`.

    `nextLink` and the `Location` of an operation come through here as well.
    """

    def __init__(self, resource_manager: str) -> None:
        self._home = resource_manager.rstrip("/").lower()

    def on_request(self, request: PipelineRequest[object]) -> None:
        """Raise `ForeignHost` before a token is added."""
        url = str(request.http_request.url)  # type: ignore[attr-defined]  # azure-core types requests as Any
        own = url.lower().startswith((f"{self._home}/", f"{self._home}?"))
        if not own and (why := stray(url, [urlsplit(self._home).netloc])):
            raise ForeignHost(why)


def _beneath(host: str, home: str) -> bool:
    return host == home or host.endswith(f".{home}")


def _shown(url: str) -> str:
    """The place alone: what follows may hold a signature."""
    return re.split(r"[/?#]", url.partition("://")[2] or url, maxsplit=1)[0].rpartition("@")[2][:100] + (
        " over plain http" if url.lower().startswith("http:") else ""
    )
