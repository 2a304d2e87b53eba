"""The facts of an endpoint's identity as its creation meets them."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.caller import Caller
from pytest_amlpreflight.facts.resources.endpoint import Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.subscription import RoleAssignmentUsage
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.connection.arm import together
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.caller import read_own_access
from pytest_amlpreflight.readers.resources.identity import read_identity
from pytest_amlpreflight.readers.resources.subscription import read_role_assignment_usage
from pytest_amlpreflight.run.targets import Level


class DeployerFacts(TargetFacts):
    """What is read once per endpoint about those who create it and the identity they give it."""

    level = Level.ENDPOINT

    @fact
    def endpoint_identities_or_none(self, endpoint: Endpoint) -> tuple[Identity | None, ...]:
        """The user-assigned identities in the endpoint's order, None for each that does not exist: for the check that
        answers for it.
        """
        return tuple(together(lambda one: self._identity(one, endpoint), list(endpoint.identity_ids)))

    @fact
    def deployer_identity_access(self, endpoint: Endpoint, caller: Caller) -> tuple[Access, ...]:
        """What the caller may do with each user-assigned identity of the endpoint."""
        try:
            read = lambda one: read_own_access(self.azure.arm, caller, one.text)  # noqa: E731
            return tuple(together(read, list(endpoint.identity_ids)))
        except FactAbsent:
            _ = self.endpoint_identities  # type: ignore[attr-defined]  # EndpointFacts' own: raises where one is absent
            raise

    @fact
    def role_assignment_usage(self, endpoint: Endpoint) -> RoleAssignmentUsage | None:
        """How many role assignments the subscription may still take; None where the endpoint brings its own identity
        and needs none.
        """
        if endpoint.identity_ids or not endpoint.managed:
            return None
        return read_role_assignment_usage(self.azure.arm, self.target.workspace_id.subscription)

    def permissions(self, principal_id: str, scope: str) -> Access:
        """What any principal may do at any scope, for users' own tests."""
        return read_access(self.azure.arm, principal_id, scope)

    def _identity(self, identity_id: ResourceId, endpoint: Endpoint) -> Identity | None:
        try:
            return read_identity(self.azure.arm, identity_id, named_by=f"endpoint {endpoint.name}")
        except FactAbsent:
            return None
