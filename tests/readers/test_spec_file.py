"""Specs as the user writes them, read into facts or refused in one sentence."""

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_amlpreflight.facts.project.spec import (
    AuthMode,
    ComputeKind,
    DeploymentSpec,
    EndpointSpec,
    Identity,
    IdentityType,
    NetworkAccess,
    ProbeSettings,
    RequestSettings,
    ScaleType,
)
from pytest_amlpreflight.facts.reference import AssetReference, InferenceConfig, ModelReference, ModelType, Route
from pytest_amlpreflight.readers.project.reference_fields import parse_asset
from pytest_amlpreflight.readers.project.spec_file import (
    SpecError,
    looks_like_spec,
    read_deployment_spec,
    read_endpoint_spec,
)

IDENTITY = "/subscriptions/5f1c/resourceGroups/ml/providers/Microsoft.ManagedIdentity/userAssignedIdentities/iris"


def write(path: Path, text: str) -> Path:
    """Write a file and the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def deployment(root: Path, body: str, name: str = "deployments/blue.yml") -> DeploymentSpec:
    """The deployment that the body describes, beside a name and an endpoint."""
    write(root / name, "name: blue\nendpoint_name: iris\n" + textwrap.dedent(body))
    return read_deployment_spec(Path(name), root)


def endpoint(root: Path, body: str) -> EndpointSpec:
    """The endpoint that the body describes, beside a name."""
    write(root / "endpoint.yml", "name: iris\n" + textwrap.dedent(body))
    return read_endpoint_spec(Path("endpoint.yml"), root)


def test_managed_deployment_is_read_whole(tmp_path: Path) -> None:
    """Every block of the schema becomes its fact, with local paths from the folder of the YAML."""
    spec = deployment(
        tmp_path,
        """
        $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
        model: {path: ../model, type: mlflow_model}
        code_configuration: {code: ../src, scoring_script: score.py}
        environment:
          image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
          conda_file: ../environment/conda.yml
        environment_variables: {WORKER_COUNT: 2, DEBUG: true}
        instance_type: Standard_DS3_v2
        instance_count: 3
        egress_public_network_access: disabled
        request_settings: {request_timeout_ms: 3000, max_concurrent_requests_per_instance: 2}
        liveness_probe: {initial_delay: 30}
        data_collector: {collections: {model_inputs: {enabled: 'True'}}, sampling_rate: 0.5}
        """,
    )

    root = Path(os.path.realpath(tmp_path))

    assert spec.model == ModelReference(type=ModelType.MLFLOW, path=root / "model")
    assert spec.code is not None
    assert spec.code.script_path == root / "src/score.py"
    assert spec.environment is not None
    assert spec.environment.conda_file == root / "environment/conda.yml"
    assert spec.environment_variables == {"WORKER_COUNT": "2", "DEBUG": "true"}
    assert (spec.instance_type, spec.instance_count) == ("Standard_DS3_v2", 3)
    assert spec.egress_public_network_access is NetworkAccess.DISABLED
    assert spec.request_settings == RequestSettings(3000, 2, 500)
    assert spec.liveness_probe == ProbeSettings(initial_delay=30)
    assert spec.data_collector.is_enabled


def test_kubernetes_deployment_is_read(tmp_path: Path) -> None:
    """A Kubernetes deployment has resources and may scale by load."""
    spec = deployment(
        tmp_path,
        """
        type: kubernetes
        resources: {requests: {cpu: "0.1", memory: 0.2Gi}, limits: {cpu: "0.2", nvidia.com/gpu: 1}}
        scale_settings: {type: target_utilization, min_instances: 1, max_instances: 3}
        """,
    )

    resources = spec.resources

    assert spec.kind is ComputeKind.KUBERNETES
    assert resources is not None
    assert (resources.requests.memory, resources.limits.gpu) == ("0.2Gi", "1")
    assert spec.scale_settings.type is ScaleType.TARGET_UTILIZATION
    assert spec.scale_settings.max_instances == 3


def test_custom_container_is_read(tmp_path: Path) -> None:
    """A container with a server of its own brings its build context and routes."""
    spec = deployment(
        tmp_path,
        """
        environment:
          build: {path: ../docker}
          inference_config:
            liveness_route: {path: /live, port: 8080}
            readiness_route: {path: /ready, port: 8080}
            scoring_route: {path: /predict, port: 8080}
        """,
    )

    environment = spec.environment

    assert environment is not None
    assert environment.build is not None
    assert environment.build.dockerfile_path == "Dockerfile"
    assert environment.inference_config == InferenceConfig(
        Route("/live", 8080), Route("/ready", 8080), Route("/predict", 8080)
    )


def test_endpoint_is_read_whole(tmp_path: Path) -> None:
    """Identity, authentication, network access and traffic become facts."""
    spec = endpoint(
        tmp_path,
        f"""
        auth_mode: AADToken
        public_network_access: Disabled
        traffic: {{blue: 90, green: 10}}
        identity:
          type: user_assigned
          user_assigned_identities:
            - resource_id: {IDENTITY}
        """,
    )

    facts = spec.auth_mode, spec.public_network_access, spec.kind

    assert facts == (AuthMode.AAD_TOKEN, NetworkAccess.DISABLED, ComputeKind.MANAGED)
    assert spec.traffic == {"blue": 90, "green": 10}
    assert spec.identity == Identity(IdentityType.USER_ASSIGNED, (IDENTITY,))


def test_identity_may_be_a_bare_id(tmp_path: Path) -> None:
    """An identity written as text alone is understood."""
    body = f"identity:\n  type: UserAssigned\n  user_assigned_identities: ['azureml:{IDENTITY}']\n"

    spec = endpoint(tmp_path, body)

    assert spec.identity == Identity(IdentityType.USER_ASSIGNED, (IDENTITY,))


def test_endpoint_with_compute_is_kubernetes(tmp_path: Path) -> None:
    """A compute makes an endpoint a Kubernetes one, as for Azure's own tools."""
    spec = endpoint(tmp_path, "compute: azureml:cluster\n")

    facts = spec.kind, spec.compute

    assert facts == (ComputeKind.KUBERNETES, "cluster")


def test_fields_know_their_lines(tmp_path: Path) -> None:
    """A verdict can point at the line of any field, whether its value stands beside or below it."""
    spec = deployment(tmp_path, "instance_count: 3\nliveness_probe:\n  period: 5\n")

    lines = [spec.where(field) for field in ("instance_count", "liveness_probe", "liveness_probe.period", "model")]

    assert lines == [
        "deployments/blue.yml:3",
        "deployments/blue.yml:4",
        "deployments/blue.yml:5",
        "deployments/blue.yml",
    ]


def test_paths_are_told_as_they_were_meant(tmp_path: Path) -> None:
    """A path that leads somewhere from the root alone is given as the file has to write it."""
    write(tmp_path / "src/score.py", "")
    write(tmp_path / "envs/conda.yml", "")

    spec = deployment(
        tmp_path,
        "model: {path: ./models}\ncode_configuration: {code: src, scoring_script: score.py}\n"
        "environment: {conda_file: envs/conda.yml}\n",
    )

    assert spec.meant == {"code_configuration.code": "../src", "environment.conda_file": "../envs/conda.yml"}


def test_name_of_the_caller_goes_before_the_files_own(tmp_path: Path) -> None:
    """As with az: the file's own may be absent or a placeholder."""
    write(tmp_path / "blue.yml", "name: <NAME>\nendpoint_name: iris\n")
    write(tmp_path / "endpoint.yml", "auth_mode: key\n")

    spec = read_deployment_spec(Path("blue.yml"), tmp_path, name="red")
    endpoint = read_endpoint_spec(Path("endpoint.yml"), tmp_path, "rose")

    assert (spec.name, spec.placeholders, endpoint.name) == ("red", (), "rose")


def test_nested_file_is_followed(tmp_path: Path) -> None:
    """`file:` brings in another YAML, whose paths start from its own folder and whose lines are its own."""
    write(tmp_path / "assets/model.yml", "name: iris\npath: ./weights\n")

    spec = deployment(tmp_path, "model: file:../assets/model.yml\n")

    assert spec.model is not None
    assert spec.model.path == Path(os.path.realpath(tmp_path)) / "assets/weights"
    assert spec.where("model.path") == "assets/model.yml:2"
    assert spec.where("model") == "deployments/blue.yml:3"


def test_absolute_path_is_shown_from_the_root(tmp_path: Path) -> None:
    """However the file was found, messages call it by its path in the project."""
    write(tmp_path / "blue.yml", "name: blue\nendpoint_name: iris\n")

    spec = read_deployment_spec(tmp_path / "blue.yml", tmp_path)

    assert spec.where() == "blue.yml"


@pytest.mark.parametrize(
    ("text", "asset"),
    [
        ("azureml:iris:3", AssetReference("iris", "3")),
        ("azureml:iris@latest", AssetReference("iris", label="latest")),
        ("azureml:iris", AssetReference("iris")),
        ("azureml://registries/hub/models/iris/versions/3", AssetReference("iris", "3", registry="hub")),
        ("azureml://registries/hub/environments/iris/labels/latest", AssetReference("iris", None, "latest", "hub")),
        ("iris:3", None),
        ("azureml:a/b:1", None),
    ],
)
def test_asset_references_are_parsed(text: str, asset: AssetReference | None) -> None:
    """Each of Azure's reference forms is told apart, and other text is no reference."""
    parsed = parse_asset(text)

    assert parsed == asset


def test_full_id_names_its_asset() -> None:
    """A full id is a reference to a version in the workspace it names."""
    provider = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
    arm_id = f"{provider}/workspaces/w/models/iris/versions/3"

    parsed = parse_asset(f"azureml:{arm_id}")

    assert parsed == AssetReference("iris", "3", arm_id=arm_id)


def test_model_at_an_address_is_not_local(tmp_path: Path) -> None:
    """A model in a datastore has an address and no path."""
    spec = deployment(tmp_path, "model: {path: 'azureml://datastores/workspaceblobstore/paths/iris'}\n")

    assert spec.model is not None
    assert (spec.model.path, spec.model.uri) == (None, "azureml://datastores/workspaceblobstore/paths/iris")


def test_merge_keys_and_anchors_are_followed(tmp_path: Path) -> None:
    """A spec may say a thing once; the merged values count, and own values win."""
    body = """
    liveness_probe: &probe {period: 5, timeout: 3}
    readiness_probe:
      <<: *probe
      timeout: 7
    """

    spec = deployment(tmp_path, body)

    assert spec.readiness_probe == ProbeSettings(period=5, timeout=7)


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfname: blue\nendpoint_name: iris\ninstance_count: 2\n",
        b"name: blue\r\nendpoint_name: iris\r\ninstance_count: 2\r\n",
        "name: blue\nendpoint_name: iris\ninstance_count: '2' # drei Säulen\n".encode(),
    ],
    ids=["byte order mark", "windows line ends", "unicode and a quoted number"],
)
def test_usual_text_forms_are_read(tmp_path: Path, raw: bytes) -> None:
    """Editors' habits do not matter."""
    (tmp_path / "blue.yml").write_bytes(raw)

    spec = read_deployment_spec(Path("blue.yml"), tmp_path)

    assert (spec.instance_count, spec.where("instance_count")) == (2, "blue.yml:3")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", r"^blue.yml: is empty$"),
        (b"- a\n", r"^blue.yml:1: holds a list, and must be a mapping$"),
        (
            b"name: a\n",
            r"^blue.yml:1: endpoint_name is missing; give it as --aml-endpoint NAME, as az takes --endpoint-name$",
        ),
        (
            b"endpoint_name: a\n",
            r"^blue.yml:1: name is missing; give it as --aml-deployment NAME=blue.yml, as az takes --name$",
        ),
        (b"name: {{word}}\n", r"^blue.yml:1: name is a placeholder that has not been filled in, and must be text$"),
        (
            b"name: a\nendpoint_name: <NAME>\n",
            r"^blue.yml:2: endpoint_name is '<NAME>', a placeholder that has not been",
        ),
        (b"name: a\nendpoint_name: '{{NAME}}'\n", r"^blue.yml:2: endpoint_name is '{{NAME}}', a placeholder"),
        (b"name: a\nendpoint_name: $(NAME)\n", r"^blue.yml:2: endpoint_name is '\$\(NAME\)', a placeholder"),
        (
            b"name: a\nendpoint_name: b\ninstance_count: three\n",
            r"^blue.yml:3: instance_count is 'three', and must be a w",
        ),
        (
            b"name: a\nendpoint_name: b\nliveness_probe: 3\n",
            r"^blue.yml:3: liveness_probe is '3', and must be a mapping$",
        ),
        (
            b"name: a\nendpoint_name: b\nmodel: ./model\n",
            r"^blue.yml:3: model is './model', and must be azureml:<name>",
        ),
        (b"name: a\nendpoint_name: b\ntype: aks\n", r"^blue.yml:3: type is 'aks', and must be managed or kubernetes$"),
        (b"name: a\nendpoint_name: b\nname: c\n", r"^blue.yml:3: name stands here and on line 1$"),
        (b"name: a\nliveness_probe:\n\tperiod: 3\n", r"^blue.yml:3: is not YAML: a tab indents this line"),
        (b"name: [a\n", r"^blue.yml:2: is not YAML: "),
        (b"name: a\nb: \x07\n", r"^blue.yml:2: is not YAML: it holds a character"),
        (b"name: a\nb: caf\xe9\n", r"^blue.yml:2: is not UTF-8: byte 0xe9"),
        ("name: a\n".encode("utf-16"), r"^blue.yml: is encoded as UTF-16"),
        (b"a: &a [*a]\n", r"^blue.yml:1: nests deeper than 60 levels"),
        (b"a: " + b"[" * 100 + b"]" * 100, r"^blue.yml:1: nests deeper than 60 levels"),
        (b"a: " + b"[" * 5000, r"^blue.yml: nests too deeply"),
        (b"x" * 300_000, r"^blue.yml: is larger than 256 KiB"),
        (b"name: a\n---\nname: b\n", r"^blue.yml:2: is not YAML: "),
        (b"name: a\nimage: {{acr}}.azurecr.io/x\n", r"^blue.yml:2: is not YAML: a placeholder on this line"),
    ],
)
def test_mishaps_are_one_clear_sentence(tmp_path: Path, raw: bytes, sentence: str) -> None:
    """Whatever is wrong with a file is said with its line, and never as a traceback of ours."""
    (tmp_path / "blue.yml").write_bytes(raw)

    with pytest.raises(SpecError, match=sentence):
        read_deployment_spec(Path("blue.yml"), tmp_path)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("$schema: https://azuremlschemas.azureedge.net/latest/batchDeployment.schema.json\n", "a batch deployment"),
        ("endpoint_name: iris\nmini_batch_size: 10\n", "a batch deployment"),
        ("endpoint_name: iris\ntype: pipeline\n", "a batch deployment"),
        ("$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json\n", "a batch endpoint"),
        ("auth_mode: key\n", "an online endpoint"),
        ("channels: [conda-forge]\ndependencies: [python=3.11]\n", "a conda file"),
        ("version: 1\npath: ./model\ntype: custom_model\n", "a model"),
        ("flavors: {sklearn: {}}\n", "an MLflow model's MLmodel file"),
        ("jobs: {train: {type: command}}\n", "a pipeline"),
        ("$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\n", "a job"),
        ("image: python:3.11\n", "an environment"),
        ("apiVersion: v1\nkind: Pod\n", "a Kubernetes manifest"),
        ('{"cells": [], "nbformat": 4}\n', "a notebook"),
    ],
)
def test_a_file_of_another_kind_is_named_as_what_it_is(tmp_path: Path, text: str, kind: str) -> None:
    """By its `$schema` or its shape; folders of specs hold all sorts of YAML."""
    head = "" if text.startswith("{") else "name: blue\n"
    (tmp_path / "blue.yml").write_text(head + text, encoding="utf-8")

    with pytest.raises(SpecError, match=f"^blue.yml:1: is ({kind}).*and an online deployment is wanted here"):
        read_deployment_spec(Path("blue.yml"), tmp_path)


def test_a_deployment_under_the_schema_of_an_endpoint_is_a_deployment(tmp_path: Path) -> None:
    """Samples copy the line from one to the other, and az does not look at it."""
    schema = "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json\n"
    write(tmp_path / "blue.yml", f"{schema}name: blue\nendpoint_name: iris\ninstance_type: Standard_DS3_v2\n")
    write(tmp_path / "endpoint.yml", f"{schema.replace('Endpoint', 'Deployment')}name: iris\nauth_mode: key\n")

    assert read_deployment_spec(Path("blue.yml"), tmp_path).name == "blue"
    assert read_endpoint_spec(Path("endpoint.yml"), tmp_path).name == "iris"


def test_a_deployment_in_the_place_of_an_endpoint_is_told_its_option(tmp_path: Path) -> None:
    """The commonest mix-up has a plain way out."""
    (tmp_path / "blue.yml").write_text("name: blue\nendpoint_name: iris\ninstance_type: X\n", encoding="utf-8")

    with pytest.raises(SpecError, match=r"is an online deployment, .* wanted here; give it as --aml-deployment"):
        read_endpoint_spec(Path("blue.yml"), tmp_path)


def test_a_notebook_is_one_whatever_its_size(tmp_path: Path) -> None:
    """Notebooks with pictures are larger than any spec may be."""
    (tmp_path / "try.ipynb").write_bytes(b"{" + b" " * 400_000)

    with pytest.raises(SpecError, match=r"^try.ipynb: is a notebook"):
        read_deployment_spec(Path("try.ipynb"), tmp_path)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("code_configuration: {code: {local_path: ../src}}\n", "code.local_path is retired: write .* `code:`"),
        ("model: {local_path: ../model}\n", "model.local_path is retired: write .* `path:`"),
    ],
)
def test_the_retired_form_of_a_path_says_what_replaced_it(tmp_path: Path, body: str, sentence: str) -> None:
    """Samples of 2021 are still about."""
    with pytest.raises(SpecError, match=sentence):
        deployment(tmp_path, body)


def test_an_endpoint_with_its_deployments_is_called_retired(tmp_path: Path) -> None:
    """The first preview kept everything in one file."""
    (tmp_path / "endpoint.yml").write_text("name: a\nauth_mode: key\ndeployments: [{name: blue}]\n", encoding="utf-8")

    with pytest.raises(SpecError, match="retired form"):
        read_endpoint_spec(Path("endpoint.yml"), tmp_path)


@pytest.mark.parametrize("written", ["", "endpoint_name: <ENDPOINT_NAME>\n", "endpoint_name: ${ENDPOINT}\n"])
def test_a_caller_names_the_endpoint_that_the_file_leaves_open(tmp_path: Path, written: str) -> None:
    """As with the Azure CLI's own option; a name in the file stays."""
    (tmp_path / "blue.yml").write_text(f"name: blue\n{written}", encoding="utf-8")
    (tmp_path / "green.yml").write_text("name: green\nendpoint_name: rose\n", encoding="utf-8")

    found = [read_deployment_spec(Path(name), tmp_path, "iris") for name in ("blue.yml", "green.yml")]

    assert [(each.endpoint_name, each.placeholders) for each in found] == [("iris", ()), ("rose", ())]


def test_placeholders_are_found_wherever_they_stand(tmp_path: Path) -> None:
    """In nested files too; what only looks a little like one is left alone, and so is what Azure replaces itself."""
    write(tmp_path / "deployments" / "env.yml", "image: ${REGISTRY}.azurecr.io/x:1\n")
    body = """
        model: azureml://registries/<REGISTRY_NAME>/models/iris/versions/1
        environment: file:./env.yml
        environment_variables:
            {SUB: <subscription_id>, MARKUP: "a < b > c", PRICE: $5, HOME: $HOME, K: "${{azureml://connections/c/target}}",
            V: "${{keyvault:https://v.vault.azure.net/secrets/s/0f}}", JOB: "${{ inputs.key }}"}
        instance_type: Standard_DS3_v2
    """

    found = {each.field: each.word for each in deployment(tmp_path, body).placeholders}

    assert found == {
        "model": "<REGISTRY_NAME>",
        "environment.image": "${REGISTRY}",
        "environment_variables.SUB": "<subscription_id>",
        "environment_variables.JOB": "${{ inputs.key }}",
    }


def test_a_bomb_of_merged_anchors_is_refused_in_no_time(tmp_path: Path) -> None:
    """Each line doubles the last: PyYAML's own merging would end with 2^40 values."""
    lines = ["a0: &a0 {x: 1, y: 2}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: 1}}" for n in range(1, 400))]
    (tmp_path / "blue.yml").write_text("\n".join(lines), encoding="utf-8")

    began = time.monotonic()
    with pytest.raises(SpecError, match=r"expands to more than 20000 values|nests"):
        read_deployment_spec(Path("blue.yml"), tmp_path)

    assert time.monotonic() - began < 5


def test_merged_keys_keep_their_rank(tmp_path: Path) -> None:
    """A mapping's own key wins over a merged one, and the first of several merged over the later."""
    spec = deployment(
        tmp_path,
        """
        tags: &one {a: one, b: one}
        properties: &two {a: two, c: two}
        environment_variables: {<<: [*one, *two], b: own}
        """,
    )

    assert spec.environment_variables == {"a": "one", "b": "own", "c": "two"}


def test_folder_and_absent_file_are_refused(tmp_path: Path) -> None:
    """A path that is no file says what it is instead."""
    (tmp_path / "folder.yml").mkdir()

    with pytest.raises(SpecError, match=r"^folder.yml: is a folder, and must be a file$"):
        read_endpoint_spec(Path("folder.yml"), tmp_path)
    with pytest.raises(SpecError, match=r"^absent.yml: does not exist$"):
        read_endpoint_spec(Path("absent.yml"), tmp_path)


def test_symbolic_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    """A link that leads to itself is unreadable, not endless."""
    (tmp_path / "loop.yml").symlink_to(tmp_path / "loop.yml")

    with pytest.raises(SpecError, match=r"^loop.yml: cannot be read: "):
        read_endpoint_spec(Path("loop.yml"), tmp_path)


def test_pipe_is_refused(tmp_path: Path) -> None:
    """Opening a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.yml")

    with pytest.raises(SpecError, match=r"^pipe.yml: is not an ordinary file$"):
        read_endpoint_spec(Path("pipe.yml"), tmp_path)


@pytest.mark.parametrize(
    ("text", "is_spec"), [("blue.yml", True), ("BLUE.YAML", True), ("blue", False), ("deployments/blue", False)]
)
def test_specs_are_told_from_names(text: str, is_spec: bool) -> None:
    """A YAML file name is a spec, anything else the name of something live."""
    answer = looks_like_spec(text)

    assert answer is is_spec


def test_existing_file_is_a_spec_whatever_its_name(tmp_path: Path) -> None:
    """A file without the usual ending is still a file."""
    path = write(tmp_path / "blue.deployment", "name: blue\n")

    answer = looks_like_spec(str(path))

    assert answer is True


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates()
FIELDS = st.sampled_from(
    ["name", "endpoint_name", "type", "model", "path", "environment", "conda_file", "build", "code_configuration",
     "code", "instance_count", "liveness_probe", "period", "identity", "user_assigned_identities", "resource_id",
     "traffic", "scale_settings", "resources", "requests", "data_collector", "collections", "enabled", "tags", "image",
     "inference_config", "liveness_route", "request_settings", "auth_mode"]
)  # fmt: skip
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6))


Reader = Callable[[Path, Path], EndpointSpec | DeploymentSpec]


def outcome(read: Reader, root: Path) -> str:
    """The file that the spec, or the error, names."""
    try:
        return read(Path("any.yml"), root).where()
    except SpecError as error:
        return error.path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(document=st.dictionaries(FIELDS, VALUES, max_size=8))
def test_any_document_gives_a_spec_or_a_sentence(tmp_path: Path, document: dict[str, object]) -> None:
    """Whatever fields hold, the answer is a fact or a `SpecError`."""
    (tmp_path / "any.yml").write_text(yaml.safe_dump({"name": "a", "endpoint_name": "b"} | document), encoding="utf-8")

    paths = {outcome(read, tmp_path) for read in (read_endpoint_spec, read_deployment_spec)}

    assert paths == {"any.yml"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(raw=st.binary(max_size=80) | st.text(alphabet="ab:{}[]&*!<-?|>'\"\n\t #%@,~0", max_size=60).map(str.encode))
def test_any_bytes_give_a_spec_or_a_sentence(tmp_path: Path, raw: bytes) -> None:
    """Whatever a file holds, the answer is a fact or a `SpecError`."""
    (tmp_path / "any.yml").write_bytes(raw)

    paths = {outcome(read, tmp_path) for read in (read_endpoint_spec, read_deployment_spec)}

    assert paths == {"any.yml"}
