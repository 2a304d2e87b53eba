"""A run over many workspaces: what is found, what it is called, and that nobody's verdict depends on the others."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.emulator.faults import Fault

WORLD = Path(__file__).parents[2] / "example_project" / "world.yml"
AUDIT = ("-p", "no:xdist", "--aml-phase", "audit", "--aml-scope", "tenant")
SUBSCRIPTION = "5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6{}"
"""The subscriptions of a fleet are numbered down from 99999."""

Serve = Callable[..., Emulator]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start an emulated fleet and point every run of the test at it."""
    with ExitStack() as stack:

        def start(size: int, subscriptions: int = 1, *breaks: tuple[str, int]) -> Emulator:
            emulator = stack.enter_context(Emulator(WORLD, fleet=size, subscriptions=subscriptions, breaks=breaks))
            servers = {"AML_DNS_SERVER": emulator.dns_server, "AML_CONNECT_TO": emulator.connect_to}
            for name, value in {**emulator.environment, **servers, "AML_AZURE_DNS": emulator.azure_dns}.items():
                monkeypatch.setenv(name, value)
            return emulator

        yield start


def verdicts(result: pytest.RunResult) -> dict[str, str]:
    """The outcome of each check on each resource, without what a workspace is called for short."""
    lines = re.findall(r"^aml-preflight/(\S+) (PASSED|FAILED|ERROR|SKIPPED)", result.stdout.str(), re.MULTILINE)
    return {re.sub(r"\[([\w-]+)\.\w{6}", r"[\1", name): outcome for name, outcome in lines}


def test_a_tenant_is_found_listed_and_counted(pytester: pytest.Pytester, serve: Serve) -> None:
    """The header counts, the workspaces come by subscription and name, and none but those that are meant."""
    serve(5, 2)

    result = pytester.runpytest_inprocess(*AUDIT, "--collect-only", "--aml-exclude", "*3")

    ids = re.findall(r"check_workspace_is_ready\[(.*)\]", result.stdout.str())
    assert [one.partition(".")[0] for one in ids] == [f"contoso-ml0000{number}" for number in (1, 0, 2, 4)]
    result.stdout.fnmatch_lines(["*aml-preflight: 4 workspaces in 2 subscriptions, phase audit, cloud *"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--aml-scope", "Fabrikam"], "--aml-scope Fabrikam: subscription Fabrikam, among the 2 that you see"),
        (["--aml-scope", f"/subscriptions/{SUBSCRIPTION.format(99999)}/resourceGroups/none"], "no workspace that you"),
        (["--aml-scope", "/providers/Microsoft.KeyVault"], "is no scope"),
        (["--aml-scope", "tenant", "--aml-workspace", "dev-*"], "--aml-workspace dev-*: matches none of the 2"),
        (["--aml-scope", "tenant", "--aml-tag", "env=prod"], "--aml-exclude: leave none of the 2"),
        (["--aml-scope", "tenant", "--aml-tag", "env"], "'env' is not KEY=VALUE"),
        (["--aml-scope", "tenant", "--aml-shard", "3/2"], "'3/2' is no part of a whole"),
        (["--aml-workspace", "a-workspace", "--aml-tag", "env=prod"], "chooses among the workspaces of --aml-scope"),
    ],
)
def test_a_scope_that_holds_nothing_is_an_error(
    pytester: pytest.Pytester, serve: Serve, arguments: list[str], sentence: str
) -> None:
    """A mistake in what is to be audited must not end in a green run that looked at nothing."""
    serve(2, 2)

    result = pytester.runpytest_inprocess("--aml-phase", "audit", "-p", "no:xdist", *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{sentence.replace('[', '[[]')}*"])


@pytest.mark.parametrize(
    ("scopes", "ends"),
    [
        (["tenant"], ["99998", "99999"]),
        (
            [f"/subscriptions/{SUBSCRIPTION.format(12345)}/resourceGroups/g", SUBSCRIPTION.format(11111)],
            ["11111", "12345"],
        ),
    ],
)
def test_a_role_for_scopes_is_assignable_in_their_subscriptions(
    pytester: pytest.Pytester, serve: Serve, scopes: list[str], ends: list[str]
) -> None:
    """Those that the scopes name, else those of the workspaces that are found."""
    serve(2, 2)

    result = pytester.runpytest_inprocess("--aml-role", *(f"--aml-scope={scope}" for scope in scopes))

    assert result.ret == 0
    role = json.loads(result.stdout.str().partition("\n# ")[0])
    assert [scope[-5:] for scope in role["AssignableScopes"]] == ends


def test_the_parts_of_a_fleet_are_the_whole(pytester: pytest.Pytester, serve: Serve) -> None:
    """Each workspace is in one part, called as it is in the whole."""
    serve(6, 2)

    whole, one, two = (
        re.findall(
            r"is_provisioned\[(\S+)\]", pytester.runpytest_inprocess(*AUDIT, "--collect-only", "-q", *part).stdout.str()
        )
        for part in ([], ["--aml-shard", "1/2"], ["--aml-shard", "2/2"])
    )

    assert sorted(whole) == sorted(one + two)
    assert one
    assert two


def test_a_fleet_s_verdicts_are_those_of_single_runs(pytester: pytest.Pytester, serve: Serve) -> None:
    """Whatever is broken next door, each workspace is judged as if it were alone."""
    serve(4, 2, ("key-vault-turns-trusted-services-away", 1), ("workspace-failed", 1))

    run = pytester.runpytest_inprocess(*AUDIT, "-v")
    together = verdicts(run)
    alone = dict[str, str]()
    for number in range(4):
        group = f"/subscriptions/{SUBSCRIPTION.format(99999 - number % 2)}/resourceGroups/ml-prod0000{number}"
        workspace = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/contoso-ml0000{number}"
        single = ("--aml-phase", "audit", "-p", "no:xdist", "-v", "--aml-workspace", workspace)
        alone |= verdicts(pytester.runpytest_inprocess(*single))

    assert together == alone
    assert {name.partition("[")[2][:15] for name, outcome in together.items() if outcome == "FAILED"} == {
        "contoso-ml00000",
        "contoso-ml00001",
    }
    run.stdout.fnmatch_lines([f"  fix: *az keyvault update *--subscription {SUBSCRIPTION.format(99999)}"])


def test_a_subscription_that_is_denied_costs_only_itself(pytester: pytest.Pytester, serve: Serve) -> None:
    """What was to be read of its workspaces themselves is an ERROR, with the reason; nothing of the others is."""
    emulator = serve(4, 2)
    emulator.world.faults.append(Fault("deny", f"/subscriptions/{SUBSCRIPTION.format(99998)}*"))

    found = verdicts(pytester.runpytest_inprocess(*AUDIT, "-v"))

    denied = {outcome for name, outcome in found.items() if re.search(r"ml0000[13]", name)}
    others = {outcome for name, outcome in found.items() if re.search(r"ml0000[02]", name)}
    assert denied == {"ERROR", "SKIPPED", "PASSED"}  # what rows of Resource Graph prove
    assert others == {"PASSED", "SKIPPED"}


def test_what_an_interrupted_run_did_not_look_at_is_named(pytester: pytest.Pytester, serve: Serve) -> None:
    """What was found until then is reported; the rest must not pass for well."""
    serve(3)
    pytester.makepyfile(
        ctrl_c="""
        def pytest_runtest_logstart(nodeid):
            if "contoso-ml00001" in nodeid:
                raise KeyboardInterrupt
        """
    )

    result = pytester.runpytest_subprocess("-p", "ctrl_c", *AUDIT)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["aml-preflight: not looked at, since the run ended early: *ml00001.*, *ml00002.*"])
    result.stdout.no_fnmatch_line("*not looked at*ml00000*")


def test_workers_get_whole_workspaces(pytester: pytest.Pytester, serve: Serve) -> None:
    """No workspace is judged by two workers, every one is looked at, and a subscription is read by one of them; they
    sign in once. With `-v`, what passed by rows of Resource Graph says how old they are.
    """
    emulator = serve(6, 2)

    result = pytester.runpytest_subprocess(*AUDIT[2:], "-n", "2", "-v")

    tests = re.findall(r"\[(gw\d)\].*aml-preflight/\S+\[contoso-(ml\d+)\.", result.stdout.str())
    assert sorted({workspace for _, workspace in set(tests)}) == [f"ml0000{number}" for number in range(6)]
    assert len(set(tests)) == 6
    assert re.search(r"aml-preflight: requests: \d+ of ARM, \d+ of resource graph", result.stdout.str())
    assert "check_workspace_is_ready" in "".join(
        line for line in result.stdout.lines if re.search(r"PASSED \(Resource Graph, \d+ s ago\)", line)
    )
    asked = Counter((one.method, one.host, one.path, one.query) for one in emulator.requests if one.method == "GET")
    of_each_process = ("workspaceoperationsstatus", "/metadata/endpoints")
    twice = [path for (_, _, path, _), times in asked.items() if times > 1]
    assert [path for path in twice if not any(part in path.lower() for part in of_each_process)] == []
    assert sum(one.path == "/msi/token" for one in emulator.requests) == 3


def test_each_scope_has_a_past_of_its_own(pytester: pytest.Pytester, serve: Serve) -> None:
    """What another scope, or another part of it, held is neither mended nor left out; nor is its waiver unused."""
    serve(2, 2, ("key-vault-turns-trusted-services-away", 2))
    pytester.makefile(
        ".yml", w="- {check: storage::*, target: /subscriptions/**, reason: r, owner: o, until: 2099-01-01}"
    )
    history = ("--aml-history=h", "--aml-waivers=w.yml", "--aml-waivers-strict")

    for asked in (("tenant",), (SUBSCRIPTION.format("99998"),), ("tenant", "--aml-shard", "1/2")):
        last = pytester.runpytest_inprocess(*AUDIT[:-1], *asked, *history, "-q")

    selections = {
        json.loads(path.read_text("utf-8").splitlines()[0])["selection"] for path in pytester.path.glob("h/*")
    }
    assert len(selections) == 3
    last.stdout.fnmatch_lines(["aml-preflight: the runs of the past had another selection: nothing is compared"])
    last.stdout.no_fnmatch_line("*no failure needs the waiver*")


def test_a_workspace_more_costs_a_fleet_what_it_alone_can_tell(pytester: pytest.Pytester, serve: Serve) -> None:
    """Eight reads of Resource Manager (its assets, connection and compute, an identity's grants, the diagnosis), two
    actions (the diagnosis, a log), and four requests of its own hosts; all else is asked for many at once.
    """

    def asked(size: int) -> Counter[str]:
        emulator = serve(size)
        result = pytester.runpytest_inprocess(*AUDIT)
        assert result.ret == pytest.ExitCode.OK
        own = (one for one in emulator.requests if not one.host.startswith("127.0.0.1"))
        return Counter(f"{one.method} of Azure" if one.host.startswith("localhost") else "its hosts" for one in own)

    few, more = asked(2), asked(6)

    assert {what: (more[what] - few[what]) / 4 for what in more} == {
        "GET of Azure": 8, "POST of Azure": 2, "its hosts": 4,
    }  # fmt: skip


def test_the_checks_of_one_target_share_its_parameters(pytester: pytest.Pytester, serve: Serve) -> None:
    """For each test pytest copies them, and a fleet has tens of thousands."""
    serve(3)

    items, _ = pytester.inline_genitems(*AUDIT)

    about = {(str(item.callspec.id), id(item.callspec)) for item in items}  # type: ignore[attr-defined]
    assert len(items) > 200
    assert len(about) == len({name for name, _ in about})
