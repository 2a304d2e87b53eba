"""A file that is there as a whole or not at all, also where two runs write it at the same time."""

import os
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, text: str, mode: int = 0o666) -> Path:
    """Write a file, with the folders above it, in one step; the last of two that write it at once wins.

    `mode` is that of a file which nobody narrowed. What is no file (`/dev/stdout`, a pipe) is written to as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.exists(path) and not os.path.isfile(path):
        path.write_text(text, encoding="utf-8")
        return path
    target = Path(os.path.realpath(path))  # a link stays one
    partial = target.with_name(f".{uuid4().hex}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(text)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return path
