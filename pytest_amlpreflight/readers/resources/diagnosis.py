"""Azure Machine Learning's own diagnosis of a workspace."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.diagnosis import Diagnosis, DiagnosisResult
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document

PERMISSION = "Microsoft.MachineLearningServices/workspaces/diagnose/action"
FOLLOW = "Microsoft.MachineLearningServices/locations/workspaceOperationsStatus/read"
"""What following the operation takes; only the generated role needs the word."""


FROZEN = frozenset({"ScopeLocked", "ReadOnlyDisabledSubscription"})
"""Resource Manager's words for an action beneath a read-only lock, and in a disabled subscription: checks of their own
speak of both.
"""


def read_diagnosis(arm: Arm, workspace_id: ResourceId) -> Diagnosis | None:
    """What Azure finds; None where asking is not allowed.

    Asking is an action, which Reader does not hold and a read-only lock forbids, and no other check depends on the
    answer: a denial ends this question and is no error.
    """
    try:
        answer = arm.post(
            f"{workspace_id}/diagnose",
            MACHINE_LEARNING,
            {"value": {}},
            f"the diagnosis of workspace {workspace_id.name}",
            permission=PERMISSION,
        )
    except FactUnreadable as problem:
        if problem.status == 403 or problem.code in FROZEN:
            return None
        raise
    groups = answer.need_child("value")
    return Diagnosis(tuple(_result(about, row) for about in groups.body for row in groups.children(about)))


def _result(about: str, row: Document) -> DiagnosisResult:
    return DiagnosisResult(
        about=about,
        code=row.text("code") or "Unknown",
        level=row.need("level"),
        message=row.text("message") or "",
    )
