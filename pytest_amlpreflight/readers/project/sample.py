"""The sample request: the file that was given for an endpoint, else the one `sample-request.json` of the project."""

import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path

from pytest_amlpreflight.facts.resources.scoring import Sample, SampleRequests
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.project.text_file import SpecError, read_bytes

NAME = "sample-request.json"
MOST_BYTES = 64 * 1024**2
DEEPEST = 4
"""Folders below the project's root in which a sample is looked for."""

NOT_OURS = frozenset({"node_modules", "site-packages", "venv", "build", "dist", "__pycache__"})


def read_sample(requests: SampleRequests, endpoint: str) -> Sample | str:
    """The sample of an endpoint, or the reason for which there is none.

    Raises `FactUnreadable` for one that is there and cannot be read, or is larger than any request.
    """
    given = dict(requests.given)
    if endpoint not in given and requests.named is not None and endpoint not in requests.named:
        return f"a sample is sent to endpoints that were named only: --aml-sample-request {endpoint}=FILE"
    path = given.get(endpoint) or given.get("")
    if path is not None:
        return _sample(path)
    found = list(_files(requests.project)) if requests.project else []
    if len(found) == 1:
        return _sample(found[0])
    if not found:
        return f"no sample request was given (--aml-sample-request FILE), and the project has no {NAME}"
    shown = ", ".join(str(path.relative_to(requests.project or path)) for path in found)
    return f"the project has more than one {NAME} ({shown}): --aml-sample-request {endpoint}=FILE says which"


def _sample(path: Path) -> Sample:
    kind, _ = mimetypes.guess_type(path.name)
    try:
        return Sample(path, read_bytes(path, str(path), MOST_BYTES), kind or "application/octet-stream")
    except SpecError as error:
        raise FactUnreadable("the sample request", status=None, code="NotRead", detail=str(error)) from None


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        deep = len(here.relative_to(root).parts) >= DEEPEST
        folders[:] = [] if deep else sorted(one for one in folders if one not in NOT_OURS and not one.startswith("."))
        if NAME in files:
            yield here / NAME
