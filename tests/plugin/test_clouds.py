"""The whole suite in each of Azure's clouds, and in one that lags behind."""

import re
from pathlib import Path

import pytest

SUFFIXES = {
    "AzureUSGovernment": {
        "inference.ml.azure.com": "inference.ml.azure.us",
        "api.azureml.ms": "api.ml.azure.us",
        "vault.azure.net": "vault.usgovcloudapi.net",
        "azurecr.io": "azurecr.us",
        "core.windows.net": "core.usgovcloudapi.net",
    },
    "AzureChinaCloud": {
        "inference.ml.azure.com": "inference.ml.azure.cn",
        "api.azureml.ms": "api.ml.azure.cn",
        "vault.azure.net": "vault.azure.cn",
        "azurecr.io": "azurecr.cn",
        "core.windows.net": "core.chinacloudapi.cn",
    },
    "AzureCloud": {},
}
"""What the example's world is written with, and what it is called elsewhere."""


def move(world: Path, cloud: str) -> None:
    """Make a world one of another cloud."""
    text = world.read_text(encoding="utf-8").replace("cloud: AzureCloud", f"cloud: {cloud}")
    for here, there in SUFFIXES[cloud].items():
        text = text.replace(here, there)
    world.write_text(text, encoding="utf-8")


def passed(example: pytest.Pytester, *arguments: str) -> tuple[set[str], str]:
    """The checks that passed in a run over the example, and its screen; none may fail."""
    result = example.runpytest_inprocess("-p", "no:xdist", "-rA", *arguments, "aml-preflight")
    screen = result.stdout.str()
    assert result.ret == pytest.ExitCode.OK, screen
    return set(re.findall(r"^PASSED (\S+)", screen, re.MULTILINE)), screen


@pytest.mark.parametrize("phase", ["pre", "post", "audit"])
def test_the_suite_says_the_same_in_every_cloud(example: pytest.Pytester, phase: str) -> None:
    """Every check that passes in the public cloud passes in the others, with their suffixes, zones and audiences."""
    public, _ = passed(example, "--aml-phase", phase)
    assert public

    world = example.path / "world.yml"
    text = world.read_text(encoding="utf-8")
    for cloud in ("AzureUSGovernment", "AzureChinaCloud"):
        world.write_text(text, encoding="utf-8")
        move(world, cloud)
        there, _ = passed(example, "--aml-phase", phase)
        assert there == public, cloud


def test_a_cloud_that_lags_behind_is_asked_in_its_own_versions(example: pytest.Pytester) -> None:
    """The suite runs, and `-v` says which api-versions were used instead of the pinned ones."""
    world = example.path / "world.yml"
    head, provider, tail = world.read_text(encoding="utf-8").partition("    namespace: Microsoft.KeyVault\n")
    old = "    resourceTypes: [{resourceType: vaults, apiVersions: [2019-09-01, 2016-10-01]}]"
    world.write_text(head + provider + re.sub(r"    resourceTypes:.*", old, tail, count=1), encoding="utf-8")

    _, screen = passed(example, "-v", "-k", "key_vault")

    assert re.search(
        r"aml-preflight: Microsoft\.KeyVault/vaults has no api-version \S+ here, used 2019-09-01", screen, re.I
    )
