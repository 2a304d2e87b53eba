"""The built-in checks on the run: every way in which pytest selects, orders and reports tests works for them."""

import re
from xml.etree import ElementTree

import pytest

VAULT = "aml-preflight/key_vault.py::check_vault_admits_trusted_services[contoso-ml]"
BROKEN = ("--aml-failure", "key-vault-turns-trusted-services-away")


def run(example: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """The example's run, in this process."""
    return example.runpytest_inprocess(*arguments)


def passed(result: pytest.RunResult) -> int:
    """How many tests passed."""
    return result.parseoutcomes().get("passed", 0)


def test_a_plain_run_collects_the_built_in_checks_before_the_users_tests(example: pytest.Pytester) -> None:
    """With a workspace configured the suite joins the run, first."""
    result = run(example, "--collect-only", "-q")

    lines = [line for line in result.outlines if "::" in line]
    assert lines[0].startswith("aml-preflight/")
    assert lines[-1].startswith("tests/test_release_gate.py::")


def test_a_node_id_pasted_back_runs_that_check_alone(example: pytest.Pytester) -> None:
    """The id that a failing run prints is an argument like any other."""
    result = run(example, VAULT)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("prefix", ["../", "./"])
def test_a_node_id_is_understood_relative_to_where_pytest_was_started(example: pytest.Pytester, prefix: str) -> None:
    """Pytest prints ids relative to the working directory, so the suite's may start with dots."""
    result = run(example, prefix + "aml-preflight/key_vault.py")

    assert passed(result) >= 1
    assert "workspace::" not in result.stdout.str()


def test_a_node_id_that_is_none_is_a_usage_error(example: pytest.Pytester) -> None:
    """A typo must not become a green run over nothing."""
    result = run(example, "aml-preflight/key_vault.py::check_nothing")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: not found in phase pre: aml-preflight/key_vault.py::check_nothing"])


def test_a_node_id_of_a_users_test_leaves_the_suite_out(example: pytest.Pytester) -> None:
    """Who asks for one test gets one test."""
    result = run(example, "tests/test_release_gate.py::test_the_workspace_stays_in_our_region")

    result.assert_outcomes(passed=1)


def test_keywords_select_checks(example: pytest.Pytester) -> None:
    """`-k` matches names of checks."""
    result = run(example, "-k", "vault_admits")

    assert passed(result) == 1


def test_the_marker_selects_a_topic(example: pytest.Pytester) -> None:
    """`-m` takes the marker with its arguments."""
    result = run(example, "-m", "aml_check(topic='quota')", "--collect-only", "-q")

    topics = {line.split("::")[0] for line in result.outlines if line.startswith("aml-preflight/")}
    assert topics == {"aml-preflight/quota.py"}


def test_deselect_takes_a_check_out(example: pytest.Pytester) -> None:
    """`--deselect` takes the suite's ids."""
    result = run(example, "--collect-only", "-q", "--deselect", VAULT)

    assert VAULT not in result.outlines


def test_last_failed_runs_the_failed_check_again(example: pytest.Pytester) -> None:
    """`--lf` finds a built-in check although no file has its name, beside a failed test of the user's."""
    example.makepyfile(test_red="def test_red():\n    assert False\n")
    run(example, *BROKEN, ".")

    result = run(example, *BROKEN, "--lf", ".")

    result.assert_outcomes(failed=2, deselected=result.parseoutcomes()["deselected"])


def test_stepwise_goes_on_at_the_failed_check(example: pytest.Pytester) -> None:
    """`--sw` stops at the failure and starts there the next time."""
    stopped = run(example, *BROKEN, "--sw")

    result = run(example, "--sw", "-v")

    assert stopped.parseoutcomes()["failed"] == 1
    first = next(line for line in result.outlines if line.startswith("aml-preflight/"))
    assert first.startswith(f"{VAULT} PASSED")


def test_junit_says_what_a_check_is_about(example: pytest.Pytester) -> None:
    """Passes and failures carry the check's id, the codes it explains, its hint and the resource."""
    run(example, *BROKEN, "--junitxml=preflight.xml")

    tree = ElementTree.parse(example.path / "preflight.xml")
    case = next(case for case in tree.iter("testcase") if "vault_admits" in case.attrib["name"])
    properties = {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
    assert properties["aml_check"] == "key_vault::vault_admits_trusted_services"
    assert properties["aml_explains"] == "BadRequest"
    assert properties["aml_resource_id"].endswith("/workspaces/contoso-ml")
    assert properties["aml_hint"].startswith("https://learn.microsoft.com/")
    assert case.find("failure") is not None


def test_a_failure_names_the_section_to_read(example: pytest.Pytester) -> None:
    """The hint is a command that works offline, and the place in Microsoft's guide."""
    result = run(example, *BROKEN, VAULT)

    result.stdout.fnmatch_lines(
        [
            "key vault contoso-ml-kv turns trusted Azure services away",
            "*found:*networkAcls.bypass = 'None'*",
            "*fix:*az keyvault update --name contoso-ml-kv --resource-group ml-prod --bypass AzureServices",
            "*hint*",
            "pytest --aml-explain key_vault::vault_admits_trusted_services",
        ]
    )


def test_under_xdist_one_workspace_stays_on_one_worker(example: pytest.Pytester) -> None:
    """With `--dist loadgroup` all checks of a workspace share its facts."""
    result = example.runpytest("-n", "2", "--dist", "loadgroup", "-v")

    workers = set(re.findall(r"\[(gw\d)\][^\n]*PASSED aml-preflight", result.stdout.str()))
    assert result.ret == 0
    assert len(workers) == 1


def test_under_xdist_a_pasted_node_id_runs_alone(example: pytest.Pytester) -> None:
    """Workers get the same selection as the controller."""
    result = example.runpytest("-n", "2", VAULT)

    result.assert_outcomes(passed=1)
