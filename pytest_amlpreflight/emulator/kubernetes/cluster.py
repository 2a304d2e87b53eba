"""A cluster of a world: objects as `kubectl get -o yaml` prints them, bound to the id of its AKS or Arc resource."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..notation import WorldError, merge
from .resources import Resource, of_kind

Document = dict[str, Any]
_SETTINGS = ("token", "definitions", "certificate", "kubeconfig")
_MORE = ("logs", *_SETTINGS)


@dataclass(slots=True)
class Cluster:
    """What an API server knows. `logs` are by `NAMESPACE/POD/CONTAINER`, with `/previous` for an earlier run's.

    `token` is what callers are admitted with beside a client certificate of the emulator's authority. `definitions`
    False leaves out what the extension defines. `certificate` says what is wrong with that of its API server:
    `untrusted`, `another_name` or `expired`. `kubeconfig` is merged into its context: `cluster: {...}`, `user: {...}`,
    and `context: NAME` is what that is called.
    """

    id: str
    objects: list[Document] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    token: str = "emulated-cluster-user"  # noqa: S105  # of an emulated cluster
    definitions: bool = True
    certificate: str | None = None
    kubeconfig: Document = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the cluster's resource."""
        return self.id.rpartition("/")[2]

    def of(self, resource: Resource, namespace: str | None = None) -> Iterator[Document]:
        """The objects of a resource, of one namespace or of all."""
        for one in self.objects:
            there = (one.get("metadata") or {}).get("namespace")
            if of_kind(one.get("apiVersion", ""), one.get("kind", "")) == resource and namespace in (None, there):
                yield one

    def find(self, resource: Resource, namespace: str | None, name: str) -> Document | None:
        """The object of that name."""
        return next((one for one in self.of(resource, namespace) if one["metadata"]["name"] == name), None)


def read_cluster(place: str, cluster_id: str, section: Any) -> Cluster:
    """A cluster as it stands in a world. Raises `WorldError` for what no API server would print."""
    if not isinstance(section, dict) or not set(section) <= {"objects", *_MORE}:
        raise WorldError(place, f"a cluster holds objects, {', '.join(_MORE)}")
    objects = [item for one in section.get("objects") or [] for item in _flat(one)]
    for one in objects:
        kind, name = one.get("kind"), (one.get("metadata") or {}).get("name")
        if not name or of_kind(one.get("apiVersion", ""), str(kind)) is None:
            raise WorldError(place, f"{kind} {name} is no object that an emulated cluster knows")
    return Cluster(cluster_id, objects, **{name: section[name] for name in _MORE if name in section})


def change(cluster: Cluster, place: str, edit: Document) -> None:
    """Merge into the objects that `object: KIND/NAME` selects (`*` for any), remove them, or add some.

    Raises `WorldError` where nothing is selected.
    """
    if "add" in edit:
        cluster.objects += read_cluster(place, cluster.id, {"objects": [edit["add"]]}).objects
    if "logs" in edit:
        cluster.logs |= edit["logs"]
    for name in set(_SETTINGS) & set(edit):
        setattr(cluster, name, edit[name])
    if "object" not in edit:
        return
    kind, _, name = edit["object"].partition("/")
    met = [one for one in cluster.objects if one["kind"] == kind and name in ("*", "", one["metadata"]["name"])]
    if not met:
        raise WorldError(place, f"cluster {cluster.name} has no {edit['object']}")
    for one in met:
        at = next(at for at, other in enumerate(cluster.objects) if other is one)
        cluster.objects[at : at + 1] = [] if edit.get("remove") else [merge(one, edit["merge"])]


def _flat(one: Any) -> list[Document]:
    """A `List`, as kubectl prints several objects, is its items."""
    return list(one.get("items") or []) if one.get("kind") == "List" else [one]
