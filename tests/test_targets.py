"""What is inspected, from what was named."""

import pytest

from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec
from pytest_amlpreflight.facts.target import Level, targets_at
from pytest_amlpreflight.run.settings.config_files import workspace_id
from pytest_amlpreflight.run.targets.targets import choose_targets

ONE, TWO = workspace_id("s", "g", "one"), workspace_id("s", "g", "two")


def ids(*arguments: object) -> list[str]:
    """The ids of the targets that come out, sorted."""
    return sorted(str(target) for target in choose_targets(*arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("workspaces", "endpoints", "deployments", "expected"),
    [
        ([ONE], [], [], ["one"]),
        ([ONE, TWO], ["iris"], [], ["one/iris", "two/iris"]),
        ([ONE], ["iris"], ["blue", "green"], ["one/iris/blue", "one/iris/green"]),
        ([ONE], [], ["iris/blue"], ["one/iris/blue"]),
        ([ONE], [], [DeploymentSpec("blue", "iris")], ["one/iris/blue"]),
        ([ONE], [EndpointSpec("iris")], [DeploymentSpec("blue", "iris")], ["one/iris/blue"]),
        ([ONE], ["iris", "rose"], ["iris/blue"], ["one/iris/blue", "one/rose"]),
    ],
)
def test_targets_follow_from_what_was_named(
    workspaces: object, endpoints: object, deployments: object, expected: list[str]
) -> None:
    """Every workspace with every endpoint, and deployments where they belong."""
    assert ids(workspaces, endpoints, deployments) == expected


@pytest.mark.parametrize(
    ("endpoints", "deployment", "sentence"),
    [
        (["iris"], DeploymentSpec("blue", "rose"), "endpoint_name 'rose' is not the endpoint given, 'iris'"),
        (["iris"], "rose/blue", "endpoint 'rose' is not the one given, 'iris'"),
        ([], "blue", "--aml-deployment blue: needs --aml-endpoint; ENDPOINT/blue says which"),
        (["iris", "rose"], "blue", "could belong to any of 'iris' or 'rose'"),
    ],
)
def test_a_deployment_without_a_place_is_a_usage_error(endpoints: list[str], deployment: object, sentence: str) -> None:
    """It is not guessed which endpoint was meant."""
    with pytest.raises(pytest.UsageError, match=sentence):
        choose_targets([ONE], endpoints, [deployment])  # type: ignore[list-item]


def test_a_level_sees_each_target_once() -> None:
    """Two deployments of one endpoint are one endpoint and one workspace to the checks above them."""
    targets = choose_targets([ONE], ["iris"], ["blue", "green"])

    seen = {level: [str(target) for target in targets_at(level, targets)] for level in Level}

    assert seen == {
        Level.WORKSPACE: ["one"],
        Level.ENDPOINT: ["one/iris"],
        Level.DEPLOYMENT: ["one/iris/blue", "one/iris/green"],
    }


def test_a_target_knows_the_lowest_resource_it_names() -> None:
    """JUnit shows the ARM id a check is about."""
    target = choose_targets([ONE], ["iris"], ["blue"])[0]

    assert target.resource_id == f"{ONE}/onlineEndpoints/iris/deployments/blue"
    assert target.at(Level.WORKSPACE).resource_id == str(ONE)


def test_a_target_shows_no_more_than_its_id() -> None:
    """Allure and `--setup-show` print parameters with `repr`; a spec's variables may hold a key."""
    spec = DeploymentSpec("blue", "iris", environment_variables={"KEY": "planted"})

    target = choose_targets([ONE], [], [spec])[0]

    assert repr(target) == "one/iris/blue"


def a_file(path: str, name: str = "blue") -> DeploymentSpec:
    """A deployment of endpoint iris, read from that file."""
    return DeploymentSpec(name, "iris", source=Source(path))


@pytest.mark.parametrize(
    ("endpoints", "deployments", "sentence"),
    [
        ([], [a_file("good.yml"), a_file("bad.yml")], "good.yml and bad.yml are both deployment iris/blue"),
        (["iris"], ["blue", a_file("bad.yml")], "--aml-deployment blue and bad.yml are both deployment iris/blue"),
        (
            [EndpointSpec("iris", source=Source("a.yml")), EndpointSpec("iris", source=Source("b.yml"))],
            [],
            "a.yml and b.yml are both endpoint iris; inspect each in a run of its own",
        ),
    ],
)
def test_two_files_of_one_name_are_refused_and_both_named(
    endpoints: list[object], deployments: list[object], sentence: str
) -> None:
    """Only one of them could be judged, and a run must not be green over the other."""
    with pytest.raises(pytest.UsageError, match=sentence):
        choose_targets([ONE], endpoints, deployments)  # type: ignore[arg-type]
