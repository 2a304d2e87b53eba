"""What a deployment is made of: its model, its environment, its image."""

from dataclasses import replace
from functools import partial

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.project.model_size import ModelSize
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import AssetReference
from pytest_amlpreflight.facts.resource_id import parent_of
from pytest_amlpreflight.facts.resources.access import Access
from pytest_amlpreflight.facts.resources.asset import (
    AssetFiles,
    RegisteredCode,
    RegisteredEnvironment,
    RegisteredModel,
)
from pytest_amlpreflight.facts.resources.container_image import (
    ContainerImage,
    ImageInRegistry,
    image_named_in,
    parse_image,
)
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.identity import Identity
from pytest_amlpreflight.facts.resources.image_origin import ImageHome, ImageOrigin
from pytest_amlpreflight.facts.resources.operation import Operation
from pytest_amlpreflight.facts.resources.registry import Registry
from pytest_amlpreflight.facts.resources.role_condition import BUILT_BY_AZURE, REPOSITORY
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.graph.endpoint import access_of_each
from pytest_amlpreflight.graph.fact import fact, unless_absent
from pytest_amlpreflight.readers.connection.azure import Azure
from pytest_amlpreflight.readers.project.model_size import read_model_size
from pytest_amlpreflight.readers.resources.access import with_parts
from pytest_amlpreflight.readers.resources.asset import (
    Store,
    asset_reference,
    read_code,
    read_environment,
    read_model,
    workspace_store,
)
from pytest_amlpreflight.readers.resources.asset_files import find_file_scope, read_code_files, read_model_files
from pytest_amlpreflight.readers.resources.asset_registry import registry_store
from pytest_amlpreflight.readers.resources.image_manifest import read_image
from pytest_amlpreflight.readers.resources.image_origin import image_of_live, image_of_spec, read_image_origin
from pytest_amlpreflight.readers.resources.registry import read_registry

UPLOADS = "workspaceblobstore"
"""The datastore that the tools upload a model to; for code they have Azure make a container each time.

https://github.com/Azure/azure-sdk-for-python/issues/32680
"""


@pytest.fixture(scope="session")
@fact()
def aml_model_reference(
    aml_spec_to_deploy: DeploymentSpec | None, aml_deployment: Reading[Deployment]
) -> AssetReference | None:
    """The registered model that the deployment names; None where it brings its own."""
    if aml_spec_to_deploy:
        return aml_spec_to_deploy.model.asset if aml_spec_to_deploy.model else None
    live = aml_deployment.get().model
    return asset_reference(live) if live else None


@pytest.fixture(scope="session")
@fact()
def aml_environment_reference(
    aml_spec_to_deploy: DeploymentSpec | None, aml_deployment: Reading[Deployment]
) -> AssetReference | None:
    """The registered environment that the deployment names; None where it brings its own."""
    if aml_spec_to_deploy:
        return aml_spec_to_deploy.environment.asset if aml_spec_to_deploy.environment else None
    live = aml_deployment.get().environment
    return asset_reference(live) if live else None


@pytest.fixture(scope="session")
@fact()
def aml_code_reference(
    aml_spec_to_deploy: DeploymentSpec | None, aml_deployment: Reading[Deployment]
) -> AssetReference | None:
    """The registered scoring code that the deployment names; None where it brings its own, or has none."""
    if aml_spec_to_deploy:
        text = aml_spec_to_deploy.code.uri if aml_spec_to_deploy.code else None
    else:
        text = aml_deployment.get().code
    return asset_reference(text) if text else None


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_registered_code(
    aml_target: Target,
    aml_code_reference: AssetReference | None,
    aml_workspace: Reading[Workspace],
    aml_azure: Azure,
) -> RegisteredCode | None:
    """The registered scoring code: where its files are; None where the deployment names none."""
    if aml_code_reference is None:
        return None
    store = _asset_store(aml_code_reference, "codes", aml_target, aml_workspace, aml_azure)
    return read_code(store, aml_code_reference, named_by=f"deployment {aml_target.deployment}")


@pytest.fixture(scope="session")
@fact()
def aml_registered_code_or_none(aml_registered_code: Reading[RegisteredCode | None]) -> RegisteredCode | None:
    """The registered scoring code, None also where it does not exist: for a test that answers for its absence."""
    return unless_absent(aml_registered_code)


@pytest.fixture(scope="session")
@fact()
def aml_code_files(aml_registered_code_or_none: RegisteredCode | None, aml_azure: Azure) -> AssetFiles | None:
    """The registered code's blobs; None where there is none, or it is on no blob storage."""
    code = aml_registered_code_or_none
    return read_code_files(aml_azure.data_plane, code.uri) if code and code.uri else None


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_registered_model(
    aml_target: Target,
    aml_model_reference: AssetReference | None,
    aml_workspace: Reading[Workspace],
    aml_azure: Azure,
) -> RegisteredModel | None:
    """The registered model: its type, whether it is archived, where its files are; None where the deployment names
    none.
    """
    if aml_model_reference is None:
        return None
    store = _asset_store(aml_model_reference, "models", aml_target, aml_workspace, aml_azure)
    return read_model(store, aml_model_reference, named_by=f"deployment {aml_target.deployment}")


@pytest.fixture(scope="session")
@fact()
def aml_registered_model_or_none(aml_registered_model: Reading[RegisteredModel | None]) -> RegisteredModel | None:
    """The registered model, None also where it does not exist: for a test that answers for its absence."""
    return unless_absent(aml_registered_model)


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_registered_environment(
    aml_target: Target,
    aml_environment_reference: AssetReference | None,
    aml_workspace: Reading[Workspace],
    aml_azure: Azure,
) -> RegisteredEnvironment | None:
    """The registered environment: its image and what Azure builds on it; None where the deployment names none."""
    if aml_environment_reference is None:
        return None
    store = _asset_store(aml_environment_reference, "environments", aml_target, aml_workspace, aml_azure)
    return read_environment(store, aml_environment_reference, named_by=f"deployment {aml_target.deployment}")


@pytest.fixture(scope="session")
@fact()
def aml_registered_environment_or_none(
    aml_registered_environment: Reading[RegisteredEnvironment | None],
) -> RegisteredEnvironment | None:
    """The registered environment, None also where it does not exist: for a test that answers for its absence."""
    return unless_absent(aml_registered_environment)


def _asset_store(
    reference: AssetReference, kind: str, target: Target, workspace: Reading[Workspace], azure: Azure
) -> Store:
    """Where a reference points: a registry, another workspace, or the target's own."""
    if reference.registry:
        host = azure.cloud.machine_learning_host(workspace.get().location)
        return registry_store(azure.data_plane, azure.cloud.audience, host, reference.registry)
    workspace_id = parent_of(reference.arm_id or "", kind)
    return workspace_store(azure.arm, workspace_id or target.workspace_id, kind)


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_model_files(
    aml_target: Target, aml_registered_model: RegisteredModel | None, aml_azure: Azure
) -> AssetFiles | None:
    """The registered model's blobs: how many and their bytes; None where they are on no blob storage."""
    if aml_registered_model is None or aml_registered_model.uri is None:
        return None
    return read_model_files(aml_azure.arm, aml_azure.data_plane, aml_target.workspace_id, aml_registered_model.uri)


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_file_scopes(
    aml_target: Target,
    aml_workspace: Workspace,
    aml_spec_to_deploy: DeploymentSpec | None,
    aml_deployment: Deployment,
    aml_registered_model_or_none: RegisteredModel | None,
    aml_registered_code_or_none: RegisteredCode | None,
    aml_azure: Azure,
) -> tuple[str, ...]:
    """The containers of the workspace's storage account that the deployment's files are in, by their ARM ids; the
    account itself for files of which that is not known, such as code that is yet to be uploaded.
    """
    spec, account = aml_spec_to_deploy, aml_workspace.storage_account_id
    if account is None:
        return ()
    model, code = aml_registered_model_or_none, aml_registered_code_or_none
    addresses = [one.uri for one in (model, code) if one]
    if spec and spec.model and not spec.model.asset:
        addresses.append(spec.model.uri or f"azureml://datastores/{UPLOADS}/paths/{spec.model.path}")
    elsewhere = aml_deployment.data_collector or bool(spec and spec.code and spec.code.path)
    find = partial(find_file_scope, aml_azure.arm, aml_target.workspace_id, account)
    found = aml_azure.arm.together(find, addresses)
    return tuple(dict.fromkeys(filter(None, [*found, account.text if elsewhere else None])))


@pytest.fixture(scope="session")
@fact()
def aml_storage_access(
    aml_workspace: Workspace,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_deployment: Deployment,
    aml_file_scopes: Reading[tuple[str, ...]],
    aml_azure: Azure,
) -> tuple[Access, ...]:
    """What each identity of the endpoint may do on the workspace's storage account; where it may not do there what the
    deployment needs, also in the containers of the deployment's files.
    """
    arm, needed = aml_azure.arm, aml_deployment.blob_actions
    held = access_of_each(arm, aml_workspace.storage_account_id, aml_endpoint_identities)
    if all(access.allows_data(action).granted for access in held for action in needed):
        return held
    return tuple(with_parts(arm, access, aml_file_scopes.get()) for access in held)


@pytest.fixture(scope="session")
@fact()
def aml_model_size(
    aml_spec_to_deploy: DeploymentSpec | None, aml_model_files: Reading[AssetFiles | None]
) -> ModelSize | None:
    """How large the model is that the spec is about to mount; None where that is not known."""
    spec = aml_spec_to_deploy
    if spec is None or spec.model is None:
        return None
    if spec.model.asset:
        return _registered_size(spec.model.asset, aml_model_files.get(), spec.where("model"))
    return read_model_size(spec.model.path, spec.where("model.path")) if spec.model.path else None


def _registered_size(reference: AssetReference, files: AssetFiles | None, where: str) -> ModelSize | None:
    if files is None or not files.count:
        return None
    return ModelSize(str(reference), files.bytes, where, files.complete)


@pytest.fixture(scope="session")
@fact()
def aml_image_build(aml_spec_to_deploy: DeploymentSpec | None) -> bool | None:
    """Whether the deployment makes Azure build an image; None where that cannot be told from the spec, and for a live
    one, whose image was built.
    """
    spec = aml_spec_to_deploy
    return spec.environment.builds_an_image if spec and spec.environment else None


@pytest.fixture(scope="session")
@fact()
def aml_container_image(
    aml_spec_to_deploy: DeploymentSpec | None,
    aml_registered_environment: RegisteredEnvironment | None,
    aml_deployment_operation: Reading[Operation | None],
) -> ContainerImage | None:
    """The image that must be in its registry: the one that runs, or before a deployment the base of the one that Azure
    will build; of an image that Azure built, the one that a failed deployment's error names. None where none is named.
    """
    spec, environment = aml_spec_to_deploy, aml_registered_environment
    if environment is None:
        text = spec.environment.image if spec and spec.environment else None
    else:
        text = environment.image if spec or not environment.is_built else None
    if text is None and spec is None:
        operation = aml_deployment_operation.get()
        return image_named_in(operation.error.message) if operation and operation.error else None
    return parse_image(text) if text else None


@pytest.fixture(scope="session")
@fact()
def aml_image_in_registry(aml_container_image: ContainerImage | None, aml_azure: Azure) -> ImageInRegistry | None:
    """What the image's registry says of it; None where there is no image to ask for."""
    if aml_container_image is None:
        return None
    return read_image(aml_azure.data_plane, aml_azure.cloud, aml_container_image)


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_image_origin(
    aml_target: Target, aml_registry: Registry | None, aml_deployment: Deployment, aml_azure: Azure
) -> ImageOrigin | None:
    """The image that the endpoint pulls as it is, and whose registry it is in; None where Azure builds one."""
    spec = None if aml_deployment.live else aml_target.deployment_spec
    arm, workspace_id = aml_azure.arm, aml_target.workspace_id
    image = image_of_spec(arm, workspace_id, spec) if spec else image_of_live(arm, aml_deployment)
    return read_image_origin(arm, image, aml_registry) if image else None


@pytest.fixture(scope="session")
@fact(per="aml_image_origin.registry_id")
def aml_image_registry(aml_image_origin: ImageOrigin | None, aml_azure: Azure) -> Registry | None:
    """The registry of the image that the endpoint pulls as it is; None where it is no other Azure registry in sight."""
    origin = aml_image_origin
    if origin is None or origin.home is not ImageHome.AZURE or origin.registry_id is None:
        return None
    return read_registry(aml_azure, origin.registry_id, named_by=f"image {origin.image}")


@pytest.fixture(scope="session")
@fact()
def aml_registry_access(
    aml_workspace: Workspace,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_image_origin: Reading[ImageOrigin | None],
    aml_azure: Azure,
) -> tuple[Access, ...]:
    """What each identity of the endpoint may do on the workspace's registry, with the image's repository where a role
    is given on a condition.
    """
    held = access_of_each(aml_azure.arm, aml_workspace.registry_id, aml_endpoint_identities)
    return _on_repository(held, aml_image_origin.get()) if any(access.conditional for access in held) else held


@pytest.fixture(scope="session")
@fact()
def aml_image_registry_access(
    aml_image_registry: Registry | None,
    aml_image_origin: ImageOrigin | None,
    aml_endpoint_identities: tuple[Identity, ...],
    aml_azure: Azure,
) -> tuple[Access, ...]:
    """What each identity of the endpoint may do on the registry of the image that it pulls as it is."""
    scope = aml_image_registry.id if aml_image_registry else None
    return _on_repository(access_of_each(aml_azure.arm, scope, aml_endpoint_identities), aml_image_origin)


def _on_repository(held: tuple[Access, ...], origin: ImageOrigin | None) -> tuple[Access, ...]:
    repository = parse_image(origin.image).repository if origin else BUILT_BY_AZURE
    return tuple(replace(access, attributes={REPOSITORY: repository}) for access in held)
