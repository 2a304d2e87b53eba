"""Names of container images, by Docker's rules."""

import pytest

from pytest_amlpreflight.facts.resources.container_image import ContainerImage, image_named_in, parse_image


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("r.azurecr.io/ml/iris:3", ContainerImage("r.azurecr.io", "ml/iris", "3", None)),
        ("R.azurecr.io/iris", ContainerImage("r.azurecr.io", "iris", "latest", None)),
        ("r.azurecr.io/iris@sha256:0f", ContainerImage("r.azurecr.io", "iris", None, "sha256:0f")),
        ("r.azurecr.io/iris:3@sha256:0f", ContainerImage("r.azurecr.io", "iris", "3", "sha256:0f")),
        ("localhost:5000/iris:3", ContainerImage("localhost:5000", "iris", "3", None)),
        ("tensorflow/serving:2.16", ContainerImage("docker.io", "tensorflow/serving", "2.16", None)),
        ("ubuntu", ContainerImage("docker.io", "ubuntu", "latest", None)),
    ],
)
def test_a_name_is_taken_apart(text: str, image: ContainerImage) -> None:
    """Host, repository, tag and digest."""
    assert parse_image(text) == image


def test_a_digest_wins_over_a_tag() -> None:
    """As when Docker pulls."""
    assert parse_image("r.azurecr.io/iris:3@sha256:0f").reference == "sha256:0f"
    assert str(parse_image("r.azurecr.io/iris:3")) == "r.azurecr.io/iris:3"


@pytest.mark.parametrize(
    ("message", "image"),
    [
        (
            "Unable to download x.azurecr.io/azureml/azureml_92a0:latest. See the logs.",
            "x.azurecr.io/azureml/azureml_92a0:latest",
        ),
        ("pull of 'x.azurecr.io/a@sha256:0f' failed", "x.azurecr.io/a@sha256:0f"),
        ("the registry x.azurecr.io does not answer", None),
    ],
)
def test_an_image_is_found_in_a_message(message: str, image: str | None) -> None:
    """With its tag or digest, and without the full stop behind it."""
    found = image_named_in(message)

    assert (str(found) if found else None) == image
