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

_ENDS = "|".join(re.escape(end).replace(r"\{\}", "[^/]+") for end in POSTS)
_ALLOWED = re.compile(f".*(?:{_ENDS})", re.IGNORECASE)


class NotReadOnly(Exception):
    """A reader asked for what might change something. `path` was not sent."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"POST {path} is none of Azure's read-only requests")


def require_read_only(path: str) -> None:
    """Raise `NotReadOnly` for a POST to any path but those that are listed."""
    if not _ALLOWED.fullmatch(path):
        raise NotReadOnly(path)
