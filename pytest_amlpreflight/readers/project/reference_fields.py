"""The fields of a spec that point elsewhere: model, environment and code."""

import os
import re
from pathlib import Path, PurePosixPath

from pytest_amlpreflight.facts.reference import (
    AssetReference,
    BuildContext,
    CodeConfiguration,
    EnvironmentReference,
    InferenceConfig,
    ModelReference,
    ModelType,
    Route,
)
from pytest_amlpreflight.readers.project.yaml_file import YamlNode, read_yaml

ADDRESS = re.compile(r"azureml:|runs:/|[a-z][a-z0-9+.-]+://", re.IGNORECASE)
ARM_ID = re.compile(r"/?subscriptions/[^/]+/.+/(?:models|environments|codes)/([^/]+)/(versions|labels)/([^/]+)$", re.I)
REGISTRY_ID = re.compile(
    r"azureml://registries/([^/]+)/(?:models|environments|codes)/([^/]+)(?:/(versions|labels)/([^/]+))?$", re.I
)


def with_file(node: YamlNode | None, root: Path) -> YamlNode | None:
    """The node itself, or what the YAML file holds that it names with `file:`, under the same field."""
    if node is None or not node.is_scalar or not node.text().startswith("file:"):
        return node
    nested = read_yaml(_local(node, node.text()), root)
    return YamlNode(nested.raw, nested.file, node.field, 1)


def read_model(node: YamlNode | None) -> ModelReference | None:
    """The model a spec names or describes; None when it has none."""
    if node is None:
        return None
    if node.is_scalar:
        return ModelReference(asset=_asset(node))
    if node.get("local_path"):
        raise node.wrong("model.local_path is retired: write the path behind `path:`")
    kind, place = node.get("type"), node.get("path")
    path, uri = _place(place)
    return ModelReference(
        name=_text(node, "name"),
        version=_text(node, "version"),
        type=kind.one_of(ModelType, "custom_model, mlflow_model or triton_model") if kind else ModelType.CUSTOM,
        path=path,
        uri=uri,
    )


def read_code(node: YamlNode | None) -> CodeConfiguration | None:
    """The scoring code a spec names; None when it has none."""
    if node is None:
        return None
    path, uri = _place(node.get("code"))
    return CodeConfiguration(path=path, uri=uri, scoring_script=_text(node, "scoring_script"))


def read_environment(node: YamlNode | None) -> EnvironmentReference | None:
    """The environment a spec names or describes; None when it has none."""
    if node is None:
        return None
    if node.is_scalar:
        return EnvironmentReference(asset=_asset(node))
    conda = node.get("conda_file")
    return EnvironmentReference(
        name=_text(node, "name"),
        version=_text(node, "version"),
        image=_text(node, "image"),
        conda_file=_local(conda, conda.text()) if conda and conda.is_scalar else None,
        conda=dict(_plain_items(conda)) if conda and not conda.is_scalar else None,
        build=_build(node.get("build")),
        inference_config=_inference_config(node.get("inference_config")),
    )


def meant_paths(
    root: Path, model: YamlNode | None, code: YamlNode | None, environment: YamlNode | None
) -> dict[str, str]:
    """By their fields, how paths are to be written that lead somewhere from the root alone, and not from their file."""
    build = _child(environment, "build")
    places = [_child(model, "path"), _child(code, "code"), _child(environment, "conda_file"), _child(build, "path")]
    return {node.field: text for node in places if node and node.is_scalar and (text := _seen_from_root(node, root))}


def _child(node: YamlNode | None, name: str) -> YamlNode | None:
    return node.get(name) if node is not None and node.is_mapping else None


def _seen_from_root(node: YamlNode, root: Path) -> str | None:
    text, folder = node.text(), PurePosixPath(node.file.shown).parent
    if (
        ADDRESS.match(text)
        or folder.is_absolute()
        or os.path.exists(_local(node, text))
        or not os.path.exists(root / text)
    ):
        return None
    return PurePosixPath(*[".."] * len(folder.parts), text).as_posix()


def parse_asset(text: str) -> AssetReference | None:
    """The asset that a reference names; None when the text is no reference.

    `azureml:name:version`, `azureml:name@label`, `azureml:name`, `azureml://registries/...`, or `azureml:` before a
    full id.
    """
    registry = REGISTRY_ID.match(text)
    if registry:
        name, kind, number = registry.group(2, 3, 4)
        return _versioned(name, kind or "versions", number, registry=registry.group(1))
    if not text.startswith("azureml:"):
        return None
    rest = text.removeprefix("azureml:")
    arm = ARM_ID.match(rest)
    if arm:
        return _versioned(*arm.group(1, 2, 3), arm_id=rest)
    short = re.fullmatch(r"([^/:@]+)(?:(:|@)([^/:@]+))?", rest)
    if short is None:
        return None
    return _versioned(short.group(1), "labels" if short.group(2) == "@" else "versions", short.group(3))


def _versioned(
    name: str, kind: str, number: str | None, *, registry: str | None = None, arm_id: str | None = None
) -> AssetReference:
    if kind.lower() == "labels":
        return AssetReference(name, label=number, registry=registry, arm_id=arm_id)
    return AssetReference(name, version=number, registry=registry, arm_id=arm_id)


def _asset(node: YamlNode) -> AssetReference:
    text = node.text()
    found = parse_asset(text)
    if found is None:
        in_file = f" (a file as `file:{text}`)" if text.lower().endswith((".yml", ".yaml")) else ""
        raise node.expects(f"azureml:<name>:<version>, or described in place{in_file}")
    return found


def _build(node: YamlNode | None) -> BuildContext | None:
    if node is None:
        return None
    path, uri = _place(node.get("path"))
    return BuildContext(path=path, uri=uri, dockerfile_path=_text(node, "dockerfile_path") or "Dockerfile")


def _inference_config(node: YamlNode | None) -> InferenceConfig | None:
    if node is None:
        return None
    names = ("liveness_route", "readiness_route", "scoring_route")
    return InferenceConfig(*(_route(node.get(name)) for name in names))


def _route(node: YamlNode | None) -> Route | None:
    if node is None:
        return None
    path, port = node.get("path"), node.get("port")
    if path is None or port is None:
        raise node.expects("a path and a port")
    return Route(path.text(), port.whole_number())


def _place(node: YamlNode | None) -> tuple[Path | None, str | None]:
    """A folder or file on this machine, or an address elsewhere."""
    if node is None:
        return None, None
    if node.is_mapping and node.get("local_path"):
        raise node.wrong(
            f"{node.field}.local_path is retired: write the path behind `{node.field.rpartition('.')[2]}:`"
        )
    text = node.text()
    return (None, text) if ADDRESS.match(text) else (_local(node, text), None)


def _local(node: YamlNode, text: str) -> Path:
    """The path from the folder of the YAML that names it, as the CLI resolves it."""
    if "\0" in text:
        raise node.wrong(f"{node.field} holds a null character, which no path does")
    joined = node.file.path.parent / text.removeprefix("file:")
    # not Path.resolve, which raises where symbolic links run in a circle
    return Path(os.path.realpath(joined))


def _plain_items(node: YamlNode) -> dict[str, object]:
    found = node.plain()
    if not isinstance(found, dict):
        raise node.expects("a conda file, or its content")
    return {str(key): value for key, value in found.items()}


def _text(node: YamlNode, name: str) -> str | None:
    child = node.get(name)
    return child.text() if child else None
