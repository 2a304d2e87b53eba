"""ARM ids and the paths made of them: what a path names, whose child it is, and which scopes lie above it."""

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class ArmPath:
    """What an ARM path names: a resource (`name` given) or a collection of one `type` under `parent`."""

    path: str
    type: str
    name: str | None
    parent: str

    @property
    def namespace(self) -> str:
        """The resource provider, `Microsoft.KeyVault`."""
        return self.type.partition("/")[0]

    @property
    def subscription(self) -> str | None:
        """The subscription's own id, `/subscriptions/S`."""
        return above(self.path, "subscriptions")

    @property
    def resource_group(self) -> str | None:
        """The resource group's own id, `/subscriptions/S/resourceGroups/G`."""
        return above(self.path, "resourcegroups")


def key(arm_id: str) -> str:
    """The form in which ids are compared: ARM keeps the caller's casing and ignores it."""
    return "/" + arm_id.strip("/").lower()


def above(path: str, collection: str) -> str | None:
    """The part of `path` that ends with a member of `collection`; None where it has no such part."""
    parts = path.strip("/").split("/")
    places = [at for at, part in enumerate(parts[:-1]) if part.lower() == collection]
    return "/" + "/".join(parts[: places[0] + 2]) if places else None


def within(path: str, scope: str) -> bool:
    """Whether `path` is `scope` or lies below it, segment by segment."""
    return (key(path) + "/").startswith(key(scope).rstrip("/") + "/")


def scopes(path: str) -> list[str]:
    """The keys of a path and of everything above it, `/` first."""
    parts = key(path).split("/")[1:]
    return ["/", *("/" + "/".join(parts[:end]) for end in range(1, len(parts) + 1) if parts[0])]


@lru_cache(maxsize=4096)
def parse(path: str) -> ArmPath | None:
    """Read an ARM path; None for one that is not shaped like ARM's."""
    parts = [part for part in path.split("/") if part]  # clients write `//` where a parent is empty
    providers = [at for at, part in enumerate(parts) if part.lower() == "providers"]
    if not providers:
        return _parse_container(parts)
    namespace, *rest = parts[providers[-1] + 1 :] or [""]
    prefix = "/" + "/".join(parts[: providers[-1]]) if providers[-1] else ""
    if not namespace:
        return ArmPath(f"{prefix}/providers", "Microsoft.Resources/providers", None, prefix)
    if not rest:
        return ArmPath(f"{prefix}/providers/{namespace}", "Microsoft.Resources/providers", namespace, prefix)
    if rest == ["resourceTypes"]:
        return ArmPath("/" + "/".join(parts), "Microsoft.Resources/providers/resourceTypes", None, prefix)
    if prefix.lower().endswith("/providers/microsoft.features"):  # features are named after the provider they are of
        return _parse_feature(parts, rest)
    kind = "/".join([namespace, *rest[0::2]])
    named = len(rest) % 2 == 0
    parent = "/" + "/".join(parts[: -2 if named else -1]) if len(rest) > 2 - (not named) else prefix
    return ArmPath("/" + "/".join(parts), kind, rest[-1] if named else None, parent)


def _parse_feature(parts: list[str], rest: list[str]) -> ArmPath:
    """`.../Microsoft.Features/providers/NAMESPACE/features/FEATURE`."""
    named, parent = len(rest) % 2 == 0, "/" + "/".join(parts[:2])
    return ArmPath("/" + "/".join(parts), "Microsoft.Features/providers/features", rest[-1] if named else None, parent)


def _parse_container(parts: list[str]) -> ArmPath | None:
    if not parts:
        return None
    words = [part.lower() for part in parts[0::2]]
    path, name = "/" + "/".join(parts), parts[-1] if len(parts) % 2 == 0 else None
    if words == ["subscriptions"]:
        return ArmPath(path, "Microsoft.Resources/subscriptions", name, "")
    if words == ["subscriptions", "resourcegroups"]:
        return ArmPath(path, "Microsoft.Resources/subscriptions/resourceGroups", name, "/" + "/".join(parts[:2]))
    if words in (["subscriptions", "resources"], ["subscriptions", "resourcegroups", "resources"]) and name is None:
        return ArmPath(path, "Microsoft.Resources/resources", None, "/" + "/".join(parts[:-1]))
    if words in (["subscriptions", "locations"], ["subscriptions", "tagnames"]) and name is None:
        return ArmPath(path, f"Microsoft.Resources/subscriptions/{parts[-1]}", None, "/" + "/".join(parts[:-1]))
    if words == ["subscriptions", "resourcegroups", "deployments", "operations"]:  # the one old path that is left
        return parse("/".join(["", *parts[:4], "providers", "Microsoft.Resources", *parts[4:]]))
    if words == ["tenants"]:
        return ArmPath(path, "Microsoft.Resources/tenants", name, "")
    return None
