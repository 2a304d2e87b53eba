"""Models, code and environments that a workspace or a registry holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_amlpreflight.facts.reference import AssetReference
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.resources.asset import (
    RegisteredCode,
    RegisteredEnvironment,
    RegisteredModel,
    is_resolvable,
)
from pytest_amlpreflight.facts.unread import FactAbsent
from pytest_amlpreflight.readers.connection.api_versions import MACHINE_LEARNING
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.project.reference_fields import parse_asset

READ = {  # spelled out: the least-privilege role is generated from these words
    "models": "Microsoft.MachineLearningServices/workspaces/models/versions/read",
    "codes": "Microsoft.MachineLearningServices/workspaces/codes/versions/read",
    "environments": "Microsoft.MachineLearningServices/workspaces/environments/versions/read",
}

Ask = Callable[[str, str, Mapping[str, str]], Document]
"""From a path below the store, the resource in words and OData options to the answer."""


@dataclass(frozen=True, slots=True)
class Store:
    """A place that holds assets: a workspace, or a registry."""

    name: str
    ask: Ask


def workspace_store(arm: Arm, workspace_id: ResourceId, kind: str) -> Store:
    """The assets of a workspace, of one kind: `models`, `codes` or `environments`."""
    permission = READ[kind]

    def ask(path: str, resource: str, query: Mapping[str, str]) -> Document:
        return arm.get(f"{workspace_id}/{path}", MACHINE_LEARNING, resource, permission=permission, **query)

    return Store(f"workspace {workspace_id.name}", ask)


def asset_reference(text: str) -> AssetReference | None:
    """The asset that a live deployment names: an ARM id, or an id of a registry."""
    return parse_asset(text if text.startswith("azureml:") else f"azureml:{text}")


def read_model(store: Store, reference: AssetReference, *, named_by: str) -> RegisteredModel:
    """The version of a model that a reference means."""
    document, version = _version(store, "models", "model", reference, named_by)
    properties = document.child("properties")
    return RegisteredModel(
        name=reference.name,
        version=version,
        type=properties.text("modelType"),
        uri=properties.text("modelUri"),
        archived=properties.flag("isArchived") or False,
    )


def read_code(store: Store, reference: AssetReference, *, named_by: str) -> RegisteredCode:
    """The version of scoring code that a reference means."""
    document, version = _version(store, "codes", "code", reference, named_by)
    return RegisteredCode(reference.name, version, document.child("properties").text("codeUri"))


def read_environment(store: Store, reference: AssetReference, *, named_by: str) -> RegisteredEnvironment:
    """The version of an environment that a reference means, a curated one included."""
    document, version = _version(store, "environments", "environment", reference, named_by)
    properties = document.child("properties")
    return RegisteredEnvironment(
        name=reference.name,
        version=version,
        image=properties.text("image"),
        conda=properties.text("condaFile") is not None,
        build=properties.maybe("build") is not None,
        inference_config=properties.maybe("inferenceConfig") is not None,
        archived=properties.flag("isArchived") or False,
    )


def _version(store: Store, kind: str, word: str, reference: AssetReference, named_by: str) -> tuple[Document, str]:
    """Azure has no call for `latest`: its tools list the versions by age and take the youngest, and so do we."""
    resource = f"{word} {reference}"
    if reference.version:
        try:
            found = store.ask(f"{kind}/{reference.name}/versions/{reference.version}", resource, {})
        except FactAbsent:
            raise FactAbsent(resource, named_by=named_by) from None
        found.need_child("properties")
        return found, reference.version
    rows = _youngest(store, kind, resource, reference)
    if not rows:
        raise FactAbsent(resource, named_by=named_by)
    return rows[0], rows[0].need("name")


def _youngest(store: Store, kind: str, resource: str, reference: AssetReference) -> list[Document]:
    if not is_resolvable(reference):
        return []
    order = {"orderBy": "createdtime desc", "top": "1"}
    try:
        return store.ask(f"{kind}/{reference.name}/versions", resource, order).need_children("value")
    except FactAbsent:  # an asset of that name never was
        return []
