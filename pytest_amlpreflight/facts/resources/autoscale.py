"""Autoscaling of managed deployments, which is Azure Monitor's business and survives the deployment."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AutoscaleSetting:
    """One autoscale setting. `target_id` is the deployment's ARM id as Azure wrote it; profiles may differ in their
    limits.
    """

    name: str
    id: str
    enabled: bool
    target_id: str
    maximum: int
    minimum: int

    @property
    def endpoint(self) -> str:
        """The endpoint's name, in lower case: ids have none."""
        return self.target_id.lower().rstrip("/").split("/")[-3]

    @property
    def deployment(self) -> str:
        """The deployment's name, in lower case."""
        return self.target_id.lower().rstrip("/").rsplit("/", 1)[-1]

    def scales(self, endpoint: str, deployment: str) -> bool:
        """Whether this deployment is the one it changes."""
        return (self.endpoint, self.deployment) == (endpoint.lower(), deployment.lower())
