"""Conditions of role assignments, as far as they can be decided from what is known of a request.

The language is that of https://learn.microsoft.com/azure/role-based-access-control/conditions-format. What is not
known, or not understood, is undecided: None.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

CONTAINER = "microsoft.storage/storageaccounts/blobservices/containers:name"
REPOSITORY = "microsoft.containerregistry/registries/repositories:name"
BUILT_BY_AZURE = "azureml/azureml_*"
"""The repositories in which Azure Machine Learning keeps the images that it builds; a star is what nobody knows yet."""

DEEPEST = 200
"""Parentheses and negations of a condition that is read; the longest that Azure takes, of 8 KB, have fewer."""

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[()]|&&|\|\||!(?!=))|(?P<attribute>@\w+\[[^\]]+\])|(?P<text>'(?:[^'\\]|\\.)*')|(?P<set>\{[^}]*\})"
    r"|(?P<word>[A-Za-z]\w*(?::\w+)?)|(?P<other>[\w.-]+))"
)
_SAME = {"and": "&&", "or": "||", "not": "!"}
_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda known, value: known == value,
    "startswith": lambda known, value: known.startswith(value),
    "like": lambda known, value: fnmatchcase(known, value.replace("[", "[[]")),
}
_OPERATOR = re.compile(r"String(?P<no>Not)?(?P<how>Equals|StartsWith|Like)(?P<any>IgnoreCase)?", re.IGNORECASE)


def holds(condition: str, action: str, known: Mapping[str, str]) -> bool | None:
    """Whether a condition holds for an action on what has these attributes, by their names in lower case. Of a value
    that ends with a star only the beginning is known.
    """
    tokens = list(_tokens(condition))
    if sum(token in ("(", "!") for _, token in tokens) > DEEPEST:
        return None
    reader = _Reader(tokens, action, known)
    answer = reader.either()
    return answer if reader.at == len(tokens) else None


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            yield "other", text[at]
            return
        kind, token, at = match.lastgroup, match[match.lastgroup], match.end()
        mark = _SAME.get(token.lower()) if kind == "word" else None
        yield ("mark", mark) if mark else (kind, token)


@dataclass
class _Reader:
    """Reads a condition from left to right; where it is at is not understood, the rest is left."""

    tokens: Sequence[tuple[str, str]]
    action: str
    known: Mapping[str, str]
    at: int = 0

    def either(self) -> bool | None:
        answer = self.both()
        while self._take("||"):
            other = self.both()
            answer = True if True in (answer, other) else None if None in (answer, other) else False
        return answer

    def both(self) -> bool | None:
        answer = self.one()
        while self._take("&&"):
            other = self.one()
            answer = False if False in (answer, other) else None if None in (answer, other) else True
        return answer

    def one(self) -> bool | None:
        if self._take("!"):
            answer = self.one()
            return None if answer is None else not answer
        if self._take("("):
            answer = self.either()
            return answer if self._take(")") else self._lost()
        kind, token = self._next()
        if kind == "word":
            return self._called(token)
        return self._compared(token) if kind == "attribute" else self._lost()

    def _called(self, name: str) -> bool | None:
        kind, token = self._next()
        if name.lower() != "actionmatches" or kind != "set":
            return None  # of what a request does beneath its action, nothing is known
        patterns = [one.strip().strip("'").lower() for one in token[1:-1].split(",")]
        return any(fnmatchcase(self.action.lower(), one) for one in patterns)

    def _compared(self, attribute: str) -> bool | None:
        _, operator = self._next()
        kind, value = self._next()
        name = attribute.partition("[")[2].rstrip("]").lower()
        match = _OPERATOR.fullmatch(operator)
        if match is None or kind != "text" or name not in self.known:
            return None
        known, value = self.known[name], value[1:-1]
        if match["any"]:
            known, value = known.lower(), value.lower()
        answer = _decided(_COMPARED[match["how"].lower()], known, value)
        return (not answer) if match["no"] and answer is not None else answer

    def _take(self, mark: str) -> bool:
        met = self.at < len(self.tokens) and self.tokens[self.at] == ("mark", mark)
        self.at += met
        return met

    def _next(self) -> tuple[str, str]:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else ("", "")

    def _lost(self) -> bool | None:
        self.at = len(self.tokens) + 1
        return None


def _decided(compare: Callable[[str, str], bool], known: str, value: str) -> bool | None:
    """The answer for a known value; for the beginning of one, what holds whatever follows."""
    if not known.endswith("*"):
        return compare(known, value)
    beginning = known[:-1]
    answers = {compare(beginning + rest, value) for rest in ("", "0", value[len(beginning) :], "\0")}
    return answers.pop() if len(answers) == 1 else None
