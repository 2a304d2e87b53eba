"""What a process hears of its connection, made into what a world says of it when the run is over."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, Any

from pytest_amlpreflight.facts.unread import NotRead
from pytest_amlpreflight.readers.connection.exchange import Exchange, Led, Lookup, Shown
from pytest_amlpreflight.readers.connection.exchange import Heard as HeardOne
from pytest_amlpreflight.readers.resources.caller import read_caller
from pytest_amlpreflight.run.recording.entries import Origin, entry_of, led_by, shown_by
from pytest_amlpreflight.run.recording.world import Heard, lookup_of

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec
    from pytest_amlpreflight.readers.connection.azure import Azure


class Recorder:
    """Keeps everything that is read, in its order; safe to be told from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._heard: list[HeardOne] = []

    def __call__(self, heard: HeardOne) -> None:
        """Keep it."""
        with self._lock:
            self._heard.append(heard)

    def heard(self, azure: "Azure", known: frozenset[str] = frozenset(), tags: Sequence[str] = ()) -> Heard:
        """All of it, without secrets. `known` are texts that the run's own files have, `tags` what chose workspaces."""
        with self._lock:
            heard = list(self._heard)
        try:
            origin = Origin(azure.cloud.resource_manager, azure.redactor, known, frozenset(map(str.lower, tags)))
            about = _about(azure)
        except NotRead:  # the cloud's metadata: nothing was asked of Azure
            return Heard()
        entries = [entry_of(one, origin) for one in heard if isinstance(one, Exchange)]
        entries += [shown_by(one) for one in heard if isinstance(one, Shown)]
        entries += [led_by(one) for one in heard if isinstance(one, Led)]
        lookups = [lookup_of(one.resolution, azure=one.azure) for one in heard if isinstance(one, Lookup)]
        return Heard([entry for entry in entries if entry], lookups, about)


def _about(azure: "Azure") -> dict[str, Any]:
    """Who asked, and which cloud."""
    caller = read_caller(azure.token, azure.cloud.audience)
    named = {"objectId": caller.object_id, **({"appId": caller.application_id} if caller.application_id else {})}
    return {
        "recorded": {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "version": version("pytest-amlpreflight"),
        },
        "tenant": caller.tenant_id or "",
        "caller": {**named, "enforced": False},
        "cloud": azure.cloud.known_as,
    }


def texts_of(specs: Iterable["EndpointSpec | DeploymentSpec | None"]) -> frozenset[str]:
    """The values of tags and variables in the run's own files: whoever runs the recording again has them."""
    texts = set[str]()
    for spec in specs:
        texts |= {*getattr(spec, "tags", {}).values(), *getattr(spec, "environment_variables", {}).values()}
    return frozenset(texts)
