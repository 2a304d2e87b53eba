"""What mends a finding, as values. Each reads as a line for people; what changes a property, a role or a line of the
user's file can be carried out.

SetProperty   a member of a resource, in ARM's notation
GrantRole     a role for a principal at a scope
EditLine      a line of one of the user's files
AddLine       a new line below another one, a level deeper
Command       anything else that a shell takes: made by `az`, `kubectl` and `shell`
InWords       what nobody but a person can do; a plain text is one
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from typing import Any, TypeAlias

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.resource_id import ResourceId
from pytest_amlpreflight.facts.rules.az_ml import place_of_command, placed

_ENDS_POLICIES = "properties.enableRbacAuthorization"
_DESTRUCTIVE = {"delete", "detach", "purge", "remove", "rotate-certs"}
_WRITING = {"delete", "patch", "post", "put"}
"""The methods of `az rest` that change something, as the fixes write them."""
_READING = re.compile(r"list(-\w+)*|show(-\w+)*|diagnose|get-\w+")
_BLANKS = {
    "ACCOUNT", "ADDRESS", "CLUSTER", "CLUSTER-ID", "COMPUTE", "CONNECTION.yml", "CONTAINER", "DEPLOYMENT", "ENDPOINT",
    "ENDPOINT.yml", "ENVIRONMENT.yml", "EXTENSION", "FOLDER", "GROUP", "ID", "IDENTITY-ID", "IMAGE", "JOB", "NAME",
    "NAMESPACE", "NETWORK-ID", "PATH", "PRINCIPAL", "REGISTRY", "REGISTRY.yml", "REPOSITORY", "REQUIREMENTS.txt",
    "SECRET", "SIZE", "SOURCE.bicep", "SPEC.yml", "SUBNET", "TEMPLATE", "TENANT", "VAULT",
}  # fmt: skip
"""What stands in a command for what nobody here can know; a line in words beside it says what to put there."""
_NAMES_A_SUBSCRIPTION = {
    "--subscription",
    "--ids",
    "--id",
    "--scope",
    "--resource",
    "rest",
    "account",
    "graph",
    "bicep",
}

Option: TypeAlias = str | int | ResourceId | Sequence[str] | None
"""What an option is given: `True` for one that stands alone, several words for one that takes several."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command for a shell, word by word; what a shell would take apart is quoted when it is written."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(map(_quoted, self.words))


def az(command: str, *words: str, **options: Option) -> Command:
    """A command of the Azure CLI: `az("aks start", name="c", resource_group="g")` is
    `az aks start --name c --resource-group g`.
    """
    return Command(("az", *command.split(), *words, *_as_words(options)))


def kubectl(command: str, *words: str, **options: Option) -> Command:
    """A command of kubectl, written like `az`."""
    return Command(("kubectl", *command.split(), *words, *_as_words(options)))


def shell(*words: str) -> Command:
    """Any other program with its arguments, each a word of its own."""
    return Command(words)


def named(resource: ResourceId) -> dict[str, Option]:
    """The options by which most commands of the Azure CLI take a resource: `az("aks start", **named(cluster.id))`."""
    return {"name": resource.name, "resource_group": resource.resource_group}


@dataclass(frozen=True, slots=True)
class SetProperty:
    """`path` of the resource becomes `value`: `properties.networkAcls.bypass`, dotted, in ARM's names.

    `az` is the command that the Azure CLI has for it, where it has one of its own.
    """

    resource: str
    path: str
    value: str | int | bool
    az: Command | None = None

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, str) else json.dumps(self.value)
        return str(self.az or az("resource update", ids=self.resource, set=f"{self.path}={value}"))


@dataclass(frozen=True, slots=True)
class GrantRole:
    """A role for a principal at a scope; `kind` is ARM's principalType."""

    role: str
    principal_id: str
    scope: str
    kind: str = "ServicePrincipal"

    def __str__(self) -> str:
        return (
            f"az role assignment create --role '{self.role}' --assignee-object-id {self.principal_id} "
            f"--assignee-principal-type {self.kind} --scope {_quoted(self.scope)}"
        )


@dataclass(frozen=True, slots=True)
class EditLine:
    """The line becomes `text`; what indents it, and the dash of a list, stay."""

    where: Position
    text: str

    def __str__(self) -> str:
        return f"write `{self.text}` at {self.where}"


@dataclass(frozen=True, slots=True)
class AddLine:
    """`text` comes below the line, a level deeper; `under` is what that line holds. Without a line it is the file's
    last.
    """

    where: Position
    text: str
    under: str = ""

    def __str__(self) -> str:
        if self.where.line is None:
            return f"write `{self.text}` into {self.where}"
        return f"write `{self.text}` under {self.under} at {self.where}"


@dataclass(frozen=True, slots=True)
class InWords:
    """What a person has to do, or to think of first."""

    text: str

    def __str__(self) -> str:
        return self.text


Fix: TypeAlias = SetProperty | GrantRole | EditLine | AddLine | Command | InWords
Fixes: TypeAlias = Fix | str | Iterable[Fix | str]
"""What a check gives as its fix: one or several, in the order of their lines; a text is words for a person."""

_KINDS = {kind.__name__: kind for kind in (SetProperty, GrantRole, EditLine, AddLine, Command, InWords)}


def fixes_of(given: Fixes) -> tuple[Fix, ...]:
    """What a check gave as its fix, each as a value; a text without a word is none."""
    if isinstance(given, str):
        return (InWords(given),) if given else ()
    return (given,) if isinstance(given, Fix) else tuple(fix for one in given for fix in fixes_of(one))


def reworded(fix: Fix, change: Callable[[str], str]) -> Fix:
    """The fix with each word of its command, or its text, changed."""
    if isinstance(fix, Command):
        return Command(tuple(map(change, fix.words)))
    if isinstance(fix, SetProperty):
        return replace(fix, az=fix.az and Command(tuple(map(change, fix.az.words))))
    return InWords(change(fix.text)) if isinstance(fix, InWords) else fix


def in_workspace(fix: Fix, workspace: ResourceId, *, by_id: bool = False) -> Fix:
    """The fix, whose `az ml` commands name the workspace: nobody has it as a default everywhere. `by_id`: with its
    subscription.
    """
    if isinstance(fix, Command):
        return Command((*fix.words, *place_of_command(fix.words, workspace, by_id=by_id)))
    if isinstance(fix, SetProperty) and fix.az:
        return replace(fix, az=Command((*fix.az.words, *place_of_command(fix.az.words, workspace, by_id=by_id))))
    return InWords(placed(fix.text, workspace, by_id=by_id)) if isinstance(fix, InWords) else fix


def in_subscription(fix: Fix, subscription: str) -> Fix:
    """The fix, whose command of the Azure CLI names the subscription, unless an id in it does."""
    if isinstance(fix, SetProperty):
        return replace(fix, az=fix.az and _in_subscription(fix.az, subscription))
    return _in_subscription(fix, subscription) if isinstance(fix, Command) else fix


def _in_subscription(command: Command, subscription: str) -> Command:
    if command.words[0] != "az" or _NAMES_A_SUBSCRIPTION.intersection(command.words):
        return command
    return Command((*command.words, "--subscription", subscription))


def resource_of(fixes: Iterable[Fix]) -> str:
    """The ARM id of the resource that the first fix changes, where it says so."""
    return next((fix.resource for fix in fixes if isinstance(fix, SetProperty)), "")


def place_of(fixes: Iterable[Fix]) -> Position | None:
    """The line of the user's file that the first fix changes, where it does."""
    return next((fix.where for fix in fixes if isinstance(fix, EditLine | AddLine)), None)


def is_shell(fix: Fix) -> bool:
    """Whether a shell takes the fix as it reads."""
    return isinstance(fix, SetProperty | GrantRole | Command)


def only_reads(fix: Fix) -> bool:
    """Whether running it changes nothing of Azure's: it shows what a person then decides about."""
    if not isinstance(fix, Command):
        return False
    verbs = _verbs(fix)
    shows = any(map(_READING.fullmatch, verbs)) or (verbs == ["rest"] and not _WRITING.intersection(fix.words))
    return fix.words[0] != "az" or shows


def is_destructive(fix: Fix) -> bool:
    """Whether something is gone afterwards, or others are cut off meanwhile."""
    if isinstance(fix, SetProperty) and fix.path == _ENDS_POLICIES:
        return True
    return isinstance(fix, Command) and bool(_DESTRUCTIVE.intersection(_verbs(fix)))


def has_blanks(fix: Fix) -> bool:
    """Whether the line still holds words to be filled in, such as `FOLDER`."""
    return bool(blanks_of(fix))


def blanks_of(fix: Fix) -> list[str]:
    """The words of a line that are still to be filled in."""
    words = fix.words if isinstance(fix, Command) else shlex.split(str(fix))
    return [name for word in words if (name := word.rpartition("=")[2]) in _BLANKS]


def as_json(fix: Fix) -> dict[str, Any]:
    """In types that JSON knows; `type` says which fix it is, `line` how it reads."""
    return {"type": type(fix).__name__, "line": str(fix), **asdict(fix)}


def of_json(content: Mapping[str, Any]) -> Fix:
    """The fix behind `as_json`."""
    values = {name: value for name, value in content.items() if name not in ("type", "line")}
    if "where" in values:
        values["where"] = Position(**values["where"])
    if "words" in values:
        values["words"] = tuple(values["words"])
    if values.get("az"):
        values["az"] = Command(tuple(values["az"]["words"]))
    fix: Fix = _KINDS[content["type"]](**values)
    return fix


def _as_words(options: Mapping[str, Option]) -> Iterator[str]:
    for name, value in options.items():
        if value is None:
            continue
        yield f"--{name.replace('_', '-')}"
        if isinstance(value, Sequence) and not isinstance(value, str):
            yield from value
        elif value is not True:
            yield str(value)


def _verbs(command: Command) -> list[str]:
    """What stands before the first option."""
    return list(takewhile(lambda word: not word.startswith("-"), command.words[1:]))


def _quoted(word: str) -> str:
    """As a shell takes it for one word."""
    return f'"{word}"' if "'" in word and not set('"$`\\!') & set(word) else shlex.quote(word)
