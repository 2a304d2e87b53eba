"""Words of a template that were to be replaced before the file is used."""

from pytest_amlpreflight.facts.project.spec import Placeholder
from pytest_amlpreflight.readers.project.yaml_file import PLACEHOLDER, YamlNode, nodes


def placeholders(top: YamlNode) -> tuple[Placeholder, ...]:
    """The first placeholder of every field from the node down, in the order of their lines."""
    scalars = sorted((node for node in nodes(top) if node.is_scalar and node.field), key=lambda node: node.line)
    found = ((node.field, PLACEHOLDER.search(node.text())) for node in scalars)
    return tuple(Placeholder(field, word.group()) for field, word in found if word)
