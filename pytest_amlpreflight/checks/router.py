"""The router of a Kubernetes endpoint: what answers scoring requests in the cluster, and where."""

from pytest_amlpreflight.checks._kubernetes import the_compute, the_extension, update_extension
from pytest_amlpreflight.facts.kubernetes.pod import Autoscaler, Service, Workload
from pytest_amlpreflight.facts.resources.certificate import Certificate
from pytest_amlpreflight.facts.resources.cluster_extension import Extension
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.network import Resolution
from pytest_amlpreflight.fix import Command, kubectl
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable, not_reached

DAYS_TO_RENEW = 30
ROUTER, SERVICE = "azureml-fe-v2", "azureml-fe"
LOGS = kubectl("logs", f"deploy/{ROUTER}", namespace="azureml")


@check("router", explains=("ScoringFeUnhealthy", "500", "503"), settles=True)
def check_router_is_healthy(aml_kube_workloads: tuple[Workload, ...]) -> None:
    """The router has a replica that is ready.

    Without one no request to any endpoint of the cluster is answered. Fewer than wanted carry less load, and none may
    fail: advice.
    """
    router = next((one for one in aml_kube_workloads if one.name == ROUTER), None)
    if router is None or router.ready == 0:
        blocked(
            "no router of Azure Machine Learning answers in the cluster",
            found=f"deployment {ROUTER}: {f'0 of {router.wanted} ready' if router else 'absent'}",
            expected="one replica or more that is ready",
            fix=(kubectl("get pods", namespace="azureml", selector="azuremlappname=azureml-fe"), LOGS),
        )
    if router.ready < router.wanted:
        advise(
            "some routers of Azure Machine Learning are not ready",
            found=f"deployment {ROUTER}: {router.ready} of {router.wanted} ready",
            expected="every replica ready",
            fix=kubectl("describe pods", namespace="azureml", selector="azuremlappname=azureml-fe"),
        )


@check("router", explains=("ValidateScoringFailed", "ScoringFeUnhealthy"), settles=True)
def check_router_has_an_address(
    aml_compute: Compute | None,
    aml_live_endpoint: Endpoint | None,
    aml_scoring_resolution: Resolution | None,
    aml_extensions: tuple[Extension, ...] | None,
    aml_kube_services_if_known: tuple[Service, ...] | None,
) -> None:
    """The router's service has an address, and the endpoint's scoring URI leads to it.

    Azure writes whatever address the service had into the scoring URI. A load balancer that got none, or one whose
    address has changed, answers nobody. ClusterIP and NodePort are reached from inside alone, or by a node: advice.
    Where the cluster is not looked into, the extension's settings say which type the service has, and nothing says
    whether it has an address.
    """
    the_compute(aml_compute)
    extension = the_extension(aml_extensions)
    if aml_kube_services_if_known is None:
        _advise_of_type(extension, extension.service_type, "inferenceRouterServiceType")
        not_reached("the service's address is not looked into: no --aml-kube-context")
    service = next((one for one in aml_kube_services_if_known if one.name == SERVICE), None)
    if service is None:
        blocked(
            "the router of Azure Machine Learning has no service",
            found=f"no service {SERVICE} in namespace azureml",
            expected=f"service {SERVICE} of type LoadBalancer",
            fix=_update(extension),
        )
    if service.type != "LoadBalancer":
        _advise_of_type(extension, service.type, f"service {SERVICE} ({service.cluster_ip}): type")
        return
    if not service.addresses:
        blocked(
            "the router got no address from its load balancer",
            found=f"service {SERVICE}: status.loadBalancer.ingress is empty",
            expected="an address",
            fix=kubectl("describe service", SERVICE, namespace="azureml"),
        )
    _check_uri(service, aml_live_endpoint, aml_scoring_resolution)


@check("router", explains=("503",), phases=("post", "audit"))
def check_router_alone_scales(
    aml_deployment: Deployment, aml_compute: Compute | None, aml_kube_autoscalers: tuple[Autoscaler, ...]
) -> None:
    """Nobody but the router scales the deployment's pods.

    The router knows how many requests wait, and adds replicas by `scale_settings`. A HorizontalPodAutoscaler beside it
    takes back what the router has added, and the router what that one has: under load requests end with 503.
    """
    pods = f"{aml_deployment.name}-{aml_deployment.endpoint_name}"
    found = [one for one in aml_kube_autoscalers if one.target == pods]
    if found:
        advise(
            f"deployment {aml_deployment.name} is scaled by the router and by {found[0].name}",
            found=f"HorizontalPodAutoscaler {found[0].name} with scaleTargetRef.name = {pods!r}",
            expected="scale_settings of the deployment alone: type target_utilization, min_instances, max_instances",
            fix=kubectl("delete horizontalpodautoscaler", found[0].name, namespace=the_compute(aml_compute).namespace),
        )


@check("router", explains=("ValidateScoringFailed",), phases=("post", "audit"))
def check_certificate_is_for_the_cname(
    aml_endpoint: Endpoint,
    aml_router_certificate: Certificate | None,
    aml_extensions: tuple[Extension, ...] | None,
) -> None:
    """The router's certificate is for the scoring host, has not run out, and is one that callers trust.

    It is the user's own, given to the extension with the CNAME, and nobody renews it: on the day it runs out every
    endpoint of the cluster is out of reach. A server that leaves the intermediate certificate out is trusted by
    browsers and by no client.
    """
    if aml_endpoint.managed:
        not_applicable("the endpoint is managed: Azure keeps its certificate")
    if aml_router_certificate is None:
        not_applicable("the endpoint is not reached over TLS")
    found, flaw = aml_router_certificate, _flaw(aml_router_certificate)
    if not flaw and found.days_left >= DAYS_TO_RENEW:
        return
    extension, judge = the_extension(aml_extensions), blocked if flaw else advise
    secret = extension.setting("sslSecret") or "SECRET"
    judge(
        f"the certificate of {found.host} {flaw or f'runs out in {found.days_left} days'}",
        found=f"for {', '.join(found.names) or 'no name'}, until {found.expires}, issued by {found.issuer}",
        expected=f"one for {found.host}, with its intermediate certificates, for {DAYS_TO_RENEW} days or more",
        fix=(
            "put the new certificate, its intermediates and its key into the secret of the extension, and update it:",
            update_extension(extension, f"sslSecret={secret}", f"sslCname={found.host}"),
        ),
    )


def _flaw(found: Certificate) -> str | None:
    if found.days_left < 0:
        return f"has run out, on {found.expires}"
    if not found.fits:
        return "is for another name"
    return f"is not trusted: {found.distrust}" if found.distrust else None


def _advise_of_type(extension: Extension, kind: str | None, said_by: str) -> None:
    if (kind or "LoadBalancer").lower() == "loadbalancer":
        return
    advise(
        "the router is not reached from outside the cluster",
        found=f"{said_by} = {kind!r}",
        expected="'LoadBalancer', unless all callers are inside, or know a node",
        fix=_update(extension),
    )


def _check_uri(service: Service, endpoint: Endpoint | None, resolution: Resolution | None) -> None:
    host = endpoint.scoring_host if endpoint else None
    if host is None or resolution is None:
        return
    led = (host, *resolution.addresses)
    if not set(led) & set(service.addresses) and resolution.addresses:
        blocked(
            f"host {host} does not lead to the router",
            found=f"{resolution.path}; service {SERVICE} has {', '.join(service.addresses)}",
            expected=f"one of {', '.join(service.addresses)}",
            fix=f"correct the DNS record of {host}, or deploy again where the scoring URI holds an old address",
        )


def _update(extension: Extension) -> Command:
    return update_extension(extension, "inferenceRouterServiceType=LoadBalancer")
