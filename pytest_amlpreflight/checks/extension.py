"""The Azure Machine Learning extension of the cluster behind a Kubernetes endpoint."""

from collections.abc import Mapping, Sequence

from pytest_amlpreflight.checks._kubernetes import (
    extension_named,
    set_extension,
    the_aks,
    the_compute,
    the_extension,
    update_extension,
)
from pytest_amlpreflight.facts.errors.meaning import meaning_of
from pytest_amlpreflight.facts.kubernetes.health_report import HealthFinding, HealthReport
from pytest_amlpreflight.facts.kubernetes.pod import Workload
from pytest_amlpreflight.facts.resources.cluster import Cluster, ManagedCluster, NodeSet
from pytest_amlpreflight.facts.resources.cluster_extension import Extension
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.fix import Command, Option, az, kubectl, shell
from pytest_amlpreflight.verdict import (
    Blocked,
    Culprit,
    advise,
    advise_instead,
    blocked,
    check,
    not_applicable,
    not_reached,
)

PHASES = ("pre", "audit")
LAST_WITHOUT_SECRETS = (1, 1, 25)
"""The last version that gives deployments no credentials for a private registry (2023-03)."""
WEBHOOKS = (
    ("amlarc-identity-webhook-service", "without which no pod is made"),
    ("azureml-ingress-nginx-controller-admission", "without which no endpoint is made"),
)
PARTS = (
    ("inference-operator-controller-manager", "which makes endpoints"),
    ("amlarc-identity-controller", "without which no pod is made"),
    ("amlarc-identity-proxy", "without which pods get no token"),
    ("gateway", "without which Azure does not see the cluster's instance types"),
)
NEW: dict[str, Option] = {"extension_type": "Microsoft.AzureML.Kubernetes", "scope": "cluster"}
INFERENCE = (
    "enableInference=True",
    "inferenceRouterServiceType=LoadBalancer",
    "sslSecret=SECRET",
    "sslCname=NAME",
)
UNKNOWN = {
    "SECRET": "SECRET is a secret of namespace azureml that holds a certificate and its key",
    "NAME": "NAME is the host's name in the certificate",
}


@check(
    "extension",
    explains=(
        "ExtensionOperationFailed",
        "GenericClusterError",
        "InferencingClientCallFailed",
        "ACRSecretError",
        "ScoringFeUnhealthy",
    ),
    settles=True,
)
def check_extension_is_installed(aml_compute: Compute | None, aml_extensions: tuple[Extension, ...] | None) -> None:
    """The cluster has the Azure Machine Learning extension, and its installation ended well.

    It brings what runs models in the cluster: the operator, the router, the identity proxy. Deleted, half installed or
    failed, every deployment ends with an error that names something else.
    """
    compute = the_compute(aml_compute)
    if compute.cluster_id is None or aml_extensions is None:
        not_applicable(f"compute {compute.name} does not say which cluster is behind it")
    if not aml_extensions:
        blocked(
            f"cluster {compute.cluster_id.name} has no Azure Machine Learning extension",
            found="no extension with extensionType = 'microsoft.azureml.kubernetes'",
            expected="one, with provisioningState = 'Succeeded'",
            fix=(
                az("k8s-extension create", **extension_named("azureml", compute.cluster_id), **NEW, config=INFERENCE),
                unknown_in(INFERENCE),
            ),
            final=True,
        )
    extension = aml_extensions[0]
    errors = [f"{one.code}: {one.message}" for one in extension.statuses if one.level.lower() == "error"]
    if extension.ready and not errors:
        return
    error = [f"{extension.error.code}: {extension.error.message}"] if extension.error else []
    failed = extension.provisioning_state.lower() in ("failed", "canceled")
    blocked(
        f"extension {extension.name} is not installed on cluster {compute.cluster_id.name}",
        found="\n".join([f"provisioningState = {extension.provisioning_state!r}", *error, *errors]),
        expected="provisioningState = 'Succeeded' and no status of level 'Error'",
        fix=_install_again(extension),
        final=failed,
    )


@check("extension", explains=("InferencingClientCallFailed", "ScoringFeUnhealthy"), phases=PHASES)
def check_extension_serves_inference(aml_extensions: tuple[Extension, ...] | None) -> None:
    """The extension was installed for inference.

    Without `enableInference` it trains only: there is no router and no operator for endpoints.
    """
    extension = the_extension(aml_extensions)
    if extension.enabled("enableInference"):
        return
    blocked(
        f"extension {extension.name} does not serve inference",
        found=f"enableInference = {extension.setting('enableInference')!r}",
        expected="enableInference = 'True'",
        fix=(update_extension(extension, *INFERENCE), unknown_in(INFERENCE)),
    )


@check("extension", explains=("ACRSecretError",), phases=PHASES)
def check_extension_version_is_recent(aml_extensions: tuple[Extension, ...] | None) -> None:
    """The extension is newer than 1.1.25.

    Older ones give a deployment no credentials for a private registry, and their messages do not say so. A version that
    Azure does not tell is advice.
    """
    extension = the_extension(aml_extensions)
    numbers = extension.version_numbers
    found, expected = f"currentVersion = {extension.version!r}", "a version above 1.1.25"
    fix = update_extension(extension, auto_upgrade="true")
    if numbers is None:
        advise(f"the version of extension {extension.name} is unknown", found=found, expected=expected, fix=fix)
    elif numbers <= LAST_WITHOUT_SECRETS:
        blocked(f"extension {extension.name} is too old", found=found, expected=expected, fix=fix)


@check(
    "extension",
    explains=("TokenRefreshFailed", "RefreshExtensionIdentityNotSet", "DeploymentIdentityError", "ACRSecretError"),
)
def check_extension_identity_is_assigned(
    aml_cluster: Cluster | None, aml_extensions: tuple[Extension, ...] | None, aml_node_sets: tuple[NodeSet, ...]
) -> None:
    """On AKS, every node carries the extension's own identity.

    The extension fetches the deployments' tokens as this identity. A pool that was added by a tool which states all of
    a scale set's identities, or by hand, may lack it, and pods on its nodes get no token. Pools of single machines are
    not scale sets and are passed over.
    """
    extension, cluster = the_extension(aml_extensions), the_aks(aml_cluster)
    again = _install_again(extension)
    if extension.principal_id is None:
        blocked(
            f"extension {extension.name} has no identity",
            found="aksAssignedIdentity.principalId = null",
            expected="the principal of a managed identity in the node resource group",
            fix=again,
        )
    principal = extension.principal_id.lower()
    without = [one for one in aml_node_sets if principal not in (other.lower() for other in one.principal_ids)]
    if without:
        names = ", ".join(f"{one.pool} ({one.name})" for one in without)
        blocked(
            f"nodes of cluster {cluster.name} do not carry the identity of extension {extension.name}",
            found=f"scale sets without principal {extension.principal_id}: {names}",
            expected="the extension's identity on every scale set",
            fix=again,
        )


@check("extension", explains=("ExtensionOperationFailed", "ScoringFeUnhealthy", "ValidateScoringFailed"), phases=PHASES)
def check_router_settings_agree(aml_cluster: Cluster | None, aml_extensions: tuple[Extension, ...] | None) -> None:
    """The settings of the router make sense together.

    It insists on TLS unless `allowInsecureConnections` is true, and needs a CNAME and a certificate for it. Installed
    by Terraform, Bicep or ARM instead of the CLI, settings that the CLI derives (`scoringFe.sslSecret`) are missing,
    and the installation fails with settings that look right.
    """
    extension = the_extension(aml_extensions)
    if not extension.enabled("enableInference"):
        not_reached("the extension does not serve inference")
    if extension.serves_https:
        _check_tls(extension)
    if extension.setting("internalLoadBalancerProvider") and not isinstance(aml_cluster, ManagedCluster):
        provider = extension.setting("internalLoadBalancerProvider")
        blocked(
            f"extension {extension.name} asks for an internal load balancer outside AKS",
            found=f"internalLoadBalancerProvider = {provider!r}",
            expected="no internalLoadBalancerProvider: Azure makes one for AKS alone",
            fix=set_extension(extension, "internalLoadBalancerProvider", ""),
        )
    if extension.service_type is None:
        blocked(
            f"extension {extension.name} does not say how its router is reached",
            found="inferenceRouterServiceType is not set",
            expected="LoadBalancer, NodePort or ClusterIP",
            fix=set_extension(extension, "inferenceRouterServiceType", "LoadBalancer"),
        )


@check(
    "extension",
    explains=("InferencingClientCallFailed", "ClusterServiceNotFound", "InternalServerError", "TokenRefreshFailed"),
    settles=True,
)
def check_extension_pods_are_running(
    aml_cluster: Cluster | None,
    aml_extensions: tuple[Extension, ...] | None,
    aml_kube_workloads: tuple[Workload, ...],
    aml_kube_backends: Mapping[str, int],
) -> None:
    """What the extension needs for inference runs in the cluster, beside the router.

    The operator makes endpoints, the identity's controller and proxy give pods their tokens, the gateway and the
    ingress (on Arc the relay) are Azure's way in. Each that is missing makes deployments fail with another error. The
    API server asks the webhooks of controller and ingress before it makes anything: one that nobody stands behind
    refuses it all.
    """
    extension, by_name = the_extension(aml_extensions), {one.name: one for one in aml_kube_workloads}
    short = [
        f"{name}: {f'{one.ready} of {one.wanted} ready' if one else 'absent'}, {role}"
        for name, role in _needed(aml_cluster)
        if (one := by_name.get(name)) is None or one.ready < min(one.wanted, 1) or one.wanted == 0
    ]
    short += [f"{name}: no endpoint is ready, {role}" for name, role in WEBHOOKS if aml_kube_backends.get(name) == 0]
    if short:
        blocked(
            f"parts of extension {extension.name} do not run",
            found="\n".join(short),
            expected="one replica or more of each that is ready",
            fix=(
                kubectl("get pods", namespace="azureml"),
                kubectl("describe pods", namespace="azureml"),
                update_extension(extension),
            ),
        )


@check("extension", explains=("ExtensionOperationFailed",), phases=("pre", "post"))
def check_health_report_is_clean(
    aml_extensions: tuple[Extension, ...] | None, aml_kube_health_report: HealthReport | None
) -> None:
    """The extension's own health report found nothing that stops an installation.

    It is as old as the last installation or upgrade: it explains an extension that failed, and beside one that
    succeeded it is advice.
    """
    extension, report = the_extension(aml_extensions), aml_kube_health_report
    if report is None:
        not_applicable("the extension left no health report in the cluster")
    if not report.failed:
        return
    stopping = [one for one in report.failed if one.stops_an_installation and not extension.ready]
    verdict = Blocked(*(_failed(extension, report, one) for one in stopping or report.failed))
    if stopping:
        raise verdict
    advise_instead(verdict)


def unknown_in(settings: Sequence[str]) -> str:
    """What to put in the place of the words that are not known."""
    words = [UNKNOWN[value] for one in settings if (value := one.partition("=")[2]) in UNKNOWN]
    return f"({'; '.join(words)})" if words else ""


def _failed(extension: Extension, report: HealthReport, one: HealthFinding) -> Culprit:
    meaning = meaning_of(one.code)
    title = f": {meaning.title}" if meaning else ""
    return Culprit.of(
        f"the health check of extension {extension.name} failed with {one.code or 'no code'}{title}",
        found=f"report of {report.date}: {one.name}: {one.message or 'without a message'}",
        expected="no line with Status: Failed",
        fix=(
            kubectl("describe configmap arcml-healthcheck", namespace="azureml"),
            meaning.advice_for({}) if meaning else "",
            *(shell(*one) for one in (meaning.commands_for({}) if meaning else ())),
        ),
        kind=one.code,
    )


def _install_again(extension: Extension) -> tuple[Command | str, ...]:
    named = extension_named(extension.name, extension.cluster_id)
    return (
        az("k8s-extension show", **named, query="configurationSettings"),
        az("k8s-extension delete", **named, yes=True),
        az("k8s-extension create", **named, **NEW),
        "(with --config and the settings that it shows, and --config-protected for those it does not)",
    )


def _needed(cluster: Cluster | None) -> tuple[tuple[str, str], ...]:
    aks = isinstance(cluster, ManagedCluster)
    way_in = ("azureml-ingress-nginx-controller", "Azure's way in") if aks else ("relayserver", "Azure's way in")
    return (*PARTS, way_in)


def _check_tls(extension: Extension) -> None:
    secret, cname = extension.setting("sslSecret"), extension.setting("sslCname")
    certificate = extension.holds_secret("scoringFe.sslCert") or extension.holds_secret("sslCertPemFile")
    settings = (f"sslSecret={secret or 'SECRET'}", f"sslCname={cname or 'NAME'}")
    if cname is None or not (secret or certificate):
        lacking = [name for name, there in (("sslCname", cname), ("sslSecret", secret or certificate)) if not there]
        blocked(
            f"the router of extension {extension.name} insists on TLS and has no {' and no '.join(lacking)}",
            found=f"allowInsecureConnections = {extension.setting('allowInsecureConnections')!r}, without "
            f"{', '.join(lacking)}",
            expected="sslCname, and sslSecret or a certificate with its key",
            fix=(update_extension(extension, *settings), unknown_in(settings)),
        )
    if secret and not certificate and extension.setting("scoringFe.sslSecret") is None:
        blocked(
            f"the router of extension {extension.name} does not get its certificate",
            found=f"sslSecret = {secret!r} without scoringFe.sslSecret, which the Azure CLI derives",
            expected=f"scoringFe.sslSecret = {secret!r}",
            fix=update_extension(extension, *settings, f"scoringFe.sslSecret={secret}"),
        )
