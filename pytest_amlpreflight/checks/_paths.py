"""Paths of a spec that lead nowhere."""

from typing import NoReturn

from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.fix import EditLine
from pytest_amlpreflight.verdict import blocked


def leads_nowhere(what: str, shown: str, field: str, spec: DeploymentSpec) -> NoReturn:
    """End the check over a path that is not there, with the one that was meant where the project has it."""
    name, where, meant = field.rpartition(".")[2], spec.position(field), spec.meant.get(field)
    blocked(
        f"{what} {shown} does not exist",
        found=f"{name} at {where}",
        expected="a path that leads somewhere from the folder of the YAML it stands in, not from where az is started",
        fix=EditLine(where, f"{name}: {meant}") if meant else f"correct {name} at {where}",
        where=where,
    )
