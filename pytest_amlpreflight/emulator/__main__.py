"""The emulator as a command: serves a world on 127.0.0.1 and prints what to export, until it is stopped."""

import argparse
import os
import re
import shlex
import signal
import sys
import threading
from pathlib import Path

from . import Emulator, UnknownFailure, WorldError, failure_names
from .difference import differences
from .world import load


def main(arguments: list[str] | None = None) -> int:
    """Serve a world until Ctrl-C or SIGTERM, or compare two. Returns 2 for arguments that cannot be used."""
    options = _parser().parse_args(arguments)
    if options.diff:
        return _compare(*options.diff)
    if options.world is None:
        print("error: which world? python -m pytest_amlpreflight.emulator WORLD.yml", file=sys.stderr)
        return 2
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        emulator = Emulator(
            options.world,
            options.failure,
            options.latency,
            options.port,
            fleet=options.fleet,
            subscriptions=options.subscriptions,
            breaks=options.breaks,
        )
        emulator.start()
    except (WorldError, UnknownFailure, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        _print_exports(emulator, options.shell)
        stopped.wait()
    finally:
        emulator.stop()
    _print_unanswered(emulator)
    return 0


def _compare(before: Path, after: Path) -> int:
    """Print what changed; 0 where nothing did, 1 where something did, as `diff` does it."""
    try:
        found = list(differences(load(before), load(after)))
    except WorldError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(found) if found else "nothing changed")
    return int(bool(found))


def seconds(text: str) -> float:
    """`100ms`, `0.1s` or `0.1` as seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 100ms or 0.5s")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def broken(text: str) -> tuple[str, int]:
    """`NAME=COUNT` in its parts."""
    name, _, count = text.partition("=")
    if not name or not count.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=COUNT such as endpoint-failed=3")
    return name, int(count)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pytest_amlpreflight.emulator", description=__doc__)
    parser.add_argument(
        "world", type=Path, nargs="?", metavar="WORLD.yml", help="the state to serve, in ARM's notation"
    )
    parser.add_argument(
        "--diff", type=Path, nargs=2, metavar=("A.yml", "B.yml"), help="print what changed from one world to another"
    )
    parser.add_argument("--port", type=int, default=0, help="the port of ARM; default: a free one")
    parser.add_argument(
        "--failure", action="append", default=[], metavar="NAME", help=f"one of {', '.join(failure_names())}"
    )
    parser.add_argument("--latency", type=seconds, default=0.0, metavar="100ms", help="wait before each answer")
    parser.add_argument("--fleet", type=int, default=0, metavar="N", help="make N workspaces of the world's one")
    parser.add_argument("--subscriptions", type=int, default=1, metavar="M", help="over this many subscriptions")
    parser.add_argument(
        "--break",
        action="append",
        default=[],
        type=broken,
        dest="breaks",
        metavar="NAME=COUNT",
        help="with --fleet: let this failure happen to COUNT of the workspaces",
    )
    own = "powershell" if os.name == "nt" else "sh"
    parser.add_argument(
        "--shell", choices=("sh", "powershell"), default=own, help="the shell to paste the printed lines into"
    )
    return parser


def assignment(name: str, value: str, shell: str) -> str:
    """A line that sets a variable of the environment, to be pasted into `sh` or `powershell`."""
    if shell == "powershell":
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'"
    return f"export {name}={shlex.quote(value)}"


def _print_exports(emulator: Emulator, shell: str) -> None:
    exports = emulator.environment | emulator.routing | {"HTTPS_PROXY": emulator.proxy}
    for name, value in exports.items():
        print(assignment(name, value, shell))
    print(f"# ARM        {emulator.url}")
    print(f"# DNS        {emulator.dns_server}")
    print(f"# Azure DNS  {emulator.azure_dns}", flush=True)


def _print_unanswered(emulator: Emulator) -> None:
    if emulator.unanswered:
        print("asked, and unknown to the emulator:", *emulator.unanswered, sep="\n  ", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
