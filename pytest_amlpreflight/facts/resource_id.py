"""ARM ids, which Azure writes in whatever case it likes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResourceId:
    """An ARM id in its parts. Equal when Azure would call them equal: ids have no case."""

    subscription: str
    resource_group: str | None
    kind: str
    name: str
    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and self.text.lower() == other.text.lower()

    def __hash__(self) -> int:
        return hash(self.text.lower())

    def __str__(self) -> str:
        return self.text


def parse_resource_id(text: str) -> ResourceId | None:
    """The parts of `/subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME[/TYPE/NAME...]`, or None where it
    is no such id.

    `kind` is the full type (`Microsoft.KeyVault/vaults`), `name` the last name.
    """
    parts = text.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if len(parts) < 2 or lowered[0] != "subscriptions" or not all(parts):
        return None
    group = parts[3] if len(parts) > 3 and lowered[2] == "resourcegroups" else None
    if "providers" not in lowered:
        return ResourceId(parts[1], group, "/".join(parts[0:3:2]), parts[-1], text)
    tail = parts[len(parts) - lowered[::-1].index("providers") :]
    if len(tail) < 3 or len(tail) % 2 == 0:
        return None
    return ResourceId(parts[1], group, "/".join([tail[0], *tail[1::2]]), tail[-1], text)


def parent_of(text: str, kind: str) -> ResourceId | None:
    """What holds a resource of that kind: the workspace of `.../workspaces/W/models/M/versions/1` for `models`.

    None for what is no ARM id. The slash at its beginning may lack, and casing counts for nothing.
    """
    path = f"/{text.strip('/')}"
    end = path.lower().find(f"/{kind.lower()}/")
    return parse_resource_id(path[:end]) if end > 0 else None
