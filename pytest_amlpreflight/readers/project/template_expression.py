"""ARM template expressions, as far as parameters, variables and constants decide them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_]\w*)|(?P<mark>[(),.\[\]]))")


class UndecidableError(Exception):
    """The value is known only when the template is deployed."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The values that a template's expressions can name; a parameter without a default is not among them."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "equals": lambda one, other: _folded(one) == _folded(other),
    "not": lambda value: not value,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "if": lambda test, yes, no: yes if test else no,
    "empty": lambda value: not value,
    "bool": lambda value: str(value).lower() in {"true", "1"},
    "true": lambda: True,
    "false": lambda: False,
    "createarray": lambda *values: list(values),
    "tolower": lambda text: str(text).lower(),
    "concat": lambda *parts: [e for p in parts for e in p] if isinstance(parts[0], list) else "".join(map(str, parts)),
}


def evaluate(value: object, scope: Scope) -> Any:
    """The value behind a template's JSON value; raises `UndecidableError` when only the deployment knows it."""
    if not (isinstance(value, str) and value.startswith("[") and value.endswith("]")):
        return value
    if value.startswith("[["):  # ARM's escape for text that begins with a bracket
        return value[1:]
    parser = _Parser(value[1:-1], scope)
    found = parser.expression()
    if parser.rest.strip():
        raise UndecidableError(value)
    return found


class _Parser:
    def __init__(self, text: str, scope: Scope, depth: int = 0) -> None:
        self.rest, self.scope, self.depth = text, scope, depth

    def expression(self) -> Any:
        self.depth += 1
        if self.depth > 100:
            raise UndecidableError(self.rest)
        kind, word = self._next()
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return int(word)
        if kind != "name" or self._next()[1] != "(":
            raise UndecidableError(word)
        return self._call(word.lower(), self._arguments())

    def _arguments(self) -> list[Any]:
        found: list[Any] = []
        if self.rest.lstrip().startswith(")"):
            self._next()
            return found
        while True:
            found.append(self.expression())
            mark = self._next()[1]
            if mark == ")":
                return found
            if mark != ",":
                raise UndecidableError(mark)

    def _call(self, name: str, arguments: list[Any]) -> Any:
        if name in {"parameters", "variables"} and len(arguments) == 1:
            return self._named(self.scope.parameters if name == "parameters" else self.scope.variables, arguments[0])
        function = FUNCTIONS.get(name)
        if function is None:
            raise UndecidableError(name)
        try:
            return function(*arguments)
        except (TypeError, IndexError):
            raise UndecidableError(name) from None

    def _named(self, values: Mapping[str, Any], name: object) -> Any:
        for known, value in values.items():
            if known.lower() == str(name).lower():
                return value if not isinstance(value, str) else _Nested(self.scope, self.depth).evaluate(value)
        raise UndecidableError(str(name))

    def _next(self) -> tuple[str, str]:
        found = TOKEN.match(self.rest)
        if found is None or found.lastgroup is None:
            raise UndecidableError(self.rest)
        self.rest = self.rest[found.end() :]
        return found.lastgroup, found.group(found.lastgroup)


@dataclass(frozen=True, slots=True)
class _Nested:
    """A default or variable that is an expression of its own, evaluated no deeper than the whole may go."""

    scope: Scope
    depth: int

    def evaluate(self, value: str) -> Any:
        if not (value.startswith("[") and value.endswith("]")) or value.startswith("[["):
            return value
        return _Parser(value[1:-1], self.scope, self.depth).expression()


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
