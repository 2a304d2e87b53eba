"""Where in the user's files something stands, so that a verdict can be clicked."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Position:
    """A line of one of the user's files: `str(position)` is `deployments/blue.yml:14`, as editors and CI link it."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Source:
    """The file a spec was read from, and the line of each of its fields.

    Fields are dotted, with the index inside a list: `liveness_probe.period`,
    `identity.user_assigned_identities.0.resource_id`. A field that a nested file holds has that file's position.
    """

    path: str
    positions: Mapping[str, Position] = field(default_factory=dict, repr=False)

    def position(self, dotted: str) -> Position:
        """The position of the field, else of its nearest parent that is there, else the file."""
        while dotted:
            if dotted in self.positions:
                return self.positions[dotted]
            dotted, _, _ = dotted.rpartition(".")
        return Position(self.path)

    def declares(self, dotted: str) -> bool:
        """Whether the user wrote the field, as opposed to leaving it to Azure's default."""
        return dotted in self.positions
