"""The user's text files: read whole, or refused in one clear sentence."""

import os
from pathlib import Path

MAX_BYTES = 262_144  # specs, conda files and scripts are a few kilobytes; reading must not hang on a mistaken path


class SpecError(Exception):
    """A file that the user wrote cannot be read as what it should be.

    `message` is the sentence, `path` the file as the user calls it, `line` the line when one is to blame; the text is
    `deployments/blue.yml:14: instance_count is 'three', and must be a whole number`.
    """

    def __init__(self, message: str, path: str, line: int | None = None) -> None:
        self.message, self.path, self.line = message, path, line
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {message}")


def shown_path(path: Path, root: Path) -> str:
    """The path as a message calls it: relative to `root` where it lies below it, with forward slashes."""
    full = Path(os.path.abspath(root / path))  # not `relpath`, which raises where two drives are involved
    for base in (os.path.abspath(root), os.path.realpath(root)):  # a temporary folder is often a symbolic link
        if full.is_relative_to(base):
            return full.relative_to(base).as_posix()
    return path.as_posix()


def read_text(path: Path, shown: str, limit: int = MAX_BYTES) -> str:
    """The text of a UTF-8 file, without its byte order mark and with plain line ends.

    Raises `SpecError` for a folder, a file that is absent, unreadable, larger than `limit` bytes, or in another
    encoding: Azure's own tools read UTF-8 only.
    """
    raw = read_bytes(path, shown, limit)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SpecError("is encoded as UTF-16, and must be UTF-8", shown)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SpecError(f"is not UTF-8: byte 0x{raw[error.start]:02x} does not belong there", shown, line) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(path: Path, shown: str, limit: int) -> bytes:
    """The bytes of an ordinary file of at most `limit` bytes; raises `SpecError` for anything else."""
    try:
        if os.path.isdir(path):
            raise SpecError("is a folder, and must be a file", shown)
        if os.path.exists(path) and not os.path.isfile(path):
            raise SpecError("is not an ordinary file", shown)  # opening a pipe would wait for ever
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except FileNotFoundError:
        raise SpecError("does not exist", shown) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the path is not valid"
        raise SpecError(f"cannot be read: {reason[:1].lower()}{reason[1:]}", shown) from None
    if len(raw) > limit:
        raise SpecError(f"is larger than {limit // 1024} KiB, which no such file is", shown)
    return raw
