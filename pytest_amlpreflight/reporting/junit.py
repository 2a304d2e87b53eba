"""What JUnit's file says of the run as a whole."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from _pytest.junitxml import xml_key  # the file has no public door for plugins, only a fixture for tests

from pytest_amlpreflight.run.preflight import Preflight

DEFAULT_NAME = "pytest"


def describe_suite(config: pytest.Config, preflight: Preflight) -> None:
    """Give the suite its properties, and a name that tells one phase from another unless the user gave it one."""
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    settings = preflight.settings
    if xml.suite_name == DEFAULT_NAME:
        xml.suite_name = f"{DEFAULT_NAME} aml-preflight {settings.phase}"
    for workspace in preflight.workspaces:
        xml.add_global_property("aml_workspace", workspace.text)
    for subscription in sorted({workspace.subscription for workspace in preflight.workspaces}):
        xml.add_global_property("aml_subscription", subscription)
    xml.add_global_property("aml_phase", settings.phase)
    xml.add_global_property("aml_version", version("pytest-amlpreflight"))
