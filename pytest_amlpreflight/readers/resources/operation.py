"""The operation behind `AzureAsyncOperationUri`: a resource whose provisioning failed does not itself say why."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from pytest_amlpreflight.facts.address import parse_address
from pytest_amlpreflight.facts.resources.operation import Operation
from pytest_amlpreflight.facts.unread import FactAbsent, NotRead
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.error_chain import additional_info, read_error

READ_OPERATION = "Microsoft.MachineLearningServices/locations/mfeOperationsStatus/read"
KEY = "AzureAsyncOperationUri"


def read_operation(arm: Arm, properties: Mapping[str, str], state: str, of: str) -> Operation:
    """The last operation of a resource in provisioning state `state`, named `of` in words.

    An operation that cannot be read is no reason to keep silent about the state: it comes back with `unread`. Azure
    forgets operations after a while, and a denied read of the reason does not make the failure uncertain.
    """
    uri = properties.get(KEY)
    if not uri:
        return Operation(state, unread="Azure names no operation")
    # Path and version only: a property of a resource must not decide which host our token goes to.
    if parse_address(uri) is None:
        return Operation(state, unread=f"{uri[:100]!r} is no address of an operation")
    parts = urlsplit(uri)
    version = parse_qs(parts.query).get("api-version", [MACHINE_LEARNING])[0]
    try:
        document = arm.get(parts.path, version, f"the last operation on {of}", permission=READ_OPERATION)
    except FactAbsent:
        return Operation(state, unread=f"Azure keeps the last operation on {of} no longer")
    except NotRead as problem:
        return Operation(state, unread=str(problem).split("\n", 1)[0])
    return Operation(
        status=document.text("status") or state,
        percent=document.number("percentComplete"),
        error=read_error(document.body) if document.body.get("error") else None,
        id=document.text("name") or parts.path.rpartition("/")[2],
        request=_request(document.child("error")) if isinstance(document.body.get("error"), Mapping) else None,
    )


def _request(error: Document) -> str | None:
    """The request id that Azure Machine Learning writes beside an error, in either of its envelopes."""
    found = [error.body.get("correlation"), *additional_info(error.body, "Correlation")]
    told = next((one for one in found if isinstance(one, Mapping)), {})
    return str(told.get("request") or told.get("operation") or "") or None
