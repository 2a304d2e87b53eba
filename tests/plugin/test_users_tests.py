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

    result = run(example, "aml-preflight::workspace::check_workspace_allows_v2_apis")

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


def test_without_a_workspace_a_test_with_facts_is_an_error(pytester: pytest.Pytester) -> None:
    """A gate that looked at nothing must not be green."""
    pytester.makepyfile("def test_own(aml_workspace):\n    pass\n")

    result = pytester.runpytest_inprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no workspace was given: --aml-workspace*"])


def test_a_check_for_a_deployment_is_skipped_where_none_was_given(example: pytest.Pytester) -> None:
    """An empty list of targets would leave a green run without a word; here is the reason."""
    result = run(example, "-o", "aml_deployment=", "-o", "aml_endpoint=", "-rs", "-k", "family_quota")

    result.assert_outcomes(skipped=1, deselected=result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines(["*no endpoint was given (--aml-endpoint NAME or FILE)*"])


def test_facts_can_be_asked_for_by_name(example: pytest.Pytester) -> None:
    """`aml_facts` reads whatever the built-in fixtures do not name in the test's signature."""
    example.makepyfile(
        test_own="""
        def test_own(aml_facts):
            assert aml_facts.storage_account.shared_keys in (True, False)
        """
    )

    result = run(example, "test_own.py::test_own")

    result.assert_outcomes(passed=1)
