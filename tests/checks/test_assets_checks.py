"""The checks of a deployment's assets, by call."""

from dataclasses import replace
from typing import Any

import pytest
from building import a_workspace

from pytest_amlpreflight.checks.assets import (
    check_code_files_exist,
    check_deployment_has_something_to_run,
    check_environment_exists,
    check_mlflow_model_fits_the_network,
    check_model_files_exist,
    check_model_is_registered,
)
from pytest_amlpreflight.checks.registry import check_image_exists
from pytest_amlpreflight.facts.project.position import Source
from pytest_amlpreflight.facts.project.spec import DeploymentSpec, NetworkAccess
from pytest_amlpreflight.facts.reference import (
    AssetReference,
    CodeConfiguration,
    EnvironmentReference,
    InferenceConfig,
    ModelReference,
    ModelType,
)
from pytest_amlpreflight.facts.resource_id import parse_resource_id
from pytest_amlpreflight.facts.resources.asset import (
    AssetFiles,
    RegisteredCode,
    RegisteredEnvironment,
    RegisteredModel,
)
from pytest_amlpreflight.facts.resources.container_image import ImageInRegistry, parse_image
from pytest_amlpreflight.facts.resources.endpoint import LIVE, Deployment
from pytest_amlpreflight.facts.resources.workspace import ManagedNetwork, Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.verdict import Blocked, NotApplicable, PreflightAdvice

DEPLOYMENT = Deployment("blue", "iris", LIVE, "Standard_DS3_v2", 1)
IRIS = AssetReference("iris", version="1")
MODEL = RegisteredModel("iris", "1", "custom_model", "azureml://datastores/d/paths/iris")
ENVIRONMENT = RegisteredEnvironment("scoring", "3", image="r.azurecr.io/iris:3")
SPEC = DeploymentSpec("blue", "iris")
MLFLOW = replace(SPEC, model=ModelReference(type=ModelType.MLFLOW))


WORKSPACE_ID = parse_resource_id(
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ml"
)
assert WORKSPACE_ID
TARGET = Target(WORKSPACE_ID, "iris", "blue")
STORED = a_workspace(
    WORKSPACE_ID,
    storage_account_id=parse_resource_id(
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/store"
    ),
)
CODE = AssetReference("c", version="1")
REGISTERED_CODE = RegisteredCode("c", "1", "https://sa.blob.core.windows.net/x/src")


def workspace(network: ManagedNetwork | None = None) -> Workspace:
    """A workspace of which the network alone matters."""
    nothing: Any = None
    fields = dict.fromkeys(Workspace.__dataclass_fields__, nothing)
    return Workspace(**{**fields, "name": "w", "managed_network": network})


def test_a_registered_model_passes() -> None:
    """The version is there."""
    check_model_is_registered(IRIS, MODEL, DEPLOYMENT, TARGET)


def test_a_model_of_the_deployment_s_own_is_no_question() -> None:
    """It is registered by the deployment."""
    with pytest.raises(NotApplicable, match="brings its own model"):
        check_model_is_registered(None, None, DEPLOYMENT, TARGET)


@pytest.mark.parametrize(
    ("reference", "headline"),
    [
        (IRIS, "model iris:1 is not registered"),
        (AssetReference("iris", label="latest"), "model iris@latest is not registered"),
        (AssetReference("iris"), "model iris is named without a version"),
        (AssetReference("iris", label="best"), "model iris@best is named without a version"),
        (AssetReference("iris", version="1", registry="shared"), "model iris:1 of registry shared is not registered"),
    ],
)
def test_a_model_that_is_not_registered_blocks(reference: AssetReference, headline: str) -> None:
    """Each way of missing it in its own words."""
    with pytest.raises(Blocked, match=f"^{headline}"):
        check_model_is_registered(reference, None, DEPLOYMENT, TARGET)


def test_an_archived_model_is_advised_against() -> None:
    """It works, and nobody finds it."""
    with pytest.warns(PreflightAdvice, match="model iris:1 is archived"):
        check_model_is_registered(IRIS, replace(MODEL, archived=True), DEPLOYMENT, TARGET)


def test_a_model_of_another_workspace_blocks_though_it_is_there() -> None:
    """Azure downloads models of the deployment's own workspace, or of a registry."""
    there = WORKSPACE_ID.text.replace("workspaces/ml", "workspaces/other-ml")
    reference = replace(IRIS, arm_id=f"{there}/models/iris/versions/1")

    for model in (MODEL, None):
        with pytest.raises(Blocked, match=r"^model iris:1 is registered in another workspace, other-ml") as raised:
            check_model_is_registered(reference, model, DEPLOYMENT, TARGET)
        assert "--workspace-name other-ml --resource-group g" in raised.value.culprit.fix


def test_a_model_by_its_id_in_this_workspace_passes() -> None:
    """Ids have no case, and may lack the slash at their beginning."""
    reference = replace(IRIS, arm_id=f"{WORKSPACE_ID.text[1:].upper()}/models/iris/versions/1")

    check_model_is_registered(reference, MODEL, DEPLOYMENT, TARGET)


def test_code_that_is_there_passes() -> None:
    """With one file at least."""
    check_code_files_exist(CODE, REGISTERED_CODE, AssetFiles("sa/x/src", 1, 10), DEPLOYMENT, None)


def test_code_that_is_not_registered_blocks() -> None:
    """Somebody deleted what the deployment was made with."""
    with pytest.raises(Blocked, match=r"^code c:1 is not registered"):
        check_code_files_exist(CODE, None, None, DEPLOYMENT, None)


def test_code_without_files_blocks() -> None:
    """The next instance cannot start."""
    with pytest.raises(Blocked, match="the code of deployment blue has no files left") as raised:
        check_code_files_exist(CODE, REGISTERED_CODE, AssetFiles("sa/x/src"), DEPLOYMENT, None)

    assert raised.value.culprit.found == "no blob at sa/x/src"
    assert "--name blue --file SPEC.yml\n(SPEC.yml is its YAML" in raised.value.culprit.fix


@pytest.mark.parametrize(
    ("reference", "code", "reason"),
    [(None, None, "brings its own code"), (CODE, replace(REGISTERED_CODE, uri="https://x/"), "on no blob storage")],
)
def test_code_elsewhere_is_no_question(
    reference: AssetReference | None, code: RegisteredCode | None, reason: str
) -> None:
    """What the deployment uploads, and what is at some address."""
    with pytest.raises(NotApplicable, match=reason):
        check_code_files_exist(reference, code, None, DEPLOYMENT, None)


def test_model_files_pass() -> None:
    """There is one at least."""
    check_model_files_exist(MODEL, AssetFiles("store/c/iris", 1, 10, account="store"), DEPLOYMENT, STORED)


def test_closed_egress_reaches_the_workspaces_own_storage_account_alone() -> None:
    """What serves all the same is advised; a managed network may lead anywhere."""
    elsewhere = AssetFiles("lake/c/iris", 1, 10, account="lake")
    closed = replace(DEPLOYMENT, egress_public_network_access=False)
    planned = replace(closed, source=Source("blue.yml"))
    managed = replace(STORED, managed_network=ManagedNetwork("AllowInternetOutbound", "Active"))

    check_model_files_exist(MODEL, elsewhere, DEPLOYMENT, STORED)
    check_model_files_exist(MODEL, elsewhere, planned, managed)
    with pytest.raises(Blocked, match="model iris:1 is in storage account lake, which deployment blue does not reach"):
        check_model_files_exist(MODEL, elsewhere, planned, STORED)
    with pytest.warns(PreflightAdvice, match="which deployment blue does not reach"):
        check_model_files_exist(MODEL, elsewhere, closed, STORED)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (AssetFiles("store/c/iris"), "no blob at store/c/iris"),
        (AssetFiles("iris", absent="datastore d"), "datastore d does not exist"),
    ],
)
def test_a_model_without_files_blocks(files: AssetFiles, found: str) -> None:
    """The name outlived them."""
    with pytest.raises(Blocked, match="model iris:1 has no files left") as raised:
        check_model_files_exist(MODEL, files, DEPLOYMENT, STORED)

    assert raised.value.culprit.found == found


def test_a_model_on_no_blob_storage_is_no_question() -> None:
    """A job's output, an address."""
    with pytest.raises(NotApplicable, match="on no blob storage"):
        check_model_files_exist(MODEL, None, DEPLOYMENT, STORED)


def test_an_environment_passes() -> None:
    """It has an image, or one can be built."""
    check_environment_exists(AssetReference("scoring", version="3"), ENVIRONMENT, DEPLOYMENT)
    check_environment_exists(
        AssetReference("scoring", version="3"), RegisteredEnvironment("scoring", "3", build=True), DEPLOYMENT
    )


def test_an_environment_that_is_not_there_blocks() -> None:
    """As a model does."""
    with pytest.raises(Blocked, match="environment scoring:3 is not registered"):
        check_environment_exists(AssetReference("scoring", version="3"), None, DEPLOYMENT)


def test_an_environment_with_nothing_in_it_blocks() -> None:
    """Neither image nor anything to build one from."""
    with pytest.raises(Blocked, match="environment scoring:3 holds nothing to run"):
        check_environment_exists(
            AssetReference("scoring", version="3"), RegisteredEnvironment("scoring", "3"), DEPLOYMENT
        )


def test_an_archived_environment_is_advised_against() -> None:
    """As a model is."""
    with pytest.warns(PreflightAdvice, match="environment scoring:3 is archived"):
        check_environment_exists(
            AssetReference("scoring", version="3"), replace(ENVIRONMENT, archived=True), DEPLOYMENT
        )


@pytest.mark.parametrize(
    ("spec", "model", "environment"),
    [
        (replace(SPEC, code=CodeConfiguration(scoring_script="score.py")), None, None),
        (MLFLOW, None, None),
        (replace(SPEC, model=ModelReference(type=ModelType.TRITON)), None, None),
        (replace(SPEC, model=ModelReference(asset=IRIS)), replace(MODEL, type="mlflow_model"), None),
        (replace(SPEC, environment=EnvironmentReference(inference_config=InferenceConfig())), None, None),
        (SPEC, None, replace(ENVIRONMENT, inference_config=True)),
    ],
)
def test_something_to_run_passes(
    spec: DeploymentSpec, model: RegisteredModel | None, environment: RegisteredEnvironment | None
) -> None:
    """Code, a model that serves itself, or an image that does."""
    check_deployment_has_something_to_run(spec, model, environment)


def test_nothing_to_run_blocks() -> None:
    """A custom model and an image: nobody starts anything."""
    with pytest.raises(Blocked, match="deployment blue has nothing to run"):
        check_deployment_has_something_to_run(replace(SPEC, model=ModelReference(asset=IRIS)), MODEL, ENVIRONMENT)


def test_a_registrys_model_may_bring_what_serves_it() -> None:
    """Its deployment template names environment and probes; the spec need not."""
    shared = replace(SPEC, model=ModelReference(asset=AssetReference("iris", version="1", registry="contoso")))

    with pytest.raises(NotApplicable, match="may bring its environment by the registry's deployment template"):
        check_deployment_has_something_to_run(shared, MODEL, None)


def test_a_live_deployment_has_been_started() -> None:
    """The question is one of before."""
    with pytest.raises(NotApplicable, match="has been started before"):
        check_deployment_has_something_to_run(None, None, None)


def test_mlflow_without_code_and_with_closed_egress_blocks() -> None:
    """Legacy network isolation."""
    spec = replace(MLFLOW, egress_public_network_access=NetworkAccess.DISABLED)

    with pytest.raises(Blocked, match="an MLflow model without code under legacy network isolation"):
        check_mlflow_model_fits_the_network(spec, None, workspace())


@pytest.mark.parametrize(
    ("egress", "network"),
    [
        (None, None),
        (NetworkAccess.ENABLED, None),
        (NetworkAccess.DISABLED, ManagedNetwork(isolation_mode="AllowInternetOutbound", status="Active")),
    ],
)
def test_mlflow_elsewhere_passes(egress: NetworkAccess | None, network: ManagedNetwork | None) -> None:
    """With open egress, or in a managed network."""
    check_mlflow_model_fits_the_network(replace(MLFLOW, egress_public_network_access=egress), None, workspace(network))


def test_code_of_its_own_is_no_question() -> None:
    """Then the script and the environment are the user's."""
    with pytest.raises(NotApplicable, match="code of its own"):
        check_mlflow_model_fits_the_network(replace(MLFLOW, code=CodeConfiguration()), None, workspace())


def test_an_image_that_is_there_passes() -> None:
    """The registry has it."""
    check_image_exists(ImageInRegistry(parse_image("r.azurecr.io/iris:3")))


@pytest.mark.parametrize(
    ("image", "missing", "headline"),
    [
        ("r.azurecr.io/iris:3", "MANIFEST_UNKNOWN", "registry r has no image iris:3"),
        ("r.azurecr.io/iris:3", "NAME_UNKNOWN", "registry r has no repository iris"),
        ("mcr.microsoft.com/iris:3", "MANIFEST_UNKNOWN", "registry mcr.microsoft.com has no image iris:3"),
    ],
)
def test_an_image_that_is_not_there_blocks(image: str, missing: str, headline: str) -> None:
    """A missing tag and a missing repository are told apart."""
    with pytest.raises(Blocked, match=f"^{headline}"):
        check_image_exists(ImageInRegistry(parse_image(image), missing=missing))


def test_other_registries_are_not_asked() -> None:
    """Docker Hub knows nothing of our identity."""
    with pytest.raises(NotApplicable, match=r"docker\.io is neither Azure's nor Microsoft's"):
        check_image_exists(ImageInRegistry(parse_image("ubuntu"), asked=False))


def test_a_built_image_is_no_question() -> None:
    """Its name is Azure's own."""
    with pytest.raises(NotApplicable, match="that Azure builds"):
        check_image_exists(None)
