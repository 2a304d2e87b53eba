"""The Azure Machine Learning extensions of a cluster, as ARM sends them."""

from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.cluster_extension import TYPE, Extension, ExtensionStatus
from pytest_amlpreflight.readers.connection.api_versions import KUBERNETES_EXTENSIONS
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.error_chain import read_error

READ = "Microsoft.KubernetesConfiguration/extensions/read"


def read_extensions(arm: Arm, cluster_id: ResourceId) -> tuple[Extension, ...]:
    """The cluster's extensions of that type, by name. Azure lists one that is still being created at once."""
    resource = f"the extensions of cluster {cluster_id.name}"
    rows = arm.list(
        f"{cluster_id}/providers/Microsoft.KubernetesConfiguration/extensions",
        KUBERNETES_EXTENSIONS,
        resource,
        permission=READ,
    )
    ours = [row for row in rows if (row.child("properties").text("extensionType") or "").lower() == TYPE]
    return tuple(sorted((_extension(row, cluster_id) for row in ours), key=lambda one: one.name))


def _extension(row: Document, cluster_id: ResourceId) -> Extension:
    properties = row.child("properties")
    error = properties.maybe("errorInfo")
    return Extension(
        id=row.need_id("id"),
        name=row.need("name"),
        cluster_id=cluster_id,
        provisioning_state=properties.state("provisioningState") or "Unknown",
        # `version` is what was asked for, null where versions are upgraded by themselves.
        version=properties.text("currentVersion") or properties.text("version"),
        statuses=tuple(_status(status) for status in properties.children("statuses")),
        error=read_error(dict(error.body)) if error else None,
        settings=properties.strings("configurationSettings"),
        secret_settings=frozenset(properties.child("configurationProtectedSettings").body),
        principal_id=properties.child("aksAssignedIdentity").guid("principalId"),
    )


def _status(row: Document) -> ExtensionStatus:
    return ExtensionStatus(
        row.text("code") or "",
        row.text("level") or "Information",
        row.text("message") or row.text("displayStatus") or "",
    )
