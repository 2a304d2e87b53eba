"""What is wrong with a YAML document, found in its nodes and said in one sentence."""

import yaml

from pytest_amlpreflight.readers.project.text_file import SpecError

MAX_VALUES = 20_000  # a spec has dozens; only anchors that repeat one another come near this


def settled(raw: yaml.Node, shown: str) -> SpecError | None:
    """Merge `<<` keys into their mappings, and say which key is repeated or that anchors never end.

    A repeated key is refused because Azure would take the last one without a word.
    """
    loader, waiting, seen = yaml.SafeLoader(""), [raw], 0
    merged: set[int] = set()
    while waiting:
        node = waiting.pop()
        seen += 1
        if seen > MAX_VALUES:
            return SpecError(f"expands to more than {MAX_VALUES} values; an anchor repeats itself", shown)
        if isinstance(node, yaml.MappingNode):
            if id(node) not in merged:
                merged.add(id(node))
                repeated = _repeated_key(node, shown)
                if repeated:
                    return repeated
                loader.flatten_mapping(node)
            waiting.extend(value for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
    return None


def _repeated_key(node: yaml.MappingNode, shown: str) -> SpecError | None:
    first: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
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
