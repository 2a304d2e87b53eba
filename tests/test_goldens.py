"""Whole screens, as an operator sees them. `UPDATE_GOLDENS=1 pytest tests/test_goldens.py` writes them anew; read the
difference.
"""

import os
import re
import sys
from pathlib import Path

import pytest

GOLDENS = Path(__file__).parent / "goldens"
README = Path(__file__).parents[1] / "README.md"

SCREENS = {
    "healthy": ["-v", "-k", "key_vault or traffic_is_complete or release_gate"],
    "failure": ["--aml-failure", "quota-family-exhausted", "-k", "quota or key_vault"],
    "unreadable": ["--aml-failure", "workspace-unreadable", "-rs", "-k", "workspace::check_workspace or key_vault"],
    "post": ["--aml-phase", "post", "--aml-failure", "scoring-host-unknown", "-k", "network"],
    "explain": ["--aml-explain", "key_vault::vault_admits_trusted_services"],
    "usage-error": ["--aml-failure", "quota-exhausted"],
}


def screen(example: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> str:
    """The run's screen, without what differs from run to run."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("CI", raising=False)
    result = example.run(sys.executable, "-m", "pytest", "-p", "pytest_amlpreflight.plugin", *arguments)
    text = result.stdout.str() + ("\n" + result.stderr.str() if result.ret == pytest.ExitCode.USAGE_ERROR else "")
    for pattern, word in (
        (r"platform .*", "platform"),
        (r"cachedir: .*\n", ""),
        (r"plugins: .*\n", ""),
        (r"aml-preflight: tables older than a year .*\n", ""),
        (r"rootdir: .*", "rootdir: example_project"),
        (r"(localhost|127\.0\.0\.1):\d+", r"\1:PORT"),
        (r"=+ (\d+ .*) in \d+\.\d+s =+", r"== \1 in 1.00s =="),
        (r" +\[ *\d+%\]", ""),  # these and the next two change with every check that is added
        (r"collected \d+ items.*", "collected items"),
        (r", \d+ deselected", ""),
        (r"\S*pytest_amlpreflight/([\w/]+\.py):\d+", r"pytest_amlpreflight/\1"),
        (r" +$", ""),
    ):
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text.strip() + "\n"


@pytest.mark.usefixtures("whole_runs")
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_reads_as_it_was_written(example: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Ugly output is a defect, so the whole output is what is tested."""
    golden = GOLDENS / f"{name}.txt"

    seen = screen(example, monkeypatch, SCREENS[name])

    if os.environ.get("UPDATE_GOLDENS"):
        golden.write_text(seen, encoding="utf-8")
    assert seen == golden.read_text(encoding="utf-8")


def test_the_readme_shows_the_failure_screen() -> None:
    """What the README promises is what the example prints."""
    golden = (GOLDENS / "failure.txt").read_text(encoding="utf-8")

    verdict = golden[golden.index("quota for ") : golden.index("---", golden.index("quota for "))].strip()

    assert verdict in README.read_text(encoding="utf-8")
