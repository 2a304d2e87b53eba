"""Whether the pip packages of an environment can be installed together."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PackageResolution:
    """A resolver's answer. Of its three sentences one is there, or none: the packages go together, in these `versions`.

    `conflict` is why no set of versions satisfies the requirements; `doubt` a reason that may hold for this machine's
    registry alone; `unasked` why the resolver could not be asked at all.
    """

    conflict: str | None = None
    doubt: str | None = None
    unasked: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
