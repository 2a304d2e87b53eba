"""What users paste of a cluster: in the failure's world the likeliest cause is the one that the failure names."""

import pytest
from judging import EXAMPLE, checks_of, emulated, judge

from pytest_amlpreflight.emulator.failures import failure_names, load
from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.reporting.conclusion import conclusion
from pytest_amlpreflight.reporting.explained import explain_text
from pytest_amlpreflight.run.suite.built_in import mark_of

GUIDES = (
    *("ACRSecretError", "TokenRefreshFailed", "GetAADTokenFailed", "ACRAuthenticationChallengeFailed"),
    *("ACRTokenExchangeFailed", "KubernetesUnaccessible", "ImagePullLoopBackOff", "DeploymentCrashLoopBackOff"),
    *("KubernetesCrashLoopBackOff", "NamespaceNotFound", "UserScriptInitFailed", "UserScriptImportError"),
    *("UserScriptFunctionNotFound", "EndpointNotFound", "EndpointAlreadyExists", "ScoringFeUnhealthy"),
    *("ValidateScoringFailed", "InvalidDeploymentSpec", "PodUnschedulable", "PodOutOfMemory"),
    "InferencingClientCallFailed",
)
"""The 21 codes of the guide on online endpoints that only Kubernetes has."""
OF_COMPUTES = (
    *("GenericComputeError", "ComputeNotFound", "ComputeNotAccessible", "InvalidComputeInformation"),
    *("InvalidComputeNoKubernetesConfiguration", "GenericClusterError", "ClusterNotReachable", "ClusterNotFound"),
    *("ClusterServiceNotFound", "ClusterUnauthorized", "RefreshExtensionIdentityNotSet"),
)
"""The eleven of the guide on computes."""
DESCRIBED = """Name:             blue-iris-5c8d7f9b6-p0w4z
Namespace:        models
Containers:
  inference-server:
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
    Ready:          False
    Restart Count:  3
Events:
  Type     Reason   Age                From     Message
  ----     ------   ----               ----     -------
  Warning  BackOff  8s (x12 over 2m)   kubelet  Back-off restarting failed container inference-server in pod blue-iris
"""
PASTED = {
    "Failed to create Kubernetes deployment identity, Reason:RefreshExtensionIdentityNotSet Details:Managed identity": (
        "nodes-without-the-extension-identity"
    ),
    "DeploymentIdentityError: Failed to create Kubernetes deployment identity, Reason:ACRTokenExchangeForbidden": (
        "kubernetes-endpoint-identity-may-not-pull"
    ),
    "Warning  FailedScheduling  3m  default-scheduler  0/3 nodes are available: 3 Insufficient cpu.": "nodes-full",
    "OutOfQuota: Kubernetes unschedulable. Details:0/3 nodes are available: 3 Too many pods.": (
        "nodes-with-too-many-pods"
    ),
    "Warning  FailedScheduling  0/3 nodes are available: 3 node(s) had untolerated taint {sku: gpu}.": "nodes-tainted",
    'Error creating: pods "blue-iris-1" is forbidden: exceeded quota: team, requested: requests.cpu=1': (
        "namespace-quota-used-up"
    ),
    DESCRIBED: "pod-out-of-memory",
    'Warning  Failed  kubelet  Failed to pull image "acr.azurecr.io/a:1": failed to authorize: 401 Unauthorized': (
        "pod-image-pull-denied"
    ),
    'Warning  Failed  kubelet  Failed to pull image "acr.azurecr.io/a:1": manifest unknown: not found': (
        "pod-image-absent"
    ),
    'Error creating: Internal error occurred: failed calling webhook "pod.mutate.identity-webhook.azureml"': (
        "extension-identity-controller-down"
    ),
    "Warning  Evicted  kubelet  The node was low on resource: ephemeral-storage.": "pod-evicted",
    'Warning  Failed  kubelet  CreateContainerConfigError: secret "blue-iris-acr" not found': "pod-secret-absent",
    "BadArgument: azureml-fe isn't ready: the router is not ready": "router-down",
    "failed to get loadBalancer ip from service azureml/azureml-fe": "router-without-an-address",
    "(BadArgument) resources.requests must not be greater than resources.limits": "instance-type-below-the-limits",
    "(InferencingClientCreateDeploymentFailed) Object reference not set to an instance of an object.": (
        "instance-type-not-of-the-cluster"
    ),
    "AKS role check failed for user assigned identity": "workspace-identity-may-not-use-the-cluster",
    "(NotSupported) Creation of Online Endpoints or deployments on AKS compute type is no longer supported": (
        "compute-of-the-retired-kind"
    ),
    "(ExtensionOperationFailed) The operation failed: pod healthcheck failed": "extension-health-report-failed",
}
"""What tools print of a failure."""


@pytest.mark.parametrize("text", PASTED, ids=PASTED.values())
def test_what_was_pasted_leads_to_its_cause(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Of all the checks that could explain it, one that the failure names stands first."""
    failure, explanation = load(PASTED[text]), explain_text(text, "x")
    concerned = {
        name
        for name, check in checks_of(failure.phase).items()
        if explanation.concerns(name, mark_of(check)["explains"])
    }

    with emulated(monkeypatch, EXAMPLE / failure.world, [failure.name]) as emulator:
        said = judge(emulator, failure.phase, frozenset(concerned), world=failure.world)

    found = [Finding(name, Outcome.FAILED, headline=said.words[name].split("\n")[0]) for name in said.blocks]
    lines = list(conclusion(explanation, found))
    assert lines[0] == "likeliest cause:", (concerned, explanation)
    assert any(lines[1].endswith(f"({check})") for check in failure.blocks), lines


@pytest.mark.parametrize("code", [*GUIDES, *OF_COMPUTES])
def test_every_code_of_kubernetes_has_its_failure(code: str) -> None:
    """In whose world `--aml-explain` is tried; what stands in the user's own files has its failure there."""
    own = {load(name).code for name in failure_names() if load(name).world == "world-kubernetes.yml"}

    assert code in own | {"InvalidDeploymentSpec"}


@pytest.mark.parametrize("status", ["409", "500", "502", "503", "504"])
def test_every_status_of_kubernetes_has_its_failure(status: str) -> None:
    """As the second table of the guide has them."""
    assert any(load(name).code == status and load(name).world == "world-kubernetes.yml" for name in failure_names())
