"""What mends a finding, as values. Each reads as a line for people; what changes a property, a role or a line of the
user's file can be carried out.

SetProperty   a member of a resource, in ARM's notation
GrantRole     a role for a principal at a scope
EditLine      a line of one of the user's files
AddLine       a new line below another one, a level deeper
Command       anything else that a shell takes
InWords       what nobody but a person can do
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

from pytest_amlpreflight.facts.project.position import Position

_TOOLS = ("az", "azmlinfsrv", "conda", "curl", "dig", "kubectl", "ls", "pip", "python", "uv")
_DESTRUCTIVE = re.compile(r"\s(delete|purge|remove)\b")
_READING = re.compile(r"^az (?:[\w-]+ )*(?:list[\w-]*|show[\w-]*|diagnose|get-\w+)\b|^az rest --method get\b|^(?!az )")


@dataclass(frozen=True, slots=True)
class SetProperty:
    """`path` of the resource becomes `value`: `properties.networkAcls.bypass`, dotted, in ARM's names.

    `az` is the command that the Azure CLI has for it, where it has one of its own.
    """

    resource: str
    path: str
    value: str | int | bool
    az: str = ""

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, str) else json.dumps(self.value)
        return self.az or f"az resource update --ids {self.resource} --set {self.path}={value}"


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
            f"--assignee-principal-type {self.kind} --scope {self.scope}"
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
    """`text` comes below the line, a level deeper; `under` is what that line holds."""

    where: Position
    text: str
    under: str

    def __str__(self) -> str:
        return f"write `{self.text}` under {self.under} at {self.where}"


@dataclass(frozen=True, slots=True)
class Command:
    """A line for a shell."""

    line: str

    def __str__(self) -> str:
        return self.line


@dataclass(frozen=True, slots=True)
class InWords:
    """What a person has to do, or to think of first."""

    text: str

    def __str__(self) -> str:
        return self.text


Fix: TypeAlias = SetProperty | GrantRole | EditLine | AddLine | Command | InWords
_KINDS = {kind.__name__: kind for kind in (SetProperty, GrantRole, EditLine, AddLine, Command, InWords)}


def fixes_of(given: "Fix | str | Iterable[Fix | str]") -> tuple[Fix, ...]:
    """What a check gave as its fix. A text is taken line by line: what begins with a tool's name is a command."""
    if isinstance(given, str):
        return tuple(_of_line(line) for line in given.splitlines())
    if isinstance(given, Fix):
        return (given,)
    return tuple(fix for one in given for fix in fixes_of(one))


def reworded(fix: Fix, change: Callable[[str], str]) -> Fix:
    """The fix with its command, or its words, changed."""
    if isinstance(fix, SetProperty):
        return replace(fix, az=change(fix.az))
    if isinstance(fix, Command):
        return Command(change(fix.line))
    return InWords(change(fix.text)) if isinstance(fix, InWords) else fix


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
    """Whether running it changes nothing: it shows what a person then decides about."""
    return isinstance(fix, Command) and bool(_READING.match(fix.line))


def is_destructive(fix: Fix) -> bool:
    """Whether something is gone afterwards."""
    return isinstance(fix, Command) and bool(_DESTRUCTIVE.search(fix.line))


def has_blanks(fix: Fix) -> bool:
    """Whether the line still holds words to be filled in, such as `FOLDER` or `<of the zone>`."""
    try:
        words = shlex.split(str(fix))
    except ValueError:
        return True
    return any(re.fullmatch(r"[A-Z]{2,}(\.\w+)?|.*<.*>?.*", word) for word in words)


def edited(text: str, fix: EditLine | AddLine) -> str:
    """A file's text with the fix carried out. Raises `ValueError` where the fix names no line of it."""
    lines, at = text.splitlines(), (fix.where.line or 0) - 1
    if not 0 <= at < len(lines):
        raise ValueError(f"{fix.where} is no line of the file")
    indent, dash = re.match(r"(\s*)(- )?", lines[at]).groups(default="")  # type: ignore[union-attr]  # matches anything
    if isinstance(fix, EditLine):
        lines[at] = f"{indent}{dash}{fix.text}"
    else:
        lines.insert(at + 1, f"{indent}{'  ' * (1 + bool(dash))}{fix.text}")
    return "\n".join(lines) + "\n"


def as_json(fix: Fix) -> dict[str, Any]:
    """In types that JSON knows; `type` says which fix it is."""
    return {"type": type(fix).__name__, **asdict(fix)}


def of_json(content: Mapping[str, Any]) -> Fix:
    """The fix behind `as_json`."""
    values = {name: value for name, value in content.items() if name != "type"}
    if "where" in values:
        values["where"] = Position(**values["where"])
    fix: Fix = _KINDS[content["type"]](**values)
    return fix


def _of_line(line: str) -> Fix:
    tool = line.split(" ", 1)[0]
    return Command(line) if tool in _TOOLS and " " in line else InWords(line)
