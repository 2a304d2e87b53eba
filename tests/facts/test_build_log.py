"""Where the log of an image's build is."""

import pytest

from pytest_amlpreflight.facts.resources.build_log import BuildLog, BuildLogPlace, build_log_place


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (
            "see the build log under the storage account 'wine' in the container 'azureml' at the path 'a/b.txt'.",
            BuildLogPlace("azureml", "a/b.txt", "wine"),
        ),
        (
            'in the workspace blob store "wine" under the path "/azureml/ImageLogs/1/build.log"',
            BuildLogPlace("azureml", "ImageLogs/1/build.log", "wine"),
        ),
        (
            "check log ExperimentRun/dcid.imgbldrun_2f1c/20_image_build_log.txt",
            BuildLogPlace("azureml", "ExperimentRun/dcid.imgbldrun_2f1c/20_image_build_log.txt"),
        ),
        ("Image build failed.", None),
    ],
)
def test_an_error_names_the_blob(message: str, place: BuildLogPlace | None) -> None:
    """In the three forms that Azure has written it, or not at all."""
    assert build_log_place(message) == place


def test_the_end_of_a_log_is_what_is_shown() -> None:
    """Empty lines say nothing."""
    log = BuildLog("wine/azureml/x", "\n".join([*map(str, range(20)), "", ""]))

    assert log.last_lines == [str(number) for number in range(12, 20)]
