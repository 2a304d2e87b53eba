"""A run that scores: where its sample comes from, what users' own tests get, and what it costs."""

import json
import re
import time

import pytest

from pytest_amlpreflight.emulator.application import Application

SCORING = "aml-preflight/scoring.py"


def run(example: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A run after the deployment, in this process."""
    return example.runpytest_inprocess("-p", "no:xdist", "--aml-phase", "post", *arguments)


def test_users_assert_on_the_answer(example: pytest.Pytester) -> None:
    """One fixture away: status, body, headers."""
    example.makepyfile(
        test_own="""
        def test_answer(aml_scoring_response, aml_sample_request):
            assert aml_scoring_response.status == 200
            assert aml_scoring_response.json()
            assert b"5.1" in aml_sample_request.body
        """
    )

    run(example, "test_own.py::test_answer").assert_outcomes(passed=1)


def test_a_users_test_of_a_silent_endpoint_is_an_error(example: pytest.Pytester) -> None:
    """There is no answer to assert on, and the reason is said in one line."""
    example.makepyfile(test_own="def test_answer(aml_scoring_response):\n    pass\n")

    result = run(example, "--aml-failure", "scoring-connection-breaks-off", "test_own.py::test_answer")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the answer of endpoint iris is unreadable: ConnectionReset*"])


def test_without_a_sample_the_reason_is_said(example: pytest.Pytester) -> None:
    """Nothing is made up; strangers need no sample."""
    (example.path / "sample-request.json").unlink()

    result = run(example, "-rs", SCORING)

    result.assert_outcomes(passed=2, skipped=3)
    result.stdout.fnmatch_lines(["*no sample request was given (--aml-sample-request FILE)*"])


def test_an_endpoint_that_was_merely_found_gets_no_sample(example: pytest.Pytester) -> None:
    """The data of one model are no business of another; strangers' requests carry none."""
    found = ("-o", "aml_endpoint=", "-o", "aml_deployment=", "-rs", SCORING)

    silent, named = run(example, *found), run(example, "--aml-sample-request", "iris=sample-request.json", *found)

    silent.stdout.fnmatch_lines(["*named only: --aml-sample-request iris=FILE*"])
    assert silent.parseoutcomes() == {"passed": 2, "skipped": 3}
    assert named.parseoutcomes() == {"passed": 5}


def test_a_sample_file_that_is_not_there_is_the_operators_mistake(example: pytest.Pytester) -> None:
    """Said before anything is read."""
    result = run(example, "--aml-sample-request", "iris=nowhere.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --aml-sample-request: there is no file nowhere.json"])


def test_browsers_are_looked_at_where_an_origin_is_given(example: pytest.Pytester) -> None:
    """Advice, since servers are answered all the same."""
    check = f"{SCORING}::check_browser_callers_are_expected"

    unknown, none = (
        run(example, "--aml-origin", "https://other.contoso.com", check),
        run(example, "-o", "aml_origin=", check),
    )

    unknown.assert_outcomes(passed=1)
    unknown.stdout.fnmatch_lines(["*= advice =*", "endpoint iris does not answer browsers*"])
    none.assert_outcomes(skipped=1)


def test_no_secret_is_in_a_failures_report(example: pytest.Pytester) -> None:
    """The endpoint's keys are 32 hexadecimal digits, and nothing like that is shown, not even with --showlocals."""
    result = run(example, "--aml-failure", "scoring-credentials-refused", "--showlocals", "-vv", SCORING)

    assert not re.findall(r"\b[0-9a-f]{32}\b", result.stdout.str())


def test_the_header_says_that_answers_are_canned(example: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that no model gave is not passed off as one."""
    monkeypatch.setattr("pytest_amlpreflight.emulator.data_plane.local_model.MODULE", "not_installed_anywhere")

    result = run(example, SCORING)

    result.stdout.fnmatch_lines(["aml-preflight: EMULATED Azure from *world.yml, scoring answers are canned"])


def test_deployments_are_scored_at_the_same_time(example: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two deployments the scoring checks take at most 1.3 times their longest chain of reads and calls.

    That chain is, once there is a token: endpoint, keys, and three requests to a deployment, in turn.
    """
    _with_green(example)
    monkeypatch.setattr("pytest_amlpreflight.emulator.data_plane.local_model.MODULE", "not_installed_anywhere")
    arguments = ["-o", "aml_deployment=", "--aml-deployment", "iris/blue", "--aml-deployment", "iris/green"]
    answered = list[tuple[float, float]]()
    record = Application._record

    def noted(self: Application, request: object, path: str, status: int, started: float) -> None:
        answered.append((started, time.monotonic()))
        record(self, request, path, status, started)  # type: ignore[arg-type]

    monkeypatch.setattr(Application, "_record", noted)

    result = run(example, "--aml-emulator-latency", "200ms", *arguments, SCORING)

    result.assert_outcomes(passed=7)
    after_token = sorted(answered)[2:]
    took = max(end for _, end in after_token) - min(start for start, _ in after_token)
    assert took < 5 * 0.2 * 1.3


def _with_green(example: pytest.Pytester) -> None:
    """A second deployment, like the first, without traffic."""
    from pytest_amlpreflight.emulator.notation import read

    path = example.path / "world.yml"
    world = dict(read(path))
    blue = next(one for one in world["resources"] if one["id"].endswith("/deployments/blue"))
    green = {**blue, "id": blue["id"].removesuffix("blue") + "green", "name": "green"}
    path.write_text(json.dumps({**world, "resources": [*world["resources"], green]}), encoding="utf-8")
