"""Which resources an API server has, and what `kubectl get` prints of each: enough for discovery and its tables."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of objects, as discovery describes it. `columns` are what a table shows after the name."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    columns: tuple[tuple[str, Callable[[Document], str]], ...] = ()

    @property
    def api_version(self) -> str:
        """As objects write it: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def described(self) -> Document:
        """As discovery lists it."""
        return {
            "name": self.plural,
            "singularName": self.kind.lower(),
            "namespaced": self.namespaced,
            "kind": self.kind,
            "verbs": ["get", "list"],
            "shortNames": list(self.short),
        }


def _status(document: Document) -> Document:
    return dict(document.get("status") or {})


def _pod_ready(pod: Document) -> str:
    found = _status(pod).get("containerStatuses") or []
    return f"{sum(bool(one.get('ready')) for one in found)}/{len(found)}"


def _pod_status(pod: Document) -> str:
    states = [one.get("state") or {} for one in _status(pod).get("containerStatuses") or []]
    waiting = [state["waiting"].get("reason") for state in states if "waiting" in state]
    return str(next(iter(waiting), None) or _status(pod).get("reason") or _status(pod).get("phase", "Unknown"))


def _restarts(pod: Document) -> str:
    return str(sum(one.get("restartCount", 0) for one in _status(pod).get("containerStatuses") or []))


def _node_status(node: Document) -> str:
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in _status(node).get("conditions") or [])
    cordoned = ",SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else ""
    return ("Ready" if ready else "NotReady") + cordoned


def _replicas(one: Document) -> str:
    return f"{_status(one).get('readyReplicas', 0)}/{(one.get('spec') or {}).get('replicas', 1)}"


def _type(service: Document) -> str:
    return str((service.get("spec") or {}).get("type", "ClusterIP"))


def _external(service: Document) -> str:
    ingress = (_status(service).get("loadBalancer") or {}).get("ingress") or []
    addresses = [one.get("ip") or one.get("hostname") for one in ingress]
    return ",".join(filter(None, addresses)) or ("<pending>" if _type(service) == "LoadBalancer" else "<none>")


def _phase(one: Document) -> str:
    gone = (one.get("metadata") or {}).get("deletionTimestamp")
    return "Terminating" if gone else str(_status(one).get("phase", "Active"))


def _member(name: str) -> Callable[[Document], str]:
    return lambda one: str(one.get(name, ""))


_AML = "amlarc.azureml.com"

RESOURCES = (
    Resource("", "v1", "namespaces", "Namespace", namespaced=False, short=("ns",), columns=(("Status", _phase),)),
    Resource("", "v1", "nodes", "Node", namespaced=False, short=("no",), columns=(("Status", _node_status),)),
    Resource(
        *("", "v1", "pods", "Pod"),
        short=("po",),
        columns=(("Ready", _pod_ready), ("Status", _pod_status), ("Restarts", _restarts)),
    ),
    Resource(*("", "v1", "services", "Service"), short=("svc",), columns=(("Type", _type), ("External-IP", _external))),
    Resource(
        *("", "v1", "events", "Event"),
        short=("ev",),
        columns=(("Type", _member("type")), ("Reason", _member("reason")), ("Message", _member("message"))),
    ),
    Resource("", "v1", "configmaps", "ConfigMap", short=("cm",)),
    Resource("", "v1", "resourcequotas", "ResourceQuota", short=("quota",)),
    Resource("", "v1", "limitranges", "LimitRange", short=("limits",)),
    Resource("apps", "v1", "deployments", "Deployment", short=("deploy",), columns=(("Ready", _replicas),)),
    Resource("apps", "v1", "replicasets", "ReplicaSet", short=("rs",), columns=(("Ready", _replicas),)),
    Resource("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", short=("hpa",)),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False),
    Resource(_AML, "v1alpha1", "instancetypes", "InstanceType", namespaced=False, short=("it",)),
    Resource(_AML, "v1alpha1", "onlineendpoints", "OnlineEndpoint"),
    Resource(_AML, "v1alpha1", "onlinedeployments", "OnlineDeployment"),
    Resource(_AML, "v1alpha1", "identities", "Identity"),
)


def of_kind(api_version: str, kind: str) -> Resource | None:
    """The resource whose objects are of that kind."""
    return next((one for one in RESOURCES if (one.api_version, one.kind) == (api_version, kind)), None)
