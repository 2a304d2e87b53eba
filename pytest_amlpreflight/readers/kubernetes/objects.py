"""A cluster's objects, from the JSON that its API server sends."""

from decimal import Decimal

from pytest_amlpreflight.facts.kubernetes.fit import Node, Taint, amounts
from pytest_amlpreflight.facts.kubernetes.health_report import HealthReport, read_report
from pytest_amlpreflight.facts.kubernetes.limits import LimitRange, ResourceQuota
from pytest_amlpreflight.facts.kubernetes.pod import Autoscaler, Container, Event, Namespace, Pod, Service, Workload
from pytest_amlpreflight.facts.kubernetes.requirements import Requirements
from pytest_amlpreflight.facts.resources.kubernetes_compute import InstanceType
from pytest_amlpreflight.facts.rules.redaction import redact
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.kubernetes.connection import Kube

EXTENSION = "azureml"
AMLARC = "/apis/amlarc.azureml.com/v1alpha1"
LOG_LINES = "200"
INSTANCE_TYPES = "the instance types"


def read_nodes(kube: Kube) -> tuple[Node, ...]:
    """Every node."""
    return tuple(map(_node, kube.list("/api/v1/nodes", "the nodes", "list nodes")))


def read_pods(kube: Kube, namespace: str | None = None) -> tuple[Pod, ...]:
    """The pods of a namespace; without one of the whole cluster, which the room on its nodes depends on."""
    rows = _listed(kube, "pods", namespace) if namespace else kube.list("/api/v1/pods", "the pods", "list pods")
    return tuple(map(_pod, rows))


def read_namespace(kube: Kube, name: str) -> Namespace | None:
    """The namespace; None where there is none."""
    try:
        row = kube.get(f"/api/v1/namespaces/{name}", f"namespace {name}", "get namespaces")
    except FactAbsent:
        return None
    gone = row.child("metadata").text("deletionTimestamp")
    return Namespace(name, "Terminating" if gone else row.child("status").text("phase") or "Active")


def read_events(kube: Kube, namespace: str) -> tuple[Event, ...]:
    """What happened in a namespace lately; one that is missing proves nothing."""
    return tuple(map(_event, _listed(kube, "events", namespace)))


def read_workloads(kube: Kube, namespace: str = EXTENSION) -> tuple[Workload, ...]:
    """The Deployments of Kubernetes' in a namespace."""
    return tuple(map(_workload, _listed(kube, "deployments", namespace, group="/apis/apps/v1")))


def read_services(kube: Kube, namespace: str = EXTENSION) -> tuple[Service, ...]:
    """The services of a namespace."""
    return tuple(map(_service, _listed(kube, "services", namespace)))


def read_backends(kube: Kube, namespace: str = EXTENSION) -> dict[str, int]:
    """How many ready endpoints stand behind each service of a namespace, by its name. Nothing said means ready."""
    found: dict[str, int] = {}
    for row in _listed(kube, "endpointslices", namespace, "the endpoints", group="/apis/discovery.k8s.io/v1"):
        service = row.child("metadata").strings("labels").get("kubernetes.io/service-name", "")
        ready = [one for one in row.children("endpoints") if one.child("conditions").flag("ready") is not False]
        found[service] = found.get(service, 0) + len(ready)
    return found


def read_autoscalers(kube: Kube, namespace: str) -> tuple[Autoscaler, ...]:
    """The HorizontalPodAutoscalers of a namespace, in the version that every server has."""
    rows = _listed(kube, "horizontalpodautoscalers", namespace, "the autoscalers", group="/apis/autoscaling/v1")
    targets = [(row.child("metadata").need("name"), row.child("spec").child("scaleTargetRef")) for row in rows]
    return tuple(Autoscaler(name, target.need("name")) for name, target in targets)


def read_instance_types(kube: Kube) -> tuple[InstanceType, ...]:
    """The cluster's instance types. `FactAbsent` where it has no definition of them: the extension is not there."""
    rows = kube.list(f"{AMLARC}/instancetypes", INSTANCE_TYPES, "list instancetypes.amlarc.azureml.com")
    return tuple(map(_instance_type, rows))


def read_online_endpoints(kube: Kube, namespace: str) -> tuple[str, ...]:
    """The names of the endpoints that the cluster itself has in a namespace."""
    rows = _listed(kube, "onlineendpoints", namespace, "the online endpoints", group=AMLARC)
    return tuple(row.child("metadata").need("name") for row in rows)


def read_quotas(kube: Kube, namespace: str) -> tuple[ResourceQuota, ...]:
    """The quotas of a namespace."""
    return tuple(map(_quota, _listed(kube, "resourcequotas", namespace, "the quotas")))


def read_limit_ranges(kube: Kube, namespace: str) -> tuple[LimitRange, ...]:
    """What one container may ask for in a namespace."""
    rows = _listed(kube, "limitranges", namespace, "the limit ranges")
    return tuple(one for row in rows for one in _limit_ranges(row))


def read_health_report(kube: Kube) -> HealthReport | None:
    """The extension's own report; None where it left none."""
    path, words = f"/api/v1/namespaces/{EXTENSION}/configmaps/arcml-healthcheck", "ConfigMap arcml-healthcheck"
    try:
        data = kube.get(path, words, f"get configmaps of namespace {EXTENSION}").strings("data")
    except FactAbsent:
        return None
    reports = [read_report(text) for name, text in data.items() if name.startswith("reports-")]
    return max(reports, key=lambda report: report.date or "", default=None)


def read_pod_log(kube: Kube, pod: Pod, container: Container) -> str:
    """The last lines of a container, of its last run where it has ended; nothing where there are none."""
    path, words = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/log", f"the log of pod {pod.name}"
    previous = {"previous": "true"} if container.restarts else {}
    try:
        return kube.text(path, words, "get pods/log", container=container.name, tailLines=LOG_LINES, **previous)
    except FactAbsent:
        return ""
    except FactUnreadable as problem:
        if problem.status != 400:  # what Kubernetes says of a container that has no log, or whose last run's is gone
            raise
        return ""


def _listed(
    kube: Kube, plural: str, namespace: str, words: str | None = None, *, group: str = "/api/v1"
) -> list[Document]:
    """The objects of a resource in a namespace; `words` call them as people do. Permissions name it as kubectl does."""
    path, where = f"{group}/namespaces/{namespace}/{plural}", f"of namespace {namespace}"
    resource = f"{plural}.amlarc.azureml.com" if group == AMLARC else plural
    return kube.list(path, f"{words or f'the {plural}'} {where}", f"list {resource} {where}")


def _node(row: Document) -> Node:
    metadata, spec, status = row.child("metadata"), row.child("spec"), row.child("status")
    ready = any(one.text("type") == "Ready" and one.text("status") == "True" for one in status.children("conditions"))
    return Node(
        name=metadata.need("name"),
        ready=ready,
        allocatable=amounts(status.strings("allocatable")),
        labels=metadata.strings("labels"),
        taints=tuple(
            Taint(one.need("key"), one.text("value") or "", one.text("effect") or "") for one in spec.children("taints")
        ),
        unschedulable=spec.flag("unschedulable") or False,
    )


def _pod(row: Document) -> Pod:
    metadata, spec, status = row.child("metadata"), row.child("spec"), row.child("status")
    conditions = {one.text("type"): one for one in status.children("conditions")}
    scheduled, ready = conditions.get("PodScheduled"), conditions.get("Ready")
    return Pod(
        name=metadata.need("name"),
        namespace=metadata.text("namespace") or "default",
        node=spec.text("nodeName"),
        phase=status.text("phase") or "Unknown",
        labels=metadata.strings("labels"),
        requests=_requests(spec),
        containers=tuple(
            [_container(one, init=True) for one in status.children("initContainerStatuses")]
            + [_container(one, init=False) for one in status.children("containerStatuses")]
        ),
        reason=status.text("reason"),
        unscheduled=(scheduled.text("message") or scheduled.text("reason") or "no node")
        if scheduled and scheduled.text("status") == "False"
        else None,
        ready=bool(ready and ready.text("status") == "True"),
        message=redact(status.text("message") or ""),
    )


def _requests(spec: Document) -> dict[str, Decimal]:
    """The larger of all containers together and of any init container alone, with the overhead of the runtime. Init
    containers that stay (`restartPolicy: Always`, sidecars) count with the former.
    """
    first = spec.children("initContainers")
    stays = [one for one in first if one.text("restartPolicy") == "Always"]
    running = [_asked(one) for one in (*spec.children("containers"), *stays)]
    starting = [_asked(one) for one in first if one not in stays]
    overhead = amounts(spec.strings("overhead"))
    names = dict.fromkeys(name for part in (*running, *starting, overhead) for name in part)
    zero = Decimal(0)
    return {
        name: max(sum((one.get(name, zero) for one in running), zero), *(one.get(name, zero) for one in starting), zero)
        + overhead.get(name, zero)
        for name in names
    }


def _asked(container: Document) -> dict[str, Decimal]:
    resources = container.child("resources")
    return Requirements(resources.strings("requests"), resources.strings("limits")).asked


def _container(row: Document, *, init: bool) -> Container:
    state, last = row.child("state"), row.child("lastState")
    waiting, ended = state.maybe("waiting"), state.maybe("terminated") or last.maybe("terminated")
    code = ended.number("exitCode") if ended else None
    return Container(
        name=row.need("name"),
        init=init,
        ready=row.flag("ready") or False,
        waiting=waiting.text("reason") if waiting else None,
        message=(waiting.text("message") if waiting else None) or "",
        exit_code=None if code is None else int(code),
        ended_by=ended.text("reason") if ended else None,
        restarts=int(row.number("restartCount") or 0),
    )


def _event(row: Document) -> Event:
    about = row.child("involvedObject")
    return Event(
        about.text("kind") or "",
        about.text("name") or "",
        row.text("reason") or "",
        redact(row.text("message") or ""),
        int(row.number("count") or 1),
    )


def _workload(row: Document) -> Workload:
    wanted = row.child("spec").number("replicas")
    ready = row.child("status").number("readyReplicas")
    return Workload(row.child("metadata").need("name"), 1 if wanted is None else int(wanted), int(ready or 0))


def _service(row: Document) -> Service:
    spec, balancer = row.child("spec"), row.child("status").child("loadBalancer")
    found = [one.text("ip") or one.text("hostname") for one in balancer.children("ingress")]
    return Service(
        row.child("metadata").need("name"),
        spec.text("type") or "ClusterIP",
        tuple(address for address in found if address),
        spec.text("clusterIP"),
    )


def _instance_type(row: Document) -> InstanceType:
    spec = row.child("spec")
    resources = spec.child("resources")
    requirements = Requirements(resources.strings("requests"), resources.strings("limits"))
    return InstanceType(row.child("metadata").need("name"), requirements, spec.strings("nodeSelector"))


def _quota(row: Document) -> ResourceQuota:
    status = row.child("status")
    hard = status.strings("hard") or row.child("spec").strings("hard")
    return ResourceQuota(row.child("metadata").need("name"), amounts(hard), amounts(status.strings("used")))


def _limit_ranges(row: Document) -> list[LimitRange]:
    name = row.child("metadata").need("name")
    limits = [one for one in row.child("spec").children("limits") if one.text("type") == "Container"]
    return [LimitRange(name, amounts(one.strings("min")), amounts(one.strings("max"))) for one in limits]
