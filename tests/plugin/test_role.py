"""The least-privilege role: enough for every answer, and every action of it needed."""

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from judging import checks_of

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.notation import read
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import FactUnreadable, NotRead
from pytest_amlpreflight.graph.fact import FACTS
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.graph.readings import RunReadings
from pytest_amlpreflight.readers.connection.azure import Azure, ConnectionSettings
from pytest_amlpreflight.readers.connection.permissions import needed_permissions
from pytest_amlpreflight.readers.project.spec_file import read_deployment_spec, read_endpoint_spec
from pytest_amlpreflight.verdict import PHASES, NotApplicable

EXAMPLE = Path(__file__).parents[2] / "example_project"
SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
WORKSPACE = f"{SUBSCRIPTION}/resourceGroups/ml-prod/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml"
CALLERS_ROLE = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/1b7c3e52-preflight"

CONTENT = {"workspace::diagnosis_is_clean"}
"""Without the permission it is skipped and says so: its question is Azure's, and no other check depends on it."""

OF_FILES = ("spec", "code", "environment", "template", "local")
"""Topics that look at files and processes of this machine, for which nobody's permission is needed."""

Serve = Callable[[tuple[str, ...]], Emulator]


def world_of(actions: tuple[str, ...]) -> dict[str, object]:
    """The example world, with a caller who holds these actions and no others, and an Azure that looks."""
    world = read(EXAMPLE / "world.yml")
    world["caller"] |= {"enforced": True}
    on_data = set(needed_permissions().data_actions)
    permission = {
        "actions": [one for one in actions if one not in on_data],
        "notActions": [],
        "dataActions": [one for one in actions if one in on_data],
        "notDataActions": [],
    }
    kind = "Microsoft.Authorization/roleDefinitions"
    role = {"roleName": "preflight", "type": "CustomRole", "permissions": [permission]}
    world["resources"].append({"id": CALLERS_ROLE, "name": "1b7c3e52-preflight", "type": kind, "properties": role})
    for one in world["resources"]:
        if (one.get("properties") or {}).get("principalId") == world["caller"]["objectId"]:
            one["properties"]["roleDefinitionId"] = CALLERS_ROLE
    return world


def everything() -> tuple[str, ...]:
    """The whole role: its actions and its data actions."""
    return needed_permissions().actions + needed_permissions().data_actions


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start an Azure whose caller holds exactly these actions; the one before it is stopped."""
    started: list[Emulator] = []

    def start(actions: tuple[str, ...]) -> Emulator:
        while started:
            started.pop().stop()
        path = tmp_path / "world.json"
        path.write_text(json.dumps(world_of(actions)), encoding="utf-8")
        emulator = Emulator(path)
        emulator.start()
        started.append(emulator)
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        return emulator

    yield start
    while started:
        started.pop().stop()


def facts_of(emulator: Emulator, phase: str) -> Callable[[str], object]:
    """A fresh look at the example's deployment."""
    connection = ConnectionSettings(
        emulator.metadata_url,
        timeout=5,
        dns_server=emulator.dns_server,
        azure_dns=emulator.azure_dns,
        backoff=0,
        connect_to=tuple(emulator.connect_to.split()),
    )
    workspace = parse_resource_id(WORKSPACE)
    assert workspace
    endpoint = read_endpoint_spec(Path("endpoint.yml"), EXAMPLE)
    deployment = read_deployment_spec(Path("deployments/blue.yml"), EXAMPLE)
    target = Target(workspace, "iris", "blue", endpoint, deployment)
    readings = RunReadings(Azure(connection), RunOptions(phase))
    return lambda name: readings.read(name, target)


def needs_of_checks(phase: str) -> dict[str, list[str]]:
    """The facts that each check of a phase takes, by the check's id."""
    return {
        name: [one for one in inspect.signature(check).parameters if one in FACTS]
        for name, check in checks_of(phase).items()
        if name.partition("::")[0] not in OF_FILES
    }


def refused(read: Callable[[str], object], needs: list[str]) -> set[str]:
    """The permissions for lack of which Azure kept these facts to itself."""
    lacking = set()
    for need in needs:
        try:
            read(need)
        except FactUnreadable as problem:
            if problem.status == 403:
                lacking.add(problem.permission or f"nothing named for {problem.resource}")
        except (NotRead, NotApplicable, LookupError):
            pass  # another question than that of permissions
    return lacking


@pytest.mark.parametrize("phase", PHASES)
def test_every_action_of_the_role_is_needed_by_exactly_the_checks_that_ask_for_it(serve: Serve, phase: str) -> None:
    """With the whole role nothing is refused; without one action, the checks that ask for it go unanswered."""
    role = everything()
    emulator = serve(role)
    asking: dict[str, set[str]] = {}
    for check, needs in needs_of_checks(phase).items():
        emulator.asked.clear()
        assert not refused(facts_of(emulator, phase), needs), check
        asking[check] = set(emulator.asked)

    for action in sorted(set().union(*asking.values())):
        facts = facts_of(serve(tuple(one for one in role if one.lower() != action.lower())), phase)
        unanswered = {check for check, needs in needs_of_checks(phase).items() if refused(facts, needs)}

        assert unanswered - CONTENT == {check for check, asked in asking.items() if action in asked} - CONTENT, action


def test_a_run_with_exactly_the_role_has_no_error(example: pytest.Pytester) -> None:
    """The caller of the example holds the role and nothing else: no check goes unanswered for lack of a permission."""
    (example.path / "world.yml").write_text(json.dumps(world_of(everything())), encoding="utf-8")

    result = example.runpytest_inprocess("-p", "no:xdist", "-rA", "aml-preflight")

    assert result.parseoutcomes().get("errors", 0) == 0
    result.stdout.no_fnmatch_line("*permissions that would have answered*")
    result.stdout.fnmatch_lines(["application * may not create online endpoints", "FAILED *check_deployer_may_deploy*"])


def test_a_run_says_which_permission_would_have_answered_the_rest(example: pytest.Pytester) -> None:
    """Each refused permission is listed once, with the number of tests it would have answered."""
    action = "Microsoft.Authorization/locks/read"
    actions = tuple(one for one in everything() if one != action)
    (example.path / "world.yml").write_text(json.dumps(world_of(actions)), encoding="utf-8")

    result = example.runpytest_inprocess("-p", "no:xdist", "aml-preflight")

    result.stdout.fnmatch_lines(
        [
            "*HTTP 403 AuthorizationFailed*",
            "*permissions that would have answered the rest*",
            f"{action}  (1 test)",
            "*pytest --aml-role | az role definition create --role-definition @-",
        ]
    )


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("secret-vault-turns-us-away", "Client address is not authorized and caller is not a trusted service."),
        ("image-registry-turns-us-away", "client with IP '203.0.113.7' is not allowed access"),
        ("model-storage-turns-us-away", "HTTP 403 AuthorizationFailure"),
    ],
)
def test_a_firewall_is_opened_by_no_permission(example: pytest.Pytester, failure: str, words: str) -> None:
    """The service's own words stand there, and none of its read permissions is said to have been lacking."""
    result = example.runpytest_inprocess(
        "-p", "no:xdist", "--aml-phase", "post", "--aml-failure", failure, "aml-preflight"
    )

    assert words in result.stdout.str()
    result.stdout.no_fnmatch_line("*permissions that would have answered*")


def test_the_summary_survives_xdist(example: pytest.Pytester) -> None:
    """What a worker was refused, the controller lists."""
    arguments = ("-n2", "--aml-failure", "workspace-unreadable", "aml-preflight")

    result = example.runpytest_subprocess(*arguments)

    result.stdout.fnmatch_lines(["*Microsoft.MachineLearningServices/workspaces/read  (* tests)"])


def test_the_role_is_printed_as_the_azure_cli_takes_it(example: pytest.Pytester) -> None:
    """JSON and nothing else, assignable in the subscription of the workspace that is configured."""
    result = example.runpytest_inprocess("--aml-role")

    role = json.loads(result.stdout.str())
    assert result.ret == pytest.ExitCode.OK
    assert role["AssignableScopes"] == [SUBSCRIPTION]
    assert role["Actions"] == list(needed_permissions().actions)
    assert not [action for action in role["Actions"] if action.lower().endswith(("/write", "/delete", "*"))]


def test_the_role_needs_a_subscription(pytester: pytest.Pytester) -> None:
    """Without a workspace there is nowhere the role could be assigned."""
    result = pytester.runpytest_inprocess("--aml-role")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--aml-role needs a workspace*"])
