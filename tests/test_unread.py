"""Nothing unreadable ever passes: every fault on every resource that the first nine checks read, one at a time."""

import re
import socket
from typing import NamedTuple

import pytest

from pytest_amlpreflight.reporting.ending import COULD_NOT_LOOK

READY = "workspace::workspace_is_ready"
V2 = "workspace::workspace_allows_v2_apis"
VAULT = "key_vault::vault_admits_trusted_services"
EGRESS = "registry::egress_private_endpoint_is_approved"
PULL = "identity::registry_grants_pull_to_endpoint_identity"
BLOBS = "identity::storage_grants_blob_read_to_endpoint_identity"
QUOTA = "quota::family_quota_fits_the_deployment"
RESOLVES = "network::scoring_host_resolves"
PRIVATE = "network::scoring_host_resolves_to_the_private_endpoint"

CHECKS = {
    "pre": {READY, V2, VAULT, EGRESS, PULL, BLOBS, QUOTA},
    "post": {READY, EGRESS, PULL, BLOBS, RESOLVES, PRIVATE},
}


class Resource(NamedTuple):
    """What a run reads: where a fault meets it, how messages call it, and the checks that cannot do without."""

    path: str
    words: str
    checks: frozenset[str]
    phase: str = "pre"
    not_there_is_fine: bool = False


RESOURCES = {
    "workspace": Resource(
        "*/workspaces/contoso-ml", "workspace contoso-ml", frozenset({READY, V2, VAULT, EGRESS, PULL, BLOBS, QUOTA})
    ),
    "key vault": Resource("*/vaults/contoso-ml-kv", "key vault contoso-ml-kv", frozenset({VAULT})),
    "registry": Resource("*/registries/contosomlacr", "registry contosomlacr", frozenset({EGRESS, PULL})),
    "registry roles": Resource(
        "*/registries/contosomlacr/*/roleassignments",
        "the role assignments of Microsoft.ContainerRegistry/registries contosomlacr",
        frozenset({PULL}),
    ),
    "storage roles": Resource(
        "*/storageaccounts/contosomlstore/*/roleassignments",
        "the role assignments of microsoft.storage/storageaccounts contosomlstore",
        frozenset({BLOBS}),
    ),
    "role definition": Resource(
        "*/roledefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "role definition 7f951dda-4ed3-4680-a7ca-43fe172d538d",
        frozenset({PULL}),
    ),
    "registry denials": Resource(
        "*/registries/contosomlacr/*/denyassignments",
        "the deny assignments of Microsoft.ContainerRegistry/registries contosomlacr",
        frozenset({PULL}),
    ),
    "storage denials": Resource(
        "*/storageaccounts/contosomlstore/*/denyassignments",
        "the deny assignments of microsoft.storage/storageaccounts contosomlstore",
        frozenset({BLOBS}),
    ),
    "identity": Resource(
        "*/userassignedidentities/iris-endpoint-identity",
        "identity iris-endpoint-identity",
        frozenset({PULL, BLOBS}),
    ),
    "usages": Resource("*/locations/eastus2/usages", "the usages of eastus2", frozenset({QUOTA})),
    "machine sizes": Resource("*/locations/eastus2/vmsizes", "the machine sizes of eastus2", frozenset({QUOTA})),
    "live deployment": Resource(  # a first deployment has no predecessor: 404 is an answer
        "*/onlineendpoints/iris/deployments/blue",
        "deployment blue of endpoint iris",
        frozenset({EGRESS, QUOTA}),
        not_there_is_fine=True,
    ),
    "endpoint": Resource(
        "*/onlineendpoints/iris", "endpoint iris", frozenset({PULL, BLOBS, PRIVATE, RESOLVES}), "post"
    ),
    "deployment": Resource(
        "*/onlineendpoints/iris/deployments/blue",
        "deployment blue of endpoint iris",
        frozenset({EGRESS, BLOBS}),
        "post",
    ),
    "private endpoint": Resource(
        "*/privateendpoints/contoso-ml-pe", "private endpoint contoso-ml-pe", frozenset({PRIVATE}), "post"
    ),
    "DNS zone groups": Resource(
        "*/privateendpoints/contoso-ml-pe/privatednszonegroups",
        "the DNS zone groups of private endpoint contoso-ml-pe",
        frozenset({PRIVATE}),
        "post",
    ),
}

FAULTS = {
    "403": ("{kind: deny, resource: '%s'}", r"HTTP 403 AuthorizationFailed"),
    "404 of the question": (
        "{kind: vanish, code: InvalidResourceType, resource: '%s'}",
        r"HTTP 404 InvalidResourceType",
    ),
    "409": (
        "{kind: status, status: 409, code: MissingSubscriptionRegistration, resource: '%s'}",
        r"HTTP 409 MissingSubscriptionRegistration",
    ),
    # Azure asks for a short pause here, or azure-core's own would take five seconds.
    "429": ("{kind: throttle, retry_after: 0.01, resource: '%s'}", r"HTTP 429 TooManyRequests"),
    "500": ("{kind: status, status: 500, retry_after: 0.01, resource: '%s'}", r"HTTP 500 InternalServerError"),
    "503": ("{kind: status, status: 503, code: ServerBusy, retry_after: 0.01, resource: '%s'}", r"HTTP 503 ServerBusy"),
    "reset": ("{kind: reset, resource: '%s'}", r"Connection(Broken|Failed)"),
    "truncated": ("{kind: truncate, resource: '%s'}", r"(MalformedAnswer|ConnectionBroken)"),
    "malformed": ("{kind: garble, resource: '%s'}", r"MalformedAnswer"),
}

# pytester forgets what a run imported, and hypothesis' own plugin then takes longer to come back than the run itself.
QUICKLY = ("-p", "no:xdist")


class Run(NamedTuple):
    """How a run over some checks of the example ended."""

    code: int
    outcomes: dict[str, str]
    text: str


def run(example: pytest.Pytester, fault: str, phase: str, *arguments: str) -> Run:
    """A run of the nine checks' share in a phase, in this process, with a fault in the world."""
    world = example.path / "world.yml"
    world.write_text(f"{world.read_text(encoding='utf-8')}\nfaults: [{fault}]\n", encoding="utf-8")
    return run_unchanged(example, phase, *arguments)


def run_unchanged(example: pytest.Pytester, phase: str, *arguments: str) -> Run:
    """The same over the world as it stands."""
    ids = [f"aml-preflight/{name.replace('::', '.py::check_')}" for name in sorted(CHECKS[phase])]
    result = example.runpytest_inprocess(*QUICKLY, "-rs", "-v", "--aml-phase", phase, *arguments, *ids)
    text = result.stdout.str()
    lines = re.findall(
        r"^aml-preflight/(\w+)\.py::check_(\w+)\[\S+\] (PASSED|FAILED|ERROR|SKIPPED)", text, re.MULTILINE
    )
    outcomes = {f"{topic}::{name}": word for topic, name, word in lines}
    assert set(outcomes) == CHECKS[phase], text
    return Run(int(result.ret), outcomes, text)


def hold(found: Run, resource: Resource, words: str) -> None:
    """One check says why, with status and code; the others that need the resource were not reached; none passes."""
    needing = sorted(found.outcomes[check] for check in resource.checks & CHECKS[resource.phase])
    assert found.code == COULD_NOT_LOOK, found.text
    assert needing == ["ERROR"] + ["SKIPPED"] * (len(needing) - 1), found.text
    assert re.search(f"{re.escape(resource.words)} is unreadable: {words}", found.text), found.text
    if len(needing) > 1:
        assert f"not reached: {resource.words} is unreadable" in found.text


@pytest.mark.parametrize("phase", CHECKS)
def test_without_a_fault_every_one_of_these_checks_passes(example: pytest.Pytester, phase: str) -> None:
    """Or the tests below would prove nothing."""
    found = run_unchanged(example, phase)

    assert set(found.outcomes.values()) == {"PASSED"}
    assert found.code == pytest.ExitCode.OK


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_that_cannot_be_read_ends_in_no_pass(example: pytest.Pytester, name: str, fault: str) -> None:
    """The first check that needs it is an ERROR with status and code, the rest say that they were not reached."""
    resource, (line, words) = RESOURCES[name], FAULTS[fault]

    found = run(example, line % resource.path, resource.phase)

    hold(found, resource, words)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_that_does_not_answer_ends_in_no_pass(example: pytest.Pytester, name: str) -> None:
    """Silence is asked twice, and then told."""
    resource = RESOURCES[name]

    found = run(
        example, f"{{kind: slow, seconds: 1.3, resource: '{resource.path}'}}", resource.phase, "--aml-timeout", "1"
    )

    hold(found, resource, "Timeout")


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_that_is_not_there_ends_in_no_pass(example: pytest.Pytester, name: str) -> None:
    """Absence is a verdict where a check answers for it, else an ERROR; only a first deployment lacks one."""
    resource = RESOURCES[name]

    found = run(example, f"{{kind: vanish, resource: '{resource.path}'}}", resource.phase)

    needing = sorted(found.outcomes[check] for check in resource.checks & CHECKS[resource.phase])
    if resource.not_there_is_fine:
        assert set(needing) == {"PASSED"}
        return
    failed = "FAILED" in found.outcomes.values()
    assert found.code == (pytest.ExitCode.TESTS_FAILED if failed else COULD_NOT_LOOK), found.text
    assert needing in (
        ["ERROR"] + ["SKIPPED"] * (len(needing) - 1),
        ["FAILED"] + ["SKIPPED"] * (len(needing) - 1),
    ), found.text
    assert f"{resource.words} does not exist" in found.text


@pytest.mark.parametrize("phase", CHECKS)
def test_a_token_that_cannot_be_had_ends_in_no_pass(example: pytest.Pytester, phase: str) -> None:
    """Then nothing of Azure can be read, which is said once."""
    found = run(example, "{kind: token}", phase)

    assert found.code == COULD_NOT_LOOK
    assert set(found.outcomes.values()) == {"ERROR", "SKIPPED"}
    assert "not signed in: no identity gave a token" in found.text


@pytest.mark.parametrize("phase", CHECKS)
def test_an_azure_that_refuses_connections_ends_in_no_pass(
    example: pytest.Pytester, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens where the cloud should describe itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"https://127.0.0.1:{free.getsockname()[1]}/metadata/endpoints"

    found = run_unchanged(example, phase, "-o", "aml_emulator=", "--aml-cloud", nowhere)

    assert found.code == COULD_NOT_LOOK
    assert set(found.outcomes.values()) == {"ERROR", "SKIPPED"}
    assert f"cloud metadata at {nowhere} is unreadable: ConnectionFailed" in found.text
