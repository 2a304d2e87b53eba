"""The checks of the workspace's key vault, called with values."""

from dataclasses import replace

import pytest

from pytest_amlpreflight.checks.key_vault import check_vault_admits_trusted_services
from pytest_amlpreflight.facts.key_vault import KeyVault
from pytest_amlpreflight.verdict import Blocked


@pytest.mark.parametrize(
    ("default_action", "bypass"),
    [("Deny", "AzureServices"), ("deny", "azureservices"), ("Allow", "None"), ("Allow", None), (None, None)],
)
def test_a_vault_that_admits_trusted_services_passes(
    key_vault: KeyVault, default_action: str | None, bypass: str | None
) -> None:
    """By its bypass, by an open default, or because it has no rules at all; whatever the casing."""
    check_vault_admits_trusted_services(replace(key_vault, default_action=default_action, bypass=bypass))


@pytest.mark.parametrize("bypass", ["None", "none", None])
def test_a_vault_that_bypasses_nobody_is_blocked(key_vault: KeyVault, bypass: str | None) -> None:
    """Azure Machine Learning is turned away as well when it stores the endpoint's keys."""
    with pytest.raises(Blocked, match="key vault contoso-ml-kv turns trusted Azure services away") as caught:
        check_vault_admits_trusted_services(replace(key_vault, bypass=bypass))

    assert caught.value.found == f"networkAcls.bypass = {bypass!r}"
    assert caught.value.expected == "networkAcls.bypass = 'AzureServices'"
    assert caught.value.fix == "az keyvault update --name contoso-ml-kv --bypass AzureServices"
