"""Endpoint and deployment specs: `az ml` v2 YAML in, facts out.

Fields and leniencies are those of Azure's own schema; paths are resolved as the CLI does, from the folder of the YAML
that names them. Whether Azure accepts every field is the schema's verdict, not this reader's.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.project.spec import (
    AuthMode,
    ComputeKind,
    ContainerResources,
    DataCollector,
    DeploymentSpec,
    EndpointSpec,
    Identity,
    IdentityType,
    NetworkAccess,
    Placeholder,
    ProbeSettings,
    RequestSettings,
    ResourceRequirements,
    ScaleSettings,
    ScaleType,
)
from pytest_amlpreflight.readers.project.file_kind import DEPLOYMENT, ENDPOINT, kind_of
from pytest_amlpreflight.readers.project.placeholders import placeholders
from pytest_amlpreflight.readers.project.reference_fields import (
    meant_paths,
    read_code,
    read_environment,
    read_model,
    with_file,
)
from pytest_amlpreflight.readers.project.text_file import SpecError, shown_path
from pytest_amlpreflight.readers.project.yaml_file import YamlNode, positions, read_yaml

__all__ = ["SpecError", "looks_like_spec", "read_deployment_spec", "read_endpoint_spec"]

PLACEHOLDER = re.compile(r"[<{$]")  # no name and no id has one of these
ENDPOINT_HINT = "give it as --aml-endpoint NAME, as az takes --endpoint-name"
GIVEN_AS = {ENDPOINT: "--aml-endpoint", DEPLOYMENT: "--aml-deployment"}


def looks_like_spec(text: str) -> bool:
    """Whether an option's value is a YAML file rather than the name of something live."""
    return text.lower().endswith((".yml", ".yaml")) or os.path.isfile(text)


def read_endpoint_spec(path: Path, root: Path, name: str | None = None) -> EndpointSpec:
    """The endpoint that a YAML file describes. A relative `path` is looked up from `root`; raises `SpecError`.

    `name` goes before the file's own, as with az.
    """
    top = _read(path, root, ENDPOINT)
    compute = _text(top, "compute")
    return EndpointSpec(
        name=name or _named(top, "--aml-endpoint"),
        kind=ComputeKind.KUBERNETES if compute else ComputeKind.MANAGED,  # as azure-ai-ml tells them apart
        auth_mode=_auth_mode(top.get("auth_mode")),
        identity=_identity(top.get("identity")),
        public_network_access=_network_access(top.get("public_network_access")) or NetworkAccess.ENABLED,
        compute=compute.removeprefix("azureml:") if compute else None,
        location=_text(top, "location"),
        traffic=_weights(top.get("traffic")),
        mirror_traffic=_weights(top.get("mirror_traffic")),
        tags=_texts(top.get("tags")),
        properties=_texts(top.get("properties")),
        placeholders=_open_words([top], "name" if name else ""),
        overrides={"name": name} if name else {},
        source=Source(top.file.shown, positions(top)),
    )


def read_deployment_spec(
    path: Path, root: Path, endpoint: str | None = None, name: str | None = None
) -> DeploymentSpec:
    """The deployment that a YAML file describes, and what it refers to on this machine.

    A relative `path` is looked up from `root`. `endpoint` is the name of its endpoint where the file leaves it out, or
    has a placeholder there; `name` goes before the file's own, as with az. Raises `SpecError`, whose text begins with
    file and line.
    """
    top = _read(path, root, DEPLOYMENT)
    model = with_file(top.get("model"), root)
    environment = with_file(top.get("environment"), root)
    endpoint = endpoint if _is_open(top.get("endpoint_name")) else None
    overrides = {"name": name, "endpoint_name": endpoint}
    code = with_file(top.get("code_configuration"), root)
    parts = [top, *(node for node in (model, environment, code) if node is not None)]
    return DeploymentSpec(
        name=name or _named(top, "--aml-deployment"),
        endpoint_name=endpoint or _required(top, "endpoint_name", ENDPOINT_HINT),
        kind=_kind(top),
        instance_type=_text(top, "instance_type"),
        instance_count=_whole_number(top, "instance_count", 1),
        model=read_model(model),
        model_mount_path=_text(top, "model_mount_path"),
        code=read_code(code),
        environment=read_environment(environment),
        environment_variables=_texts(top.get("environment_variables")),
        liveness_probe=_probe(top.get("liveness_probe")),
        readiness_probe=_probe(top.get("readiness_probe")),
        request_settings=_request_settings(top.get("request_settings")),
        scale_settings=_scale_settings(top.get("scale_settings")),
        resources=_resources(top.get("resources")),
        app_insights_enabled=_flag(top, "app_insights_enabled"),
        data_collector=_data_collector(top.get("data_collector")),
        egress_public_network_access=_network_access(top.get("egress_public_network_access")),
        private_network_connection=_flag(top, "private_network_connection"),
        tags=_texts(top.get("tags")),
        properties=_texts(top.get("properties")),
        placeholders=_open_words(parts, "endpoint_name", "name" if name else ""),
        overrides={field: text for field, text in overrides.items() if text},
        meant=meant_paths(root, model, code, environment),
        source=Source(top.file.shown, {k: v for part in parts for k, v in positions(part).items()}),
    )


def _open_words(parts: list[YamlNode], *known: str) -> tuple[Placeholder, ...]:
    """The placeholders of the file and of those it names, each field once, without what is `known` already."""
    found = {each.field: each for part in parts for each in placeholders(part) if each.field not in known}
    return tuple(found.values())


def _read(path: Path, root: Path, wanted: str) -> YamlNode:
    """The file, where nothing says that it is of another kind than was wanted."""
    if path.suffix.lower() == ".ipynb":
        raise SpecError(f"is a notebook, and {wanted} is wanted here", shown_path(path, root))
    top = read_yaml(path, root)
    kind = kind_of(top)
    if kind == ENDPOINT and top.get("deployments"):
        raise SpecError("describes an endpoint with its deployments in one file, a retired form: az ml v2 takes a file "
                        "for the endpoint and one for each deployment", top.file.shown, 1)  # fmt: skip
    if kind not in {wanted, None}:
        how = f"; give it as {GIVEN_AS[kind]}" if kind in GIVEN_AS else ""
        raise SpecError(f"is {kind}, and {wanted} is wanted here{how}", top.file.shown, 1)
    return top


def _is_open(node: YamlNode | None) -> bool:
    """Whether the field waits for the caller's word: az prefers that in any case."""
    return node is None or (node.is_scalar and PLACEHOLDER.search(node.text()) is not None)


def _named(top: YamlNode, option: str) -> str:
    """The file's own name for what it describes."""
    return _required(top, "name", f"give it as {option} NAME={top.file.shown}, as az takes --name")


def _kind(top: YamlNode) -> ComputeKind:
    node = top.get("type")
    return node.one_of(ComputeKind, "managed or kubernetes") if node else ComputeKind.MANAGED


def _auth_mode(node: YamlNode | None) -> AuthMode:
    return node.one_of(AuthMode, "key, aml_token or aad_token") if node else AuthMode.KEY


def _network_access(node: YamlNode | None) -> NetworkAccess | None:
    return node.one_of(NetworkAccess, "enabled or disabled") if node else None


def _identity(node: YamlNode | None) -> Identity:
    if node is None:
        return Identity()
    kind, listed = node.get("type"), node.get("user_assigned_identities")
    ids = tuple(_identity_id(element) for element in listed.elements()) if listed else ()
    if kind is None:
        return Identity(IdentityType.USER_ASSIGNED if ids else IdentityType.SYSTEM_ASSIGNED, ids)
    return Identity(kind.one_of(IdentityType, "system_assigned, user_assigned or none"), ids)


def _identity_id(node: YamlNode) -> str:
    """The schema takes `- resource_id: /subscriptions/...`; a bare id is taken too, since its meaning is plain."""
    text = _required(node, "resource_id") if node.is_mapping else node.text()
    return text.removeprefix("azureml:")


def _probe(node: YamlNode | None) -> ProbeSettings:
    default = ProbeSettings()
    if node is None:
        return default
    return ProbeSettings(
        initial_delay=_whole_number(node, "initial_delay", default.initial_delay),
        period=_whole_number(node, "period", default.period),
        timeout=_whole_number(node, "timeout", default.timeout),
        success_threshold=_whole_number(node, "success_threshold", default.success_threshold),
        failure_threshold=_whole_number(node, "failure_threshold", default.failure_threshold),
    )


def _request_settings(node: YamlNode | None) -> RequestSettings:
    default = RequestSettings()
    if node is None:
        return default
    concurrency = "max_concurrent_requests_per_instance"
    return RequestSettings(
        request_timeout_ms=_whole_number(node, "request_timeout_ms", default.request_timeout_ms),
        max_concurrent_requests_per_instance=_whole_number(
            node, concurrency, default.max_concurrent_requests_per_instance
        ),
        max_queue_wait_ms=_whole_number(node, "max_queue_wait_ms", default.max_queue_wait_ms),
    )


def _scale_settings(node: YamlNode | None) -> ScaleSettings:
    if node is None:
        return ScaleSettings()
    kind = node.get("type")
    return ScaleSettings(
        type=kind.one_of(ScaleType, "default or target_utilization") if kind else ScaleType.DEFAULT,
        min_instances=_whole_number_or_none(node, "min_instances"),
        max_instances=_whole_number_or_none(node, "max_instances"),
        target_utilization_percentage=_whole_number_or_none(node, "target_utilization_percentage"),
        polling_interval=_whole_number_or_none(node, "polling_interval"),
    )


def _resources(node: YamlNode | None) -> ResourceRequirements | None:
    if node is None:
        return None
    return ResourceRequirements(_container(node.get("requests")), _container(node.get("limits")))


def _container(node: YamlNode | None) -> ContainerResources:
    if node is None:
        return ContainerResources()
    gpu = _text(node, "nvidia.com/gpu") or _text(node, "gpu")
    return ContainerResources(cpu=_text(node, "cpu"), memory=_text(node, "memory"), gpu=gpu)


def _data_collector(node: YamlNode | None) -> DataCollector:
    if node is None:
        return DataCollector()
    listed, rate = node.get("collections"), node.get("sampling_rate")
    collections = {name: _flag(child, "enabled") for name, child in listed.items()} if listed else {}
    return DataCollector(collections, rate.number() if rate else None)


def _weights(node: YamlNode | None) -> Mapping[str, int] | None:
    return {name: child.whole_number() for name, child in node.items()} if node else None


def _texts(node: YamlNode | None) -> Mapping[str, str]:
    """A dictionary of scalars; tags and properties may hold more than text, which no check reads."""
    return {name: child.text() for name, child in node.items() if child.is_scalar} if node else {}


def _text(node: YamlNode, name: str) -> str | None:
    child = node.get(name)
    return child.text() if child else None


def _required(node: YamlNode, name: str, hint: str = "") -> str:
    child, hint = node.get(name), f"; {hint}" if hint else ""
    if child is None:
        field = f"{node.field}.{name}" if node.field else name
        raise node.wrong(f"{field} is missing{hint}")
    if PLACEHOLDER.search(child.text()):
        raise child.wrong(f"{child.field} is {child.text()!r}, a placeholder that has not been filled in{hint}")
    return child.text()


def _flag(node: YamlNode, name: str) -> bool:
    child = node.get(name)
    return child.flag() if child else False


def _whole_number(node: YamlNode, name: str, default: int) -> int:
    child = node.get(name)
    return child.whole_number() if child else default


def _whole_number_or_none(node: YamlNode, name: str) -> int | None:
    child = node.get(name)
    return child.whole_number() if child else None
