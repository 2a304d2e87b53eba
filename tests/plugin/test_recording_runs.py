"""`--aml-record` and `--aml-pseudonyms` as whole runs: one by itself, of a fleet, and over xdist's workers."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from pytest_amlpreflight.emulator import Emulator
from pytest_amlpreflight.run.recording.key import Key

WORLD = Path(__file__).parents[2] / "example_project" / "world.yml"
SUBSCRIPTION = "5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
PLACE = ("--aml-workspace", "contoso-ml", "--aml-resource-group", "ml-prod", "--aml-subscription", SUBSCRIPTION)
CLOSED = "key-vault-turns-trusted-services-away"


def again(path: Path) -> list[str]:
    """What the recording says it is run again with, after the emulator's own option."""
    command: str = yaml.safe_load(path.read_text(encoding="utf-8"))["recorded"]["again"]
    return command.split("THIS-FILE ")[1].split()


def said(path: Path) -> dict[tuple[str, str], str]:
    """What was said of what, of a report in JSON."""
    findings = json.loads(path.read_text(encoding="utf-8"))["findings"]
    return {(one["check"], one["target_id"].lower()): one["outcome"] for one in findings}


def test_what_two_workers_read_is_one_recording(example: pytest.Pytester) -> None:
    """Run again by its own words, nothing is asked that is not there, and the verdicts are the same."""
    narrow = ("-k", "key_vault or identity or network or quota")
    run = ("--aml-phase", "audit", "-o", "aml_endpoint=", "-o", "aml_deployment=", *narrow, "aml-preflight")
    first = example.runpytest_subprocess(
        "-n", "2", "--aml-failure", CLOSED, "--aml-record", "out/w.yml", "--aml-report", "a.json", *run
    )
    recorded = example.path / "out" / "w.yml"

    second = example.runpytest_inprocess(
        "-p", "no:xdist", "--aml-emulator", str(recorded), *again(recorded), "--aml-report", "b.json", *run[2:]
    )

    first.stdout.fnmatch_lines(["aml-preflight: wrote *w.yml"])
    second.stdout.no_fnmatch_line("*emulator: asked for*")
    assert "failed" in said(example.path / "a.json").values()
    assert said(example.path / "a.json") == said(example.path / "b.json")


def test_what_a_night_leaves_behind_is_made_of_what_was_asked_anyway(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording, its pseudonyms, every report, the script of fixes and the history cost no request."""
    run = ("-p", "no:xdist", *PLACE, "--aml-phase", "audit", "-k", "vault_admits")
    reports = [word for kind in ("html", "json", "md", "sarif") for word in ("--aml-report", f"out/a.{kind}")]
    left = ("--aml-record", "w.yml", "--aml-pseudonyms", "key.json", "--aml-fix", "f.sh", "--aml-history", "past")
    with Emulator(WORLD, [CLOSED]) as emulator:
        for name, value in {**emulator.environment, **emulator.routing}.items():
            monkeypatch.setenv(name, value)
        asked = list[Counter[tuple[str, str, str]]]()
        for more in ((), (*left, *reports)):
            before = len(emulator.requests)
            pytester.runpytest_inprocess(*run, *more)
            asked.append(Counter((one.method, one.host, one.path) for one in emulator.requests[before:]))

    assert asked[0]
    assert asked[1] == asked[0]
    assert {path.name for path in pytester.path.iterdir()} >= {"out", "w.yml", "key.json", "f.sh", "past"}


def test_pseudonyms_are_kept_for_the_next_night_and_read_back(example: pytest.Pytester) -> None:
    """Two nights speak of the same things by the same names, and only the key file tells which they are."""
    only = ("-p", "no:xdist", "--aml-phase", "audit", "-k", "vault_admits or workspace_is_ready", "aml-preflight")
    for night in ("one.yml", "two.yml"):
        example.runpytest_inprocess("--aml-record", night, "--aml-pseudonyms", "key.json", *only)
    key = example.path / "key.json"

    texts = [(example.path / night).read_text(encoding="utf-8") for night in ("one.yml", "two.yml")]
    nights = [yaml.safe_load(text) for text in texts]

    assert "contoso-ml-kv" in Key.of(key).renamed(texts[0], back=True)
    assert "contoso-ml-kv" not in Key.of(key).renamed("name: contoso-ml-kv")
    assert nights[0]["resources"] == nights[1]["resources"]
    assert "contoso" not in texts[0].lower()
    assert key.stat().st_mode & 0o077 == 0


def test_a_fleet_becomes_a_world_for_each_workspace(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each is run again by itself, says what it said among the others, and tells nothing of them."""
    with Emulator(WORLD, fleet=2, subscriptions=1, breaks=[(CLOSED, 1)]) as emulator:
        servers = {"AML_DNS_SERVER": emulator.dns_server, "AML_CONNECT_TO": emulator.connect_to}
        for name, value in {**emulator.environment, **servers, "AML_AZURE_DNS": emulator.azure_dns}.items():
            monkeypatch.setenv(name, value)
        audit = ("-p", "no:xdist", "--aml-phase", "audit", "aml-preflight", "--aml-report")
        pytester.runpytest_inprocess("--aml-scope", "tenant", "--aml-record", "fleet", *audit, "all.json")
    one, other = sorted((pytester.path / "fleet").glob("*.yml"))

    result = pytester.runpytest_inprocess("--aml-emulator", str(one), *again(one), *audit, "one.json")

    together, alone = said(pytester.path / "all.json"), said(pytester.path / "one.json")
    result.stdout.no_fnmatch_line("*emulator: asked for*")
    assert "failed" in alone.values()
    assert alone == {key: together[key] for key in together if one.stem in key[1]}
    assert other.stem not in one.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--aml-record", "folder"], "--aml-record *folder: this run is recorded into a file such as WORLD.yml"),
        (["--aml-pseudonyms", "k.json"], "--aml-pseudonyms renames what --aml-record WORLD.yml writes"),
        (["--aml-record", "w.yml", "--aml-pseudonyms", "endpoint.yml"], "*endpoint.yml is no file of pseudonyms: *"),
    ],
)
def test_options_that_cannot_be_meant_end_the_run(
    example: pytest.Pytester, arguments: list[str], sentence: str
) -> None:
    """Before anything is read."""
    result = example.runpytest_inprocess("-p", "no:xdist", *arguments, "aml-preflight")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{sentence}*"])
