"""The inference server's log, taken apart without a server."""

import pytest

from pytest_amlpreflight.readers.processes.server_log import fault_of, last_fault, tail

SERVER = (
    '  File "/env/lib/python3.11/site-packages/azureml_inference_server_http/server/user_script.py", line 77, in load'
)
FROZEN = '  File "<frozen importlib._bootstrap_external>", line 940, in exec_module'
USER = '  File "/src/score.py", line 3, in <module>'
HEAD = "2026-11-20 22:00:00,000 E [1] azmlinfsrv - Traceback (most recent call last):"
CHAINED = "The above exception was the direct cause of the following exception:"


def account(exception: str, own: str, *, first: str = "") -> str:
    """A log in which the server tells of the script's exception."""
    user = [HEAD, SERVER, "    load()", FROZEN, USER, "    import absent", exception, "", CHAINED, ""]
    server = ["Traceback (most recent call last):", SERVER, "    raise", own]
    return "\n".join([first, *user, *server, "Worker (pid:1) exited with code 3"])


def test_import_errors_are_the_users_own() -> None:
    """The reason is the user's exception, the frames are the user's files."""
    log = account(
        "ModuleNotFoundError: No module named 'absent'",
        "azureml_inference_server_http.server.user_script.UserScriptImportException: Failed to import user script",
    )

    fault = fault_of(log, 3)

    assert (fault.code, fault.reason) == ("UserScriptImportError", "ModuleNotFoundError: No module named 'absent'")
    assert fault.traceback == (USER, "    import absent")


def test_housekeeping_of_the_server_is_not_taken_for_the_users() -> None:
    """A traceback that the server logs of its own affairs stands before the one that matters."""
    noise = f"{HEAD}\n{SERVER}\n    int('x')\nValueError: invalid literal for int()"
    log = account("KeyError: 'path'", "x.UserScriptException: Caught\nUser's init function failed", first=noise)

    fault = fault_of(log, 3)

    assert (fault.code, fault.reason) == ("UserScriptInitFailed", "KeyError: 'path'")


def test_findings_of_the_server_stand_alone() -> None:
    """A missing function is no exception of the user's."""
    finding = "UserScriptError: User script at a.py does not have a run() function"
    log = f"{HEAD}\n{SERVER}\n    raise\nx.user_script.{finding}"

    fault = fault_of(log, 3)

    assert fault.code == "UserScriptFunctionNotFound"
    assert fault.reason == finding
    assert fault.traceback == ()


@pytest.mark.parametrize(
    ("log", "exit_code", "code", "reason"),
    [
        ("", -9, "DeploymentCrashLoopBackOff", "the server was ended by signal 9"),
        ("loading", None, "ResourceNotReady", "the server did not answer in time"),
        ("loading\nbad thing\n", 1, "ResourceNotReady", "bad thing"),
        ("", 0, "ResourceNotReady", None),
    ],
)
def test_failures_without_a_traceback_have_a_reason(log: str, exit_code: int | None, code: str, reason: str) -> None:
    """A signal, a start without end, and last words."""
    fault = fault_of(log, exit_code)

    assert (fault.code, fault.reason) == (code, reason)


def test_last_exception_of_a_request_is_found() -> None:
    """Of many requests, the last failure is the one that was asked about."""
    log = (
        f"{HEAD}\n{USER}\n    a\nKeyError: 'a'\n{HEAD}\n{USER}\n    b\nKeyError: 'b'\n{HEAD}\n{SERVER}\n    c\nx.Err: c"
    )

    fault = last_fault(log)

    assert fault is not None
    assert fault.reason == "KeyError: 'b'"
    assert last_fault("all is well") is None


def test_tail_is_the_end() -> None:
    """Twenty lines are enough to show."""
    lines = tail("\n".join(str(each) for each in range(30)) + "\n")

    assert (lines[0], lines[-1], len(lines)) == ("10", "29", 20)
