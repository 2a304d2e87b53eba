"""`--aml-report`, `--aml-annotate` and `--aml-fix`: what a run leaves behind as files and lines."""

import base64
import hashlib
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from pytest_amlpreflight import checks
from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.fix import GrantRole, InWords, SetProperty, az, shell
from pytest_amlpreflight.reporting.annotations import annotate, pipeline
from pytest_amlpreflight.reporting.files import as_html, as_json, as_markdown, as_sarif, as_script
from pytest_amlpreflight.reporting.notations import notations
from pytest_amlpreflight.reporting.record import Record

HOSTILE = "<script>alert(1)</script>|`*_[x](y)\"'&"
ABOUT = {
    "version": "1",
    "time": "2026-11-21T02:00:00+00:00",
    "phase": "audit",
    "cloud": "AzureCloud",
    "selection": "abc",
    "asked": {},
    "coverage": {"asked": 3},
}
FAILED = Finding(
    "quota::x",
    Outcome.FAILED,
    "w/e",
    "/r",
    "short",
    "quota is short",
    "8",
    "16",
    (az("y"),),
    Position("b.yml", 4),
)
ADVISED = Finding("code::y", Outcome.ADVISED, "w/e", "/r", "odd", HOSTILE, HOSTILE)
WAIVED = Finding("key_vault::z", Outcome.FAILED, "v", "/v", "k", "closed", waived="waived", waiver="waived until ...")
RECORD = Record(ABOUT, (ADVISED, WAIVED, FAILED, Finding("quota::ok", Outcome.PASSED, "w")))


class Tags(HTMLParser):
    """The elements of a page, and whatever could make a browser ask for something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.sources: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one."""
        self.names.append(tag)
        self.sources += [str(value) for name, value in attrs if name in ("src", "srcset", "action", "style", "onclick")]


def test_a_page_asks_nobody_for_anything_and_hostile_names_stay_text() -> None:
    """Style and script are the only ones, named by their hashes in the policy."""
    page = as_html.render(RECORD)
    tags = Tags(page)

    assert tags.sources == []
    assert tags.names.count("script") == tags.names.count("style") == 1
    assert "alert(1)</script>" not in page
    for tag in ("script", "style"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]  # type: ignore[index]  # counted above
        named = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{named}&#39;" in page


def test_a_page_of_a_fleet_is_small() -> None:
    """A thousand workspaces with five hundred findings: well under five megabytes."""
    found = tuple(
        Finding(f"topic{n % 20}::x", Outcome.FAILED, f"w{n}", f"/r/{n}", "k", "h" * 80, "f" * 300, "e" * 80)
        for n in range(500)
    )
    passed = tuple(Finding("quota::ok", Outcome.PASSED, f"w{n}") for n in range(1000))

    assert len(as_html.render(Record(ABOUT, (*found, *passed))).encode()) < 2_000_000


def test_json_follows_its_schema() -> None:
    """The schema is published with the plugin."""
    schema = json.loads(Path(as_json.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))

    content = json.loads(as_json.render(RECORD))

    jsonschema.validate(content, schema)
    assert content["counts"]["failed"] == 2


def test_markdown_is_cut_at_a_rows_end() -> None:
    """GitHub drops a summary that is too long as a whole."""
    many = tuple(Finding("quota::x", Outcome.FAILED, f"w{n}", headline="ü" * 500) for n in range(2000))

    text = as_markdown.render(Record(ABOUT, many))

    assert len(text.encode()) <= as_markdown.LIMIT
    assert text.endswith("*The rest was left off: it does not fit on a summary page.*\n")
    assert all(line.endswith(" |") for line in text.splitlines() if line.startswith("| failed"))


def test_markdown_holds_no_markup_of_others() -> None:
    """A tag or a message is text in one cell."""
    row = next(line for line in as_markdown.render(RECORD).splitlines() if "code::y" in line)

    assert row.count(" | ") == 4
    assert "<script>" not in row


def test_every_result_of_sarif_has_a_file_and_every_check_that_ran_is_a_rule() -> None:
    """GitHub refuses a whole upload over one result without; a clean run closes alerts by its rules."""
    run = json.loads(as_sarif.render(RECORD))["runs"][0]

    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == ["b.yml", "pyproject.toml", "pyproject.toml"]
    assert [place["region"]["startLine"] for place in places] == [4, 1, 1]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {
        "quota::x",
        "code::y",
        "key_vault::z",
        "quota::ok",
    }
    waived = next(result for result in run["results"] if result["ruleId"] == "key_vault::z")
    assert waived["suppressions"][0] == {"kind": "external", "status": "accepted", "justification": "waived until ..."}
    assert len({result["partialFingerprints"]["amlFinding/v1"] for result in run["results"]}) == 3


def test_annotations_are_escaped_and_counted() -> None:
    """Ten errors and ten warnings at most, worst first; what is waived is none."""
    many = Record(
        ABOUT, (*RECORD.findings, *(Finding("a::b", Outcome.ERROR, f"w{n}", headline="x") for n in range(20)))
    )

    lines = list(annotate(many, "github", Path("/repo")))

    assert lines[0].startswith("::error file=b.yml,line=4,title=quota%3A%3Ax w/e::quota is short%0A  found:    8%0A")
    assert [line.split()[0] for line in lines].count("::error") == 10
    assert [line.split()[0] for line in lines].count("::warning") == 1
    azure = next(annotate(RECORD, "azure", Path("/repo")))
    assert azure.startswith(
        "##vso[task.logissue type=error;sourcepath=/repo/b.yml;linenumber=4;code=quota::x;]quota is"
    )
    assert list(annotate(RECORD, "none", Path())) == []


@pytest.mark.parametrize(("kind", "end"), [("github", "::90%25 used%0Aof it"), ("azure", ";]90%AZP25 used%0Aof it")])
def test_each_pipeline_has_a_percent_sign_of_its_own(kind: str, end: str) -> None:
    """What one escapes, the other would show as it stands."""
    record = Record(ABOUT, (Finding("a::b", Outcome.FAILED, "w", headline="90% used\nof it"),))

    assert next(annotate(record, kind, Path())).endswith(end)


@pytest.mark.parametrize(
    ("wanted", "environ", "kind"),
    [
        (None, {"GITHUB_ACTIONS": "true"}, "github"),
        (None, {"TF_BUILD": "True"}, "azure"),
        (None, {}, "none"),
        ("none", {"GITHUB_ACTIONS": "true"}, "none"),
        ("azure", {}, "azure"),
    ],
)
def test_the_pipeline_is_known_by_its_environment(wanted: str | None, environ: dict[str, str], kind: str) -> None:
    """And the option outweighs it."""
    assert pipeline(wanted, environ) == kind


def test_a_script_of_fixes_does_nothing_before_it_was_read(tmp_path: Path) -> None:
    """It ends at once; what deletes, has blanks, only shows or is waived does not stand there as a command."""
    fixes = (
        SetProperty("/r", "properties.a", True, az=shell("touch", "made")),
        az("lock delete", ids="/l"),
        az("ml compute detach", name="c", yes=True),
        az("aks rotate-certs", name="c"),
        az("ml model create", path="FOLDER"),
        az("ml workspace show", name="w"),
        InWords("think\nfirst"),
    )
    text = as_script.render(
        Record(ABOUT, (Finding("a::b", Outcome.FAILED, "w", headline="h\nrm x", fixes=fixes), WAIVED))
    )
    script = tmp_path / "fix.sh"
    script.write_text(text, encoding="utf-8")

    ended = subprocess.run(["sh", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    script.write_text("".join(line for line in text.splitlines(True) if "exit 1" not in line), encoding="utf-8")
    subprocess.run(["sh", "-e", str(script)], cwd=tmp_path, check=True)

    assert (ended.returncode, "read this script" in ended.stderr) == (1, True)
    assert (tmp_path / "made").exists()
    commands = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert commands[2:] == ["touch made"]


def test_a_script_of_fixes_names_each_ones_subscription() -> None:
    """A night's findings are of many subscriptions, and the Azure CLI has one; an id says it by itself."""
    vault = "/subscriptions/S/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
    fixes = (
        SetProperty(vault, "properties.a", True, az=az("keyvault update", name="v")),
        SetProperty(vault, "properties.a", True),
        az("network vnet update", name="n", resource_group="g"),
        GrantRole("Reader", "P", vault),
    )

    text = as_script.render(Record(ABOUT, (Finding("a::b", Outcome.FAILED, "w", vault, headline="h", fixes=fixes),)))

    assert [line for line in text.splitlines() if line.startswith("az ")] == [
        "az keyvault update --name v --subscription S",
        f"az resource update --ids {vault} --set properties.a=true",
        "az network vnet update --name n --resource-group g --subscription S",
        f"az role assignment create --role 'Reader' --assignee-object-id P --assignee-principal-type ServicePrincipal "
        f"--scope {vault}",
    ]


@pytest.mark.parametrize("workers", [("-p", "no:xdist"), ("-n", "1")], ids=["alone", "xdist"])
def test_a_run_writes_every_format(example: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """By extension or with the format in front; the run says where."""
    reports = [
        "--aml-report=out/page.html",
        "--aml-report=md:out/summary.txt",
        "--aml-report=r.json",
        "--aml-report=s.sarif",
    ]

    result = example.runpytest(
        *workers, *reports, "--aml-fix=fix.sh", "--aml-annotate=github", "--aml-failure", "quota-family-exhausted",
        "-k", "quota", "aml-preflight",
    )  # fmt: skip

    result.stdout.fnmatch_lines(
        [
            "aml-preflight: wrote *page.html",
            "aml-preflight: wrote *fix.sh",
            "::error file=deployments/blue.yml,line=15,*",
        ]
    )
    content = json.loads((example.path / "r.json").read_text(encoding="utf-8"))
    assert content["counts"]["failed"] == 1
    assert (
        (example.path / "out/summary.txt")
        .read_text(encoding="utf-8")
        .startswith("## aml-preflight, phase pre: 1 failed")
    )
    assert {"page.html", "summary.txt"} == {path.name for path in (example.path / "out").iterdir()}


def test_an_unknown_format_is_one_line(example: pytest.Pytester) -> None:
    """Before anything is asked."""
    result = example.runpytest("-p", "no:xdist", "--aml", "--aml-report=x.pdf")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--aml-report x.pdf: a format is one of html, json, md, sarif, as in html:page.html*"]
    )


_GROUP = "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/"
_WORKSPACE = f"{_GROUP}Microsoft.MachineLearningServices/workspaces/WORKSPACE"
_CLUSTER = f"{_GROUP}Microsoft.ContainerService/managedClusters/CLUSTER"
AS_CODE = {
    "key_vault::vault_admits_trusted_services": SetProperty(
        f"{_GROUP}Microsoft.KeyVault/vaults/VAULT", "properties.networkAcls.bypass", "AzureServices"
    ),
    "storage::storage_admits_azure_machine_learning": SetProperty(
        f"{_GROUP}Microsoft.Storage/storageAccounts/ACCOUNT", "properties.networkAcls.bypass", "AzureServices"
    ),
    "workspace::workspace_allows_v2_apis": SetProperty(
        f"{_GROUP}Microsoft.MachineLearningServices/workspaces/WORKSPACE", "properties.v1LegacyMode", value=False
    ),
    "workspace::private_registry_has_a_build_compute": SetProperty(
        _WORKSPACE, "properties.imageBuildCompute", "CLUSTER"
    ),
    "workspace::datastore_authentication_matches_the_storage": SetProperty(
        _WORKSPACE, "properties.systemDatastoresAuthMode", "identity"
    ),
    "workspace::linked_resources_exist": SetProperty(
        f"{_GROUP}Microsoft.KeyVault/vaults/VAULT", "properties.tenantId", "TENANT"
    ),
    "key_vault::vault_keeps_the_workspace_access": GrantRole(
        "Key Vault Administrator", "PRINCIPAL", f"{_GROUP}Microsoft.KeyVault/vaults/VAULT"
    ),
    "secrets::endpoint_identity_may_read_secrets": GrantRole(
        "Key Vault Secrets User", "PRINCIPAL", f"{_GROUP}Microsoft.KeyVault/vaults/VAULT"
    ),
    "autoscale::autoscale_targets_live_deployments": SetProperty(
        f"{_GROUP}Microsoft.Insights/autoscaleSettings/SETTING", "properties.enabled", value=True
    ),
    "cluster::cluster_suits_azure_machine_learning": SetProperty(
        _CLUSTER, "properties.servicePrincipalProfile.clientId", "msi"
    ),
    "compute::workspace_identity_reaches_the_cluster": GrantRole("ROLE", "PRINCIPAL", _CLUSTER),
    "extension::router_settings_agree": SetProperty(
        f"{_CLUSTER}/providers/Microsoft.KubernetesConfiguration/extensions/EXTENSION",
        "properties.configurationSettings.inferenceRouterServiceType",
        "LoadBalancer",
    ),
    "subscription::resource_providers_are_registered": SetProperty(
        "/subscriptions/SUBSCRIPTION/providers/Microsoft.PROVIDER", "registrationState", "Registered"
    ),
    "subscription::cluster_providers_are_registered": SetProperty(
        "/subscriptions/SUBSCRIPTION/providers/Microsoft.PROVIDER", "registrationState", "Registered"
    ),
    "subscription::deployer_may_deploy": GrantRole("ROLE", "PRINCIPAL", _WORKSPACE),
    "identity::private_image_registry_grants_pull": GrantRole(
        "AcrPull", "PRINCIPAL", f"{_GROUP}Microsoft.ContainerRegistry/registries/REGISTRY"
    ),
    "identity::registry_grants_pull_to_endpoint_identity": GrantRole(
        "AcrPull", "PRINCIPAL", f"{_GROUP}Microsoft.ContainerRegistry/registries/REGISTRY"
    ),
    "identity::storage_grants_blob_read_to_endpoint_identity": GrantRole(
        "Storage Blob Data Reader", "PRINCIPAL", f"{_GROUP}Microsoft.Storage/storageAccounts/ACCOUNT"
    ),
}


@pytest.mark.parametrize("name", AS_CODE)
def test_a_checks_page_has_its_cure_as_code(name: str) -> None:
    """Bicep and Terraform with the decisive line marked, word for word what the reports fill in."""
    topic, _, section = name.partition("::")
    page = (Path(checks.__file__).parent / f"{topic}.md").read_text(encoding="utf-8")
    own = page.split(f"## {section}\n")[1].split("\n## ")[0]

    for notation, text in notations(AS_CODE[name]).items():
        assert f"In {notation}:" in own
        assert "\n".join(f"    {line}" for line in text.splitlines()) in own


@pytest.mark.parametrize("section", ["private_dns_zone_is_linked", "private_dns_zone_holds_the_inference_record"])
def test_a_part_that_is_missing_is_shown_as_code(section: str) -> None:
    """A link and a zone group are resources of their own: the page has them whole, with the decisive line."""
    page = (Path(checks.__file__).parent / "network.md").read_text(encoding="utf-8")
    own = page.split(f"## {section}\n")[1].split("\n## ")[0]

    bicep, terraform = own.split("In Bicep:")[1].split("In Terraform:")
    assert bicep.count("// this line") == terraform.count("# this line") == 1
