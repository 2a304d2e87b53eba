"""Which api-versions a resource type answers to, and what ARM says to all others."""

from functools import cache
from pathlib import Path

from .answers import Answer, arm_error
from .ids import ArmPath
from .notation import read


@cache
def _supported() -> dict[str, list[str]]:
    table = read(Path(__file__).with_name("api-versions.yml"))["types"]
    return {arm_type.lower(): versions for arm_type, versions in table.items()}


def refusal(arm: ArmPath, version: str | None, location: str | None, held: set[str]) -> Answer | None:
    """What ARM answers to an api-version it does not know; None for one it does.

    `held` are the lower-cased types the world holds: one that no table knows was pasted by an operator and accepts any.
    """
    if not version:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        return arm_error(400, "MissingApiVersionParameter", text)
    versions = _supported().get(arm.type.lower())
    if versions is None:
        return None if arm.type.lower() in held else _unknown_type(arm, version, held)
    if version in versions:
        return None
    return _unknown_version(arm, version, versions, location)


def _unknown_type(arm: ArmPath, version: str, held: set[str]) -> Answer:
    known = {arm_type.partition("/")[0] for arm_type in {*_supported(), *held}}
    if arm.namespace.lower() not in known:
        text = f"The resource namespace '{arm.namespace}' is invalid."
        return arm_error(404, "InvalidResourceNamespace", text, unknown="unknown resource provider")
    kind = arm.type.partition("/")[2]
    text = (
        f"The resource type '{kind}' could not be found in the namespace '{arm.namespace}' for api version '{version}'."
    )
    return arm_error(404, "InvalidResourceType", text, unknown="unknown resource type")


def _unknown_version(arm: ArmPath, version: str, versions: list[str], location: str | None) -> Answer:
    supported, kind = ", ".join(versions), arm.type.partition("/")[2]
    why = f"unknown api-version {version}"
    if arm.namespace == "Microsoft.Resources":
        text = f"The api-version '{version}' is invalid. The supported versions are '{','.join(reversed(versions))}'."
        return arm_error(400, "InvalidApiVersionParameter", text, unknown=why)
    if location is None:
        text = (
            f"The resource type '{kind}' could not be found in the namespace '{arm.namespace}' for api version "
            f"'{version}'. The supported api-versions are '{','.join(versions)}'."
        )
        return arm_error(400, "InvalidResourceType", text, unknown=why)
    text = (
        f"No registered resource provider found for location '{location}' and API version '{version}' for type "
        f"'{kind}'. The supported api-versions are '{supported}'. The supported locations are '{location}'."
    )
    return arm_error(400, "NoRegisteredProviderFound", text, unknown=why)
