"""Where a command of `az ml` looks, which it has to be told unless the Azure CLI's own defaults happen to fit."""

import re
from collections.abc import Sequence
from itertools import takewhile

from pytest_amlpreflight.facts.resource_id import ResourceId

_VERBS_IN_PROSE = (
    "archive|attach|create|delete|detach|diagnose|get-credentials|get-logs|invoke|list|list-sizes|list-usage"
    "|provision-network|restore|share|show|sync-keys|update"
)
_VALUE = r"""(?:"[^"]*"|'[^']*'|<[^>]*>|(?!--)[^\s;,()]*[^\s;,().:])"""
_COMMAND = re.compile(
    rf"\baz ml (?P<noun>workspace outbound-rule|[a-z-]+) (?P<verb>{_VERBS_IN_PROSE})(?![\w-])"
    rf"(?P<options>(?: --[a-z][\w-]*(?:[ =]{_VALUE})?(?: [\w.\[\]]+=[^\s;,()]+)*)*)"
)


def place_of(workspace: ResourceId | None) -> dict[str, str]:
    """The words by which the commands of the tables take the place of a workspace, where there is one."""
    if workspace is None:
        return {}
    named = {"group": str(workspace.resource_group), "subscription": workspace.subscription}
    return named | {"workspace": workspace.name}


def place_of_command(words: Sequence[str], workspace: ResourceId, *, by_id: bool = False) -> list[str]:
    """What an `az ml` command, word by word, lacks of resource group and workspace; nothing for any other.
    `by_id`: and of the subscription.
    """
    before = list(takewhile(lambda word: not word.startswith("-"), words))
    if tuple(before[:2]) != ("az", "ml") or before[2:3] == ["registry"]:
        return []
    return _lacking(" ".join(before[2:-1]), before[-1], words, workspace, by_id)


def placed(text: str, workspace: ResourceId, *, by_id: bool = False) -> str:
    """The text with resource group and workspace in each of its `az ml` commands that lacks them.

    A command that asks a registry is left as it is.
    """
    return _COMMAND.sub(lambda found: found[0] + _place(found, workspace, by_id), text)


def _place(command: re.Match[str], workspace: ResourceId, by_id: bool) -> str:
    given = re.split(r"[ =]", command["options"])
    return "".join(f" {word}" for word in _lacking(command["noun"], command["verb"], given, workspace, by_id))


def _lacking(noun: str, verb: str, given: Sequence[str], workspace: ResourceId, by_id: bool) -> list[str]:
    if "--registry-name" in given:
        return []
    name = "--name" if noun == "workspace" else "--workspace-name"
    place = {name: workspace.name, "--resource-group": str(workspace.resource_group)}
    if (noun, verb) == ("workspace", "list"):  # shows those of the subscription: the group may be what is wrong
        place = {}
    if by_id:
        place["--subscription"] = workspace.subscription
    return [word for option in place.items() if option[0] not in given for word in option]
