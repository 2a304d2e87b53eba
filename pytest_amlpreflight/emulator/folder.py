"""The folder with what lets clients in: its owner alone reads it, and it does not outlive the emulator for long."""

import os
import shutil
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path

import trustme

PREFIX = "amlpreflight-emulator-"
LOCK = "held"


class Folder:
    """A folder below the system's temporary one. A process that is killed cannot remove its own: the next one does."""

    def __init__(self) -> None:
        remove_left()
        self._made = tempfile.TemporaryDirectory(prefix=PREFIX)  # 0700
        self.path = Path(self._made.name)
        self._held = hold(self.path)

    def write(self, path: Path, content: bytes) -> None:
        """A file that nobody else may read."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)

    def remove(self) -> None:
        """The folder and all that is in it."""
        os.close(self._held)
        self._made.cleanup()


def hold(folder: Path) -> int:
    """Show that a folder is in use, for as long as this process lives; the open file that shows it."""
    new = folder / f"{LOCK}.new"
    held = os.open(new, os.O_RDWR | os.O_CREAT, 0o600)
    _lock(held)
    if os.name == "posix":  # elsewhere a file that is open keeps its name
        new.rename(folder / LOCK)  # not before it is locked: another process would take it for one that was left
    return held


def remove_left() -> None:
    """The folders of emulators that were killed. Whose is not ours to open stays."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError):
            held = os.open(lock, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                _lock(held)
                shutil.rmtree(lock.parent, ignore_errors=True)
            finally:
                os.close(held)


def present(certificate: trustme.LeafCert, context: ssl.SSLContext) -> None:
    """Have a server show a certificate. Its key passes through a file, since `ssl` takes it in no other way."""
    folder = Folder()
    try:
        with certificate.private_key_and_cert_chain_pem.tempfile(dir=str(folder.path)) as file:
            context.load_cert_chain(file)
    finally:
        folder.remove()


def _lock(file: int) -> None:
    """Raises `BlockingIOError` where another process holds it. Where the system has no such locks, nothing is held and
    nothing swept.
    """
    with suppress(ImportError):
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
