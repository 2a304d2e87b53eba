"""What a deployment's containers printed last."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pytest_amlpreflight.facts.logs.life import life_of
from pytest_amlpreflight.facts.logs.lines import lines_of
from pytest_amlpreflight.facts.logs.reading import LogReading, read_log

_NO_LOG_YET = re.compile(
    r"(?i)try again later|no logs? (?:is|are|for)\b|can(?:'|no)t be retrieved|is not (?:yet )?(?:running|available)"
)
_IMAGE = re.compile(
    r"AzureML image information: ?(?P<image>[^,\s]{1,200}) ?, ?Materializati?on Build: ?(?P<built>\d{8})"
)
_SERVER = re.compile(r"Azure ML Inferencing HTTP server v(?P<version>\d[\w.]{0,30})")
_START = "AzureML Container Runtime Information"
_STAMP = re.compile(r"^(?P<day>20\d\d-[01]\d-[0-3]\d)[T ]", re.MULTILINE)


class Container(StrEnum):
    """A container of a deployment, as `getLogs` calls it: the storage initializer fetches model and code, then the
    server starts.
    """

    INFERENCE_SERVER = "InferenceServer"
    STORAGE_INITIALIZER = "StorageInitializer"


@dataclass(frozen=True, slots=True)
class ContainerLog:
    """The last lines of one container, without secrets."""

    container: Container
    text: str

    @property
    def available(self) -> bool:
        """Whether there is a log: of a container that is not up, Azure answers with a sentence that says to try
        again.
        """
        text = self.text.strip()
        return bool(text) and not (len(text) < 400 and "\n" not in text and _NO_LOG_YET.search(text))

    @property
    def tells_of_a_server(self) -> bool:
        """Whether a server tells of its life here: it had started, at least."""
        return self.available and life_of(lines_of(self.text)).told

    def reading(self, *, failed: bool | None = None) -> LogReading:
        """Why the container does not work, as its log tells; `failed` says whether its deployment did."""
        return read_log(self.text, self.container.value, failed=failed) if self.available else LogReading()

    @property
    def image(self) -> tuple[str, date] | None:
        """The Azure image the container runs and the day it was built; None where the log does not say."""
        match = _IMAGE.search(self.text)
        if match is None:
            return None
        built = match["built"]
        try:
            return match["image"], date(int(built[:4]), int(built[4:6]), int(built[6:]))
        except ValueError:  # eight digits that are no date
            return None

    @property
    def server_version(self) -> str | None:
        """The release of the inference server that started last; None where its first lines are not among the last."""
        found = _SERVER.findall(self.text)
        return found[-1] if found else None

    @property
    def names_no_image(self) -> bool:
        """Whether the container's start is there, and tells nothing of the image: one from before July 2022."""
        return _START in self.text and "AzureML image information" not in self.text

    @property
    def last_day(self) -> date | None:
        """The day of the last line that has a time stamp."""
        stamps = _STAMP.findall(self.text)
        return date.fromisoformat(stamps[-1]) if stamps else None
