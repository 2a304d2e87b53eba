"""The embedded Azure: a world file, served on 127.0.0.1 as Azure would.

    WorldError         the world, or a failure applied to it, cannot be used: file and line first
    UnknownFailure     no failure has that name: the nearest ones in `near`

It speaks Azure's REST and shares no code with the rest of the package, so that a misreading of Azure cannot be shared
by the reader and its test.
"""

from .application import Request
from .failures import Failure, UnknownFailure, failure_names
from .failures import load as load_failure
from .notation import WorldError
from .server import Emulator

__all__ = ["Emulator", "Failure", "Request", "UnknownFailure", "WorldError", "failure_names", "load_failure"]
