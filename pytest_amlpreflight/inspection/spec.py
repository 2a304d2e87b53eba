"""The facts of what is about to be deployed: read from the user's files alone, without Azure."""

from datetime import date

from pytest_amlpreflight.facts.project.environment import Environment, ModelFolder
from pytest_amlpreflight.facts.project.local_run import LocalRun
from pytest_amlpreflight.facts.project.measured import Measured
from pytest_amlpreflight.facts.project.package_resolution import PackageResolution
from pytest_amlpreflight.facts.project.schema_verdict import SchemaVerdict
from pytest_amlpreflight.facts.project.script import Script
from pytest_amlpreflight.facts.project.spec import DeploymentSpec, EndpointSpec
from pytest_amlpreflight.facts.project.template import Template
from pytest_amlpreflight.facts.resources.quota import Quota
from pytest_amlpreflight.facts.resources.scoring import Sample
from pytest_amlpreflight.facts.rules.serving_rules import ServingRules, read_rules
from pytest_amlpreflight.inspection.reading import TargetFacts, fact
from pytest_amlpreflight.readers.connection.arm import together
from pytest_amlpreflight.readers.processes.local_server import run_locally
from pytest_amlpreflight.readers.processes.resolver import resolve_packages
from pytest_amlpreflight.readers.processes.schema_verdict import read_schema_verdict
from pytest_amlpreflight.readers.project.environment_files import read_environment
from pytest_amlpreflight.readers.project.model_folder import read_model_folder
from pytest_amlpreflight.readers.project.sample import read_sample
from pytest_amlpreflight.readers.project.script_file import read_deployment_script
from pytest_amlpreflight.readers.project.template_file import read_templates
from pytest_amlpreflight.run.targets import Level
from pytest_amlpreflight.verdict import not_applicable


class SpecFacts(TargetFacts):
    """What the files of one deployment say."""

    level = Level.DEPLOYMENT
    offline = True

    @fact
    def deployment_spec(self) -> DeploymentSpec:
        """The deployment's YAML; skips the test where none was given."""
        return self.target.deployment_spec or not_applicable("no deployment spec was given (--aml-deployment FILE)")

    @fact
    def endpoint_spec(self) -> EndpointSpec:
        """The endpoint's YAML; skips the test where none was given."""
        return self.target.endpoint_spec or not_applicable("no endpoint spec was given (--aml-endpoint FILE)")

    @fact
    def deployment_specs(self) -> tuple[DeploymentSpec, ...]:
        """Every deployment spec that was given for this endpoint."""
        return tuple(spec for spec in self.run.options.deployment_specs if spec.endpoint_name == self.target.endpoint)

    @fact
    def script(self, deployment_spec: DeploymentSpec) -> Script | None:
        """The scoring script, read and never imported; None where the deployment has none on this machine."""
        return read_deployment_script(deployment_spec, self.run.options.root)

    @fact
    def model_folder(self, deployment_spec: DeploymentSpec) -> ModelFolder | None:
        """The model's files; None where the model is not on this machine."""
        path = deployment_spec.model.path if deployment_spec.model else None
        return read_model_folder(path, self.run.options.root) if path else None

    @fact
    def environment(self, deployment_spec: DeploymentSpec, model_folder: ModelFolder | None) -> Environment:
        """Image, interpreter and packages, as far as files tell them."""
        return read_environment(deployment_spec, self.run.options.root, model_folder)

    @fact
    def schema_verdicts(self) -> tuple[SchemaVerdict, ...]:
        """What azure-ai-ml, in a process of its own, says of each file that was given."""
        specs = [spec for spec in (self.target.endpoint_spec, self.target.deployment_spec) if spec]
        return tuple(together(lambda spec: read_schema_verdict(spec, self.run.options.root), specs))

    @fact
    def package_resolution(self, environment: Environment) -> PackageResolution:
        """Whether uv finds versions that satisfy all pip packages at once."""
        return resolve_packages(environment)

    @fact
    def serving_rules(self) -> ServingRules:
        """The dated tables about Python, MLflow, the inference server and limits."""
        return read_rules(self.run.options.tables)

    @fact
    def today(self) -> date:
        """The day, for what has an end of life."""
        return date.today()

    @fact
    def target_rps(self) -> float | None:
        """The requests per second the deployment has to carry, None where nobody said."""
        return self.run.options.target_rps

    @fact
    def templates(self) -> tuple[Template, ...]:
        """The ARM templates that were named."""
        return read_templates(self.run.options.templates, self.run.options.root)


class LocalFacts(TargetFacts):
    """What starting the deployment's script on this machine shows; only with `--aml-local`, since it runs user code."""

    level = Level.DEPLOYMENT
    offline = True

    @fact
    def local_run(self, deployment_spec: DeploymentSpec, script: Script | None) -> LocalRun | None:
        """A run of the real inference server; None where it was not allowed, or there is no script that could start."""
        options = self.run.options
        if not options.local or script is None or script.problem is not None:
            return None
        sample = read_sample(options.samples, deployment_spec.endpoint_name)
        run = run_locally(
            deployment_spec,
            options.root,
            sample=sample.path if isinstance(sample, Sample) else None,
            python=options.local_python,
            debug_port=options.local_debug,
        )
        return run.without_secrets()

    @fact
    def measured(self, local_run: LocalRun | None) -> Measured:
        """Start, request time and memory of the local run; nothing where nothing ran."""
        return local_run.measured if local_run else Measured()

    @fact
    def live_deployment_names(self) -> frozenset[str] | None:
        """What is deployed under the endpoint already; None where no workspace was asked."""
        if self.target.workspace is None:
            return None
        return frozenset(one.name for one in self.live_deployments)  # type: ignore[attr-defined]  # a fact of DeploymentFacts

    @fact
    def instance_memory_mib(self, deployment_spec: DeploymentSpec) -> float | None:
        """The memory of the instance type, or the container's limit on Kubernetes; None where neither is known."""
        limits = deployment_spec.resources.limits if deployment_spec.resources else None
        if limits is not None and limits.memory_mib is not None:
            return limits.memory_mib
        if self.target.workspace is None or deployment_spec.instance_type is None:
            return None
        quota: Quota = self.quota  # type: ignore[attr-defined]  # a fact of WorkspaceFacts
        size = quota.size(deployment_spec.instance_type)
        return size.memory_gb * 1024 if size and size.memory_gb else None
