"""`--aml-record`, `--aml-pseudonyms`: every process hears what it reads, and the one that reports writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_amlpreflight.facts.fleet import named_aliases
from pytest_amlpreflight.run.recording.key import Key
from pytest_amlpreflight.run.recording.pseudonyms import OriginalLeft, Pseudonyms
from pytest_amlpreflight.run.recording.recorder import Recorder, texts_of
from pytest_amlpreflight.run.recording.split import Parts
from pytest_amlpreflight.run.recording.world import Heard, as_yaml, world_of
from pytest_amlpreflight.run.settings.given import path_of
from pytest_amlpreflight.run.whole_file import write_whole

if TYPE_CHECKING:
    from pytest_amlpreflight.facts.resource_id import ResourceId
    from pytest_amlpreflight.run.preflight import Preflight

RECORDED = "aml_recorded"


class Recording:
    """Stands in every process: workers of xdist hand over what they heard."""

    def __init__(self, preflight: Preflight, path: Path, key: tuple[Key, Path] | None) -> None:
        self._preflight, self._path, self._key = preflight, path, key
        self._recorder, self._heard = Recorder(), Heard()
        self._lines: list[str] = []
        preflight.tap = self._recorder

    @classmethod
    def of(cls, preflight: Preflight, config: pytest.Config) -> Recording | None:
        """What the options ask for. Raises `pytest.UsageError`."""
        path, keyfile = path_of(config, "record"), path_of(config, "pseudonyms")
        if path is None:
            if keyfile is not None:
                raise pytest.UsageError("--aml-pseudonyms renames what --aml-record WORLD.yml writes")
            return None
        if preflight.is_fleet == (path.suffix in (".yml", ".yaml")):
            what = "a folder, since it is over a fleet" if preflight.is_fleet else "a file such as WORLD.yml"
            raise pytest.UsageError(f"--aml-record {path}: this run is recorded into {what}")
        try:
            return cls(preflight, path, (Key.of(keyfile), keyfile) if keyfile else None)
        except ValueError as error:
            raise pytest.UsageError(f"--aml-pseudonyms: {error}") from None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what this process heard, or write what all of them did."""
        preflight = self._preflight
        if "readings" in vars(preflight):
            known = texts_of([*preflight.deployment_specs, *preflight.endpoint_specs])
            tags = [name for name, _ in preflight.settings.selection.tags]
            self._heard.add(self._recorder.heard(preflight.readings.azure, known, tags))
        if (output := getattr(session.config, "workeroutput", None)) is not None:
            output[RECORDED] = self._heard.as_text()
        else:
            self._write()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """The controller takes it; a worker that died has nothing to say."""
        if text := getattr(node, "workeroutput", {}).get(RECORDED):
            self._heard.add(Heard.of_text(text))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Which files there are."""
        for line in self._lines:
            terminalreporter.line(f"aml-preflight: {line}")

    def _write(self) -> None:
        if not self._heard.entries:
            self._lines.append("nothing was read of Azure: no recording")
            return
        try:
            files = list(self._files())
            if self._key:  # first: without it nobody could tell the originals of what follows
                self._key[0].keep(self._key[1])
                self._lines.append(f"wrote {self._key[1]}: it tells the originals, and stays with you")
            for path, text in files:
                write_whole(path, text)
                self._lines.append(f"wrote {path}")
        except (OriginalLeft, OSError, ValueError) as problem:
            self._lines.append(f"no recording was written: {problem}")

    def _files(self) -> Iterator[tuple[Path, str]]:
        aliases = named_aliases(one.workspace for one in self._preflight.targets if one.workspace)
        if not self._preflight.is_fleet:
            yield self._path, self._text(self._heard, list(aliases))
            return
        parts = Parts(self._heard, aliases)
        for workspace, alias in aliases.items():
            text = self._text(parts.of(workspace), [workspace])
            yield self._path / f"{self._key[0].name(alias) if self._key else alias}.yml", text

    def _text(self, heard: Heard, workspaces: list[ResourceId]) -> str:
        world: dict[str, Any] = world_of(heard)
        world["recorded"]["again"] = self._again(workspaces)
        if self._key is None:
            return as_yaml(world)
        pseudonyms = Pseudonyms(world, self._key[0])
        text = as_yaml(pseudonyms.of(world))
        pseudonyms.check(text)
        return text

    def _again(self, workspaces: list[ResourceId]) -> str:
        """The command that runs the recording: what is live by its name, what is not as a file."""
        settings, given = self._preflight.settings, self._preflight.given
        words = ["pytest --aml-emulator THIS-FILE", *(f"--aml-workspace {one.text}" for one in workspaces)]
        if settings.phase == "pre":
            named = list(settings.endpoints), list(settings.deployments)
        else:
            named = [one.endpoint for one in given if one.endpoint], [one.deployment for one in given if one.deployment]
        for option, names in zip(("--aml-endpoint", "--aml-deployment"), named, strict=True):
            words += [f"{option} {name}" for name in dict.fromkeys(names)]
        return " ".join([*words, f"--aml-phase {settings.phase}"])
