"""Specs that name registered assets, in a whole run: failure files change the world, never the user's files."""

from collections.abc import Callable

import pytest

BLUE = "deployments/blue.yml"
MODEL = "model:\n  path: ../model\n"
CODE = "code_configuration:\n  code: ../src\n  scoring_script: score.py\n"
ENVIRONMENT = """environment:
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1
  conda_file: ../environment/conda.yml
"""
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(example: pytest.Pytester) -> Run:
    """Run the checks of assets, image and secrets over the example, with parts of its deployment's YAML replaced."""

    def with_parts(*replaced: tuple[str, str]) -> pytest.RunResult:
        spec = example.path / BLUE
        text = spec.read_text(encoding="utf-8")
        for part, by in replaced:
            assert part in text
            text = text.replace(part, by)
        spec.write_text(text, encoding="utf-8")
        wanted = ("-k", "assets or image_exists or secrets", "aml-preflight")
        return example.runpytest_inprocess("-p", "no:xdist", "-rA", *wanted)

    return with_parts


def test_registered_assets_pass(run: Run) -> None:
    """By version and by the one label that there is."""
    result = run((MODEL, "model: azureml:iris:1\n"), (ENVIRONMENT, "environment: azureml:iris-scoring@latest\n"))

    result.assert_outcomes(passed=5, skipped=6)


@pytest.mark.parametrize(
    ("model", "headline"),
    [
        ("azureml:iris:2", "model iris:2 is not registered"),
        ("azureml:iris", "model iris is named without a version"),
        ("azureml:rose@latest", "model rose@latest is not registered"),
    ],
)
def test_a_model_that_is_not_registered_fails_once(run: Run, model: str, headline: str) -> None:
    """The check that answers for it fails; those that need the model are not reached."""
    result = run((MODEL, f"model: {model}\n"))

    result.stdout.fnmatch_lines([headline, f"*found: *{BLUE}:4*", "SKIPPED*not reached: model*"])
    assert result.parseoutcomes()["failed"] == 1
    assert "errors" not in result.parseoutcomes()


def test_a_spec_without_anything_to_run_fails(run: Run) -> None:
    """A custom model, an image, and nobody who serves."""
    result = run((CODE, ""))

    result.stdout.fnmatch_lines(["deployment blue has nothing to run"])
    assert result.parseoutcomes()["failed"] == 1


def test_an_mlflow_model_without_code_fails_under_closed_egress(run: Run) -> None:
    """The example's egress is closed and its workspace has no managed network."""
    result = run((CODE, ""), (MODEL, "model:\n  path: ../model\n  type: mlflow_model\n"), (ENVIRONMENT, ""))

    result.stdout.fnmatch_lines(["deployment blue deploys an MLflow model without code under legacy network isolation"])
    assert result.parseoutcomes()["failed"] == 1


def test_references_in_a_spec_are_found_with_their_line(run: Run) -> None:
    """A secret without its version, where the operator can click it."""
    text = "  KEY: ${{keyvault:https://contoso-ml-kv.vault.azure.net/secrets/greenhouse-key}}\n"

    result = run(('  WORKER_COUNT: "2"\n', f'  WORKER_COUNT: "2"\n{text}'))

    result.stdout.fnmatch_lines(["variable KEY refers to no secret as it is written", f"*fix: *correct *{BLUE}:*"])


def test_registered_code_is_looked_for(run: Run) -> None:
    """By the name it has; that of the live deployment is one that Azure made up."""
    code = "code_configuration:\n  code: azureml:0f5f3f0a-93c7-4be0-a9b1-d1bd64b2a1c5:{}\n  scoring_script: score.py\n"

    run((CODE, code.format(1))).stdout.fnmatch_lines(["PASSED*check_code_files_exist*"])
    run((code.format(1), code.format(2))).stdout.fnmatch_lines(["code 0f5f3f0a-*:2 is not registered"])
