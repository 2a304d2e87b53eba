"""The facts of an endpoint and of the identity it acts with."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.endpoint import Deployment, Endpoint
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.network import PrivateEndpoint, Resolution
from pytest_amlpreflight.facts.resources.private_dns import TwoResolutions
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.connection.arm import together
from pytest_amlpreflight.readers.resources.access import read_access
from pytest_amlpreflight.readers.resources.endpoint import endpoint_from_spec, read_deployments, read_endpoint
from pytest_amlpreflight.readers.resources.identity import read_identity
from pytest_amlpreflight.run.targets import Level


class EndpointFacts(TargetFacts):
    """What is read once per endpoint."""

    level = Level.ENDPOINT

    @fact
    def endpoint(self) -> Endpoint:
        """Before a deployment the endpoint of the spec, where one was given; else the live one."""
        spec = self.endpoint_to_create
        return endpoint_from_spec(spec) if spec else self._read_live()

    @fact
    def live_endpoint(self) -> Endpoint | None:
        """What Azure runs under the endpoint's name, None where it is yet to be created."""
        try:
            return self._read_live()
        except FactAbsent:  # before the first deployment there is no endpoint, and that is no failure
            return None

    @fact
    def endpoint_or_none(self) -> Endpoint | None:
        """The endpoint, None where neither a spec nor Azure has it: for the check that answers for its absence."""
        try:
            return self.endpoint
        except FactAbsent:
            return None

    @fact
    def live_deployments(self) -> tuple[Deployment, ...]:
        """What Azure runs behind the endpoint, by name; none before the endpoint is created."""
        try:
            return read_deployments(self.azure.arm, self.target.workspace_id, self.target.need_endpoint())
        except FactAbsent:  # what does not exist holds no deployments, and no operation is under way on it
            return ()

    @fact
    def endpoint_identities(self, endpoint: Endpoint) -> tuple[Identity, ...]:
        """The identities the endpoint acts with; none for a system-assigned one that is yet to be created."""
        named_by = f"endpoint {endpoint.name}"
        if endpoint.identity_ids:
            read = lambda one: read_identity(self.azure.arm, one, named_by=named_by)  # noqa: E731
            return tuple(together(read, list(endpoint.identity_ids)))
        live = endpoint if endpoint.live else self.live_endpoint
        if live is None or live.principal_id is None:
            return ()
        return (Identity(name=f"of endpoint {endpoint.name}", principal_id=live.principal_id, client_id=None, id=None),)

    @fact
    def registry_access(self, workspace: Workspace, endpoint_identities: tuple[Identity, ...]) -> tuple[Access, ...]:
        """What each of the endpoint's identities may do on the workspace's registry."""
        return self._access(workspace.registry_id, endpoint_identities)

    @fact
    def storage_access(self, workspace: Workspace, endpoint_identities: tuple[Identity, ...]) -> tuple[Access, ...]:
        """What each of the endpoint's identities may do on the workspace's storage account."""
        return self._access(workspace.storage_account_id, endpoint_identities)

    @fact
    def scoring_resolution(self, live_endpoint: Endpoint | None) -> Resolution | None:
        """What the resolver says of the scoring host; None before there is one."""
        host = live_endpoint.scoring_host if live_endpoint else None
        return self.azure.resolve(host) if host else None

    @fact
    def both_resolutions(
        self,
        live_endpoint: Endpoint | None,
        private_endpoints: tuple[PrivateEndpoint, ...],
    ) -> TwoResolutions | None:
        """What the callers' resolver and Azure's own say of the scoring host, asked together; None where no private
        name is at stake.
        """
        host = live_endpoint.scoring_host if live_endpoint else self._future_host(private_endpoints)
        if host is None or not private_endpoints or (live_endpoint and not live_endpoint.managed):
            return None
        asks = [lambda: self.azure.resolve(host), lambda: self.azure.ask_azure_dns(host)]
        return TwoResolutions(*together(lambda ask: ask(), asks))

    def _future_host(self, private_endpoints: tuple[PrivateEndpoint, ...]) -> str | None:
        """The name that the endpoint will have behind the private endpoint: Azure's own wildcard, never one built from
        a region.
        """
        names = sorted(name for one in private_endpoints for name in one.addresses if name.startswith("*."))
        wildcard = next((name for name in names if ".inference." in name), None)
        return wildcard.replace("*", self.target.need_endpoint(), 1) if wildcard else None

    def _access(self, scope: ResourceId | None, identities: tuple[Identity, ...]) -> tuple[Access, ...]:
        if scope is None:
            return ()
        return tuple(together(lambda one: read_access(self.azure.arm, one.principal_id, scope.text), list(identities)))

    def _read_live(self) -> Endpoint:
        return read_endpoint(self.azure.arm, self.target.workspace_id, self.target.need_endpoint())
