"""What a YAML file is, by its `$schema` and by its shape: specs are one of many kinds that lie in the same folders."""

import re
from collections.abc import Callable

from pytest_amlpreflight.readers.project.yaml_file import YamlNode

ENDPOINT, DEPLOYMENT = "an online endpoint", "an online deployment"
SCHEMAS = {
    "onlineendpoint": ENDPOINT,
    "onlinedeployment": DEPLOYMENT,
    "batchendpoint": "a batch endpoint",
    "batchdeployment": "a batch deployment",
    "pipelinejob": "a pipeline",
    "pipelinecomponent": "a pipeline component",
    "component": "a component",
    "job": "a job",
    "schedule": "a schedule",
    "environment": "an environment",
    "model": "a model",
    "data": "a data asset",
    "compute": "a compute",
    "datastore": "a datastore",
    "registry": "a registry",
    "workspace": "a workspace",
}
"""What the file name of an address in `$schema` ends in, longer endings first."""
BATCH = ("mini_batch_size", "output_action", "output_file_name", "max_concurrency_per_instance", "error_threshold")


def kind_of(top: YamlNode) -> str | None:
    """In words what the file describes; None where nothing speaks for anything.

    An endpoint and a deployment are told apart by their fields: az never looks at `$schema`, which is copied from one
    to the other.
    """
    said, shown = _by_schema(top), next((kind for kind, fits in SHAPES if fits(_Fields(top))), None)
    return shown if {said, shown} == {ENDPOINT, DEPLOYMENT} else said or shown


class _Fields:
    """The names of the top-level fields, and the text behind one."""

    def __init__(self, top: YamlNode) -> None:
        self.found = dict(top.items())

    def has(self, *names: str) -> bool:
        return any(name in self.found for name in names)

    def text(self, name: str) -> str:
        node = self.found.get(name)
        return node.text().lower() if node is not None and node.is_scalar else ""

    def is_list(self, name: str) -> bool:
        return name in self.found and self.found[name].is_list


def _by_schema(top: YamlNode) -> str | None:
    node = top.get("$schema")
    if node is None or not node.is_scalar:
        return None
    name = re.sub(r"\.schema\.json$|\.json$", "", node.text().rpartition("/")[2].lower())
    return next((kind for ending, kind in SCHEMAS.items() if name.endswith(ending)), None)


def _is_batch_deployment(fields: _Fields) -> bool:
    return fields.has("endpoint_name") and (fields.has(*BATCH) or fields.text("type") in {"model", "pipeline"})


def _is_endpoint(fields: _Fields) -> bool:
    return fields.has("auth_mode", "traffic", "mirror_traffic", "public_network_access") and not fields.has(
        "endpoint_name", "code_configuration", "instance_type"
    )


def _is_deployment(fields: _Fields) -> bool:
    return fields.has("endpoint_name", "code_configuration", "instance_type", "instance_count", "liveness_probe")


SHAPES: tuple[tuple[str, Callable[[_Fields], bool]], ...] = (
    ("a notebook", lambda fields: fields.has("cells") and fields.has("nbformat")),
    ("an MLflow model's MLmodel file", lambda fields: fields.has("flavors")),
    ("a conda file", lambda fields: fields.is_list("dependencies") or fields.is_list("channels")),
    ("a workflow", lambda fields: fields.has("on", "trigger", "pool") and fields.has("jobs", "steps", "stages")),
    ("a pipeline", lambda fields: fields.has("jobs")),
    ("a job", lambda fields: fields.has("command")),
    ("a Kubernetes manifest", lambda fields: fields.has("apiVersion") and fields.has("kind")),
    ("a Compose file", lambda fields: fields.has("services")),
    ("a batch deployment", _is_batch_deployment),
    (DEPLOYMENT, _is_deployment),
    (ENDPOINT, _is_endpoint),
    ("a model", lambda fields: fields.has("path") and not fields.has("model", "environment")),
    ("an environment", lambda fields: fields.has("image", "conda_file", "build")),
    ("a compute", lambda fields: fields.has("min_instances", "max_instances", "size") and fields.has("type")),
)  # fmt: skip
"""Kinds by what only they have, the plainest first."""
