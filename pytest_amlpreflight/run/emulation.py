"""`--aml-emulator`: the one option that starts the embedded Azure. Nothing else here knows that it exists."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_amlpreflight.run.settings.lookup import Sources
from pytest_amlpreflight.run.settings.options import option_named

if TYPE_CHECKING:
    from pytest_amlpreflight.emulator import Emulator

AZURE_VARIABLES = ("AZURE_", "AZUREML_", "ARM_", "IDENTITY_", "MSI_", "AML_")
"""What would let a real identity, cloud or workspace into an emulated run."""

PROXIES = ("http_proxy", "https_proxy", "all_proxy")
"""What would lead a request out of this machine; upper case means the same."""


class Emulation:
    """A run's embedded Azure, and the environment that points every SDK to it."""

    def __init__(self, world: Path, failures: Sequence[str], latency: float) -> None:
        self.world, self.failures, self.latency = world, failures, latency
        self.emulator: Emulator | None = None
        self.started_in = 0.0
        self._environment = pytest.MonkeyPatch()

    @classmethod
    def of(cls, given: Sources, config: pytest.Config) -> "Emulation | None":
        """What the options ask for, None without `--aml-emulator`. Raises `pytest.UsageError`."""
        world, failures, latency = (_values(given, name) for name in ("emulator", "failure", "emulator-latency"))
        if not world or not world[-1]:
            if failures and not any("=" in failure for failure in failures):
                raise pytest.UsageError("--aml-failure breaks an emulated world: it needs --aml-emulator WORLD.yml")
            return None
        base = config.invocation_params.dir if config.option.aml_emulator else config.inipath.parent  # type: ignore[union-attr]  # the ini file said so
        return cls(base / world[-1], failures, _duration(latency[-1] if latency else "0"))

    def start(self) -> None:
        """Start it and point this process at it; raises `pytest.UsageError` for a world or failure that is none."""
        begun = time.monotonic()
        try:
            from pytest_amlpreflight.emulator import Emulator, UnknownFailure, WorldError
        except ModuleNotFoundError as error:
            raise without_the_extra("--aml-emulator", error) from None
        try:
            self.emulator = Emulator(self.world, failures=self.failures, latency=self.latency)
            self.emulator.start()
        except (WorldError, UnknownFailure, OSError) as error:
            raise pytest.UsageError(f"--aml-emulator: {error}") from None
        self._enter(self.emulator)
        self.started_in = time.monotonic() - begun

    def _enter(self, emulator: "Emulator") -> None:
        for name in list(os.environ):
            if name.startswith(AZURE_VARIABLES) or name.lower() in PROXIES:
                self._environment.delenv(name)
        # Every host of the world is here: no request may go through a proxy, and `*` counts over the system's as well.
        direct = {"NO_PROXY": "*", "no_proxy": "*"}
        for name, value in {**emulator.environment, **emulator.routing, **direct}.items():
            self._environment.setenv(name, value)
        self._environment.setenv("AZURE_CONFIG_DIR", os.devnull)

    def pytest_report_header(self) -> str:
        """Say that none of this is real."""
        broken = f", broken by {', '.join(self.failures)}" if self.failures else ""
        canned = ", scoring answers are canned" if self.emulator and self.emulator.canned else ""
        from pytest_amlpreflight.readers.project.text_file import shown_path

        return f"aml-preflight: EMULATED Azure from {shown_path(self.world, Path.cwd())}{broken}{canned}"

    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """What was asked for that the emulator has no answer to: a gap in it, or a misreading of Azure in a reader."""
        if self.emulator and self.emulator.unanswered:
            terminalreporter.section("emulator: asked for what it does not know", red=True)
            for line in self.emulator.unanswered:
                terminalreporter.line(line)

    def pytest_unconfigure(self) -> None:
        """Stop it and give the environment back."""
        self._environment.undo()
        if self.emulator:
            self.emulator.stop()


def list_failures() -> int:
    """Print every failure that `--aml-failure` takes, with its title. Raises `pytest.UsageError` without the extra."""
    try:
        from pytest_amlpreflight.emulator.failures import failure_names, load
    except ModuleNotFoundError as error:
        raise without_the_extra("--aml-failure", error) from None
    names = failure_names()
    width = max(map(len, names))
    sys.stdout.write("".join(f"{name:<{width}}  {load(name).title}\n" for name in names))
    return pytest.ExitCode.OK


def without_the_extra(option: str, error: ModuleNotFoundError) -> pytest.UsageError:
    """What to say of an option that needs what is not installed."""
    return pytest.UsageError(f"{option} needs {error.name}: pip install 'pytest-amlpreflight[emulator]'")


def _values(given: Sources, name: str) -> list[str]:
    return [setting.value for setting in given(option_named(name))]


def _duration(text: str) -> float:
    """Seconds from `100ms`, `0.1s` or plain seconds."""
    number, factor = (text[:-2], 1000) if text.endswith("ms") else (text.removesuffix("s"), 1)
    try:
        return float(number) / factor
    except ValueError:
        raise pytest.UsageError(f"--aml-emulator-latency: {text!r} is no duration such as 100ms or 0.1s") from None
