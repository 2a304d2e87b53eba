"""What a container's log tells."""

from datetime import date

import pytest

from pytest_amlpreflight.facts.resources.container_log import Container, ContainerLog

LOG = """2026-09-17T07:28:02,187280665+00:00 | gunicorn/run | AzureML image information: openmpi4.1.0-ubuntu22.04,\
 Materialization Build:20250601.v1
2026-09-17 07:28:10,243 I [72] azmlinfsrv.user_script - Invoking user's init function
2026-09-17 07:28:10,246 E [72] azmlinfsrv - Encountered Exception Traceback (most recent call last):
  File "/azureml-envs/x/lib/python3.10/site-packages/azureml_server/user_script.py", line 119, in invoke_init
    self._user_init()
  File "/var/azureml-app/src/score.py", line 19, in init
    model.pour(path)
  File "/azureml-envs/x/lib/python3.10/site-packages/xgboost/core.py", line 915, in pour
    raise XGBoostError(text)
xgboost.core.XGBoostError: bad model
"""


def log(text: str, container: Container = Container.INFERENCE_SERVER) -> ContainerLog:
    """A log with this text."""
    return ContainerLog(container, text)


def test_some_causes_belong_to_one_container() -> None:
    """A denied blob in the server's log is the script's own business; in the initializer's, the endpoint identity's."""
    text = "ErrorCode:AuthorizationPermissionMismatch"

    assert not log(text).reading().causes
    assert [cause.name for cause in log(text, Container.STORAGE_INITIALIZER).reading().causes] == ["blob_authorization"]


def test_the_users_frames_come_first() -> None:
    """Of an unknown exception: what was raised, the user's own frames, then those of libraries."""
    unknown = log(LOG).reading(failed=True).unknown

    assert unknown is not None
    assert unknown.raised == "xgboost.core.XGBoostError: bad model"
    assert unknown.users_first[1].strip().startswith('File "/var/azureml-app/src/score.py"')
    assert "site-packages" in unknown.users_first[3]


def test_the_image_and_its_day_are_in_the_log_of_the_start() -> None:
    """Name and build day; the last day of the log is when somebody last heard of the container."""
    assert log(LOG).image == ("openmpi4.1.0-ubuntu22.04", date(2025, 6, 1))
    assert log(LOG).last_day == date(2026, 9, 17)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "Container logs are not available at this time. Please try again later.",
        "There are no logs for this deployment at the moment.",
        "Deployment is in deleting or creating state so logs can't be retrieved.",
    ],
)
def test_a_sentence_is_no_log(text: str) -> None:
    """Of a container that is not up, Azure answers 200 with a sentence, which is no clean log."""
    assert not log(text).available
