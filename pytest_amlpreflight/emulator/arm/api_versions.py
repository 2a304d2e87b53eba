"""Which api-versions a resource type answers to, and what ARM says to all others."""

from typing import Any

from ..answers import Answer, arm_error
from ..ids import ArmPath
from ..world import World
from . import schemas


def knows(arm_type: str) -> bool:
    """Whether a table has versions for the type itself: for POSTs to a collection, such as Resource Graph's."""
    return schemas.versions(arm_type) is not None


def of_provider(namespace: str) -> list[dict[str, Any]]:
    """The `resourceTypes` of a provider as the tables have them, newest api-version first as ARM writes them."""
    return [
        {"resourceType": kind.partition("/")[2], "apiVersions": (schemas.versions(kind) or [])[::-1]}
        for kind in schemas.types(namespace)
    ]


def listed(world: World, arm: ArmPath) -> list[str] | None:
    """The api-versions that the world's own provider document lists for a type: what it lists, it also means."""
    provider = world.get(f"{arm.subscription or ''}/providers/{arm.namespace}") or {}
    kind = arm.type.partition("/")[2].lower()
    types = provider.get("resourceTypes") or []
    return next((sorted(one["apiVersions"]) for one in types if one["resourceType"].lower() == kind), None)


def refusal(
    arm: ArmPath, version: str | None, location: str | None, held: set[str], listed: list[str] | None = None
) -> Answer | None:
    """What ARM answers to an api-version it does not know; None for one it does.

    `held` are the lower-cased types the world holds: one that no table knows was pasted by an operator and accepts any.
    `listed` are the versions of the world's own provider document, which count instead of the table's.
    """
    if not version:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        return arm_error(400, "MissingApiVersionParameter", text)
    versions = listed or schemas.versions(arm.type)
    if versions is None:
        return None if arm.type.lower() in held else _unknown_type(arm, version, held)
    if version in versions:
        return None
    return _unknown_version(arm, version, versions, location)


def _unknown_type(arm: ArmPath, version: str, held: set[str]) -> Answer:
    known = {arm_type.partition("/")[0] for arm_type in held} | schemas.namespaces()
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
