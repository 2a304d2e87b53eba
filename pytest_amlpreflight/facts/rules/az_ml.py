"""Where a command of `az ml` looks, which it has to be told unless the Azure CLI's own defaults happen to fit."""

import re

from pytest_amlpreflight.facts.resource_id import ResourceId

_VERBS = (
    "archive|create|delete|diagnose|get-credentials|get-logs|invoke|list|list-sizes|list-usage|provision-network"
    "|restore|show|sync-keys|update"
)
_VALUE = r"""(?:"[^"]*"|'[^']*'|<[^>]*>|(?!--)[^\s;,()]*[^\s;,().:])"""
_COMMAND = re.compile(
    rf"\baz ml (?P<noun>workspace outbound-rule|[a-z-]+) (?P<verb>{_VERBS})(?![\w-])"
    rf"(?P<options>(?: --[a-z][\w-]*(?:[ =]{_VALUE})?(?: [\w.\[\]]+=[^\s;,()]+)*)*)"
)


def placed(text: str, workspace: ResourceId) -> str:
    """The text with resource group and workspace in each of its `az ml` commands that lacks them.

    A command that asks a registry is left as it is.
    """
    return _COMMAND.sub(lambda found: found[0] + _place(found, workspace), text)


def _place(command: re.Match[str], workspace: ResourceId) -> str:
    given = re.split(r"[ =]", command["options"])
    if "--registry-name" in given:
        return ""
    name = "--name" if command["noun"] == "workspace" else "--workspace-name"
    place = {name: workspace.name, "--resource-group": workspace.resource_group}
    if (command["noun"], command["verb"]) == ("workspace", "list"):
        del place[name]
    return "".join(f" {option} {value}" for option, value in place.items() if option not in given)
