"""A text of standard input in the names of a recording, or back: a spec for a colleague, and the colleague's answer."""

import argparse
import sys
from pathlib import Path

from pytest_amlpreflight.run.recording.key import Key


def main(arguments: list[str] | None = None) -> int:
    """Rename. Returns 2 for a file that is none of `--aml-pseudonyms`."""
    parser = argparse.ArgumentParser(prog="python -m pytest_amlpreflight.run.recording", description=__doc__)
    parser.add_argument("key", type=Path, metavar="KEYFILE", help="the file of --aml-pseudonyms")
    parser.add_argument("--back", action="store_true", help="from the pseudonyms to the originals")
    options = parser.parse_args(arguments)
    try:
        key = Key.of(options.key)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    sys.stdout.write(key.renamed(sys.stdin.read(), back=options.back))
    return 0


if __name__ == "__main__":
    sys.exit(main())
