"""The environment variables of this process, read as a whole while pytest changes them.

pytest takes PYTEST_CURRENT_TEST out of the environment after each test. Whoever goes through all variables on another
thread, as requests does for its proxies, may meet one that is gone: a `KeyError`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import requests

CHANGING = "PYTEST_CURRENT_TEST"

T = TypeVar("T")


def undisturbed(read: Callable[[], T]) -> T:
    """What `read` makes of the environment; it is called again where a variable went away under it."""
    while True:
        try:
            return read()
        except KeyError as error:
            if error.args != (CHANGING,):
                raise


class Session(requests.Session):
    """A session whose proxies are the environment's, on any thread."""

    def merge_environment_settings(self, *given: Any) -> Any:
        """As requests does it."""
        return undisturbed(lambda: super(Session, self).merge_environment_settings(*given))
