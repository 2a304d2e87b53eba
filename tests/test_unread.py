"""Nothing unreadable ever passes: every fault on every resource that the first nine checks read, one at a time."""

import re
import socket
from collections.abc import Callable
from typing import NamedTuple

import pytest
import yaml
from judging import Said, emulated, judge

from pytest_amlpreflight.emulator.faults import Fault
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

Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """What the checks of a phase say of the example's world with a fault in it."""

    def run(fault: str, phase: str, only: frozenset[str] | None = None, timeout: float = 5) -> Said:
        with emulated(monkeypatch) as emulator:
            emulator.world.faults += [Fault(**one) for one in yaml.safe_load(f"[{fault}]")]
            return judge(emulator, phase, only, timeout=timeout)

    return run


def hold(found: Said, resource: Resource, words: str) -> None:
    """One check says why, with status and code; the others that need the resource were not reached; none passes."""
    needing = resource.checks & CHECKS[resource.phase]
    assert len(needing & found.errors) == 1, found.words
    assert needing - found.errors <= found.skips, found.words
    said = [found.words[check] for check in needing]
    assert any(re.search(f"{re.escape(resource.words)} (is|are) unreadable: {words}", one) for one in said), said
    not_reached = {f"not reached: {resource.words} {verb} unreadable" for verb in ("is", "are")}
    assert len(needing) == 1 or not_reached & set(said)


@pytest.mark.parametrize("phase", CHECKS)
def test_without_a_fault_every_one_of_these_checks_passes(run: Run, phase: str) -> None:
    """Or the tests below would prove nothing."""
    assert run("", phase, frozenset(CHECKS[phase])).passes == CHECKS[phase]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_that_cannot_be_read_ends_in_no_pass(run: Run, name: str, fault: str) -> None:
    """The first check that needs it is an ERROR with status and code, the rest say that they were not reached."""
    resource, (line, words) = RESOURCES[name], FAULTS[fault]

    found = run(line % resource.path, resource.phase, frozenset(CHECKS[resource.phase]))

    hold(found, resource, words)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_that_does_not_answer_ends_in_no_pass(run: Run, name: str) -> None:
    """Silence is asked twice, and then told."""
    resource = RESOURCES[name]

    fault = f"{{kind: slow, seconds: 1.3, resource: '{resource.path}'}}"
    found = run(fault, resource.phase, frozenset(CHECKS[resource.phase]), timeout=1)

    hold(found, resource, "Timeout")


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_that_is_not_there_ends_in_no_pass(run: Run, name: str) -> None:
    """Absence is a verdict where a check answers for it, else an ERROR; only a first deployment lacks one."""
    resource = RESOURCES[name]

    found = run(f"{{kind: vanish, resource: '{resource.path}'}}", resource.phase, frozenset(CHECKS[resource.phase]))

    needing = resource.checks & CHECKS[resource.phase]
    if resource.not_there_is_fine:
        assert needing <= found.passes
        return
    assert len(needing & (found.errors | found.blocks)) == 1, found.words
    assert needing - found.errors - found.blocks <= found.skips, found.words
    assert any(f"{resource.words} does not exist" in words for words in found.words.values())


PARTS = 6
"""Into how many tests the paths are dealt out, so that workers share them."""

OF_THE_DIAGNOSIS = ("/diagnose", "/workspaceoperationsstatus/")
"""A caller who may not run Azure's own diagnosis gets no answer from it, and needs none."""


def asked(phase: str) -> list[str]:
    """Every path of Azure Resource Manager that the checks of a phase ask for in the healthy world."""
    with pytest.MonkeyPatch.context() as monkeypatch, emulated(monkeypatch) as emulator:
        judge(emulator, phase)
        return sorted({request.path.lower() for request in emulator.requests if "/providers/" in request.path})


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("phase", ["pre", "post"])
def test_whatever_a_check_reads_its_refusal_is_never_a_pass_and_never_a_failure(
    run: Run, phase: str, part: int
) -> None:
    """For every path that the phase asks for: an ERROR says so, and no check fails for what nobody could see."""
    wrong = list[str]()
    for path in asked(phase)[part::PARTS]:
        found = run(f"{{kind: deny, resource: '{path}'}}", phase)
        silent = not found.errors and not any(part in path for part in OF_THE_DIAGNOSIS)
        if found.blocks or silent:
            wrong.append(f"{path}: blocks {sorted(found.blocks)}, errors {sorted(found.errors)}")

    assert wrong == []


def whole_run(example: pytest.Pytester, phase: str, *arguments: str) -> tuple[int, set[str], str]:
    """A whole session over the checks: exit code, outcomes, screen."""
    ids = [f"aml-preflight/{name.replace('::', '.py::check_')}" for name in sorted(CHECKS[phase])]
    result = example.runpytest_inprocess("-p", "no:xdist", "-v", "--aml-phase", phase, *arguments, *ids)
    text = result.stdout.str()
    lines = re.findall(r"^aml-preflight/\w+\.py::check_\w+\[\S+\] (PASSED|FAILED|ERROR|SKIPPED)", text, re.MULTILINE)
    return int(result.ret), set(lines), text


@pytest.mark.parametrize("phase", CHECKS)
def test_a_token_that_cannot_be_had_ends_in_no_pass(example: pytest.Pytester, phase: str) -> None:
    """Then nothing of Azure can be read, which is said once."""
    world = example.path / "world.yml"
    world.write_text(f"{world.read_text(encoding='utf-8')}\nfaults: [{{kind: token}}]\n", encoding="utf-8")

    code, outcomes, text = whole_run(example, phase)

    assert code == COULD_NOT_LOOK
    assert outcomes == {"ERROR", "SKIPPED"}
    assert "not signed in: no identity gave a token" in text


@pytest.mark.parametrize("phase", CHECKS)
def test_an_azure_that_refuses_connections_ends_in_no_pass(
    example: pytest.Pytester, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens where the cloud should describe itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"https://127.0.0.1:{free.getsockname()[1]}/metadata/endpoints"

    code, outcomes, text = whole_run(example, phase, "-o", "aml_emulator=", "--aml-cloud", nowhere)

    assert code == COULD_NOT_LOOK
    assert outcomes == {"ERROR", "SKIPPED"}
    assert f"cloud metadata at {nowhere} is unreadable: ConnectionFailed" in text
