"""Not signed in is one message: what needs Azure was not reached, and what needs files alone has its answer."""

import pytest

REFUSED = "\nfaults:\n  - {kind: token, message: 'No identity is assigned.'}\n"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
FOREIGN = f"""
faults:
  - kind: status
    resource: "/subscriptions/*"
    status: 401
    code: InvalidAuthenticationTokenTenant
    message: >-
      The access token is from the wrong issuer. It must match the tenant
      'https://sts.windows.net/{TENANT}/' associated with this subscription.
"""


def run(example: pytest.Pytester, faults: str, *arguments: str) -> pytest.RunResult:
    """The example over its world with these faults."""
    world = example.path / "world.yml"
    world.write_text(world.read_text() + faults)
    return example.runpytest_inprocess("-rs", *arguments)


@pytest.mark.parametrize("phase", ["pre", "post", "audit"])
def test_there_is_one_error_and_the_rest_is_not_reached(example: pytest.Pytester, phase: str) -> None:
    """With what was tried, each source's reason, and how to sign in."""
    result = run(example, REFUSED, "--aml-phase", phase)

    text = result.stdout.str()
    assert result.parseoutcomes()["errors"] == 1
    assert "failed" not in result.parseoutcomes()
    assert text.count("  tried:    EnvironmentCredential") == 1
    assert "400, No identity is assigned." in text
    assert "fix:      az login" in text
    assert "not reached: not signed in" in text
    assert "is unreadable" not in text
    assert "DefaultAzureCredential failed to retrieve a token" not in text  # the SDK's own warning says it again


def test_it_is_said_before_the_first_result(example: pytest.Pytester) -> None:
    """Nobody waits for a run to learn that it could not look."""
    result = run(example, REFUSED)

    lines = result.stdout.lines
    first_result = next(at for at, line in enumerate(lines) if line.startswith("aml-preflight/"))
    assert any(line.startswith("aml-preflight: not signed in; fix: ") for line in lines[:first_result])


def test_what_needs_files_alone_is_answered(example: pytest.Pytester) -> None:
    """A YAML file can be judged by anybody."""
    result = run(example, REFUSED, "aml-preflight/spec.py::check_instance_count_is_valid", "-v")

    result.assert_outcomes(passed=1)
    assert "not signed in" not in result.stdout.str()


def test_workers_of_xdist_say_it_once(example: pytest.Pytester) -> None:
    """Each worker signs in for itself, and all agree on which test carries the message."""
    result = run(example, REFUSED, "-n", "2")

    assert result.parseoutcomes()["errors"] == 1
    assert result.stdout.str().count("  tried:    EnvironmentCredential") == 1


def test_a_token_of_another_tenant_is_the_same_kind_of_end(example: pytest.Pytester) -> None:
    """Signed in, but elsewhere: Resource Manager's own sentence, and the tenant to sign in to."""
    result = run(example, FOREIGN)

    text = result.stdout.str()
    assert result.parseoutcomes()["errors"] == 1
    assert "InvalidAuthenticationTokenTenant: The access token is from the wrong issuer" in text
    assert f"fix:      az login --tenant {TENANT}" in text
