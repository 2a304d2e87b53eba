"""What the deployment is made of: its model, its environment, and something to run."""

from pytest_amlpreflight.checks._egress import closed_in, leads_to_its_own_alone
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.facts.reference import AssetReference, ModelType
from pytest_amlpreflight.facts.resource_id import parent_of
from pytest_amlpreflight.facts.resources.asset import (
    AssetFiles,
    RegisteredCode,
    RegisteredEnvironment,
    RegisteredModel,
    is_resolvable,
)
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.workspace import Workspace
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.fix import Command, az
from pytest_amlpreflight.verdict import advise, blocked, check, not_applicable

UPLOADED = "the deployment brings its own {}, which its creation registers"


@check("assets", explains=("BadArgument", "ERR_1300", "ResourceNotFound"))
def check_model_is_registered(
    aml_model_reference: AssetReference | None,
    aml_registered_model_or_none: RegisteredModel | None,
    aml_deployment: Deployment,
    aml_target: Target,
) -> None:
    """The model that the deployment names is registered in the deployment's own workspace, or in a registry, in the
    version that it names.

    A version that was deleted, or a label other than `latest`, ends the creation, and takes a running deployment's
    next instance with it. So does a model of another workspace, whether it is there or not.
    """
    if aml_model_reference is None:
        not_applicable(UPLOADED.format("model"))
    _block_foreign(aml_model_reference, aml_deployment, aml_target)
    model = aml_registered_model_or_none
    if model is None:
        _block_absent("model", aml_model_reference, aml_deployment)
    elif model.archived:
        _advise_archived("model", model.name, model.version)


@check("assets", explains=("BadArgument", "ERR_1300"))
def check_model_files_exist(
    aml_registered_model: RegisteredModel | None,
    aml_model_files: AssetFiles | None,
    aml_deployment: Deployment,
    aml_workspace: Workspace,
) -> None:
    """The registered model's files are still in the storage account, and that is one which the deployment reaches.

    A registration is a name for a path. Whoever cleans up the storage account leaves the name behind, and the
    deployment fails when it downloads the model. A deployment with closed egress outside a managed network reaches the
    workspace's own account and no other.
    https://learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint#secure-outbound-access-with-legacy-network-isolation-method
    """
    if aml_registered_model is None:
        not_applicable(UPLOADED.format("model"))
    if aml_model_files is None:
        not_applicable(f"the model's files are on no blob storage of a workspace: {aml_registered_model.uri}")
    name, version = aml_registered_model.name, aml_registered_model.version
    if aml_model_files.count:
        _judge_account(aml_registered_model, aml_model_files, aml_deployment, aml_workspace)
        return
    blocked(
        f"model {name}:{version} has no files left in its storage account",
        found=_lost(aml_model_files),
        expected=f"the files of {aml_registered_model.uri}",
        fix=(az("ml model create", name=name, path="FOLDER"), "(FOLDER holds the files: this makes the next version)"),
    )


@check("assets", explains=("BadArgument", "ERR_1300"))
def check_code_files_exist(
    aml_code_reference: AssetReference | None,
    aml_registered_code_or_none: RegisteredCode | None,
    aml_code_files: AssetFiles | None,
    aml_deployment: Deployment,
    aml_given_deployment_spec: DeploymentSpec | None,
) -> None:
    """The registered scoring code is there, and so are its files in the storage account.

    Every deployment's code is registered when it is created, and each new instance downloads it again: whoever cleans
    up the storage account takes it from a deployment that serves.
    """
    if aml_code_reference is None:
        not_applicable(UPLOADED.format("code"))
    if aml_registered_code_or_none is None:
        _block_absent("code", aml_code_reference, aml_deployment)
    elif aml_code_files is None:
        not_applicable(f"the code's files are on no blob storage: {aml_registered_code_or_none.uri}")
    elif not aml_code_files.count:
        blocked(
            f"the code of deployment {aml_deployment.name} has no files left in its storage account",
            found=_lost(aml_code_files),
            expected=f"the files of {aml_registered_code_or_none.uri}",
            fix=_upload_again(aml_deployment, aml_given_deployment_spec),
        )


@check("assets", explains=("BadArgument", "ERR_1200", "ResourceNotFound"))
def check_environment_exists(
    aml_environment_reference: AssetReference | None,
    aml_registered_environment_or_none: RegisteredEnvironment | None,
    aml_deployment: Deployment,
) -> None:
    """The environment that the deployment names is there, in the version that it names, and says what image to run.

    Curated environments are retired with time: a version that was fine last year may be gone.
    """
    if aml_environment_reference is None:
        not_applicable(UPLOADED.format("environment"))
    environment = aml_registered_environment_or_none
    if environment is None:
        _block_absent("environment", aml_environment_reference, aml_deployment)
        return
    if not environment.image and not environment.is_built:
        blocked(
            f"environment {environment.name}:{environment.version} holds nothing to run",
            found="neither image nor condaFile nor build",
            expected="an image, with or without conda dependencies, or a build context",
            fix=(
                az("ml environment create", name=environment.name, image="IMAGE"),
                "(IMAGE is what it should run; --conda-file adds packages to it: this makes the next version)",
            ),
        )
    if environment.archived:
        _advise_archived("environment", environment.name, environment.version)


@check("assets", explains=("MissingDriverProgram",), phases=("pre",))
def check_deployment_has_something_to_run(
    aml_spec_to_deploy: DeploymentSpec | None,
    aml_registered_model: RegisteredModel | None,
    aml_registered_environment: RegisteredEnvironment | None,
) -> None:
    """The deployment has scoring code, a model that serves itself, or an image that does.

    An MLflow or Triton model comes with its server. An image of your own serves if its environment has an inference
    configuration; without any of these there is nothing to start, whatever the image holds. A registry's model may come
    with a deployment template, which brings environment and probes: it is not judged.
    """
    spec = aml_spec_to_deploy
    if spec is None:
        not_applicable("a live deployment has been started before")
    registered = aml_registered_environment and aml_registered_environment.inference_config
    configured = registered or (spec.environment and spec.environment.inference_config)
    if spec.code or configured or _serves_itself(_model_type(spec, aml_registered_model)):
        return
    if spec.model and spec.model.asset and spec.model.asset.registry:
        not_applicable(f"model {spec.model.asset} may bring its environment by the registry's deployment template")
    blocked(
        f"deployment {spec.name} has nothing to run",
        found=f"{spec.where()}: no code_configuration, no MLflow or Triton model, no inference_config",
        expected="one of these",
        fix="add code_configuration (code, scoring_script), or inference_config to the environment of a serving image",
    )


@check("assets", explains=("BadArgument",), phases=("pre",))
def check_mlflow_model_fits_the_network(
    aml_spec_to_deploy: DeploymentSpec | None,
    aml_registered_model: RegisteredModel | None,
    aml_workspace: Workspace,
) -> None:
    """An MLflow model without code is not deployed with closed egress outside a managed network.

    Azure would write the scoring script and build the environment itself, and with legacy network isolation it does
    not.
    """
    spec = aml_spec_to_deploy
    if spec is None:
        not_applicable("a live deployment has been created before")
    if _model_type(spec, aml_registered_model) != ModelType.MLFLOW or spec.code:
        not_applicable("the deployment has code of its own, or no MLflow model")
    egress = spec.egress_public_network_access
    if aml_workspace.managed_network or egress is None or egress.value != "disabled":
        return
    blocked(
        f"deployment {spec.name} deploys an MLflow model without code under legacy network isolation",
        found=closed_in(spec),
        expected="a workspace with a managed network, or a scoring script and an environment of your own",
        fix=(
            az("ml workspace update", name=aml_workspace.name, managed_network="allow_internet_outbound"),
            "(and take egress_public_network_access out)",
        ),
        where=spec.position("egress_public_network_access"),
    )


def _judge_account(model: RegisteredModel, files: AssetFiles, deployment: Deployment, workspace: Workspace) -> None:
    own = workspace.storage_account_id
    if not leads_to_its_own_alone(deployment, workspace) or own is None or files.account is None:
        return
    if files.account.lower() == own.name.lower():
        return
    served = deployment.live and not deployment.failed
    (advise if served else blocked)(
        f"model {model.name}:{model.version} is in storage account {files.account}, which deployment {deployment.name} "
        "does not reach",
        found=f"{files.place}; {closed_in(deployment)}",
        expected=f"a model in the workspace's own storage account, {own.name}, or a workspace with a managed network",
        fix=(az("ml model create", name=model.name, path="FOLDER"), "(FOLDER holds its files)"),
    )


def _block_foreign(reference: AssetReference, deployment: Deployment, target: Target) -> None:
    """A model of another workspace: its id names the workspace that it is in."""
    home = parent_of(reference.arm_id or "", "models")
    if home is None or home == target.workspace_id:
        return
    blocked(
        f"model {reference} is registered in another workspace, {home.name}",
        found=f"{deployment.where('model')}: {reference.arm_id}",
        expected=f"a model of workspace {target.workspace_id.name}, or of a registry",
        fix=(
            az(
                "ml model share",
                name=reference.name,
                version=reference.version,
                registry_name="REGISTRY",
                share_with_name=reference.name,
                share_with_version=reference.version,
                workspace_name=home.name,
                resource_group=home.resource_group,
            ),
            "(REGISTRY is one of Azure Machine Learning that both workspaces may use; then name the model "
            f"azureml://registries/REGISTRY/models/{reference.name}/versions/{reference.version})",
        ),
        where=deployment.position("model"),
    )


def _upload_again(deployment: Deployment, spec: DeploymentSpec | None) -> tuple[Command | str, ...]:
    file = spec.source.path if spec else "SPEC.yml"
    update = az("ml online-deployment update", endpoint_name=deployment.endpoint_name, name=deployment.name, file=file)
    said = "uploads the code again" if spec else "SPEC.yml is its YAML, whose code is uploaded again"
    return update, f"({said})"


def _lost(files: AssetFiles) -> str:
    return f"{files.absent} does not exist" if files.absent else f"no blob at {files.place}"


def _block_absent(word: str, reference: AssetReference, deployment: Deployment) -> None:
    where = deployment.where(word)
    listing = az("ml", word, "list", name=reference.name, registry_name=reference.registry)
    if not is_resolvable(reference):
        blocked(
            f"{word} {reference} is named without a version",
            found=f"{where}: {f'label {reference.label!r}' if reference.label else 'neither version nor label'}",
            expected=f"azureml:{reference.name}:VERSION or azureml:{reference.name}@latest",
            fix=listing,
        )
    blocked(
        f"{word} {reference} is not registered",
        found=f"{where} names it, and there is no such version",
        expected="a registered version",
        fix=listing,
    )


def _advise_archived(word: str, name: str, version: str) -> None:
    advise(
        f"{word} {name}:{version} is archived",
        found="isArchived = True",
        expected="a version in use: an archived one still works, and is hidden from everybody who looks for it",
        fix=az("ml", word, "restore", name=name, version=version),
    )


def _model_type(spec: DeploymentSpec, registered: RegisteredModel | None) -> str | None:
    if registered:
        return (registered.type or "").lower()
    return spec.model.type if spec.model else None


def _serves_itself(model_type: str | None) -> bool:
    return model_type in (ModelType.MLFLOW, ModelType.TRITON)
