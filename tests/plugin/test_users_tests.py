"""Users' own tests take the same fixtures and may carry the same marker."""

import pytest


def run(example: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """The run over the example, in this process."""
    return example.runpytest_inprocess(*arguments)


def test_an_overridden_fixture_wins(example: pytest.Pytester) -> None:
    """A root conftest.py replaces a fact for the built-in checks as well."""
    example.makeconftest(
        """
        import dataclasses
        import pytest

        @pytest.fixture(scope="session")
        def aml_workspace(aml_workspace):
            return dataclasses.replace(aml_workspace, v1_legacy_mode=True)
        """
    )

    result = run(example, "aml-preflight/workspace.py::check_workspace_allows_v2_apis")

    result.assert_outcomes(failed=1)


def test_a_marked_test_stays_out_of_other_phases(example: pytest.Pytester) -> None:
    """A user's own check for `post` is deselected in `pre`."""
    example.makepyfile(
        test_own="""
        from pytest_amlpreflight import check

        @check("release", phases=("post",))
        def test_only_after():
            pass
        """
    )

    before, after = (
        run(example, "test_own.py::test_only_after"),
        run(example, "--aml-phase", "post", "test_own.py::test_only_after"),
    )

    before.assert_outcomes(deselected=1)
    after.assert_outcomes(passed=1)


def test_where_nothing_is_configured_a_test_with_facts_is_skipped(pytester: pytest.Pytester) -> None:
    """The team's unit tests run on every machine; what needs Azure says why it did not."""
    pytester.makepyfile("def test_own(aml_workspace):\n    pass\n\ndef test_unit():\n    pass\n")

    result = pytester.runpytest_inprocess("-rs")

    result.assert_outcomes(skipped=1, passed=1)
    result.stdout.fnmatch_lines(["SKIPPED*.py*: nothing was configured: --aml-workspace NAME*"])


def test_configured_in_the_ini_file_users_tests_run_without_the_suite(example: pytest.Pytester) -> None:
    """Configuring is not asking: a plain run is the user's tests, and they have their facts."""
    result = run(example, "-o", "addopts=", "-v")

    result.assert_outcomes(passed=2)
    assert "aml-preflight/" not in result.stdout.str()


def test_a_mistake_in_the_configuration_leaves_unit_tests_alone(example: pytest.Pytester) -> None:
    """Who asked for no check gets their unit tests, and an ERROR only where a fact was needed."""
    example.makepyfile(test_unit="def test_unit():\n    pass\n")

    result = run(example, "-o", "addopts=", "-o", "aml_deployment=nowhere.yml", ".")

    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*nowhere.yml: does not exist*"])


def test_a_fixture_of_the_users_own_is_theirs(pytester: pytest.Pytester) -> None:
    """A project that called its fixtures `aml_*` before it installed the plugin keeps them."""
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef aml_client():\n    return 'own'\n")
    pytester.makepyfile("def test_own(aml_client):\n    assert aml_client == 'own'\n")

    unconfigured = pytester.runpytest_inprocess("-v")
    configured = pytester.runpytest_inprocess("-v", "-o", "aml_workspace=contoso-ml")

    for result in (unconfigured, configured):
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(["*::test_own PASSED*"])


def test_a_check_for_a_deployment_is_skipped_where_none_was_given(example: pytest.Pytester) -> None:
    """An empty list of targets would leave a green run without a word; here is the reason."""
    result = run(example, "-o", "aml_deployment=", "-o", "aml_endpoint=", "-rs", "-k", "family_quota")

    result.assert_outcomes(skipped=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(["*no endpoint was given (--aml-endpoint NAME or FILE)*"])


def test_the_fixtures_are_listed_where_nothing_is_configured(pytester: pytest.Pytester) -> None:
    """Whoever writes a test looks them up before there is a workspace."""
    result = pytester.runpytest_inprocess("--fixtures")

    result.stdout.fnmatch_lines(["aml_key_vault [[]session scope[]]*", "*key vault: its firewall*"])


def test_a_failed_comparison_does_not_print_the_users_variables(example: pytest.Pytester) -> None:
    """Pytest prints the facts behind an assert, and so do `--showlocals` and JUnit; a variable may hold a key."""
    spec = example.path / "deployments" / "blue.yml"
    spec.write_text(spec.read_text().replace("  WORKER_COUNT:", "  API_KEY: planted\n  WORKER_COUNT:"))
    example.makepyfile(
        test_own="""
        def test_own(aml_deployment_spec, aml_deployment, aml_target):
            assert aml_deployment_spec.instance_count == aml_deployment.instance_count + 1
        """
    )

    result = run(example, "--setup-show", "--showlocals", "-vv", "--junitxml=own.xml", "test_own.py")

    result.assert_outcomes(failed=1)
    assert "planted" not in result.stdout.str() + (example.path / "own.xml").read_text()
