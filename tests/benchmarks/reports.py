"""What it costs to write every format, history and fixes of a night over 1,000 workspaces: 64,000 verdicts.

    python tests/benchmarks/reports.py

Prints the seconds and bytes of each, and what pytest needs for as many empty tests: no run is faster than that.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.fix import SetProperty
from pytest_amlpreflight.reporting.files import as_html, as_json, as_markdown, as_sarif, as_script
from pytest_amlpreflight.reporting.record import Record
from pytest_amlpreflight.run.findings.history import write_history

WORKSPACES, CHECKS, FAILED = 1000, 64, 500
ABOUT = {
    "version": "1",
    "time": "2026-11-21T02:00:00+00:00",
    "phase": "audit",
    "cloud": "AzureCloud",
    "selection": "all",
    "asked": {},
    "coverage": {"asked": WORKSPACES * CHECKS},
}
EMPTY = "import pytest\n@pytest.mark.parametrize('n', range(6400))\ndef test_nothing(n): pass\n"


def findings() -> tuple[Finding, ...]:
    """A night: one verdict in 128 is a failure with its fix."""
    place = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w{}"
    vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv{}"
    passed = [
        Finding(f"topic{check % 20}::check_{check}", Outcome.PASSED, f"w{n}/e/d", target_id=place.format(n))
        for n in range(WORKSPACES)
        for check in range(CHECKS)
        if check or n >= FAILED
    ]
    failed = [
        Finding(
            "key_vault::vault_admits_trusted_services",
            Outcome.FAILED,
            f"w{n}",
            vault.format(n),
            "bypass",
            f"key vault kv{n} turns trusted Azure services away",
            "networkAcls.bypass = 'None'",
            "networkAcls.bypass = 'AzureServices'",
            (SetProperty(vault.format(n), "properties.networkAcls.bypass", "AzureServices"),),
            target_id=place.format(n),
        )
        for n in range(FAILED)
    ]
    return (*failed, *passed)


def seconds(work: Callable[[], object]) -> tuple[float, object]:
    """How long it took, and what came of it."""
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


def main() -> None:
    """Print the figures."""
    record, together = Record(ABOUT, findings()), 0.0
    with tempfile.TemporaryDirectory() as folder:
        for module in (as_html, as_json, as_markdown, as_sarif, as_script):
            took, text = seconds(lambda module=module: module.render(record))  # type: ignore[misc]
            together += took
            print(f"{module.__name__.rpartition('.')[2]:<12} {took:6.2f} s {len(str(text).encode()) / 1e6:6.2f} MB")
        took, _ = seconds(lambda: write_history(Path(folder), ABOUT, record.findings))
        together += took
        print(f"{'history':<12} {took:6.2f} s")
        path = Path(folder) / "test_empty.py"
        path.write_text(EMPTY, encoding="utf-8")
        floor, _ = seconds(
            lambda: pytest.main(["-q", "-p", "no:cacheprovider", "-n", "0", f"--rootdir={folder}", str(path)])
        )
    floor *= WORKSPACES * CHECKS / 6400
    print(f"together {together:.2f} s; as many empty tests {floor:.0f} s: {together / floor:.1%}")


if __name__ == "__main__":
    main()
