"""A run that was asked to check something and checks nothing is never green; a narrowed run of others' tests is."""

import pytest

OPEN = ("-o", "aml_endpoint=", "-o", "aml_deployment=")
OWN = "tests/test_release_gate.py::test_the_workspace_stays_in_our_region"


@pytest.fixture
def project(example: pytest.Pytester) -> pytest.Pytester:
    """The example with a unit test, and with a preflight that has to be asked for."""
    (example.path / "tests" / "test_unit.py").write_text("def test_unit():\n    pass\n")
    ini = example.path / "pyproject.toml"
    ini.write_text(ini.read_text().replace('addopts = "--aml"', ""))
    return example


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--aml", "-k", "unit"], "--aml looked at nothing: no check is among the selected tests"),
        (["--aml", "-k", "no_such_test"], "--aml looked at nothing: no check is among the selected tests"),
        (
            ["--aml-phase=pre", "tests/test_unit.py"],
            "--aml-phase looked at nothing: none of these tests takes an aml_*",
        ),
        (
            ["--aml-emulator", "world.yml", "tests/test_unit.py"],
            "--aml-emulator looked at nothing: none of these tests",
        ),
        (
            [*OPEN, "--aml", "-k", "family_quota"],
            "--aml looked at nothing: every check on the run was skipped for want",
        ),
    ],
)
def test_asked_and_nothing_checked_is_not_green(project: pytest.Pytester, arguments: list[str], reason: str) -> None:
    """The exit code is pytest's own for a run without tests, and a line says why."""
    result = project.runpytest_inprocess(*arguments)

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines([f"aml-preflight: {reason.replace('[', '[[]')}*"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["tests/test_unit.py"],
        ["-k", "unit"],
        ["--aml", "-k", "vault_admits"],
        ["--aml-phase=pre", OWN],
        ["--aml-emulator", "world.yml", "tests"],
        ["--aml", "--collect-only", "-k", "unit"],
    ],
)
def test_a_run_that_looks_or_was_not_asked_is_green(project: pytest.Pytester, arguments: list[str]) -> None:
    """Users' tests count as looking; a run that asked for nothing is left as it was."""
    result = project.runpytest_inprocess(*arguments)

    assert result.ret == pytest.ExitCode.OK
    assert "looked at nothing" not in result.stdout.str()


def test_asked_by_addopts_a_run_may_be_narrowed_to_other_tests(example: pytest.Pytester) -> None:
    """A team whose runs always take the checks still runs one unit test alone."""
    (example.path / "tests" / "test_unit.py").write_text("def test_unit():\n    pass\n")

    by_path, by_name = (example.runpytest_inprocess(*only) for only in (["tests/test_unit.py"], ["-k", "test_unit"]))

    assert (by_path.ret, by_name.ret) == (pytest.ExitCode.OK, pytest.ExitCode.OK)
    by_path.assert_outcomes(passed=1)


def test_under_xdist_the_controller_knows_that_nothing_was_checked(project: pytest.Pytester) -> None:
    """What the workers looked at comes with their reports."""
    empty = project.runpytest_inprocess("-n", "2", "--aml", "-k", "unit")
    looked = project.runpytest_inprocess("-n", "2", "--aml", "-k", "unit or vault_admits")

    assert empty.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert looked.ret == pytest.ExitCode.OK
