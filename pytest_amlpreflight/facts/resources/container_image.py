"""Container images by name, and what their registry says of them."""

import re
from dataclasses import dataclass

DOCKER_HUB = "docker.io"
MICROSOFT = "mcr.microsoft.com"
_IN_A_SENTENCE = re.compile(r"[\w.-]+\.azurecr\.\w+/[\w./-]+(?::[\w][\w.-]*\w|@sha256:[0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class ContainerImage:
    """An image's name in its parts; `tag` is None where a digest pins it."""

    host: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def reference(self) -> str:
        """What the registry is asked for: the digest, which wins over a tag as in Docker, or the tag."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}" + (f"@{self.digest}" if self.digest else f":{self.tag}")


@dataclass(frozen=True, slots=True)
class ImageInRegistry:
    """What a registry answered: `missing` is its own code (`NAME_UNKNOWN`, `MANIFEST_UNKNOWN`), None for an image
    that is there.

    `asked` is False for a registry that is neither Azure's nor Microsoft's: Azure's identities mean nothing to it.
    """

    image: ContainerImage
    asked: bool = True
    missing: str | None = None


def parse_image(text: str) -> ContainerImage:
    """The parts of `host/repository:tag@digest`, by Docker's rules.

    A first part without a dot or a port is no host but a part of Docker Hub's repository; without tag and digest it
    is `latest`.
    """
    name, _, digest = text.strip().partition("@")
    first, slash, rest = name.partition("/")
    has_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    host, name = (first.lower(), rest) if has_host else (DOCKER_HUB, name)
    repository, _, tag = name.partition(":")
    return ContainerImage(host, repository, tag or (None if digest else "latest"), digest or None)


def image_named_in(message: str) -> ContainerImage | None:
    """The first image of an Azure registry, with tag or digest, that a message names."""
    found = _IN_A_SENTENCE.search(message)
    return parse_image(found[0]) if found else None
