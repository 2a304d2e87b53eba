"""The log of an image's build: where an error says it is kept, and what ended the build."""

import re
from dataclasses import dataclass

from pytest_amlpreflight.facts.logs.reading import LogReading, read_log

_PLACES = (
    re.compile(
        r"build log under the storage account '(?P<account>[^']{1,60})' in the container '(?P<container>[^']{1,80})' "
        r"at the path '(?P<path>[^']{1,400})'"
    ),
    re.compile(
        r'blob store "(?P<account>[^"]{1,60})" under the path "/(?P<container>[\w-]{1,80})/(?P<path>[^"]{1,400})"'
    ),
    re.compile(r"(?P<path>ExperimentRun/dcid\.[\w.-]{1,200}/[\w.-]{0,40}image_build_log\.txt)"),
)
_OF_RUNS = "azureml"
"""The container in which a workspace keeps what its runs wrote."""


@dataclass(frozen=True, slots=True)
class BuildLogPlace:
    """A blob. `account` is None where the error does not name it: the workspace's own."""

    container: str
    path: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class BuildLog:
    """The end of a build's log, without secrets; empty where the blob is gone. `place` is the blob in words."""

    place: str
    text: str

    @property
    def reading(self) -> LogReading:
        """What ended the build."""
        return read_log(self.text, failed=True)

    @property
    def last_lines(self) -> list[str]:
        """The last lines that say something."""
        return [line.rstrip() for line in self.text.splitlines() if line.strip()][-8:]


def build_log_place(message: str) -> BuildLogPlace | None:
    """Where an error's message says that the log of the image's build is; None where it names none."""
    found = next((match for pattern in _PLACES if (match := pattern.search(message))), None)
    if found is None:
        return None
    named = found.groupdict()
    return BuildLogPlace(named.get("container") or _OF_RUNS, found["path"], named.get("account"))
