"""The rules for names of online endpoints and deployments.

https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas#azure-machine-learning-online-endpoints-and-batch-endpoints
"""

import re

RULE = "3 to 32 letters, digits and dashes, a letter first, no dash last"
TOGETHER = range(6, 63)
"""How long the names of a Kubernetes endpoint and one of its deployments may be together."""


def name_fits(name: str) -> bool:
    """Whether Azure takes it as the name of an endpoint or a deployment."""
    return 3 <= len(name) <= 32 and re.fullmatch(r"[A-Za-z][-A-Za-z0-9]*[A-Za-z0-9]", name) is not None


def a_name_that_fits(name: str) -> str:
    """The nearest name that Azure takes: `2nd_model` becomes `e-2nd-model`."""
    dashed = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    begun = dashed if dashed[:1].isalpha() else f"e-{dashed}".strip("-")
    return begun[:32].rstrip("-").ljust(3, "0")
