"""`--aml-history` and `--aml-new-only`: what is new, what is known, what is mended."""

import json
from pathlib import Path

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.run.findings.history import read_history, write_history

QUIET = ("-p", "no:xdist", "--aml-history=history")
CHECKS = ("-k", "quota or key_vault", "aml-preflight")
VAULT = ("--aml-failure", "key-vault-turns-trusted-services-away")
QUOTA = ("--aml-failure", "quota-family-exhausted")


def night(folder: Path, day: int, *findings: Finding, selection: str = "all") -> None:
    """A run of the past."""
    write_history(folder, {"time": f"2026-11-{day:02}T02:00:00+00:00", "selection": selection}, findings)


def failed(key: str = "short", outcome: Outcome = Outcome.FAILED) -> Finding:
    """A finding of one check on one resource."""
    return Finding("quota::x", outcome, "w", "/R", key, headline="quota is short by 8", target_id="/r")


def test_since_when_a_failure_has_been_there(tmp_path: Path) -> None:
    """Without a break, in runs of the same selection; a number in the headline or the casing of an id is no change."""
    night(tmp_path, 1, failed())
    night(tmp_path, 2, failed("another"))
    night(tmp_path, 3, failed())
    night(tmp_path, 4, selection="some")
    night(tmp_path, 5, failed())

    history = read_history(tmp_path, "all")

    tonight = Finding("quota::x", Outcome.FAILED, "w", "/r", "short", headline="quota is short by 9", target_id="/r")
    assert history.since(tonight) == "since 2026-11-03, 3 runs"
    assert history.since(failed("fresh")) == "new since the last run"
    assert history.others == 1


def test_mended_is_only_what_was_looked_at(tmp_path: Path) -> None:
    """What could not be read tonight is not mended."""
    night(tmp_path, 1, failed())
    history = read_history(tmp_path, "all")

    assert history.mended([failed(outcome=Outcome.PASSED)]) == [failed()]
    assert history.mended([failed(outcome=Outcome.ERROR)]) == []
    assert history.not_looked_at([failed(outcome=Outcome.ERROR)]) == history.not_looked_at([]) == [failed()]


def test_another_kind_on_the_same_resource_is_new(tmp_path: Path) -> None:
    """Check, resource and kind together are the key: a new fault does not hide behind a known one."""
    night(tmp_path, 1, failed())

    assert not read_history(tmp_path, "all").knows(failed("another"))


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Before the run, in one sentence."""
    (tmp_path / "x.jsonl").write_text("{}\n", encoding="utf-8")

    with pytest.raises(pytest.UsageError, match="is no file of this plugin's history"):
        read_history(tmp_path, "all")


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_run_says_what_is_new_known_and_mended(example: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """Three nights: a failure, the same and another, then only the other."""
    run = ("--aml-history=history", *(workers or ("-p", "no:xdist")))
    example.runpytest(*run, *VAULT, *CHECKS)
    second = example.runpytest(*run, "--aml-new-only", *VAULT, *QUOTA, *CHECKS)
    third = example.runpytest(*run, "--aml-new-only", *QUOTA, *CHECKS)

    second.stdout.fnmatch_lines(["quota for * is short*", "  since:    new since the last run"])
    counts = second.parseoutcomes()
    assert (counts["failed"], counts["xfailed"], counts["passed"]) == (1, 1, 5)
    third.stdout.fnmatch_lines(["aml-preflight: mended since the last run: key vault contoso-ml-kv turns*"])
    assert third.ret == pytest.ExitCode.OK
    head, *rows = (example.path / "history").joinpath(max(p.name for p in (example.path / "history").iterdir())).open()
    assert json.loads(head)["coverage"] == {
        "asked": 7,
        "read": 7,
        "denied": 0,
        "unread": 0,
        "not_reached": 0,
        "throttled": 0,
    }
    assert {json.loads(row)["outcome"] for row in rows} == {"passed", "failed"}


def test_new_only_needs_a_history(example: pytest.Pytester) -> None:
    """Without one, everything would be new, or nothing."""
    result = example.runpytest("-p", "no:xdist", "--aml", "--aml-new-only")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--aml-new-only compares with the last run: it needs --aml-history FOLDER*"])


def test_another_selection_is_said(example: pytest.Pytester) -> None:
    """A comparison of apples and pears is none."""
    example.runpytest(*QUIET, *VAULT, *CHECKS)

    result = example.runpytest(*QUIET, *VAULT, "-k", "key_vault", "aml-preflight")

    result.stdout.fnmatch_lines(["aml-preflight: the runs of the past had another selection: nothing is compared"])


@pytest.mark.parametrize("workers", [("-p", "no:xdist"), ("-n", "1")], ids=["alone", "xdist"])
def test_how_often_azure_throttled_is_part_of_the_coverage(example: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """A night that Azure slowed down is no like of one that it did not: in the history and in the reports."""
    world = example.path / "world.yml"
    throttle = "\nfaults: [{kind: throttle, resource: Microsoft.KeyVault/vaults, times: 2, retry_after: 0}]\n"
    world.write_text(world.read_text(encoding="utf-8") + throttle, encoding="utf-8")

    run = (*workers, "--aml-history=history", "--aml-report=r.json", "-k", "vault_admits", "aml-preflight")
    example.runpytest_subprocess(*run).assert_outcomes(passed=1)

    (night,) = (example.path / "history").iterdir()
    first = json.loads(night.read_text(encoding="utf-8").splitlines()[0])
    report = json.loads((example.path / "r.json").read_text(encoding="utf-8"))
    assert first["coverage"]["throttled"] == report["run"]["coverage"]["throttled"] == 2
