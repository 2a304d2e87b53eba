"""The log of an image's build, from the workspace's storage account."""

from dataclasses import replace

import pytest
from judging import emulated, readings_of

from pytest_amlpreflight.facts.resources.build_log import BuildLogPlace
from pytest_amlpreflight.readers.resources.build_log import END, read_build_log


def test_the_end_of_a_long_log_is_read_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one that is gone nothing; of another account's not a byte is asked for."""
    text = "x" * END + "\nAccountKey=" + "a" * 86 + "==\nERROR: No matching distribution found for wine"
    with emulated(monkeypatch) as emulator:
        held = emulator.world.data_plane["contosomlstore.blob.core.windows.net"]["containers"]
        held["azureml"] = {"logs/build.log": text}
        readings, target = readings_of(emulator, "post")
        account, azure = readings.read("aml_storage_account", target), readings.azure

        found = read_build_log(azure.data_plane, account, BuildLogPlace("azureml", "logs/build.log"))
        gone = read_build_log(azure.data_plane, account, BuildLogPlace("azureml", "logs/none.log"))
        foreign = read_build_log(azure.data_plane, account, BuildLogPlace("azureml", "logs/build.log", "elsewhere"))
        nowhere = read_build_log(azure.data_plane, replace(account, blob_endpoint=None), BuildLogPlace("a", "b"))
        readings.cancel()

    assert found is not None
    assert [cause.name for cause in found.reading.causes] == ["pip_no_distribution"]
    assert len(found.text) <= END
    assert "a" * 86 not in found.text
    assert gone is not None
    assert gone.text == ""
    assert (foreign, nowhere) == (None, None)
