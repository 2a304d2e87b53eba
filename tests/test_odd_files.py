"""Files that are not what they should be: each is one sentence that names it, and none is waited for.

Every place that reads a file of the user's is tried with every kind of oddity there is on a disk, and with contents of
another shape. A reader ends within seconds, without the memory of an endless file, and raises what its callers say.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pytest_amlpreflight.data import TableError
from pytest_amlpreflight.data import read as read_table
from pytest_amlpreflight.emulator.notation import WorldError
from pytest_amlpreflight.emulator.world import _SECTIONS
from pytest_amlpreflight.emulator.world import load as load_world
from pytest_amlpreflight.facts.resources.scoring import SampleRequests
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.kubernetes.kubeconfig import read_contexts
from pytest_amlpreflight.readers.project.conda_file import read_conda_file
from pytest_amlpreflight.readers.project.model_folder import read_model_folder
from pytest_amlpreflight.readers.project.sample import read_sample
from pytest_amlpreflight.readers.project.script_file import read_script
from pytest_amlpreflight.readers.project.spec_file import (
    SpecError,
    read_deployment_spec,
    read_endpoint_spec,
)
from pytest_amlpreflight.readers.project.template_file import read_template
from pytest_amlpreflight.reporting.explained import read_explanation
from pytest_amlpreflight.run.findings.history import read_history
from pytest_amlpreflight.run.findings.waivers import read_waivers
from pytest_amlpreflight.run.settings.config_files import from_azure_cli, from_config_json, workspace_of_file

EXAMPLE = Path(__file__).parents[1] / "example_project"
LONGEST = 60.0
SAID = (pytest.UsageError, SpecError, FactUnreadable, TableError, WorldError)
"""What a reader may raise: each becomes one sentence of the run."""


def _circle(path: Path) -> None:
    path.symlink_to(path.parent / "other")
    (path.parent / "other").symlink_to(path)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 * 1024**3)


ODDITIES: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "nothing": lambda path: path.symlink_to("/dev/null"),
    "link to nowhere": lambda path: path.symlink_to("nowhere"),
    "circle": _circle,
    "huge": _sparse,
    "absent": lambda path: None,
}
CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "bytes": bytes(range(256)),
    "utf-16": "a: b".encode("utf-16"),
    "null byte": b'{"a": "\0"}',
    "list": b"[1, [2], {}]",
    "word": b"word",
    "number": b"1e999",
    "null": b"null",
    "not a number": b'{"subscriptions": NaN}',
    "list of words": b'["a"]',
    "digits": b"9" * 5000,
    "deep": b"[" * 3_000,
    "deep mappings": b'{"a":' * 3_000,
    "days that are none": b"until: 2026-13-45\n",
    "bomb": "\n".join(
        [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" if n else "a0: &a0 [x]" for n in range(9)]
    ).encode(),
    "all wrong": b'{"subscriptions": {"a": 1}, "subscription_id": [1], "resource_group": {}, "workspace_name": 7, '
    b'"tenant": 1, "caller": [], "clusters": 5, "contexts": {"a": 1}, "users": [1, "a", {"name": []}], "rows": 7, '
    b'"as_of": 1, "source": [], "schema": "urn:pytest-amlpreflight:history:1", "selection": 5, "resources": {}}',
}


def _explained(path: Path) -> object:
    return read_explanation(path.name, path.parent, str)


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "config.json that is named": ("config.json", lambda path: workspace_of_file(path, "--aml-workspace")),
    "config.json that is found": ("config.json", lambda path: from_config_json(path.parent, "subscription_id", "7")),
    "list of subscriptions": (
        "azureProfile.json",
        lambda path: from_azure_cli({"AZURE_CONFIG_DIR": str(path.parent)}, "subscription"),
    ),
    "Azure CLI defaults": ("config", lambda path: from_azure_cli({"AZURE_CONFIG_DIR": str(path.parent)}, "workspace")),
    "waivers": ("waivers.yml", lambda path: read_waivers(path, ["spec::a"])),
    "history": ("20260101.jsonl", lambda path: read_history(path.parent, "5")),
    "table": ("retirements.yml", lambda path: read_table("retirements", path)),
    "kubeconfig": ("config", lambda path: read_contexts([path])),
    "world": ("world.yml", load_world),
    "sample": ("sample-request.json", lambda path: read_sample(SampleRequests((("", path),), path.parent), "iris")),
    "sample that is found": ("sample-request.json", lambda path: read_sample(SampleRequests((), path.parent), "iris")),
    "template": ("main.json", lambda path: read_template(path, path.parent)),
    "deployment": ("blue.yml", lambda path: read_deployment_spec(path, path.parent)),
    "endpoint": ("endpoint.yml", lambda path: read_endpoint_spec(path, path.parent)),
    "conda file": ("conda.yml", lambda path: read_conda_file(path, path.parent)),
    "script": ("score.py", lambda path: read_script(path, path.parent, path.parent)),
    "pickle": ("model.pkl", lambda path: read_model_folder(path.parent, path.parent)),
    "MLmodel": ("MLmodel", lambda path: read_model_folder(path.parent, path.parent)),
    "text to explain": ("error.txt", _explained),
}


def outcome(read: Callable[[Path], object], path: Path) -> BaseException | None:
    """What reading ends with; a reader that waits is a failure, and is let go."""
    raised: list[BaseException | None] = []

    def run() -> None:
        try:
            read(path)
        except BaseException as error:
            raised.append(error)
        else:
            raised.append(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LONGEST)
    assert raised, "it waits"
    return raised[0]


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("reader", READERS)
def test_no_kind_of_file_is_waited_for(tmp_path: Path, reader: str, oddity: str) -> None:
    """A pipe, a device, a circle of links, a folder, gigabytes of nothing: refused, or rightly passed over."""
    name, read = READERS[reader]
    ODDITIES[oddity](tmp_path / name)

    found = outcome(read, tmp_path / name)

    assert found is None or isinstance(found, SAID), repr(found)


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("reader", READERS)
def test_no_content_is_more_than_a_sentence(tmp_path: Path, reader: str, content: str) -> None:
    """Whatever a file holds, its reader knows how to say that it is not what was wanted."""
    name, read = READERS[reader]
    (tmp_path / name).write_bytes(CONTENTS[content])

    found = outcome(read, tmp_path / name)

    assert found is None or isinstance(found, SAID), repr(found)
    assert found is None or name in str(found)


@pytest.mark.parametrize("section", _SECTIONS)
def test_no_section_of_a_world_of_another_shape_is_more_than_a_sentence(tmp_path: Path, section: str) -> None:
    """A world is written by hand, and pasted together."""
    whole = yaml.safe_load((EXAMPLE / "world.yml").read_text(encoding="utf-8"))
    path = tmp_path / "world.yml"
    for value in (5, "x", [], {}, [1], ["x"], {"a": 1}, {"a": [1]}, {"a": {"b": 1}}, {1: 2}, None, True):
        path.write_text(yaml.safe_dump({"tenant": "t", "caller": whole["caller"], section: value}), encoding="utf-8")

        found = outcome(load_world, path)

        assert found is None or isinstance(found, WorldError), (value, found)
