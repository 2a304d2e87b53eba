"""`--aml-waivers`: failures that somebody answers for, until a day."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.run.findings.waivers import Waiver, ending_soon, matches, read_waivers, unused, waiver_for

QUIET = ("-p", "no:xdist")
TODAY = datetime.now(UTC).date()
VAULT = "/subscriptions/s/resourceGroups/ml-prod/providers/Microsoft.KeyVault/vaults/kv"
ENTRY = """- check: key_vault::vault_admits_*
  target: /subscriptions/*/resourceGroups/ML-prod/**
  reason: the firewall is being replaced
  owner: network team
  until: {}
"""
BROKEN = ("--aml-failure", "key-vault-turns-trusted-services-away", "-k", "key_vault", "aml-preflight")


def waiver(**members: object) -> Waiver:
    """A waiver of a vault's check, valid for long."""
    given = {"check": "key_vault::*", "target": VAULT, "reason": "r", "owner": "o", "until": date(2030, 1, 1)}
    return Waiver(**{**given, "place": "w.yml:1", **members})  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (VAULT, True),
        (VAULT.upper(), True),
        ("/subscriptions/*/resourceGroups/ml-*/providers/*/vaults/*", True),
        ("/subscriptions/**", True),
        ("**/vaults/kv", True),
        ("/subscriptions/*", False),
        ("/subscriptions/*/vaults/kv", False),
        ("kv", False),
    ],
)
def test_a_target_is_matched_by_segment(pattern: str, fits: bool) -> None:
    """`*` never crosses a slash, so that a short pattern does not waive everything that contains it."""
    assert matches(pattern, VAULT) is fits


def test_only_failures_are_waived() -> None:
    """What could not be looked at is nobody's to wave through."""
    failed = Finding("key_vault::a", Outcome.FAILED, resource=VAULT)
    unread = Finding("key_vault::a", Outcome.ERROR, resource=VAULT)

    assert waiver_for(failed, [waiver()]) == waiver()
    assert waiver_for(unread, [waiver()]) is None
    assert unused([waiver()], [failed]) == unused([waiver()], [unread]) == []
    assert unused([waiver()], []) == [waiver()]


def test_the_last_fortnight_is_announced() -> None:
    """Long enough to do something about it."""
    soon, later, gone = (waiver(until=TODAY + timedelta(days=days)) for days in (14, 15, -1))

    assert ending_soon([soon, later, gone], TODAY) == [soon]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- check: key_vault::*\n", "w.yml:1: target, reason, owner, until missing"),
        (ENTRY.format("2030-01-01") + "  expires: x\n", "w.yml:1: expires is not known"),
        (ENTRY.format("soon"), "until is a day such as 2026-12-31, not 'soon'"),
        (ENTRY.format("2030-01-01 10:00:00"), "until is a day such as 2026-12-31, not datetime"),
        ("\n" + ENTRY.format("2030-01-01").replace("vault_admits_*", "nonsense"), "w.yml:2: no check is called key_v"),
        (ENTRY.format("2030-01-01").replace("key_vault::", "key_valt::"), "w.yml:1: no check is called key_valt::"),
        (
            ENTRY.format("2030-01-01").replace("key_vault::vault", "key_*::volt"),
            "w.yml:1: no check is called key_*::volt",
        ),
        (ENTRY.format("2030-01-01").replace("key_vault::", ""), "w.yml:1: no check is called vault_admits"),
        ("check: x\n", "w.yml:1: a list of waivers"),
        ("- [", "not YAML"),
    ],
)
def test_a_file_that_would_not_do_what_it_says_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """With file and line; a waiver that silently does nothing is worse than none."""
    path = tmp_path / "w.yml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(pytest.UsageError) as refused:
        read_waivers(path, ["key_vault::vault_admits_trusted_services"])

    assert words in str(refused.value)


def test_a_waiver_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A run without its waivers would be another run."""
    with pytest.raises(pytest.UsageError, match=r"none.yml: does not exist"):
        read_waivers(tmp_path / "none.yml", [])


@pytest.mark.parametrize("workers", [QUIET, ("-n", "1")], ids=["alone", "xdist"])
def test_a_waived_failure_is_expected_and_says_by_whom(example: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """XFAIL with reason, owner and day; the run is green."""
    (example.path / "w.yml").write_text(ENTRY.format(TODAY), encoding="utf-8")

    result = example.runpytest(*workers, "-rx", "--aml-waivers=w.yml", *BROKEN)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            f"aml-preflight: the waiver of key_vault::vault_admits_* by network team ends on {TODAY} (*w.yml:1)",
            f"XFAIL *check_vault_admits* waived until {TODAY} by network team: the firewall is being replaced",
            "aml-preflight: nothing found that is in the way (*1 waived)",
        ]
    )


def test_an_expired_waiver_fails_and_says_whose_it_was(example: pytest.Pytester) -> None:
    """The day after, as if there were none, but for one line."""
    yesterday = TODAY - timedelta(days=1)
    (example.path / "w.yml").write_text(ENTRY.format(yesterday), encoding="utf-8")

    result = example.runpytest(*QUIET, "--aml-waivers=w.yml", *BROKEN)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"  waiver:   was waived until {yesterday} by network team: *"])


def test_an_unused_waiver_is_told_in_a_whole_audit_and_can_fail_it(
    example: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody keeps what nobody needs; a narrowed run cannot tell."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly -o aml_endpoint= -o aml_deployment=")
    (example.path / "w.yml").write_text(ENTRY.format("2099-01-01"), encoding="utf-8")
    audit = (*QUIET, "--aml-phase=audit", "--aml-waivers=w.yml")

    lenient, strict = (example.runpytest(*audit, *more) for more in ([], ["--aml-waivers-strict"]))
    narrowed = example.runpytest(*audit, "--aml-waivers-strict", "-k", "quota")

    lenient.stdout.fnmatch_lines(["aml-preflight: no failure needs the waiver of key_vault::vault_admits_* by *"])
    assert (lenient.ret, strict.ret, narrowed.ret) == (0, pytest.ExitCode.TESTS_FAILED, 0)
    narrowed.stdout.no_fnmatch_line("*no failure needs*")


def test_todays_failures_are_written_to_be_signed(example: pytest.Pytester) -> None:
    """Refused as it is; complete, it waives what it was made from."""
    made = example.path / "made.yml"

    example.runpytest(*QUIET, f"--aml-waive={made}", *BROKEN)
    unsigned = example.runpytest(*QUIET, f"--aml-waivers={made}", *BROKEN)
    text = made.read_text(encoding="utf-8")
    for member, value in (("reason", "x"), ("owner", "y"), ("until", "2099-01-01")):
        text = text.replace(f"{member}:\n", f"{member}: {value}\n")
    made.write_text(text, encoding="utf-8")
    signed = example.runpytest(*QUIET, f"--aml-waivers={made}", *BROKEN)

    assert unsigned.ret == pytest.ExitCode.USAGE_ERROR
    unsigned.stderr.fnmatch_lines(["*reason, owner, until missing*"])
    assert signed.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("workers", [QUIET, ("-n", "1")], ids=["alone", "xdist"])
def test_a_check_of_ones_own_can_be_waived_without_the_built_in_ones(
    example: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    """A run that starts with the first test that needs a fact has its waivers too, and leaves its files."""
    example.makepyfile(
        test_own="""
        from pytest_amlpreflight import blocked, check

        @check("release")
        def test_own(aml_workspace):
            blocked("it is Friday", found="Friday", expected="another day", fix="wait")
        """
    )
    own = ENTRY.format("2099-01-01").replace("key_vault::vault_admits_*", "release::test_own")
    (example.path / "w.yml").write_text(own, encoding="utf-8")

    result = example.runpytest(
        *workers, "-rx", "-o", "addopts=", "--aml-waivers=w.yml", "--aml-report=r.json", "test_own.py"
    )

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["XFAIL *waived until 2099-01-01 by network team*"])
    assert '"waived": 1' in (example.path / "r.json").read_text(encoding="utf-8")
