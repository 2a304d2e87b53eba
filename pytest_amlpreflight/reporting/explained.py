"""`--aml-explain CODE | FILE | -`: what was given, and what is known of it."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from http import HTTPStatus
from itertools import islice
from pathlib import Path

import pytest

from pytest_amlpreflight.facts.errors.azure_error import WRAPPERS
from pytest_amlpreflight.facts.errors.grammar import guessed
from pytest_amlpreflight.facts.errors.meaning import (
    CodeMeaning,
    anchors_in,
    bounded,
    codes_in,
    meaning_of,
    names_in,
    spelt,
    topics_in,
    worded_meaning,
)
from pytest_amlpreflight.facts.logs.causes import LogCause, mentioned
from pytest_amlpreflight.facts.logs.lines import Line, lines_of
from pytest_amlpreflight.facts.logs.reading import LogReading, is_container_log, read_log
from pytest_amlpreflight.facts.logs.records import Level
from pytest_amlpreflight.facts.logs.tracebacks import chains_of
from pytest_amlpreflight.facts.rules.redaction import redact
from pytest_amlpreflight.readers.connection.error_chain import errors_in
from pytest_amlpreflight.reporting.explanation import Explanation
from pytest_amlpreflight.reporting.unpacking import decoded, rejoined, unpacked

LARGEST_FILE = 2_000_000
"""Bytes of a file that are read, from its end: there the error stands."""
OF_A_START = ("UserScriptInitFailed", "ResourceNotReady")
OF_A_REQUEST = ("UserScriptException", "424")
"""The codes with which Azure reports an exception that no table knows."""

CRASHED = ("DeploymentCrashLoopBackOff", "KubernetesCrashLoopBackOff", "ResourceNotReady", "UserScriptInitFailed")
"""The codes beside which a cause in the text says more."""

FEW_LINES = 40
"""Lines of a text that may quote a cause without being a log."""

_PHRASES = {status.phrase.replace(" ", "").lower(): str(int(status)) for status in HTTPStatus if status >= 400}
"""Statuses by their names, without spaces and in lower case."""
FEW_WRITTEN = 8
"""Lines of a text of which the last is told, though it does not complain in English."""
SHORT_TEXT = 4_000
"""Characters below which a text is an error, and its words speak of what it is about."""

LONGEST_TOLD = 300
"""Characters of what is said in the text's own words."""

_COMPLAINT = re.compile(
    r"(?i)\b(?:error|failed|cannot|could not|unable to|denied|forbidden|not allowed|can't|invalid|not found|missing"
    r"|exceed\w{0,3}|expired|unauthori[sz]ed|refused|rejected|blocked|unavailable|unsupported|not supported|no longer"
    r"|mismatch|does not|doesn't|requires?|required|full|preempted|evicted|killed)\b"
)
_ODD = re.compile(r"(?i)\w: ?\S|[\[(]\w|n't\b|\b(?:must|not|only|no|without|expected)\b")
_STATUS = re.compile(
    r"(?i)(?<![\w\"'-])(?:HTTP(?:/\d(?:\.\d)?| error| status)? |status_?code\"?\s?[:=]\s?|does not indicate success: "
    r"|(?:status|response|error)(?: code)?(?: is)?\s?[:=]\s?|response code was "
    r"|endpoint (?:returned|answered|responded)(?: with)? (?:HTTP )?(?:error )?(?:status )?"
    r"|(?:failed|responded|answered|error) with (?:status )?(?:code )?|<(?:title|h1)> ?)\(?([45]\d\d)\b"
    r"|\b([45]\d\d) (?:client|server) error\b|(?:client|server) error '([45]\d\d)\b"
    r"|(?:exception|error): \[([45]\d\d)\]|^\s*\(?([45]\d\d)\)? ?[A-Z][a-z]+ ?[A-Z]?[a-z]*$"
    r"|status(?: ?code)?\W{1,5}([A-Z][a-z]{2,20}(?: ?[A-Z][a-z]{2,20}){0,4})'",
    re.MULTILINE,
)
_CODED = re.compile(r"\bcode\b[\"']?\s?[:=]\s?[\"']?([45]\d\d|[A-Z][A-Za-z]{6,30})\b")
_COMMON = ("Forbidden", "NotFound", "Conflict", "BadRequest", "InternalServerError", "PreconditionFailed", "Gone")
"""Names of statuses with which other services answer as well."""
_LABELLED = re.compile(
    r"(?m)^\W{0,8}(?:[A-Z]\w{2,30}: )?\(([A-Za-z]\w{2,100})\)|\b[Cc]ode\b[\"']?\s?[:=]\s?[\"']?(\w{3,100})"
)
_MESSAGE = re.compile(r"\bmessage\b[\"']?\s?[:=]\s?[\"']?((?:[^\"\\\n]|\\.){3,300})", re.IGNORECASE)
_CLOCK = re.compile(r"\d\d:\d\d:\d\d")
_REASON = re.compile(r"\b(?:Reason|ErrorCode) ?: ?(\w{4,60})")
_STAMPED = re.compile(r"(?m)^20\d\d-\d\d-\d\dT[\d:.]{8,20}Z ")
_OF_A_CLIENT = re.compile(
    r"azure[/\\.](?:ai[/\\.]ml|cli|core[/\\.]polling)|azext_|Met error <class "
    r"|ipykernel|IPython[/\\]|^-{60,}$|Cell In ?\[|<ipython-in",
    re.MULTILINE,
)
_OF_ANOTHER_SERVICE = re.compile(
    r"http\+docker:|invalid status 'Not Found'\s{1,9}Content: ?\{|Model Management Service|Original Error:"
    r"|autorest|\bazurerm_|\bazapi_|unexpected status \d|polling failed"
    r"|management\.(?:azure|chinacloudapi|usgovcloudapi)|/providers/Microsoft\.|pythonhosted|pypi|anaconda|huggingface\.co|github"
    r"|docker\.io|content_filter|cognitiveservices|DataTransfer\.|\.azurecr\.|\.(?:blob|dfs|file|queue|table)\.core\.|\.openai\.|\.vault\.|login\.microsoft|graph\.microsoft"
)
_PROBED = re.compile(r"(?i)probe failed[^\n]{0,200}|model-error-\w{1,12}: ?\d{3}|status code: ?\d{3}, action")


def read_explanation(what: str, folder: Path, read_input: Callable[[], str], *, run: bool = False) -> Explanation:
    """What `--aml-explain` was given: a code, a file, or `-` for standard input.

    Raises `pytest.UsageError` for a name that is no code and no file; and for a text that nobody knows, unless a `run`
    looks for its cause.
    """
    meaning = meaning_of(what)
    if meaning:
        return Explanation(meaning.code, (meaning.code,), meanings=(meaning,))
    path = folder / what
    if what != "-" and not os.path.isfile(path):
        raise pytest.UsageError(f"--aml-explain {what}: no such code, file or check{_near(what)}")
    try:
        text = read_input() if what == "-" else decoded(_end_of(path))
    except OSError as error:
        raise pytest.UsageError(f"--aml-explain {what}: {error.strerror}") from None
    explanation = explain_text(text, "standard input" if what == "-" else what)
    if not run and not (explanation.known or explanation.guess):
        near = f"; nearest: {', '.join(explanation.near)}" if explanation.near else ""
        told = f"; it says: {explanation.told}" if explanation.told else ""
        raise pytest.UsageError(f"--aml-explain {what}: it names no code and no cause that the tables know{told}{near}")
    return explanation


def explain_text(text: str, subject: str) -> Explanation:
    """What is known of an error's JSON, the output of a tool around one, what a portal says, or a container's log.

    What a log shows says more than words around it; words that name the cause say more than a code, an inner code more
    than the one around it. Codes that merely wrap others, and statuses, count only where there is nothing else.
    """
    text = redact(unpacked(text))
    found, whole = _explain(text, subject), rejoined(text)
    if whole == text or _names_the_cause(found):
        return found
    again = _explain(whole, subject)
    return again if _names_the_cause(again) or (again.known and not found.known) else found


def _names_the_cause(found: Explanation) -> bool:
    """Whether it knows more than a code."""
    return bool(found.causes or any(meaning.checks for meaning in found.meanings))


def _explain(text: str, subject: str) -> Explanation:
    """The same, of a text as it is."""
    lines = lines_of(text)
    of_a_client = bool(_OF_A_CLIENT.search(text))
    reading = LogReading() if of_a_client else read_log(text)
    known = tuple(cause for cause in reading.causes if not cause.kind)
    if not of_a_client and (is_container_log(lines) or (known and _by_a_logger(lines))):
        found = _of_a_log(subject, text, reading)
        return found if found.known else _untold(found, text)
    codes = _codes(text)
    telling = [code for code in codes if code.lower() not in WRAPPERS]
    said = worded_meaning(text, telling, generic=False)
    shown = known or (tuple(_mentioned(lines)) if _leaves_open(telling) and not of_a_client else ())
    causes = () if said else shown
    said = said or (None if causes else worded_meaning(text, telling, generic=True))
    if not (said or causes or codes):
        grave = "\n".join(line.text for line in lines if (line.level or Level.ERROR) >= Level.ERROR)
        codes = [status for status in [*_statuses(grave), *_coded(grave)] if meaning_of(status)][:1]
    found = _named_by(text, _explanation(subject, said, causes, telling or codes))
    if not found.known and any(link.frames for chain in chains_of(lines) for link in chain.links):
        found = _of_a_log(subject, text, reading)
    decided = found.known and not any(meaning.open for meaning in found.meanings)
    return found if decided else _guessed(_untold(found, text), list(_tellings(text, lines)))


def _untold(found: Explanation, text: str) -> Explanation:
    """What is said where nothing is known."""
    return replace(found, near=tuple(_nearest(text)), topics=topics_in(text) if len(text) < SHORT_TEXT else ())


def _guessed(found: Explanation, tellings: Sequence[str]) -> Explanation:
    """The same, with what it says in its own words, and what they say by their grammar, the first that say anything:
    they are no cause, so every check still looks.
    """
    guesses = ((told, guessed(told)) for told in tellings if not found.unknown)
    told, guess = next((pair for pair in guesses if pair[1]), (next(iter(tellings), None), None))
    likely = (*found.likely_checks, *guess.checks) if guess and found.likely_checks else found.likely_checks
    return replace(found, told=told, guess=guess, likely_checks=likely)


def _by_a_logger(lines: Sequence[Line]) -> bool:
    """Whether a server's logger wrote some of it, which notes time and level."""
    return any(line.logged and _CLOCK.search(line.prefix) for line in lines)


def _tellings(text: str, lines: Sequence[Line]) -> Iterator[str]:
    """The error in the text's own words, what says most first: its JSON's innermost, its last exception, what is
    labelled as a message, in JSON that was cut off as well, its last line that complains; the last line of a text that
    has a few.
    """
    errors = [f"{error.code}: {error.message}" for error in errors_in(text)]
    raised = [chain.user.brief for chain in chains_of(lines)]
    written = [line.text.strip(" \t│") for line in lines if re.search(r"\w \w", line.text)]
    complained = [line for line in written if _COMPLAINT.search(line)]
    few = [line for line in written if len(written) <= FEW_WRITTEN and _ODD.search(line)]
    for one in (errors, raised, _MESSAGE.findall(bounded(text)), complained, few):
        if one:
            yield " ".join(one[-1].split())[:LONGEST_TOLD]


def _of_a_log(subject: str, text: str, reading: LogReading) -> Explanation:
    """A log tells more than what stands around it, such as its container's events; words of its lines are no codes."""
    codes = _codes(text, words=False)
    if reading.unknown:
        of_a_request = reading.while_serving or reading.unknown.of_a_request
        own = OF_A_REQUEST if of_a_request else OF_A_START
        return Explanation(subject, (*own, *codes), unknown=reading.unknown)
    said = None if reading.causes else worded_meaning(text, codes, generic=True)
    return _named_by(text, _explanation(subject, said, reading.causes, codes))


def _named_by(text: str, found: Explanation) -> Explanation:
    """The same, with the names that the text has in its commands and advice."""
    names = names_in(text)
    return replace(found, meanings=tuple(meaning.knowing(names) for meaning in found.meanings))


def _explanation(
    subject: str, said: CodeMeaning | None, causes: tuple[LogCause, ...], codes: Sequence[str]
) -> Explanation:
    """Words stand for their code and for the codes beside them, a log's causes for the codes around the log."""
    meanings = (said,) if said else () if causes else tuple(filter(None, map(meaning_of, codes[:1])))
    own = [said.code] if said and said.code else [cause.code for cause in causes]
    found = tuple(dict.fromkeys([*own, *(() if said else codes)]))
    return Explanation(subject, found, causes, meanings, likely_checks=said.checks if said else ())


def _codes(text: str, *, words: bool = True) -> list[str]:
    """The codes of a text, from the place that says most: behind `Reason:`, the guide's page that it links to, JSON's
    innermost, codes in a place of their own, words. Those that merely wrap others only where no place has more, those
    whose message decides behind the others.
    """
    places = (
        _REASON.findall(bounded(text)),
        anchors_in(text),
        [error.code for error in errors_in(_STAMPED.sub("", text)) if error.code],
        ["".join(groups) for groups in _LABELLED.findall(bounded(text))],
        codes_in(text) if words else [],
    )
    known = [
        [meaning.code for meaning in sorted(filter(None, map(_named, place)), key=lambda one: one.open)]
        for place in places
    ]
    telling = [[code for code in place if code.lower() not in WRAPPERS] for place in known]
    return list(dict.fromkeys(next(filter(None, telling), []) or [code for place in known for code in place]))


def _named(code: str) -> CodeMeaning | None:
    """What the table says of a code that is a name: a number beside it is the status of something else."""
    return None if code.isdigit() else meaning_of(code)


def _statuses(text: str) -> list[str]:
    """Statuses of answers to requests, in their order; not those of a probe, of a 424's model, in a body, or of another
    service than an endpoint.
    """
    if _OF_ANOTHER_SERVICE.search(bounded(text)):
        return []
    found = ["".join(groups) for groups in _STATUS.findall(_PROBED.sub("", bounded(text)))]
    return [one if one.isdigit() else _PHRASES.get(one.replace(" ", "").lower(), "") for one in found]


def _coded(text: str) -> Iterator[str]:
    """Statuses that stand where a code would, as a number or as their names."""
    for code in [] if _OF_ANOTHER_SERVICE.search(bounded(text)) else _CODED.findall(bounded(text)):
        if code not in _COMMON:
            yield _PHRASES.get(code.lower(), code if code.isdigit() else "")


def _leaves_open(codes: Sequence[str]) -> bool:
    """Whether all of these codes merely say that a container did not come up."""
    return all(code in CRASHED for code in codes)


def _mentioned(lines: Sequence[Line]) -> Iterator[LogCause]:
    """The first cause of which a short text speaks that is no log."""
    if len(lines) <= FEW_LINES:
        yield from islice(mentioned(lines), 1)


def _end_of(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - LARGEST_FILE))
        return file.read(LARGEST_FILE)


def _nearest(text: str) -> list[str]:
    """Codes that are spelt much like a word of the text."""
    candidates = dict.fromkeys(word for word in re.findall(r"\b[A-Z][a-z]+[A-Z]\w{3,40}\b", bounded(text)))
    found = [near for word in list(candidates)[:20] for near in get_close_matches(word, spelt(), n=1, cutoff=0.75)]
    return list(dict.fromkeys(found))[:3]


def _near(what: str) -> str:
    near = get_close_matches(what, spelt(), n=3, cutoff=0.5)
    return f"; did you mean {', '.join(near)}" if near else "; `pytest --aml-explain list` names all"
