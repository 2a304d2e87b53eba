"""YAML as the user wrote it: values with the line they stand on, and one clear sentence for whatever is wrong.

PyYAML's nodes instead of its objects, because objects forget their lines. Its own words are for programmers, so each
mishap is said again here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.readers.project.text_file import SpecError, read_text, shown_path
from pytest_amlpreflight.readers.project.yaml_problems import merged, said_again

Enumerated = TypeVar("Enumerated")

PLACEHOLDER = re.compile(
    r"<[A-Za-z][\w .-]{1,60}>|\$\{\{?(?! ?(?:keyvault:|azureml://))[^{}]{1,60}\}\}?|\$\([A-Za-z_][\w.]{0,60}\)"
    r"|(?<!\$)\{\{[^{}]{1,60}\}\}"
)
"""`<NAME>`, `${NAME}`, `${{ NAME }}`, `$(NAME)` and `{{NAME}}`: the words of samples, shells and pipelines. What refers
to a secret, `${{keyvault:...}}` and `${{azureml://...}}`, Azure replaces itself.
"""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The file that a node stands in: where it is, and how the user calls it."""

    path: Path
    shown: str


class YamlNode:
    """One value of a YAML file, knowing its field, its file and its line.

    `fixed_line` stands for every value below, where the text was not read from the file as it is.
    """

    def __init__(
        self, raw: yaml.Node, file: YamlFile, field: str = "", line: int | None = None, *, fixed_line: int | None = None
    ) -> None:
        self.raw, self.file, self.field, self.fixed_line = raw, file, field, fixed_line
        self.line = fixed_line or line or raw.start_mark.line + 1

    @property
    def position(self) -> Position:
        """The file and line of the value's key, or of the value itself where it has none."""
        return Position(self.file.shown, self.line)

    @property
    def is_null(self) -> bool:
        """Whether the value is YAML's nothing: `~`, `null`, or a key with nothing behind it."""
        return self._kind == "null"

    @property
    def is_scalar(self) -> bool:
        """Whether the value is a single word, number or text."""
        return isinstance(self.raw, yaml.ScalarNode)

    @property
    def is_mapping(self) -> bool:
        """Whether the value has fields of its own."""
        return isinstance(self.raw, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return isinstance(self.raw, yaml.SequenceNode)

    def wrong(self, problem: str) -> SpecError:
        """The error of this value, with its position: `raise node.wrong("...")`."""
        return SpecError(problem, self.file.shown, self.line)

    def expects(self, wanted: str) -> SpecError:
        """The error of a value of another kind than the schema has."""
        return self.wrong(f"{self.field or 'the file'} is {self._described}, and must be {wanted}")

    def items(self) -> Iterator[tuple[str, "YamlNode"]]:
        """The fields of a mapping, in the order of the file."""
        if not isinstance(self.raw, yaml.MappingNode):
            raise self.expects("a mapping")
        for key, value in self.raw.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            field = f"{self.field}.{name}" if self.field else name
            yield name, YamlNode(value, self.file, field, key.start_mark.line + 1, fixed_line=self.fixed_line)

    def elements(self) -> Iterator["YamlNode"]:
        """The values of a list."""
        if not isinstance(self.raw, yaml.SequenceNode):
            raise self.expects("a list")
        for index, value in enumerate(self.raw.value):
            yield YamlNode(value, self.file, f"{self.field}.{index}", fixed_line=self.fixed_line)

    def get(self, name: str) -> "YamlNode | None":
        """The field of that name; None when it is absent or empty."""
        found = None
        for key, value in self.items():
            if key == name and not value.is_null:
                found = value
        return found

    def text(self) -> str:
        """The scalar as it is written, whatever YAML makes of it: versions such as `1.10` must not become numbers."""
        if not isinstance(self.raw, yaml.ScalarNode):
            raise self.expects("text")
        return str(self.raw.value)

    def whole_number(self) -> int:
        """The scalar as an integer; text that spells one is taken, as Azure's own schema does."""
        text = self.text()
        try:
            return int(yaml.SafeLoader("").construct_object(self.raw)) if self._kind == "int" else int(text)
        except (ValueError, IndexError):  # PyYAML stumbles over an empty `!!int`
            raise self.expects("a whole number") from None

    def number(self) -> float:
        """The scalar as a number."""
        try:
            return float(self.text())
        except ValueError:
            raise self.expects("a number") from None

    def flag(self) -> bool:
        """The scalar as true or false; `yes`, `on` and quoted words are taken, as Azure's own schema does."""
        word = self.text().lower()
        if word not in {"true", "yes", "on", "1", "false", "no", "off", "0"}:
            raise self.expects("true or false")
        return word in {"true", "yes", "on", "1"}

    def one_of(self, kind: Callable[[str], Enumerated], words: str) -> Enumerated:
        """The scalar as a member of an enum; camel case is taken, as Azure's own schema does."""
        try:
            return kind(snake_case(self.text()))
        except ValueError:
            raise self.expects(words) from None

    def plain(self) -> object:
        """The value as dicts, lists, strings and numbers."""
        try:
            return yaml.SafeLoader("").construct_document(self.raw)
        except (yaml.YAMLError, ValueError, OverflowError, IndexError, RecursionError):
            raise self.expects("plain YAML values") from None

    @property
    def _kind(self) -> str:
        return str(self.raw.tag).rpartition(":")[2]

    @property
    def _described(self) -> str:
        if isinstance(self.raw, yaml.ScalarNode):
            word = PLACEHOLDER.search(str(self.raw.value))
            more = ", a placeholder that has not been filled in" if word else ""
            return "empty" if self.is_null else repr(shortened(str(self.raw.value))) + more
        if _is_template(self.raw):
            return "a placeholder that has not been filled in"
        return "a list" if isinstance(self.raw, yaml.SequenceNode) else "a mapping"


def read_yaml(path: Path, root: Path) -> YamlNode:
    """The single document of a YAML file, at whose every value a verdict can point.

    A relative `path` is looked up from `root`. Raises `SpecError` when the file cannot be read, is not YAML, repeats
    a key, or is not a mapping.
    """
    file = YamlFile(root / path, shown_path(path, root))
    return compose(read_text(file.path, file.shown), file)


def compose(text: str, file: YamlFile) -> YamlNode:
    """The single document of a YAML text; raises `SpecError` as `read_yaml` does."""
    try:
        raw = yaml.compose(text, Loader=yaml.SafeLoader)
        problem = None if raw is None else merged(raw, file.shown)
    except yaml.YAMLError as error:
        raise said_again(error, text, file.shown) from None
    except RecursionError:
        raise SpecError("nests too deeply to be a spec", file.shown) from None
    if raw is None:
        raise SpecError("is empty", file.shown)
    if problem is not None:
        raise problem
    if not isinstance(raw, yaml.MappingNode):
        raise SpecError(f"holds {YamlNode(raw, file)._described}, and must be a mapping", file.shown, 1)
    return YamlNode(raw, file)


def nodes(top: YamlNode) -> Iterator[YamlNode]:
    """The node and every value below it."""
    waiting = [top]
    while waiting:
        node = waiting.pop()
        waiting.extend(_children(node))
        yield node


def positions(top: YamlNode) -> dict[str, Position]:
    """The position of every field below the node, dotted."""
    return {node.field: node.position for node in nodes(top) if node is not top}


def snake_case(word: str) -> str:
    """`SystemAssigned` and `AMLToken` as the schema spells them: `system_assigned`, `aml_token`."""
    spaced = "".join(
        f"_{letter}" if letter.isupper() and at and _starts_a_word(word, at) else letter
        for at, letter in enumerate(word)
    )
    return spaced.lower()


def shortened(text: str, limit: int = 60) -> str:
    """The text, cut where a message would no longer be read."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _starts_a_word(word: str, at: int) -> bool:
    """An upper-case letter starts a word after a lower-case one, and at the end of an abbreviation."""
    before, after = word[at - 1], word[at + 1 : at + 2]
    return before.islower() or before.isdigit() or (before.isupper() and after.islower())


def _is_template(raw: yaml.Node) -> bool:
    """Whether the value is `{{word}}`, which YAML takes for a mapping whose key is a mapping."""
    return isinstance(raw, yaml.MappingNode) and any(isinstance(key, yaml.MappingNode) for key, _ in raw.value)


def _children(node: YamlNode) -> list[YamlNode]:
    if node.is_mapping:
        return [child for _, child in node.items()]
    return list(node.elements()) if node.is_list else []
