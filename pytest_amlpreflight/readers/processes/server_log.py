"""The inference server's log: whose fault a failure was, and the user's part of the traceback."""

import re
from dataclasses import dataclass

HEAD = "Traceback (most recent call last):"
SERVERS_OWN = re.compile(
    r'File "(?:[^"]*[/\\]azureml_inference_server_http[/\\][^"]*|<frozen [^"]*|[^"]*[/\\]flask[/\\][^"]*)"'
)
CODES = (
    ("does not have a init() function", "UserScriptFunctionNotFound"),
    ("does not have a run() function", "UserScriptFunctionNotFound"),
    ("UserScriptError: run() ", "UserScriptFunctionNotFound"),
    ("Failed to import user script", "UserScriptImportError"),
    ("User's init function failed", "UserScriptInitFailed"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Azure's code for a failure, the exception in one line, and the frames of the user's own code."""

    code: str
    reason: str | None = None
    traceback: tuple[str, ...] = ()


def fault_of(log: str, exit_code: int | None) -> Fault:
    """Why the server did not start. `exit_code` is None while it still runs, negative for a signal."""
    code = next((code for words, code in CODES if words in log), None)
    blocks = _tracebacks(log)
    users = _users_block(blocks)
    reason, frames = _users_part(users) if users else (None, ())
    if code is None and exit_code is not None and exit_code < 0:
        return Fault("DeploymentCrashLoopBackOff", f"the server was ended by signal {-exit_code}", frames)
    if code is None and exit_code is None:
        return Fault("ResourceNotReady", "the server did not answer in time", ())
    return Fault(code or "ResourceNotReady", reason or _last_words(log), frames)


def last_fault(log: str) -> Fault | None:
    """The user's exception that was logged last, for a request that failed."""
    blocks = [block for block in _tracebacks(log) if _users_part(block)[1]]
    if not blocks:
        return None
    reason, frames = _users_part(blocks[-1])
    return Fault("UserScriptException", reason, frames)


def tail(log: str, lines: int = 20) -> tuple[str, ...]:
    """The end of the log."""
    return tuple(log.rstrip().splitlines()[-lines:])


def _tracebacks(log: str) -> list[list[str]]:
    """Each traceback from its first frame to its exception."""
    blocks: list[list[str]] = []
    block: list[str] | None = None
    for line in log.splitlines():
        if HEAD in line:
            block = []
            blocks.append(block)
        elif block is not None:
            block.append(line)
            if line and not line[0].isspace():
                block = None
    return [each for each in blocks if each]


def _users_block(blocks: list[list[str]]) -> list[str] | None:
    """The traceback behind the server's own account of a failure.

    The server raises `UserScriptException` from the user's exception, which Python prints first; a `UserScriptError`
    is the server's own finding and stands alone. Other tracebacks are of its housekeeping.
    """
    for at, block in enumerate(blocks):
        if "UserScriptError: " in block[-1]:
            return block[-1:]
        if "UserScript" in block[-1] and at:
            return blocks[at - 1]
    return blocks[-1] if blocks else None


def _users_part(block: list[str]) -> tuple[str | None, tuple[str, ...]]:
    frames: list[str] = []
    keep = False
    for line in block[:-1]:
        if line.startswith("  File "):
            keep = SERVERS_OWN.search(line) is None
        if keep:
            frames.append(line)
    return _last_line(block), tuple(frames)


def _last_line(block: list[str]) -> str:
    """`ModuleNotFoundError: No module named 'pandas'`, without the server's module path."""
    return re.sub(r"^(?:\w+\.)+(?=\w+(?:Error|Exception))", "", block[-1]).strip()


def _last_words(log: str) -> str | None:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return lines[-1] if lines else None
