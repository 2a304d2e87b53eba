"""Where a deployment's image comes from."""

from dataclasses import dataclass
from enum import StrEnum

from pytest_amlpreflight.facts.resource_id import ResourceId


class ImageHome(StrEnum):
    """Whose registry holds the image that the endpoint pulls."""

    WORKSPACE = "the workspace's registry"
    MICROSOFT = "Microsoft's public registry"
    AZURE = "another Azure container registry"
    ELSEWHERE = "a registry outside Azure"


@dataclass(frozen=True, slots=True)
class ImageOrigin:
    """The image that the endpoint pulls, and the registry it is in.

    `registry_id` is that of another Azure registry, None where it cannot be seen from here: it may belong to somebody
    else.
    """

    image: str
    host: str
    home: ImageHome
    registry_id: ResourceId | None = None

    @property
    def registry_name(self) -> str:
        """The registry as Azure names it."""
        return self.registry_id.name if self.registry_id else self.host.partition(".")[0]
