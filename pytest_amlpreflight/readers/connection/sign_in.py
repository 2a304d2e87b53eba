"""Whose identity asks: the credential at hand, and how long it may take."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError

from pytest_amlpreflight.engine.pool import fulfil
from pytest_amlpreflight.readers.connection.refusals import not_signed_in

if TYPE_CHECKING:
    from azure.core.credentials import SupportsTokenInfo

LONGEST_SIGN_IN = 60.0
"""Seconds after which an identity is given up: three command lines may take ten each, and a metadata service may
accept a connection and stay silent.
"""

LONGEST_ANSWER = 10.0
"""Seconds that a token endpoint may be silent. azure-core's default is five minutes, for which no other identity would
be tried.
"""


def default_credential(authority: str) -> "SupportsTokenInfo":
    """Whatever identity is at hand: environment, workload identity, managed identity, Azure CLI, in azure-identity's
    order.

    Raises `NotSignedIn` for variables that azure-identity cannot make sense of, such as an empty secret.
    """
    from azure.identity import DefaultAzureCredential

    try:
        return DefaultAzureCredential(authority=authority, read_timeout=LONGEST_ANSWER)
    except (ValueError, OSError) as error:
        problem = not_signed_in(f"EnvironmentCredential: {error}", os.environ)
    raise problem


def within(seconds: float, ask: Callable[[], AccessTokenInfo]) -> AccessTokenInfo:
    """What `ask` returns, or `ClientAuthenticationError` once `seconds` are over."""
    answer: Future[AccessTokenInfo] = Future()
    try:
        Thread(target=fulfil, args=(answer, ask), name="sign in", daemon=True).start()
    except RuntimeError:  # the system gives no more threads: then it is waited for without a bound
        fulfil(answer, ask)
    try:
        return answer.result(seconds)
    except TimeoutError:
        if answer.done():  # then it is the credential's own
            raise
    raise ClientAuthenticationError(f"no identity gave an answer within {seconds:.0f} s")
