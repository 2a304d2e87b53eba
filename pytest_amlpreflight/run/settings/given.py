"""What the command line and the ini file say of the plugin's options."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_amlpreflight.run.settings.config_files import Setting
from pytest_amlpreflight.run.settings.lookup import Sources
from pytest_amlpreflight.run.settings.options import Option, option_named


def given_by(config: pytest.Config) -> Sources:
    """The command line's values for an option, else the ini file's."""

    def given(option: Option) -> list[Setting]:
        on_line, in_file = getattr(config.option, option.ini, None), config.getini(option.ini)
        values, source = (on_line, option.flag) if on_line else (in_file, f"ini {option.ini}")
        return [Setting(str(value), source) for value in ((values or []) if option.repeatable else [values]) if value]

    return given


def value_of(config: pytest.Config, name: str) -> str | None:
    """One option's value."""
    values = values_of(config, name)
    return values[-1] if values else None


def values_of(config: pytest.Config, name: str) -> list[str]:
    """An option's values."""
    return [setting.value for setting in given_by(config)(option_named(name))]


def path_of(config: pytest.Config, name: str) -> Path | None:
    """One option's path: from where pytest was started, or from the ini file's folder."""
    value = value_of(config, name)
    if not value:
        return None
    on_line = getattr(config.option, option_named(name).ini, None)
    return (config.invocation_params.dir if on_line else config.rootpath) / value
