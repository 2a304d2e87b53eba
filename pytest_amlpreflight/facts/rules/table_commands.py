"""The commands of the tables of errors and logs, with the names that are known in the place of `{words}`."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

PLACE = re.compile(r"\{(\w+)\}")


def with_words(command: str, words: Mapping[str, str]) -> str:
    """The command with these words, each quoted as one; what is not known stays as it is."""
    quoted = {name: shlex.quote(word) for name, word in words.items()}
    return PLACE.sub(lambda match: quoted.get(match[1]) or match[0], command)


def commands_for(commands: Sequence[str], words: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """The commands with these words, each word by word. What only narrows a command down is left out where it is not
    known; anything else is in capitals.
    """
    split = (shlex.split(with_words(command, words)) for command in commands)
    return tuple(tuple(PLACE.sub(lambda match: match[1].upper(), word) for word in _narrowed(one)) for one in split)


def _narrowed(words: Sequence[str]) -> Iterator[str]:
    """The words of a command without the options that it does without and whose value is not known."""
    spare = {"--subscription", *(("--name", "--resource-group") if "list" in words else ())}
    unknown = {at for at, word in enumerate(words) if at and words[at - 1] in spare and PLACE.fullmatch(word)}
    return (word for at, word in enumerate(words) if at not in unknown and at + 1 not in unknown)
