"""Expressions of the Kusto query language, each read once and then computed for every row.

Paths (`properties.networkAcls.bypass`, `tags['a']`), texts, numbers, comparisons, `and`, `or`, `not()`, `in (…)` and
the functions below. Names of operators and functions have no case; names of columns have one.
"""

import re
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Value = Callable[[Row], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>@?'(?:[^'\\]|\\.)*'|@?\"(?:[^\"\\]|\\.)*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>\$?[A-Za-z_][\w-]*)|(?P<sign>=~|!~|==|!=|<=|>=|!(?=[a-z])|[<>=()\[\],.|~+*]))"
)


class Unparsed(Exception):  # reads as what it is
    """A part of a query that is not spoken here."""


class Tokens:
    """The tokens of a query, taken from left to right. Raises `Unparsed` for what is none."""

    def __init__(self, query: str) -> None:
        self._all: list[tuple[str, str]] = []
        text = re.sub(r"//[^\n]*", "", query).strip()
        while text:
            match = _TOKEN.match(text)
            if match is None:
                raise Unparsed(text[:40])
            self._all.append((str(match.lastgroup), match[str(match.lastgroup)]))
            text = text[match.end() :].strip()
        self.place = 0

    @property
    def next(self) -> str:
        """The next token; empty at the end."""
        return self._all[self.place][1] if self.place < len(self._all) else ""

    @property
    def kind(self) -> str:
        """`text`, `number`, `word` or `sign`; empty at the end."""
        return self._all[self.place][0] if self.place < len(self._all) else ""

    def take(self) -> str:
        """The next token, and on to the one after it."""
        if not self.next:
            raise Unparsed("the end of the query")
        self.place += 1
        return self._all[self.place - 1][1]

    def skip(self, *wanted: str) -> bool:
        """Whether the next token is one of these, whatever its case; it is taken if so."""
        if self.next.lower() not in wanted or not self.next:
            return False
        self.take()
        return True

    def need(self, wanted: str) -> None:
        """Take this token. Raises `Unparsed` for any other."""
        if not self.skip(wanted):
            raise Unparsed(self.next or f"the end where {wanted} is missing")

    def word(self) -> str:
        """Take a name. Raises `Unparsed` for anything else."""
        if self.kind != "word":
            raise Unparsed(self.next or "the end of the query")
        return self.take()

    def list_of(self, read: Callable[["Tokens"], Any]) -> list[Any]:
        """What `read` takes, as often as there are commas."""
        found = [read(self)]
        while self.skip(","):
            found.append(read(self))
        return found


def expression(tokens: Tokens) -> Value:
    """An expression, up to where it ends."""
    found = _conjunction(tokens)
    while tokens.skip("or"):
        found = _either(found, _conjunction(tokens))
    return found


def path(tokens: Tokens) -> tuple[str, Value]:
    """A column, or a member of one, and the name it has in an answer: `properties_networkAcls_bypass`."""
    parts: list[str] = [tokens.word()]
    while tokens.next in (".", "["):
        if tokens.take() == ".":
            parts.append(tokens.word())
        else:
            parts.append(_unquoted(tokens.take()))
            tokens.need("]")
    return "_".join(parts), lambda row: _dig(row, parts)


def _conjunction(tokens: Tokens) -> Value:
    found = _comparison(tokens)
    while tokens.skip("and"):
        found = _both(found, _comparison(tokens))
    return found


def _both(one: Value, other: Value) -> Value:
    return lambda row: one(row) and other(row)


def _either(one: Value, other: Value) -> Value:
    return lambda row: one(row) or other(row)


def _comparison(tokens: Tokens) -> Value:
    left = _operand(tokens)
    negated = tokens.skip("!")
    operator = tokens.next.lower()
    if operator == "in":
        tokens.take()
        return _membership(left, tokens, negated=negated)
    if operator not in _COMPARISONS:
        return left
    tokens.take()
    right, compare = _operand(tokens), _COMPARISONS[operator]
    return lambda row: bool(compare(left(row), right(row))) is not negated


def _membership(left: Value, tokens: Tokens, *, negated: bool) -> Value:
    fold = _folded if tokens.skip("~") else _text
    tokens.need("(")
    values = tokens.list_of(_operand)
    tokens.need(")")
    return lambda row: (fold(left(row)) in {fold(value(row)) for value in values}) is not negated


def _operand(tokens: Tokens) -> Value:
    if tokens.skip("("):
        found = expression(tokens)
        tokens.need(")")
        return found
    if tokens.kind in ("text", "number"):
        constant = _constant(tokens.kind, tokens.take())
        return lambda _: constant
    if tokens.next.lower() in ("true", "false"):
        truth = tokens.take().lower() == "true"
        return lambda _: truth
    name, found = path(tokens)
    return _call(name.lower(), tokens) if tokens.skip("(") else found


def _call(name: str, tokens: Tokens) -> Value:
    if name not in _FUNCTIONS:
        raise Unparsed(f"{name}()")
    arguments: list[Value] = [] if tokens.next == ")" else tokens.list_of(expression)
    tokens.need(")")
    function = _FUNCTIONS[name]
    return lambda row: function(*(argument(row) for argument in arguments))


def _constant(kind: str, token: str) -> Any:
    if kind == "number":
        return float(token) if "." in token else int(token)
    return _unquoted(token)


def _unquoted(token: str) -> str:
    if token.startswith("@"):
        return token[2:-1]
    return re.sub(r"\\(.)", r"\1", token[1:-1])


def _dig(row: Any, parts: list[str]) -> Any:
    for part in parts:
        row = row.get(part) if isinstance(row, dict) else None
    return row


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _folded(value: Any) -> str:
    return _text(value).lower()


def _compared(one: Any, other: Any) -> int | None:
    """-1, 0 or 1; None for values that have no order, such as nothing and a number."""
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    if not numbers and not (isinstance(one, str) and isinstance(other, str)):
        return None
    return int(one > other) - int(one < other)


def _is_word_in(text: Any, word: Any) -> bool:
    return re.search(rf"(?<!\w){re.escape(_folded(word))}(?!\w)", _folded(text)) is not None


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: _text(one) == _text(other),
    "!=": lambda one, other: _text(one) != _text(other),
    "=~": lambda one, other: _folded(one) == _folded(other),
    "!~": lambda one, other: _folded(one) != _folded(other),
    "<": lambda one, other: _compared(one, other) == -1,
    ">": lambda one, other: _compared(one, other) == 1,
    "<=": lambda one, other: _compared(one, other) in (-1, 0),
    ">=": lambda one, other: _compared(one, other) in (0, 1),
    "contains": lambda one, other: _folded(other) in _folded(one),
    "has": _is_word_in,
    "startswith": lambda one, other: _folded(one).startswith(_folded(other)),
    "endswith": lambda one, other: _folded(one).endswith(_folded(other)),
}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "not": lambda value: not value,
    "tostring": _text,
    "tolower": _folded,
    "toupper": lambda value: _text(value).upper(),
    "tobool": lambda value: {"true": True, "false": False}.get(_folded(value)),
    "toint": lambda value: int(float(value)) if re.fullmatch(r"-?\d+(\.\d+)?", _text(value)) else None,
    "isempty": lambda value: _text(value) == "",
    "isnotempty": lambda value: _text(value) != "",
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "strcat": lambda *values: "".join(map(_text, values)),
    "coalesce": lambda *values: next((one for one in values if _text(one) != ""), None),
    "iff": lambda test, yes, no: yes if test else no,
    "array_length": lambda value: len(value) if isinstance(value, list) else None,
    "split": lambda value, mark: _text(value).split(mark),
}
_FUNCTIONS |= {"iif": _FUNCTIONS["iff"], "tolong": _FUNCTIONS["toint"], "todynamic": lambda value: value}
