"""The options: each is `--aml-NAME` on the command line, `aml_NAME` in the ini file, and some have environment
variables.
"""

from dataclasses import dataclass

import pytest

from pytest_amlpreflight.verdict import PHASES


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: `--aml-NAME` on the command line, `aml_NAME` in the ini file, and the environment variables that
    also give it.
    """

    name: str
    help: str
    metavar: str
    environment: tuple[str, ...] = ()
    repeatable: bool = False
    choices: tuple[str, ...] = ()
    switch: bool = False

    @property
    def flag(self) -> str:
        """As the command line has it."""
        return f"--aml-{self.name}"

    @property
    def ini(self) -> str:
        """As the ini file has it."""
        return f"aml_{self.name.replace('-', '_')}"

    def register(self, parser: pytest.Parser, group: pytest.OptionGroup) -> None:
        """Make it known to pytest on the command line and in the ini file."""
        if self.switch:
            group.addoption(self.flag, action="store_true", default=False, help=self.help)
            parser.addini(self.ini, self.help, type="string", default=None)  # so that a mistake can name the key
        elif self.repeatable:
            group.addoption(self.flag, action="append", metavar=self.metavar, help=self.help)
            parser.addini(self.ini, self.help, type="args", default=None)
        else:
            choices = self.choices or None
            group.addoption(self.flag, metavar=self.metavar, choices=choices, help=self.help)
            parser.addini(self.ini, self.help, type="string", default=None)


OPTIONS = (
    Option(
        "workspace",
        "the workspace to inspect: its name, its ARM id, or a path to its config.json; with --aml-scope a pattern of "
        "names (repeatable)",
        "NAME|ID|FILE|GLOB",
        ("AZUREML_ARM_WORKSPACE_NAME",),
        repeatable=True,
    ),
    Option(
        "scope",
        "inspect every workspace of a subscription (its id or name), of a resource group or management group (its ARM "
        "id), or of the whole `tenant` (repeatable)",
        "SCOPE",
        ("AML_SCOPE",),
        repeatable=True,
    ),
    Option(
        "tag",
        "with --aml-scope: only workspaces with this tag; its value may be a pattern (repeatable: all of them)",
        "KEY=VALUE",
        repeatable=True,
    ),
    Option(
        "exclude",
        "with --aml-scope: no workspace whose name, or whose ARM id, matches this pattern (repeatable)",
        "GLOB",
        repeatable=True,
    ),
    Option(
        "fresh",
        "with --aml-scope in phase audit: ask every resource itself, where Azure Resource Graph could tell of many at "
        "once",
        "",
        switch=True,
    ),
    Option("shard", "inspect only this part of the workspaces, such as 2/5: for a fleet over several jobs", "PART/OF"),
    Option(
        "endpoint",
        "the online endpoint: the YAML file that is about to be deployed (`NAME=FILE` where az is given --name), or "
        "the name of a live one (repeatable)",
        "FILE|NAME",
        repeatable=True,
    ),
    Option(
        "deployment",
        "the deployment: the YAML file that is about to be deployed (`NAME=FILE` where az is given --name), or "
        "the name of a live one (repeatable)",
        "FILE|NAME",
        repeatable=True,
    ),
    Option(
        "offline",
        "look at the YAML files alone, whatever workspace is configured",
        "",
        switch=True,
    ),
    Option(
        "phase",
        "pre: will it work? post: does it work? audit: is everything live still fit? (default: pre)",
        "PHASE",
        choices=PHASES,
    ),
    Option(
        "subscription",
        "the subscription's id, where the workspace is given by name",
        "ID",
        ("AZURE_SUBSCRIPTION_ID", "AZUREML_ARM_SUBSCRIPTION"),
    ),
    Option(
        "resource-group",
        "the resource group, where the workspace is given by name",
        "NAME",
        ("AZUREML_ARM_RESOURCEGROUP",),
    ),
    Option(
        "cloud",
        "AzureCloud, AzureUSGovernment, AzureChinaCloud, or the metadata URL of another (default: AzureCloud)",
        "NAME|URL",
        ("ARM_CLOUD_METADATA_URL", "AZUREML_CURRENT_CLOUD"),
    ),
    Option(
        "dns-server",
        "the DNS server to ask instead of the system's, as IP[:PORT]: the one your callers use",
        "IP[:PORT]",
        ("AML_DNS_SERVER",),
    ),
    Option(
        "azure-dns",
        "where Azure's own DNS answers, as IP[:PORT] (default: 168.63.129.16)",
        "IP[:PORT]",
        ("AML_AZURE_DNS",),
    ),
    Option(
        "connect-to",
        "where to connect for vault, registry, storage and scoring hosts, as curl's option does it (repeatable)",
        "HOST:PORT:ADDRESS:PORT",
        ("AML_CONNECT_TO",),
        repeatable=True,
    ),
    Option(
        "sample-request",
        "the request to score with (default: the one sample-request.json of the project; repeatable)",
        "FILE|ENDPOINT=FILE",
        repeatable=True,
    ),
    Option(
        "origin", "the origin of pages that call the endpoint from a browser, such as https://app.contoso.com", "URL"
    ),
    Option(
        "wait",
        "seconds to wait, in the whole run, for states that settle: provisioning, roles, approvals (default: 0)",
        "SECONDS",
    ),
    Option(
        "local",
        "start the scoring script on this machine with the real inference server, and send it the sample request: "
        "this runs the project's code",
        "",
        switch=True,
    ),
    Option(
        "kube-context",
        "for endpoints on Kubernetes: the context of the kubeconfig that leads to the compute's cluster (default: one "
        "whose server is that cluster's, or the service account of the pod that this runs in)",
        "NAME",
    ),
    Option("kubeconfig", "the kubeconfig to take the context from (default: KUBECONFIG, or ~/.kube/config)", "FILE"),
    Option("local-python", "the interpreter that has the scoring script's packages (default: this one)", "PATH"),
    Option(
        "local-model",
        "with --aml-local: the folder that stands for AZUREML_MODEL_DIR, where the model is registered or elsewhere",
        "FOLDER",
    ),
    Option("local-debug", "with --aml-local: wait on this port for a debugger to attach to the script", "PORT"),
    Option("target-rps", "the requests per second that the deployment has to carry", "NUMBER"),
    Option(
        "template",
        "ARM templates (or compiled Bicep) of the project, as a glob from its root (repeatable)",
        "GLOB",
        repeatable=True,
    ),
    Option("tables", "a folder with dated tables of your own, in place of those that come with the plugin", "FOLDER"),
    Option("deadline", "seconds after which nothing is waited for that Azure throttles (default: none)", "SECONDS"),
    Option("timeout", "seconds one request may take (default: 30)", "SECONDS"),
    Option("waivers", "a YAML file of failures that somebody answers for, until a day", "FILE"),
    Option("waivers-strict", "fail a full audit over waivers that no failure needs any more", "", switch=True),
    Option("waive", "write today's failures to a file of waivers to fill in", "FILE"),
    Option("history", "a folder that keeps what each run found, to tell new failures from known ones", "FOLDER"),
    Option("new-only", "with --aml-history: fail over new failures alone; the others are expected", "", switch=True),
    Option(
        "report",
        "write html, json, md or sarif, named by the extension or in front (repeatable)",
        "[FORMAT:]PATH",
        repeatable=True,
    ),
    Option(
        "annotate",
        "mark the lines of your files in GitHub's or Azure's pipelines (default: in the one it runs in)",
        "CI",
        choices=("github", "azure", "none"),
    ),
    Option("fix", "write the fixes of what failed as one script, to be read before it is run", "FILE.sh"),
    Option(
        "record",
        "write everything that the run reads, without secrets, as a world to run against again; of a fleet a folder",
        "WORLD.yml",
    ),
    Option(
        "pseudonyms",
        "with --aml-record: change names, GUIDs, addresses and hosts, by the key in this file, which is made",
        "KEYFILE",
    ),
    Option("emulator", "run against an embedded Azure with the resources of this world file", "WORLD.yml"),
    Option(
        "failure",
        "with --aml-emulator: break the world in this way first; `list` names all (repeatable)",
        "NAME",
        repeatable=True,
    ),
    Option("emulator-latency", "with --aml-emulator: how long each answer takes, such as 100ms", "DURATION"),
)

DEFAULTS = {"phase": "pre", "cloud": "AzureCloud", "azure-dns": "168.63.129.16", "timeout": "30", "wait": "0"}


def option_named(name: str) -> Option:
    """The option that is called so."""
    return next(option for option in OPTIONS if option.name == name)
