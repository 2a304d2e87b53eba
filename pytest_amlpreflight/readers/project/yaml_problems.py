"""What is wrong with a YAML document, found in its nodes and said in one sentence."""

import yaml

from pytest_amlpreflight.readers.project.text_file import SpecError

MAX_DEPTH = 60  # a spec has five levels; PyYAML and Python have an end somewhere past two hundred
MAX_VALUES = 20_000  # a spec has dozens; only anchors that repeat one another come near this


def merged(raw: yaml.Node, shown: str) -> SpecError | None:
    """Merge `<<` keys into their mappings, and say which key is repeated, or that the document has no end.

    A repeated key is refused because Azure would take the last one without a word.
    """
    waiting, seen = [(raw, 1)], 0
    merge = _Merge()
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if seen > MAX_VALUES or merge.entries > MAX_VALUES:
            return SpecError(f"expands to more than {MAX_VALUES} values; an anchor repeats itself", shown)
        if depth > MAX_DEPTH:
            return SpecError(f"nests deeper than {MAX_DEPTH} levels", shown, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            if id(node) not in merge.done and (repeated := _repeated_key(node, shown)):
                return repeated
            merge.into(node)
            waiting.extend((value, depth + 1) for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend((element, depth + 1) for element in node.value)
    return None


class _Merge:
    """YAML's merge keys, resolved once for each mapping; PyYAML's own way multiplies what anchors repeat."""

    def __init__(self) -> None:
        self.done: set[int] = set()
        self.entries = 0

    def into(self, node: yaml.MappingNode) -> None:
        """The mapping with the keys of those that it merges, its own first in rank."""
        if id(node) in self.done:
            return
        self.done.add(id(node))
        found = {key.value: (key, value) for source in _merged(node) for key, value in self._pairs(source)}
        own = [(key, value) for key, value in node.value if not _is_merge(key)]
        names = {key.value for key, _ in own if isinstance(key, yaml.ScalarNode)}
        node.value = [pair for name, pair in found.items() if name not in names] + own
        self.entries += len(found)

    def _pairs(self, source: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
        if not isinstance(source, yaml.MappingNode):
            problem = "expected a mapping or a list of mappings for merging"
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=source.start_mark)
        if self.entries > MAX_VALUES:
            return []
        self.into(source)
        return [(key, value) for key, value in source.value if isinstance(key, yaml.ScalarNode)]


def _is_merge(key: yaml.Node) -> bool:
    return str(key.tag).endswith(":merge")


def _merged(node: yaml.MappingNode) -> list[yaml.Node]:
    """The mappings that a node merges, the weakest first."""
    sources: list[yaml.Node] = []
    for value in (value for key, value in node.value if _is_merge(key)):
        sources += value.value if isinstance(value, yaml.SequenceNode) else [value]
    return sources[::-1]


def _repeated_key(node: yaml.MappingNode, shown: str) -> SpecError | None:
    first: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or _is_merge(key):
            continue
        line = key.start_mark.line + 1
        if key.value in first:
            return SpecError(f"{str(key.value)[:60]} stands here and on line {first[key.value]}", shown, line)
        first[key.value] = line
    return None


def said_again(error: yaml.YAMLError, text: str, shown: str) -> SpecError:
    """PyYAML's error as a sentence with a line."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it cannot be read"
        if "'\\t'" in problem:
            problem = "a tab indents this line, and YAML takes only spaces"
        elif mark and "{{" in "".join(text.split("\n")[mark.line : mark.line + 1]):
            problem = "a placeholder on this line has not been filled in"
        return SpecError(f"is not YAML: {problem}", shown, mark.line + 1 if mark else None)
    at = getattr(error, "position", None)
    line = text.count("\n", 0, at) + 1 if isinstance(at, int) else None
    return SpecError("is not YAML: it holds a character that YAML does not take", shown, line)
