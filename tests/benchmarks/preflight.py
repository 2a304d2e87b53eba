"""How long a whole run takes beside its longest chain of dependent reads. Run by hand: `python
tests/benchmarks/preflight.py`.

Each answer of the embedded Azure takes 100 ms. The chain is measured, not declared: it is the longest path through the
requests in which one starts after another has ended, as the facts' own needs order them.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "example_project"


def main() -> int:
    """Print the figures of the `pre` and `post` runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", default="100ms")
    parser.add_argument("--phase", default="pre")
    options = parser.parse_args()
    return subprocess.call(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:randomly",
            "-p",
            "no:xdist",
            "-p",
            "timings",
            "--aml-emulator-latency",
            options.latency,
            "--aml-phase",
            options.phase,
            "aml-preflight",
        ],
        cwd=EXAMPLE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent), "BENCHMARK_STARTED": str(time.time())},
    )


if __name__ == "__main__":
    raise SystemExit(main())
