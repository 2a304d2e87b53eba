"""A model that is too large for its machine, seen by a whole run."""

import os

import pytest


def test_a_model_larger_than_the_disk_and_the_memory_is_noticed(example: pytest.Pytester) -> None:
    """The disk blocks and the memory is advice: a sparse file stands for 29 GiB of weights."""
    weights = example.path / "model" / "weights.bin"
    weights.touch()
    os.truncate(weights, 29 * 1024**3)

    result = example.runpytest_inprocess("-k", "fits_the_disk or fits_the_memory", "aml-preflight")

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "model model does not fit on the disk of Standard_DS3_v2",
            "*found:*29.0 GiB (deployments/blue.yml:5)",
            "*= advice =*",
            "model model is larger than the memory of Standard_DS3_v2",
        ]
    )
