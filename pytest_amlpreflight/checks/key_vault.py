"""The workspace's key vault, as the endpoint's creation will meet it."""

from pytest_amlpreflight.facts.key_vault import KeyVault
from pytest_amlpreflight.verdict import blocked, check


@check("key_vault", explains=("BadRequest",), phases=("pre", "audit"))
def check_vault_admits_trusted_services(aml_key_vault: KeyVault) -> None:
    """The vault's firewall lets trusted Azure services through.

    Creating an endpoint with key authentication stores its keys in this vault. A vault that denies by default and
    bypasses nobody turns Azure Machine Learning away as well, and the creation fails far from its cause.
    """
    if aml_key_vault.admits_trusted_services:
        return
    blocked(
        f"key vault {aml_key_vault.name} turns trusted Azure services away",
        found=f"networkAcls.bypass = {aml_key_vault.bypass!r}",
        expected="networkAcls.bypass = 'AzureServices'",
        fix=f"az keyvault update --name {aml_key_vault.name} --bypass AzureServices",
    )
