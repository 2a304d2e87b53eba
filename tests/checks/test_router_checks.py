"""The checks of the router, by call."""

from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.router import (
    check_certificate_is_for_the_cname,
    check_router_alone_scales,
    check_router_has_an_address,
    check_router_is_healthy,
)
from pytest_amlpreflight.facts.kubernetes.pod import Autoscaler, Service, Workload
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.certificate import Certificate
from pytest_amlpreflight.facts.resources.cluster_extension import Extension
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute
from pytest_amlpreflight.facts.resources.network import Resolution
from pytest_amlpreflight.verdict import Blocked, NotApplicable, NotReached, PreflightAdvice


def an_id(path: str) -> ResourceId:
    """The id of a resource of the group."""
    found = parse_resource_id(f"/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11/resourceGroups/g/providers/{path}")
    assert found
    return found


AKS = an_id("Microsoft.ContainerService/managedClusters/aks")
COMPUTE = Compute(an_id("Microsoft.X/workspaces/w/computes/k8s"), "k8s", "Kubernetes", "Succeeded", cluster_id=AKS)
EXTENSION = Extension(
    an_id("Microsoft.KubernetesConfiguration/extensions/azureml"), "azureml", AKS, "Succeeded", settings={}
)
ENDPOINT = Endpoint("iris", Source("endpoint.yml"), "Key", compute="k8s", scoring_uri="https://iris.contoso.com/score")
SERVICE = Service("azureml-fe", "LoadBalancer", ("20.1.2.3",), "10.0.0.7")
LEADS = Resolution("iris.contoso.com", "1.1.1.1", (), ("20.1.2.3",), None)
CERTIFICATE = Certificate("iris.contoso.com", ("iris.contoso.com",), "CN=Contoso", "2027-09-17", 300)


def judge_address(
    services: tuple[Service, ...] | None, resolution: Resolution | None = LEADS, kind: str = "LoadBalancer"
) -> None:
    """Judge the router's address."""
    extension = replace(EXTENSION, settings={"inferenceRouterServiceType": kind})
    check_router_has_an_address(COMPUTE, ENDPOINT, resolution, (extension,), services)


@pytest.mark.parametrize(
    ("workloads", "words"),
    [
        ((), "azureml-fe-v2: absent"),
        ((Workload("azureml-fe-v2", 3, 0),), "azureml-fe-v2: 0 of 3 ready"),
        ((Workload("gateway", 1, 1),), "azureml-fe-v2: absent"),
    ],
)
def test_a_cluster_without_a_router_is_blocked(workloads: tuple[Workload, ...], words: str) -> None:
    """Not installed, or none ready."""
    with pytest.raises(Blocked, match=words):
        check_router_is_healthy(workloads)


def test_fewer_routers_than_wanted_are_advice() -> None:
    """They carry less; all of them, or one where one is wanted, pass."""
    with pytest.warns(PreflightAdvice, match="2 of 3 ready"):
        check_router_is_healthy((Workload("azureml-fe-v2", 3, 2),))
    check_router_is_healthy((Workload("azureml-fe-v2", 1, 1),))


def test_the_scoring_host_must_lead_to_the_router() -> None:
    """By its name or by its address; a name that does not resolve is another check's."""
    judge_address((SERVICE,))
    judge_address((SERVICE,), replace(LEADS, addresses=()))
    judge_address((replace(SERVICE, addresses=("iris.contoso.com",)),))
    with pytest.raises(Blocked, match=r"(?s)iris.contoso.com does not lead to the router.*20\.1\.2\.3"):
        judge_address((SERVICE,), replace(LEADS, addresses=("20.9.9.9",)))


@pytest.mark.parametrize(
    ("services", "words"),
    [((), "has no service"), ((replace(SERVICE, addresses=()),), "got no address from its load balancer")],
)
def test_a_router_without_an_address_is_blocked(services: tuple[Service, ...], words: str) -> None:
    """No service, or a load balancer that gave none."""
    with pytest.raises(Blocked, match=words):
        judge_address(services)


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_a_router_inside_the_cluster_is_advice(kind: str) -> None:
    """Callers inside reach it; where the cluster is not looked into, the extension's settings say so too."""
    with pytest.warns(PreflightAdvice, match=rf"(?s)not reached from outside.*{kind}"):
        judge_address((replace(SERVICE, type=kind, addresses=()),))
    with pytest.warns(PreflightAdvice, match=kind), pytest.raises(NotReached, match="no --aml-kube-context"):
        judge_address(None, kind=kind)


def test_without_a_way_into_the_cluster_an_address_is_not_promised() -> None:
    """What the settings say is not what the service has."""
    with pytest.raises(NotReached, match="is not looked into"):
        judge_address(None)


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (replace(CERTIFICATE, days_left=-1, expires="2026-09-01"), "has run out, on 2026-09-01"),
        (replace(CERTIFICATE, names=("other.contoso.com",)), "is for another name"),
        (replace(CERTIFICATE, names=("*.iris.contoso.com",)), "is for another name"),
        (replace(CERTIFICATE, distrust="unable to get local issuer certificate"), "is not trusted: unable to get"),
    ],
)
def test_a_certificate_that_callers_refuse_is_blocked(certificate: Certificate, words: str) -> None:
    """Run out, for another name, or with a chain that nobody vouches for."""
    with pytest.raises(Blocked, match=rf"(?s){words}.*sslCname=iris.contoso.com"):
        check_certificate_is_for_the_cname(ENDPOINT, certificate, (EXTENSION,))


def test_a_certificate_that_runs_out_soon_is_advice() -> None:
    """Thirty days are enough, and a wildcard is for the name."""
    with pytest.warns(PreflightAdvice, match="runs out in 29 days"):
        check_certificate_is_for_the_cname(ENDPOINT, replace(CERTIFICATE, days_left=29), (EXTENSION,))
    wildcard = replace(CERTIFICATE, days_left=30, names=("*.contoso.com",))
    check_certificate_is_for_the_cname(ENDPOINT, wildcard, (EXTENSION,))


def test_an_autoscaler_beside_the_router_is_advice(deployment: Deployment) -> None:
    """Of this deployment's pods; others' are their own business."""
    blue = replace(deployment, name="blue", endpoint_name="iris")

    check_router_alone_scales(blue, COMPUTE, (Autoscaler("web", "web"), Autoscaler("green", "green-iris")))
    with pytest.warns(PreflightAdvice, match="scaled by the router and by hpa"):
        check_router_alone_scales(blue, COMPUTE, (Autoscaler("hpa", "blue-iris"),))


def test_plain_http_and_managed_endpoints_have_no_certificate_of_one_s_own() -> None:
    """The question does not arise."""
    with pytest.raises(NotApplicable, match="not reached over TLS"):
        check_certificate_is_for_the_cname(ENDPOINT, None, (EXTENSION,))
    with pytest.raises(NotApplicable, match="managed"):
        check_certificate_is_for_the_cname(replace(ENDPOINT, compute=None), None, None)
