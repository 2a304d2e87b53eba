"""Whether the pip packages of an environment can be installed together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PackageResolution:
    """A resolver's answer. Exactly one of the fields says something, or none: the packages go together.

    `conflict` is why no set of versions satisfies the requirements; `doubt` a reason that may hold for this machine's
    registry alone; `unasked` why the resolver could not be asked at all.
    """

    conflict: str | None = None
    doubt: str | None = None
    unasked: str | None = None
