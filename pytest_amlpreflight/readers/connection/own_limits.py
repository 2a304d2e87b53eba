"""What this machine itself lacks for a connection: no word about whoever is on its other end."""

import errno
from collections.abc import Iterable

from pytest_amlpreflight.facts.unread import FactUnreadable

LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
"""No more files that this process, or the machine, may have open; no memory; no buffers."""


def require_own_means(resource: str, errors: Iterable[BaseException]) -> None:
    """Raise `FactUnreadable` where one of these errors tells that a limit of this machine was met.

    Where a file of authorities cannot be opened, requests speaks of a certificate; where there is no socket to ask
    from, dnspython speaks of its servers.
    """
    for error in errors:
        if isinstance(error, OSError) and error.errno in LIMITS:
            code = errno.errorcode[error.errno]
            raise FactUnreadable(resource, status=None, code=code, detail=f"{error.strerror} (on this machine)")
