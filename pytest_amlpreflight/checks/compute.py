"""The Kubernetes compute that an endpoint runs on, and the instance type of its deployment."""

from decimal import Decimal

from pytest_amlpreflight.checks._kubernetes import attach, attach_again, the_compute
from pytest_amlpreflight.facts.kubernetes.quantity import quantity, shown
from pytest_amlpreflight.facts.kubernetes.requirements import GPU, GUARDED, Requirements, listed
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.asset import RegisteredModel
from pytest_amlpreflight.facts.resources.cluster import AKS, ARC
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.kubernetes_compute import DEFAULT, Compute, InstanceType
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.fix import EditLine, Fix, GrantRole, InWords, kubectl
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable

PHASES = ("pre", "audit")
MLFLOW_LEAST = {"cpu": Decimal(2), "memory": Decimal(4 * 10**9)}
"""What a deployment of an MLflow model without code needs.

https://learn.microsoft.com/azure/machine-learning/how-to-manage-kubernetes-instance-types
"""

WORKSPACE_ACTIONS = {
    AKS.lower(): (
        (f"{AKS}/read", "Reader"),
        ("Microsoft.KubernetesConfiguration/extensions/write", "Kubernetes Extension Contributor"),
        (f"{AKS}/listClusterAdminCredential/action", "Azure Kubernetes Service Cluster Admin Role"),
    ),
    ARC.lower(): (
        (f"{ARC}/read", "Reader"),
        ("Microsoft.KubernetesConfiguration/extensions/write", "Kubernetes Extension Contributor"),
    ),
}
"""What a user-assigned identity of the workspace must be allowed on the cluster, and the role that allows it.

https://learn.microsoft.com/azure/machine-learning/how-to-attach-kubernetes-to-workspace#prerequisites
"""


@check("compute", explains=("ComputeNotFound", "NotSupported", "BadArgument"), phases=PHASES)
def check_compute_is_kubernetes(
    aml_endpoint: Endpoint, aml_workspace: Workspace, aml_compute_or_none: Compute | None
) -> None:
    """The compute that the endpoint names is attached to the workspace, and is a Kubernetes compute.

    An endpoint keeps the name of a compute that was detached. Computes of type AKS, attached years ago, are of a
    retired kind, on which Azure creates no endpoints any more.
    """
    if aml_endpoint.managed:
        not_applicable("the endpoint is managed: no cluster of your own is behind it")
    compute, name = aml_compute_or_none, aml_endpoint.compute_name
    if compute is None:
        blocked(
            f"compute {name} does not exist in workspace {aml_workspace.name}",
            found=f"404 for compute {name} ({aml_endpoint.where('compute')})",
            expected="an attached compute with computeType = 'Kubernetes'",
            fix=attach(aml_workspace, str(name)),
            where=aml_endpoint.position("compute"),
        )
    if not compute.is_kubernetes:
        blocked(
            f"compute {compute.name} is no Kubernetes compute",
            found=f"computeType = {compute.kind!r}",
            expected="computeType = 'Kubernetes'",
            fix=attach_again(aml_workspace, compute),
        )


@check(
    "compute",
    explains=(
        "GenericComputeError",
        "InvalidComputeInformation",
        "InvalidComputeNoKubernetesConfiguration",
        "ComputeNotAccessible",
        "InferencingClientCallFailed",
    ),
    settles=True,
)
def check_compute_is_attached(aml_workspace: Workspace, aml_compute: Compute | None) -> None:
    """The compute was attached without an error.

    A failed attachment leaves a compute that has a name and no way to its cluster; every deployment on it fails with an
    error of the cluster's, not of the compute's.
    """
    compute = the_compute(aml_compute)
    if compute.ready:
        return
    errors = [f"{error.code or 'an error'}: {error.message}" for error in compute.errors]
    blocked(
        f"compute {compute.name} is not attached",
        found="\n".join([f"provisioningState = {compute.provisioning_state!r}", *errors]),
        expected="provisioningState = 'Succeeded'",
        fix=attach_again(aml_workspace, compute),
        final=compute.provisioning_state.lower() in ("failed", "canceled"),
    )


@check("compute", explains=("BadArgument", "InferencingClientCreateDeploymentFailed"), phases=PHASES)
def check_instance_type_exists(
    aml_compute: Compute | None,
    aml_deployment: Deployment,
    aml_kube_instance_types: tuple[InstanceType, ...] | None,
) -> None:
    """The deployment's instance type is one of the cluster's.

    Instance types of a cluster are its own objects, not Azure's sizes of machines. For one that does not exist the
    service reports nothing better than a null reference. Where the cluster was looked into, one that only the
    workspace or only the cluster knows is advice: how fresh the workspace's list is, nobody says.
    """
    compute, wanted = the_compute(aml_compute), aml_deployment.instance_type
    here = compute.instance_type(wanted) is not None or not (wanted or compute.instance_types)
    name = wanted or compute.default_instance_type or DEFAULT
    there = None
    if aml_kube_instance_types is not None:
        there = name.lower() in (one.name.lower() for one in aml_kube_instance_types)
    where = aml_deployment.where("instance_type")
    if here and there is not False:
        return
    if here or there:
        advise(
            f"instance type {name} is known to {'the workspace' if here else 'the cluster'} alone",
            found=f"instance_type = {wanted!r} at {where}",
            expected="one that both know",
            fix=kubectl("get instancetypes.amlarc.azureml.com"),
        )
        return
    blocked(
        f"instance type {name} does not exist on compute {compute.name}",
        found=f"instance_type = {wanted!r} at {where}",
        expected=f"one of {', '.join(one.name for one in compute.instance_types) or 'none: the compute has no types'}",
        fix=(
            kubectl("apply", "-f", f"{name}.yml"),
            "(kind: InstanceType, apiVersion: amlarc.azureml.com/v1alpha1)",
            f"or write another instance_type at {where}",
        ),
    )


@check("compute", explains=("BadArgument", "PodOutOfMemory", "InvalidDeploymentSpec"), phases=PHASES)
def check_resources_fit_the_instance_type(
    aml_compute: Compute | None, aml_deployment: Deployment, aml_registered_model: RegisteredModel | None
) -> None:
    """What the deployment asks for is written in Kubernetes' notation, within its limits and those of its instance
    type.

    Azure refuses requests above their limits, limits above those of the instance type, and an MLflow model with less
    than 2 CPUs and 4 GB, and says so only when the endpoint and the image are made.
    """
    compute, deployment = the_compute(aml_compute), aml_deployment
    instance_type = compute.instance_type(deployment.instance_type)
    _check_notation(deployment)
    _check_requests(deployment)
    if instance_type is None:
        return
    _check_limits(deployment, instance_type)
    if aml_registered_model and (aml_registered_model.type or "").lower() == "mlflow_model":
        _check_mlflow(deployment, deployment.requirements.over(instance_type.requirements))


@check("compute", explains=("ComputeNotAccessible", "GenericComputeError", "ClusterUnauthorized"), phases=PHASES)
def check_workspace_identity_reaches_the_cluster(
    aml_workspace: Workspace, aml_compute: Compute | None, aml_workspace_cluster_access: tuple[Access, ...]
) -> None:
    """A workspace that acts as a user-assigned identity may use the cluster.

    A system-assigned identity is given its roles when the compute is attached; a user-assigned one is not. What then
    fails says that the extension is not installed, or that the server has an internal error. The role on the Azure
    Relay of an Arc cluster (`Azure Relay Owner`) cannot be asked for from here: the relay's name is a secret.
    """
    compute = the_compute(aml_compute)
    if not aml_workspace_cluster_access:
        not_applicable("the workspace acts as a system-assigned identity, which Azure gives its roles")
    assert compute.cluster_id is not None
    for access in aml_workspace_cluster_access:
        lacking = [
            (action, role)
            for action, role in WORKSPACE_ACTIONS.get(compute.cluster_id.kind.lower(), ())
            if not access.allows(action).granted
        ]
        if lacking:
            blocked(
                f"workspace {aml_workspace.name} may not use cluster {compute.cluster_id.name}",
                found="\n".join(f"{action}: {access.allows(action).because}" for action, _ in lacking),
                expected=f"{', '.join(role for _, role in lacking)} for the workspace's identity {access.principal_id}",
                fix=[GrantRole(role, access.principal_id, str(compute.cluster_id)) for _, role in lacking],
            )


def _check_notation(deployment: Deployment) -> None:
    for part, amounts in (("requests", deployment.requirements.requests), ("limits", deployment.requirements.limits)):
        for name, text in amounts.items():
            amount, where = quantity(text), deployment.where(f"resources.{part}.{name}")
            if amount is None or amount < 0 or (amount == 0 and name in ("cpu", "memory")):
                blocked(
                    f"deployment {deployment.name} asks for an amount that is none: {name} {text}",
                    found=f"resources.{part}.{name} = {text!r} at {where}",
                    expected="a number above 0 in Kubernetes' notation: 500m, 2, 512Mi, 2Gi (its thousand is k)",
                    fix=f"correct {name} at {where}",
                )
            if name == GPU and amount != amount.to_integral_value():
                blocked(
                    f"deployment {deployment.name} asks for a part of a GPU",
                    found=f"resources.{part}.{name} = {text!r} at {where}",
                    expected="a whole number",
                    fix=f"correct {name} at {where}",
                )


def _check_requests(deployment: Deployment) -> None:
    wanted = deployment.requirements
    for name in wanted.requests:
        request, limit = wanted.request(name), wanted.limit(name)
        where = deployment.where(f"resources.requests.{name}")
        if name == GPU and limit is None:
            blocked(
                f"deployment {deployment.name} requests GPUs without a limit",
                found=f"resources.requests.{GPU} at {where}, and none under limits",
                expected=f"{GPU} under resources.limits, with limits of cpu and memory",
                fix=f"write {GPU} under resources.limits, not under requests, at {where}",
            )
        if request is not None and limit is not None and request > limit:
            blocked(
                f"deployment {deployment.name} requests more {name} than its limit",
                found=f"requests.{name} = {wanted.requests[name]}, limits.{name} = {wanted.limits[name]} at {where}",
                expected="requests no greater than limits",
                fix=(_write(deployment, "requests", name, wanted.limits[name]), "(or raise the limit)"),
            )


def _check_limits(deployment: Deployment, instance_type: InstanceType) -> None:
    wanted, offered = deployment.requirements, instance_type.requirements
    for name in GUARDED:
        most = offered.limit(name)
        for part, asked in (("limits", wanted.limit(name)), ("requests", wanted.request(name))):
            if most is None or asked is None or asked <= most:
                continue
            where = deployment.where(f"resources.{part}.{name}")
            blocked(
                f"deployment {deployment.name} asks for more {name} than instance type {instance_type.name} has",
                found=f"{part}.{name} = {shown(name, asked)} at {where}",
                expected=f"at most {shown(name, most)}, the limit of {instance_type.name}",
                fix=(_write(deployment, part, name, offered.limits[name]), "(or take a larger instance type)"),
            )


def _check_mlflow(deployment: Deployment, wanted: Requirements) -> None:
    has = {name: amount for name in MLFLOW_LEAST if (amount := wanted.limit(name) or wanted.request(name)) is not None}
    short = {name: least for name, least in MLFLOW_LEAST.items() if name in has and has[name] < least}
    if short:
        blocked(
            f"deployment {deployment.name} has too little for an MLflow model",
            found=f"{listed(has)} ({deployment.where('resources')})",
            expected="at least 2 CPUs and 4 GB",
            fix=f"raise {' and '.join(short)} at {deployment.where('resources')}, or take a larger instance type",
            where=deployment.position("resources"),
        )


def _write(deployment: Deployment, part: str, name: str, amount: str) -> Fix:
    """The amount's line in the user's file; words where the deployment is live."""
    field, line = f"resources.{part}.{name}", f"{name}: {amount}"
    position = deployment.position(field) if deployment.source.declares(field) else None
    return EditLine(position, line) if position else InWords(f"write `{line}` under resources.{part}")
