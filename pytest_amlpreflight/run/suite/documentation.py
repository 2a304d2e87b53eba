"""What is written about each check, readable without a network: `checks/<topic>.md` has one section per check."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "checks"


@dataclass(frozen=True, slots=True)
class Section:
    """One check's documentation. `guide` is the place in Microsoft's guide that describes the failure, where there is
    one.
    """

    topic: str
    name: str
    text: str

    @property
    def id(self) -> str:
        """As `--aml-explain` takes it."""
        return f"{self.topic}::{self.name}"

    @property
    def guide(self) -> str | None:
        """The link on the section's `Guide:` line."""
        found = re.search(r"^Guide: <?(https://\S+?)>?$", self.text, re.MULTILINE)
        return found[1] if found else None


@cache
def sections() -> dict[str, Section]:
    """Every section by its id, `<topic>::<name>`."""
    found = [section for path in sorted(FOLDER.glob("*.md")) for section in _sections(path)]
    return {section.id: section for section in found}


def section_of(topic: str, function_name: str) -> Section | None:
    """The section of a check function, None for a check of the user's own."""
    return sections().get(f"{topic}::{function_name.removeprefix('check_')}")


def _sections(path: Path) -> list[Section]:
    parts = re.split(r"^## (\w+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [Section(path.stem, name, text.strip()) for name, text in zip(parts[::2], parts[1::2], strict=True)]
