"""The environment is read on threads of ours while pytest changes it on its own."""

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from pytest_amlpreflight.readers.environment import CHANGING, Session, undisturbed


@pytest.fixture
def _ever_changing() -> Iterator[None]:
    """Somebody sets and removes the variable, as pytest does around every test."""
    over, often = threading.Event(), sys.getswitchinterval()

    def change() -> None:
        while not over.is_set():
            os.environ[CHANGING] = "a test"
            os.environ.pop(CHANGING)

    changing = threading.Thread(target=change)
    sys.setswitchinterval(1e-6)
    changing.start()
    yield
    over.set()
    changing.join()
    sys.setswitchinterval(often)
    os.environ[CHANGING] = "this test"  # pytest takes it away itself


@pytest.mark.usefixtures("_ever_changing")
def test_a_session_finds_its_proxies_while_tests_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests goes through all variables for each request, and stumbled over the one that went away."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    session = Session()

    found = [session.merge_environment_settings("https://a.example", {}, True, None, None) for _ in range(300)]

    assert {one["proxies"]["https"] for one in found} == {"http://127.0.0.1:3128"}


def test_another_missing_variable_is_an_error() -> None:
    """Only what pytest takes away is read again."""
    with pytest.raises(KeyError, match="PATH"):
        undisturbed(lambda: {}["PATH"])
