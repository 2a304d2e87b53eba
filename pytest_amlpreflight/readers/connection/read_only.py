"""The requests that are no GET and still change nothing. There are no others, whatever a reader asks for."""

import re

POSTS = {
    "/providers/Microsoft.ResourceGraph/resources": "a query of Resource Graph",
    "/diagnose": "Azure Machine Learning's own diagnosis of a workspace",
    "/onlineEndpoints/{}/listKeys": "a key to score with",
    "/onlineEndpoints/{}/token": "a token to score with",
    "/onlineEndpoints/{}/deployments/{}/getLogs": "the last lines of a container's log",
    "/providers/Microsoft.PolicyInsights/checkPolicyRestrictions": "the forecast of Azure Policy",
    "/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults": "what violates a policy",
}
"""Azure Resource Manager's read-only POSTs by the end of their path, and what each answers."""

DATA_PLANE = {
    ("POST", "/score"): "the sample request, to the endpoint's own scoring URI",
    ("OPTIONS", "/score"): "what a browser asks before it calls (--aml-origin)",
    ("POST", "/oauth2/exchange"): "a registry's refresh token",
    ("POST", "/oauth2/token"): "a registry's access token",
}
"""The same of other hosts, by method and path."""

CLUSTER = {
    "/api/v1/nodes": "room, labels and taints",
    "/api/v1/pods": "what takes the room of the nodes",
    "/api/v1/namespaces/{}": "that the namespace is there",
    "/api/v1/namespaces/{}/pods": "the deployment's pods, and the extension's",
    "/api/v1/namespaces/{}/pods/{}/log": "the last lines of a container that crashed",
    "/api/v1/namespaces/{}/events": "why a pod is not scheduled, or its image not pulled",
    "/api/v1/namespaces/{}/services": "the router's addresses",
    "/api/v1/namespaces/{}/resourcequotas": "what the namespace may take",
    "/api/v1/namespaces/{}/limitranges": "what a container of the namespace may take",
    "/api/v1/namespaces/azure-arc/configmaps/azure-clusterconfig": "which Arc resource the cluster is",
    "/api/v1/namespaces/azureml/configmaps/arcml-healthcheck": "the extension's own report",
    "/apis/apps/v1/namespaces/{}/deployments": "the extension's parts",
    "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices": "what stands behind a service",
    "/apis/autoscaling/v1/namespaces/{}/horizontalpodautoscalers": "the router's scaling",
    "/apis/amlarc.azureml.com/v1alpha1/instancetypes": "the instance types",
    "/apis/amlarc.azureml.com/v1alpha1/namespaces/{}/onlineendpoints": "the endpoint as the cluster has it",
}
"""All that is asked of a cluster's own API, by path; each is a GET. No Secret, and no other ConfigMap, is among it."""

_ENDS = "|".join(re.escape(end).replace(r"\{\}", "[^/]+") for end in POSTS)
_ALLOWED = re.compile(f".*(?:{_ENDS})", re.IGNORECASE)
_NAME = "[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
_OF_CLUSTER = re.compile("|".join(re.escape(path).replace(r"\{\}", _NAME) for path in CLUSTER))


class NotReadOnly(Exception):
    """A reader asked for what might change something. `path` was not sent."""

    def __init__(self, path: str, words: str = "POST {} is none of Azure's read-only requests") -> None:
        self.path = path
        super().__init__(words.format(path))


def require_read_only(path: str) -> None:
    """Raise `NotReadOnly` for a POST to any path but those that are listed."""
    if not _ALLOWED.fullmatch(path):
        raise NotReadOnly(path)


def require_listed(path: str) -> None:
    """Raise `NotReadOnly` for a GET of a cluster's API, but for those that are listed: reading a Secret is no harmless
    reading.
    """
    if not _OF_CLUSTER.fullmatch(path):
        raise NotReadOnly(path, "GET {} is none of what may be asked of a cluster")
