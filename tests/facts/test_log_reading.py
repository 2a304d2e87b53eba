"""Logs read as an engineer reads them."""

import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_amlpreflight.data import load
from pytest_amlpreflight.facts.errors.meaning import meaning_of
from pytest_amlpreflight.facts.logs.reading import LogReading, read_log

FOLDER = Path(__file__).parent / "logs"


@cache
def table(name: str) -> list[dict[str, Any]]:
    """The logs of a table, their common parts filled in."""
    content = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    for log in content["logs"]:
        for part, text in content["parts"].items():
            log["text"] = log["text"].replace(f"{{{part}}}", text)
    return list(content["logs"])


def read(log: dict[str, Any], *, failed: bool) -> LogReading:
    """What the log tells."""
    return read_log(log["text"], log.get("container", "InferenceServer"), failed=failed)


@pytest.mark.parametrize("log", table("failing"), ids=lambda log: log["name"])
def test_the_cause_that_ended_it_comes_first(log: dict[str, Any]) -> None:
    """The cause, what it is about, and nothing that is none; an exception that no table knows is told as that."""
    reading = read(log, failed=True)

    expected = [log["cause"], *log.get("also", ())] if "cause" in log else []
    assert [cause.name for cause in reading.causes] == expected
    assert not reading.causes or reading.causes[0].what == log.get("what", reading.causes[0].what)
    assert (reading.unknown.brief if reading.unknown else None) == log.get("unknown")


def test_what_only_follows_is_shown_by_the_complaint_above_it() -> None:
    """Its advice sends the reader there: the line of a cause is the one that she would look for."""
    text = "ERROR: the cask is not where it was\n[2026-03-04 08:11:07 +0000] [1] [ERROR] Reason: Worker failed to boot."

    assert [(cause.name, cause.line) for cause in read_log(text).causes] == [
        ("worker_boot", "the cask is not where it was")
    ]


def test_an_error_that_a_ready_server_logs_says_not_why_a_deployment_failed() -> None:
    """Before it was ready, the line is the best there is; afterwards some client may have caused it."""
    started = "INFO:     Started server process [1]"
    ready = "INFO:     Application startup complete."
    logged = "ERROR:    this cask was refused"

    before = read_log(f"{started}\n{logged}", failed=True).unknown
    assert before is not None
    assert before.raised == "this cask was refused"
    assert read_log(f"{started}\n{ready}\n{logged}", failed=True) == LogReading()


@pytest.mark.parametrize(
    "text",
    [
        '--- Logging error ---\nTraceback (most recent call last):\n  File "a.py", line 1, in f\nTypeError: dry',
        "2026-03-04T08:11:02Z ERROR text_generation_router::infer: src/infer.rs:102: `inputs` must be <= 2048",
    ],
    ids=["the logging module's own", "an answer to a client"],
)
def test_what_is_said_aside_is_not_taken_for_the_cause(text: str) -> None:
    """Where nobody knows whether anything failed, a line must at least word it, and be no logger's own trouble."""
    assert read_log(text) == LogReading()


def test_kinds_are_told_of_the_container_that_runs_the_script() -> None:
    """What fetches model and code calls services too, but no script does."""
    text = 'Traceback (most recent call last):\n  File "/app/fetch.py", line 4, in fetch\nredis.AuthenticationError: no'

    assert [cause.name for cause in read_log(text, "InferenceServer").causes] == ["service_denied"]
    assert read_log(text, "StorageInitializer").causes == ()


def test_a_kind_is_shown_by_its_whole_message_and_the_users_place() -> None:
    """The kind says little: the message, which may stand on the lines below, says the rest."""
    text = (
        'Traceback (most recent call last):\n  File "/app/score.py", line 4, in init\n'
        "pydantic_core.ValidationError: 1 validation error for Cellar\ncasks\n  Input should be a valid list"
    )

    assert [cause.line for cause in read_log(text, failed=True).causes] == [
        "ValidationError: casks Input should be a valid list in score.py, line 4"
    ]


def test_of_a_ready_server_nobody_asks_why_it_failed() -> None:
    """What it complains of may be anything, unless it is its end; and a bad request is its sender's."""
    ready = "INFO:     Application startup complete.\n"
    request = (
        "ERROR:    Exception in ASGI application\nTraceback (most recent call last):\n"
        '  File "/app/main.py", line 4, in run\n'
        "ValueError: X has 3 features, but Oak is expecting 4 features as input.\n"
    )

    assert read_log(f"{ready}Error in cellar(): no light") == LogReading()
    assert read_log(f"{ready}fatal: no floor").unknown
    assert read_log(f"{ready}{request}", failed=False) == LogReading()
    assert read_log(f"{ready}{request.replace('ValueError', 'acme.CellarError')}", failed=False) == LogReading()
    assert read_log(f"{ready}Traceback (most recent call last):\nKeyError: 'data'", failed=False) == LogReading()
    assert [cause.name for cause in read_log(f"{ready}{request}").causes] == ["request_data"]


@pytest.mark.parametrize("log", table("healthy"), ids=lambda log: log["name"])
def test_nothing_is_said_of_what_works(log: dict[str, Any]) -> None:
    """Warnings, fall-backs, retries, earlier starts and the user's own words are no causes."""
    assert read(log, failed=False).causes == ()


@pytest.mark.parametrize("log", table("failing"), ids=lambda log: log["name"])
def test_a_success_makes_up_for_what_went_wrong_before(log: dict[str, Any]) -> None:
    """The same log, followed by a start in which init() completes and a request is served."""
    later = next(one["text"] for one in table("healthy") if one["name"] == "worker that was recycled")
    more = "2026-03-04 08:10:39,604 I [1] Download complete: 4 files" if log.get("container") else later

    assert read({**log, "text": f"{log['text']}\n{more}"}, failed=False) == LogReading()


@pytest.mark.parametrize("row", load("log-causes").rows, ids=lambda row: row["cause"])
def test_every_cause_goes_with_a_code_that_is_explained(row: dict[str, str]) -> None:
    """`--aml-explain` of a log leads from the cause to its code, and the code must be in its table."""
    assert meaning_of(row["code"]) is not None
    assert row["advice"]


def test_every_row_of_the_table_has_a_log_that_shows_it() -> None:
    """A row that no log shows is a guess."""
    shown = {cause for log in table("failing") for cause in [log.get("cause"), *log.get("also", ())]}

    assert {row["cause"] for row in load("log-causes").rows} - shown == set()


@pytest.mark.parametrize(
    "line",
    ["a." * 200_000, "a-" * 100_000, "File \"" * 60_000, "x: " * 100_000, "(" * 200_000, "2026-01-01 " * 30_000,
     "Traceback (most recent call last):\n" * 5_000, '{"a":' * 60_000, "run: line 1:    " * 20_000,
     "E [1] " * 60_000, "cannot import name 'Markup' from " * 10_000, "Max retries exceeded " * 20_000],
    ids=lambda line: line[:12],
)  # fmt: skip
def test_the_time_it_takes_grows_with_the_log_alone(line: str) -> None:
    """A line that was made to hold up a regular expression, ten thousand times what a log has, is read in a moment."""
    began = time.thread_time()

    read_log(line)

    assert time.thread_time() - began < 2
