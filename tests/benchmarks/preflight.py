"""How long a whole run takes beside its longest chain of dependent reads. Run by hand: `python
tests/benchmarks/preflight.py`.

Each answer of the embedded Azure takes 100 ms. The chain is measured, not declared: it is the longest path through the
requests in which one starts after another has ended, as the facts' own needs order them.

With `--kubernetes` the endpoint is the one on an attached cluster, whose own API answers as late.

With `--offline` the run is over the example's files alone: what reading and judging them takes, which should stay under
150 ms. Checks that start a process of their own are left out of every run here.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "example_project"


WITHOUT_PROCESSES = ("-o", "aml_local=no")
KUBERNETES = (
    *("-o", "aml_emulator=world-kubernetes.yml", "-o", "aml_endpoint=kubernetes/endpoint.yml"),
    *("-o", "aml_deployment=kubernetes/blue.yml"),
)
OFFLINE = ("-o", "aml_workspace=", "-o", "aml_emulator=")


def main() -> int:
    """Print the figures of a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", default="100ms")
    parser.add_argument("--phase", default="pre")
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--kubernetes", action="store_true")
    options = parser.parse_args()
    azure = ("--aml-emulator-latency", options.latency, "--aml-phase", options.phase)
    world = KUBERNETES if options.kubernetes else ()
    plugins = ("-p", "no:randomly", "-p", "no:xdist", "-p", "timings", *WITHOUT_PROCESSES)
    return subprocess.call(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *plugins,
            *world,
            *(OFFLINE if options.offline else azure),
            "aml-preflight",
        ],
        cwd=EXAMPLE,
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
            "BENCHMARK_STARTED": str(time.time()),
        },
    )


if __name__ == "__main__":
    raise SystemExit(main())
