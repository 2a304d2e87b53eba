"""Which permissions the readers need: their own `permission=` literals, found where they stand.

Read from the source on purpose: an action is written once, beside the request it is for. A list of its own would be
right on the day it is written.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ACTION = re.compile(r"Microsoft\.[A-Za-z]+(/[A-Za-z]+)+/(read|action)")

# Azure lists these under dataActions: they are asked of the service itself, not of Azure Resource Manager.
_ON_DATA = re.compile(
    r"Microsoft\.KeyVault/vaults/secrets/(getSecret|readMetadata)/action"
    r"|Microsoft\.Storage/storageAccounts/blobServices/containers/blobs/.*"
    r"|Microsoft\.ContainerRegistry/registries/repositories/.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Permissions:
    """Azure's names of what the readers do, sorted: on the control plane and on data."""

    actions: tuple[str, ...]
    data_actions: tuple[str, ...]


def needed_permissions(folder: Path = Path(__file__).parent.parent) -> Permissions:
    """Every permission that a reader in the folder names."""
    found = {action for path in sorted(folder.rglob("*.py")) for action in _named_in(path)}
    on_data = {action for action in found if _ON_DATA.fullmatch(action)}
    return Permissions(tuple(sorted(found - on_data)), tuple(sorted(on_data)))


def _named_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ACTION.fullmatch(node.value):
            yield node.value
