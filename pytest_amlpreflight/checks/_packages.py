"""What mends a package that is lacking."""

from pytest_amlpreflight.facts.project.environment import Environment
from pytest_amlpreflight.fix import AddLine, Fix, InWords


def add_package(environment: Environment, package: str) -> Fix:
    """A line more in the conda file's pip section, where it has one."""
    if environment.pip_position is None:
        return InWords(f"add `{package}` to the pip section of {environment.shown}")
    return AddLine(environment.pip_position, f"- {package}", "pip")
