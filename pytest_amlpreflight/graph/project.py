"""What is about to be deployed, as the user's files have it. None of these asks Azure."""

from datetime import date

import pytest

from pytest_amlpreflight.engine import Reading
from pytest_amlpreflight.facts.project.environment import Environment, ModelFolder
from pytest_amlpreflight.facts.project.local_run import LocalRun
from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.project.package_resolution import PackageResolution
from pytest_amlpreflight.facts.project.schema_verdict import SchemaVerdict
from pytest_amlpreflight.facts.project.script import Script
from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec
from pytest_amlpreflight.facts.project.template import Template
from pytest_amlpreflight.facts.resources.endpoint import Deployment
from pytest_amlpreflight.facts.resources.quota import Quota
from pytest_amlpreflight.facts.resources.scoring import Sample
from pytest_amlpreflight.facts.rules.serving_rules import ServingRules, read_rules
from pytest_amlpreflight.facts.target import Target
from pytest_amlpreflight.graph.fact import fact
from pytest_amlpreflight.graph.options import RunOptions
from pytest_amlpreflight.readers.processes.local_server import run_locally
from pytest_amlpreflight.readers.processes.resolver import resolve_packages
from pytest_amlpreflight.readers.processes.schema_verdict import read_schema_verdict
from pytest_amlpreflight.readers.project.environment_files import read_environment
from pytest_amlpreflight.readers.project.model_folder import read_model_folder
from pytest_amlpreflight.readers.project.sample import read_sample
from pytest_amlpreflight.readers.project.script_file import read_deployment_script
from pytest_amlpreflight.readers.project.template_file import read_templates
from pytest_amlpreflight.verdict import NotApplicable


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_deployment_spec(aml_target: Target) -> DeploymentSpec:
    """The deployment's YAML, with the line of every field; skips the test where none was given."""
    if aml_target.deployment_spec is None:
        raise NotApplicable("no deployment spec was given (--aml-deployment FILE)")
    return aml_target.deployment_spec


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_endpoint_spec(aml_target: Target) -> EndpointSpec:
    """The endpoint's YAML, with the line of every field; skips the test where none was given."""
    if aml_target.endpoint_spec is None:
        raise NotApplicable("no endpoint spec was given (--aml-endpoint FILE)")
    return aml_target.endpoint_spec


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_deployment_specs(aml_target: Target, aml_run_options: RunOptions) -> tuple[DeploymentSpec, ...]:
    """Every deployment spec that was given for the endpoint."""
    return tuple(spec for spec in aml_run_options.deployment_specs if spec.endpoint_name == aml_target.endpoint)


@pytest.fixture(scope="session")
@fact()
def aml_script(aml_deployment_spec: DeploymentSpec, aml_run_options: RunOptions) -> Script | None:
    """The scoring script, read and never imported; None where the deployment has none on this machine."""
    return read_deployment_script(aml_deployment_spec, aml_run_options.root)


@pytest.fixture(scope="session")
@fact()
def aml_model_folder(aml_deployment_spec: DeploymentSpec, aml_run_options: RunOptions) -> ModelFolder | None:
    """The model's files; None where the model is not on this machine."""
    path = aml_deployment_spec.model.path if aml_deployment_spec.model else None
    return read_model_folder(path, aml_run_options.root) if path else None


@pytest.fixture(scope="session")
@fact()
def aml_environment(
    aml_deployment_spec: DeploymentSpec, aml_model_folder: ModelFolder | None, aml_run_options: RunOptions
) -> Environment:
    """Image, interpreter and packages of the deployment, as far as files tell them."""
    return read_environment(aml_deployment_spec, aml_run_options.root, aml_model_folder)


@pytest.fixture(scope="session")
@fact(per="endpoint")
def aml_endpoint_schema_verdict(aml_target: Target, aml_run_options: RunOptions) -> SchemaVerdict | None:
    """What azure-ai-ml, in a process of its own, says of the endpoint's YAML; None where none was given."""
    return read_schema_verdict(aml_target.endpoint_spec, aml_run_options.root) if aml_target.endpoint_spec else None


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_deployment_schema_verdict(aml_target: Target, aml_run_options: RunOptions) -> SchemaVerdict | None:
    """What azure-ai-ml, in a process of its own, says of the deployment's YAML; None where none was given."""
    spec = aml_target.deployment_spec
    return read_schema_verdict(spec, aml_run_options.root) if spec else None


@pytest.fixture(scope="session")
@fact()
def aml_schema_verdicts(
    aml_endpoint_schema_verdict: SchemaVerdict | None, aml_deployment_schema_verdict: SchemaVerdict | None
) -> tuple[SchemaVerdict, ...]:
    """What azure-ai-ml says of each file that was given."""
    return tuple(filter(None, (aml_endpoint_schema_verdict, aml_deployment_schema_verdict)))


@pytest.fixture(scope="session")
@fact()
def aml_package_resolution(aml_environment: Environment) -> PackageResolution:
    """Whether uv finds versions that satisfy all pip packages at once."""
    return resolve_packages(aml_environment)


@pytest.fixture(scope="session")
@fact(per="run")
def aml_serving_rules(aml_run_options: RunOptions) -> ServingRules:
    """The dated tables about Python, MLflow, the inference server and limits."""
    return read_rules(aml_run_options.tables)


@pytest.fixture(scope="session")
@fact(per="run")
def aml_today() -> date:
    """The day, for what has an end of life."""
    return date.today()


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_target_rps(aml_target: Target, aml_run_options: RunOptions) -> float | None:  # noqa: ARG001  # a deployment's
    """The requests per second the deployment has to carry (--aml-target-rps); None where nobody said."""
    return aml_run_options.target_rps


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_templates(aml_target: Target, aml_run_options: RunOptions) -> tuple[Template, ...]:  # noqa: ARG001  # a deployment's
    """The ARM templates that were named (--aml-template)."""
    return read_templates(aml_run_options.templates, aml_run_options.root)


@pytest.fixture(scope="session")
@fact()
def aml_local_run(
    aml_deployment_spec: DeploymentSpec, aml_script: Script | None, aml_run_options: RunOptions
) -> LocalRun | None:
    """The script under the real inference server on this machine (--aml-local, since that runs the project's code);
    None where it did not run.
    """
    options = aml_run_options
    if not options.local or aml_script is None or aml_script.problem is not None:
        return None
    sample = read_sample(options.samples, aml_deployment_spec.endpoint_name)
    run = run_locally(
        aml_deployment_spec,
        options.root,
        sample=sample.path if isinstance(sample, Sample) else None,
        model=options.local_model,
        python=options.local_python,
        debug_port=options.local_debug,
    )
    return run.without_secrets()


@pytest.fixture(scope="session")
@fact()
def aml_measured(aml_local_run: LocalRun | None) -> Measured:
    """Start, request time and memory of the local run; nothing where nothing ran."""
    return aml_local_run.measured if aml_local_run else Measured()


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_live_deployment_names(
    aml_target: Target, aml_live_deployments: Reading[tuple[Deployment, ...]]
) -> frozenset[str] | None:
    """What is deployed under the endpoint already; None on a run without a workspace."""
    if aml_target.workspace is None:
        return None
    return frozenset(one.name for one in aml_live_deployments.get())


@pytest.fixture(scope="session")
@fact(per="deployment")
def aml_instance_memory_mib(
    aml_target: Target, aml_deployment_spec: DeploymentSpec, aml_quota: Reading[Quota]
) -> float | None:
    """The memory in MiB that the container can have: of the instance type, or on Kubernetes its limit; None where
    neither is known.
    """
    limits = aml_deployment_spec.resources.limits if aml_deployment_spec.resources else None
    if limits is not None and limits.memory_mib is not None:
        return limits.memory_mib
    if aml_target.workspace is None or aml_deployment_spec.instance_type is None:
        return None
    size = aml_quota.get().size(aml_deployment_spec.instance_type)
    return size.memory_gb * 1024 if size and size.memory_gb else None
