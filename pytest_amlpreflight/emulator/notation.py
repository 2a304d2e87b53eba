"""YAML as ARM writes it: JSON's own types only, and every mapping knows its line."""

import re
from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 512 * 1024**2
DEEPEST = 2000
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class WorldError(Exception):
    """The world, or a failure to be applied to it, cannot be used: `message` starts with `file:line`."""

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(f"{place}: {reason}")


class Mapping(dict[str, Any]):
    """A mapping that knows the line on which it begins, so that a complaint can point at it."""

    line = 0


class _Loader(_Base):  # type: ignore[misc] # the C loader and the Python one share no typed base
    """Knows JSON's types only: YAML 1.1 would turn a pasted time stamp, `off` or `10:20` into something else."""


# A loader's resolvers are shared with its base until replaced.
_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+\.[0-9]+$"), list("-0123456789"))


def _construct_mapping(loader: Any, node: yaml.MappingNode) -> Any:
    mapping = Mapping()
    mapping.line = node.start_mark.line + 1
    yield mapping
    for key_node, value_node in node.value:
        name = str(loader.construct_object(key_node, deep=True))
        if name in mapping:
            raise yaml.MarkedYAMLError(problem=f"{name!r} is written twice", problem_mark=key_node.start_mark)
        mapping[name] = loader.construct_object(value_node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def read(path: Path) -> Mapping:
    """The mapping a YAML (or JSON) file holds.

    Raises `WorldError` with `file:line` for a file that is absent, no YAML, or no mapping.
    """
    try:
        if path.exists() and not path.is_file():
            raise WorldError(str(path), "is not an ordinary file")  # opening a pipe would wait for ever
        if path.stat().st_size > MOST_BYTES:
            raise WorldError(str(path), f"is larger than {MOST_BYTES // 1024**2} MiB")
        text = path.read_text(encoding="utf-8")
        if _nests_without_end(text):
            raise WorldError(str(path), "nests too deeply")
        # The loader is a SafeLoader with fewer types.
        document = yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader
    except OSError as error:
        raise WorldError(str(path), (error.strerror or str(error)).lower()) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise WorldError(f"{path}:{line}", str(error.problem or "not YAML")) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WorldError(f"{path}:1", f"not YAML: {error}") from None
    except (ValueError, RecursionError) as error:  # a day that is none, a number without end, nesting
        raise WorldError(f"{path}:1", f"cannot be read: {error}") from None
    if not isinstance(document, Mapping):
        raise WorldError(f"{path}:1", "a mapping is expected here")
    return document


def _nests_without_end(text: str) -> bool:
    """Whether the parser in C might run out of its stack, which would end the process."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest > DEEPEST or re.search(rf"(?m)^[ ?-]{{{DEEPEST},}}", text) is not None


def merge(target: Any, patch: Any) -> Any:
    """`target` with a JSON merge patch (RFC 7396) applied: mappings merge, null deletes, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def dig(document: Any, dotted: str) -> Any:
    """The value at `properties.networkAcls.bypass`, member names compared exactly; None where there is none."""
    for part in dotted.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def filled(value: Any, blank: str, text: str) -> Any:
    """`value` with a text wherever a blank stands in it: the server's own address for `{arm}`."""
    if isinstance(value, dict):
        return {name: filled(member, blank, text) for name, member in value.items()}
    if isinstance(value, list):
        return [filled(member, blank, text) for member in value]
    return value.replace(blank, text) if isinstance(value, str) else value
