"""The computes of a workspace on which online endpoints run, as ARM sends them.

Raw on purpose: the entities of azure-ai-ml keep the code of the first provisioning error alone. What would tell secrets
(`relayConnectionString`, `serviceBusConnectionString`) is not taken.
"""

from pytest_amlpreflight.facts.errors.azure_error import AzureError
from pytest_amlpreflight.facts.kubernetes.requirements import Requirements
from pytest_amlpreflight.facts.resource_id import ResourceId, parse_resource_id
from pytest_amlpreflight.facts.resources.kubernetes_compute import Compute, InstanceType
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.error_chain import read_error

READ = "Microsoft.MachineLearningServices/workspaces/computes/read"


def read_compute(arm: Arm, workspace_id: ResourceId, name: str, *, named_by: str) -> Compute:
    """The compute of that name. An endpoint may name one that was detached: `FactAbsent`."""
    path = f"{workspace_id}/computes/{name}"
    return compute_of(arm.get(path, MACHINE_LEARNING, f"compute {name}", named_by=named_by, permission=READ), path)


def compute_of(document: Document, path: str) -> Compute:
    """A compute from ARM's answer. Of other kinds than Kubernetes most of the inner properties are missing."""
    properties = document.child("properties")
    inner = properties.child("properties")
    compute_id = document.id("id") or parse_resource_id(path)
    assert compute_id is not None, path
    kind = properties.word("computeType") or "Unknown"
    types = inner.items("instanceTypes") if kind.lower() == "kubernetes" else ()
    return Compute(
        id=compute_id,
        name=document.text("name") or compute_id.name,
        kind=kind,
        provisioning_state=properties.state("provisioningState") or "Unknown",
        errors=tuple(filter(None, map(_error, properties.children("provisioningErrors")))),
        cluster_id=properties.id("resourceId"),
        namespace=inner.text("namespace") or "default",
        default_instance_type=inner.text("defaultInstanceType"),
        instance_types=tuple(_instance_type(name, row) for name, row in types),
    )


def _instance_type(name: str, row: Document) -> InstanceType:
    resources = row.child("resources")
    return InstanceType(
        name, Requirements(resources.strings("requests"), resources.strings("limits")), row.strings("nodeSelector")
    )


def _error(row: Document) -> AzureError | None:
    return read_error(dict(row.body))
