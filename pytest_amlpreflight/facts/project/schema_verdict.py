"""What Azure's own schema says of a spec."""

from dataclasses import dataclass

from pytest_amlpreflight.facts.project.script import Problem


@dataclass(frozen=True, slots=True)
class SchemaVerdict:
    """The mistakes that azure-ai-ml of this version finds in a spec, in its own words and with their lines."""

    shown: str
    version: str
    mistakes: tuple[Problem, ...] = ()
