"""The bytes of a model, against the disk and the memory of a machine."""

from dataclasses import dataclass

MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class ModelSize:
    """How large a model is. `where` says who names it; `complete` is False where not every file was counted, so that it
    is larger still.
    """

    name: str
    bytes: int
    where: str
    complete: bool = True

    @property
    def shown(self) -> str:
        """As an operator reads it: `28.3 GiB`, `at least 3.0 GiB`."""
        least = "" if self.complete else "at least "
        return f"{least}{self.bytes / GIB:.1f} GiB"
