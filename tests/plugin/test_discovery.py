"""What nobody named is looked up once."""

import json
from pathlib import Path

import pytest
from building import in_world

from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.facts.unread import FactAbsent, FactUnreadable
from pytest_amlpreflight.reporting.ending import COULD_NOT_LOOK
from pytest_amlpreflight.run.settings.config_files import workspace_id
from pytest_amlpreflight.run.targets.discovery import Discovery

OPEN = ("-o", "aml_endpoint=", "-o", "aml_deployment=", "--aml-phase", "audit")
WORKSPACE = workspace_id("s", "g", "w")
FAULT = "faults:\n  - {{kind: deny, resource: '{}'}}\n"


def test_every_live_deployment_becomes_a_target(example: pytest.Pytester) -> None:
    """A workspace alone is enough: the header says what was found, the node ids hold it."""
    result = example.runpytest_inprocess(*OPEN, "-p", "no:xdist", "-v", "aml-preflight/deployment.py")

    result.stdout.fnmatch_lines(
        ["aml-preflight: contoso-ml/iris/blue, phase audit*", "*is_provisioned?contoso-ml/iris/blue? PASSED*"]
    )


def test_before_a_deployment_nothing_is_looked_up(example: pytest.Pytester) -> None:
    """What is about to be deployed is what the operator says."""
    result = example.runpytest_inprocess(
        "-o", "aml_endpoint=", "-o", "aml_deployment=", "-rs", "aml-preflight/network.py"
    )

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*no endpoint was given*"])


def test_workers_are_told(example: pytest.Pytester) -> None:
    """Under xdist the controller looks, so that all workers collect the same tests."""
    result = example.runpytest_subprocess(*OPEN, "-n", "2", "aml-preflight/deployment.py")

    result.assert_outcomes(passed=4)


def test_a_workspace_without_endpoints_says_so(example: pytest.Pytester) -> None:
    """Nothing live is no mistake, no silence, and not green either: nothing was looked at."""
    result = example.runpytest_inprocess(
        *OPEN, "-p", "no:xdist", "-rs", "--aml-failure", "endpoint-absent", "aml-preflight/deployment.py"
    )

    result.stdout.fnmatch_lines(["SKIPPED * workspace contoso-ml has no online endpoint"])
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize(
    ("denied", "words"),
    [
        ("*/onlineendpoints", "the endpoints of workspace contoso-ml are unreadable: HTTP 403 AuthorizationFailed"),
        ("*/deployments", "the deployments of endpoint iris are unreadable: HTTP 403 AuthorizationFailed"),
    ],
)
def test_what_could_not_be_looked_up_is_an_error(example: pytest.Pytester, denied: str, words: str) -> None:
    """Never a green run that looked at nothing: one ERROR, and `not reached` for the rest."""
    world = example.path / "world.yml"
    world.write_text(world.read_text(encoding="utf-8") + "\n" + FAULT.format(denied), encoding="utf-8")

    result = example.runpytest_inprocess(
        *OPEN, "-p", "no:xdist", "-rs", "aml-preflight/deployment.py", "aml-preflight/logs.py"
    )

    assert result.ret == COULD_NOT_LOOK
    assert result.parseoutcomes()["errors"] == 1
    result.stdout.fnmatch_lines([words, "SKIPPED * not reached: *"])


def test_a_discovery_survives_the_way_to_a_worker() -> None:
    """Names and problems alike, whatever kind of problem."""
    unread = FactUnreadable("the endpoints", status=403, code="AuthorizationFailed", detail="d", permission="a/read")
    absent = FactAbsent("workspace w")
    absent.facts.append("aml_workspace")
    found = Discovery({"/w": ("a", "b"), "/v": ()}, {"/x": unread, "/y": absent}, managed={"/w/onlineendpoints/a"})

    told = Discovery.of_text(json.loads(json.dumps(found.as_text())))

    assert (told.names, told.managed) == (found.names, found.managed)
    assert str(told.problems["/x"]) == str(unread)
    assert (str(told.problems["/y"]), told.problems["/y"].facts) == (str(absent), ["aml_workspace"])


def test_targets_are_filled_in_to_the_bottom() -> None:
    """Endpoints below a workspace, deployments below those; an endpoint without any stays, with a reason."""
    workspace = Target(WORKSPACE)
    key = workspace.resource_id.lower()
    found = Discovery({key: ("a", "b"), f"{key}/onlineendpoints/a": ("x", "y"), f"{key}/onlineendpoints/b": ()})

    targets = found.expand([workspace])

    assert [str(target) for target in targets] == ["w/a/x", "w/a/y", "w/b"]
    assert found.reason(targets[-1]) == "endpoint b has no deployment"
    assert found.reason(targets[0]) is None


CLUSTER = "aml-preflight/cluster.py"


def collected(example: pytest.Pytester, *arguments: str) -> set[str]:
    """The targets of the topic about clusters, as a run would have them."""
    run = example.runpytest_inprocess("-p", "no:xdist", "--collect-only", "-q", *arguments)
    lines = [line for line in run.outlines if line.startswith(CLUSTER)]
    return {line.partition("[")[2].rstrip("]") for line in lines}


def test_checks_of_clusters_are_left_out_where_the_endpoint_is_known_to_be_managed(example: pytest.Pytester) -> None:
    """By its YAML, or since it was looked up; one that was asked for by name is there and says why not."""
    assert collected(example, "aml-preflight") == set()
    assert collected(example, *OPEN, "aml-preflight") == set()
    assert collected(example, CLUSTER) == {"contoso-ml/iris/blue", "contoso-ml/iris"}


def test_checks_of_clusters_are_there_where_the_kind_of_endpoint_is_not_known(example: pytest.Pytester) -> None:
    """A live endpoint that is named is not looked up before the run; a Kubernetes endpoint has them all."""
    live = ("--aml-endpoint", "iris", "--aml-deployment", "blue", "--aml-phase", "post", "aml-preflight")

    assert collected(example, *live) >= {"contoso-ml/iris"}
    assert collected(example, *in_world("world-kubernetes.yml"), "aml-preflight") != set()


def test_the_world_holds_what_the_tests_mean(example: pytest.Pytester) -> None:
    """The example's own ini file names endpoint and deployment; these tests take them away."""
    assert "aml_endpoint" in Path(example.path / "pyproject.toml").read_text(encoding="utf-8")
