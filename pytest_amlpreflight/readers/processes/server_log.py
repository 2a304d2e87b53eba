"""The log of the inference server that runs here: whose fault a failure was, and the user's part of the traceback."""

import re
from dataclasses import dataclass

from pytest_amlpreflight.facts.logs.exceptions import Chain, Traceback
from pytest_amlpreflight.facts.logs.lines import lines_of
from pytest_amlpreflight.facts.logs.reading import read_log
from pytest_amlpreflight.facts.logs.tracebacks import chains_of

OTHER_VERSION = re.compile(r"unpickle estimator \S+ from version \S+ when using version [0-9][\w.]*[0-9]")
LONGEST_LINE = 2000
CODES = (
    ("does not have a init() function", "UserScriptFunctionNotFound"),
    ("does not have a run() function", "UserScriptFunctionNotFound"),
    ("UserScriptError: run() ", "UserScriptFunctionNotFound"),
    ("Failed to import user script", "UserScriptImportError"),
    ("User's init function failed", "UserScriptInitFailed"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Azure's code for a failure, the exception in one line, the frames of the user's own code, and what mends it where
    the table `log-causes` knows.
    """

    code: str
    reason: str | None = None
    traceback: tuple[str, ...] = ()
    advice: str | None = None


def fault_of(log: str, exit_code: int | None) -> Fault:
    """Why the server did not start. `exit_code` is None while it still runs, negative for a signal."""
    code = next((code for words, code in CODES if words in log), None)
    users = _of_the_user(chains_of(lines_of(log)))
    reason, frames = (users.brief, _frames(users)) if users else (None, ())
    causes = read_log(log, failed=True).causes
    advice = causes[0].advice if causes else None
    if code is None and exit_code is not None and exit_code < 0:
        return Fault("DeploymentCrashLoopBackOff", f"the server was ended by signal {-exit_code}", frames, advice)
    if code is None and exit_code is None:
        return Fault("ResourceNotReady", "the server did not answer in time", (), advice)
    return Fault(code or "ResourceNotReady", reason or _last_words(log), frames, advice)


def last_fault(log: str) -> Fault | None:
    """The user's exception that was logged last, for a request that failed."""
    raised = [one for chain in chains_of(lines_of(log)) for one in chain.links if _frames(one)]
    return Fault("UserScriptException", raised[-1].brief, _frames(raised[-1])) if raised else None


def other_versions(log: str) -> tuple[str, ...]:
    """scikit-learn's warnings of pickles that another release wrote, each once, in its own words."""
    found = (OTHER_VERSION.search(line[:LONGEST_LINE]) for line in log.splitlines() if "unpickle estimator" in line)
    return tuple(dict.fromkeys(each.group() for each in found if each))


def tail(log: str, lines: int = 20) -> tuple[str, ...]:
    """The end of the log."""
    return tuple(log.rstrip().splitlines()[-lines:])


def _of_the_user(chains: list[Chain]) -> Traceback | None:
    """The exception behind the server's own account of a failure; other tracebacks are of its housekeeping."""
    accounts = [chain for chain in chains if chain.servers_account] or chains[-1:]
    return accounts[0].user if accounts else None


def _frames(traceback: Traceback) -> tuple[str, ...]:
    """The calls that are not the server's or the import system's."""
    return tuple(line for frame in traceback.frames if not frame.of_the_server for line in frame.lines)


def _last_words(log: str) -> str | None:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return lines[-1] if lines else None
