"""`--aml-connect-to`: rules that a run can use, or a sentence about the one that it cannot."""

from pathlib import Path

import pytest

from pytest_amlpreflight.readers.connection.routing import parse_connect_to
from pytest_amlpreflight.run.settings.config_files import Setting
from pytest_amlpreflight.run.settings.options import Option
from pytest_amlpreflight.run.settings.settings import Settings, read_settings

PARTS = {"workspace": "ws1", "subscription": "s", "resource-group": "g"}


def read(tmp_path: Path, *rules: str, environ: dict[str, str] | None = None) -> Settings:
    """Settings with these rules on the command line."""

    def given(option: Option) -> list[Setting]:
        if option.name == "connect-to":
            return [Setting(rule, option.flag) for rule in rules]
        return [Setting(PARTS[option.name], f"ini {option.ini}")] if option.name in PARTS else []

    return read_settings(given, environ or {}, tmp_path)


@pytest.mark.parametrize(
    "rule", ["kv.example.org:443:127.0.0.1:8443", "::127.0.0.1:", ":443::8443", "kv.example.org::[::1]:8443"]
)
def test_a_rule_that_is_accepted_can_be_read(tmp_path: Path, rule: str) -> None:
    """What the settings let through, the connection understands."""
    settings = read(tmp_path, rule)

    assert settings.connect_to == (rule,)
    assert parse_connect_to(rule)


def test_a_variable_holds_several_rules(tmp_path: Path) -> None:
    """With spaces between them."""
    settings = read(tmp_path, environ={"AML_CONNECT_TO": ":80:127.0.0.1:8080 ::127.0.0.1:8443"})

    assert settings.connect_to == (":80:127.0.0.1:8080", "::127.0.0.1:8443")


@pytest.mark.parametrize("rule", ["127.0.0.1:8443", "kv.example.org:443:tunnel:8443", "kv:https:127.0.0.1:8443", "a"])
def test_what_is_no_rule_is_refused(tmp_path: Path, rule: str) -> None:
    """The address is an address: a name would need a look-up of its own."""
    with pytest.raises(pytest.UsageError, match=r"--aml-connect-to: .* is not HOST:PORT:ADDRESS:PORT"):
        read(tmp_path, rule)
