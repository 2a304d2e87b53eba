"""Texts out of the boxes and columns that Rich draws."""

import pytest

from pytest_amlpreflight.facts.logs.drawn_boxes import unboxed
from pytest_amlpreflight.facts.logs.reading import read_log

BOX = """\
╭───────────── Traceback (most recent call last) ─────────────╮
│ /opt/conda/lib/python3.10/site-packages/cellar_of_the_house │
│ /loading.py:463 in from_barrel                              │
│                                                             │
│   461 │   if cask:                                          │
│ ❱ 463 │   │   return cask.opened()                          │
│ ╭──────────────────── locals ─────────────────────╮         │
│ │ cask = None                                     │         │
│ ╰─────────────────────────────────────────────────╯         │
│                                                             │
│ /var/azureml-app/src/score.py:21 in init                    │
│                                                             │
│ ❱ 21 │   cask = from_barrel("oak")                          │
╰─────────────────────────────────────────────────────────────╯
ModuleNotFoundError: there is none in this cellar: No module
named 'lightgbm'
2026-03-04 08:11:09,351 E [12] gunicorn.error - it is over"""
PYTHON = """\
Traceback (most recent call last):
  File "/opt/conda/lib/python3.10/site-packages/cellar_of_the_house/loading.py", line 463, in from_barrel
    return cask.opened()
  File "/var/azureml-app/src/score.py", line 21, in init
    cask = from_barrel("oak")
ModuleNotFoundError: there is none in this cellar: No module named 'lightgbm'
2026-03-04 08:11:09,351 E [12] gunicorn.error - it is over"""


@pytest.mark.parametrize("before", ["", "server-1  | "])
def test_a_boxed_traceback_is_as_python_prints_it(before: str) -> None:
    """Its calls, paths and message whole again, without its variables; also behind what a tool puts before."""
    boxed = "\n".join(f"{before}{line}" for line in BOX.split("\n"))

    assert unboxed(boxed) == "\n".join(f"{before}{line}" for line in PYTHON.split("\n"))


def test_a_box_of_plus_and_minus_is_one_too() -> None:
    """As Rich draws where a terminal has no other signs."""
    ascii_box = BOX.translate(str.maketrans("╭╮╰╯─│❱", "++++-|>"))

    assert unboxed(ascii_box) == PYTHON


def test_a_box_that_the_log_cuts_is_read_as_far_as_it_goes() -> None:
    """A crash leaves one without its end."""
    cut = "\n".join(BOX.split("\n")[:6])

    assert unboxed(cut) == "\n".join(PYTHON.split("\n")[:3])


def test_a_boxed_message_stands_behind_its_title() -> None:
    """As command lines print their errors."""
    box = (
        "╭─ Error ───────────────────╮\n│ Invalid value for --cask: │\n"
        "│ it is dry                 │\n╰───────────────────────────╯"
    )

    assert unboxed(box) == "Error: Invalid value for --cask: it is dry"


def test_columns_of_richs_logger_are_lines_again() -> None:
    """A time counts for the lines below it, and the file at the right is none of the message."""
    text = (
        "[03/04/26 08:11:07] INFO     the cask is opened         serve.py:10\n"
        "                    ERROR    it is dry: No module named serve.py:88\n"
        "                             'lightgbm'"
    )

    assert unboxed(text).split("\n") == [
        "[03/04/26 08:11:07] INFO     the cask is opened",
        "[03/04/26 08:11:07] ERROR    it is dry: No module named 'lightgbm'",
    ]


def test_tables_of_servers_and_drawings_of_installers_stay() -> None:
    """Triton's models, uv's lines: no box is around them."""
    text = "+-----+-----+\n| Model | Version |\n+-----+-----+\n  ╰─▶ Because cask==9 was not found"

    assert unboxed(text) == text


def test_a_boxed_traceback_ends_a_start_as_any_other() -> None:
    """With the user's own place."""
    reading = read_log(BOX, failed=True)

    assert [(cause.name, cause.what) for cause in reading.causes] == [("module_not_found", "lightgbm")]
