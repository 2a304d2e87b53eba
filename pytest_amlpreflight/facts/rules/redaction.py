"""Secrets never reach a report, a log or an exception text: every text that leaves the plugin passes here."""

import re
from collections.abc import Iterable
from threading import Lock
from urllib.parse import quote

HIDDEN = "[redacted]"
SHORTEST = 8
"""Characters below which a value that was read as a secret is too common a word to be hidden wherever it stands."""

_NAME = (
    r"(?:api[ _-]?key|account[_-]?key|access[_-]?key(?:[_-]?id)?|primary[_-]?key|secondary[_-]?key|shared[_-]?key"
    r"|_key|-key|subscription-key|(?<!ssl)secret|passw(?:or)?d|passphrase|(?<![a-z])pass|pwd|token|connection[_-]?string|instrumentation[_-]?key"
    r"|credentials?(?=[\"']?\s{0,20}=)|authorization|sas|signature|(?:set-)?cookie)"
)
"""The end of a name whose value is nobody's business; what stands before it need not match."""

_MARK = r"(?:\\{0,7}[\"']|%2[27]|&quot;|&#(?:3[49]|x2[27]);)"
"""A quotation mark: as it is, in JSON that is a string of JSON's, in a URL, in HTML."""

_IS = rf"{_MARK}?\s{{0,20}}(?:=>|[=:]|%3[DA]|\\u003[da])\s{{0,20}}"
"""What stands between a name and its value, as it is, in a URL and in JSON."""

_QUOTE = rf"(?P<quote>{_MARK})"
_QUOTED = r"(?!\[redacted\])(?:(?!(?P=quote))(?:\\[^\n]|[^\n]))+"
_BARE = rf"(?!\[redacted\]|None\b|null\b|true\b|false\b|\$\{{|{_MARK})[^\s\"',;&}}\]]{{3,}}(?<!\\)"

_PATTERNS = (
    # PEM blocks; a log that was cut may lack the end.
    re.compile(r"(?s)()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
    # A JSON web token, whole or cut: header and payload are base64url and start with {" in both.
    re.compile(r"()\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}"),
    re.compile(r"(?i)(\b(?:bearer|basic|sharedkey|sharedaccesssignature)\s+)(?!\[redacted\])[\w.~+/:=%&-]{8,}"),
    # The signature of a shared access signature and the code of a function, wherever they stand in the query.
    re.compile(r"(?i)((?:[?&;]|%26|%3F|\\u0026)(?:sig|code)(?:=|%3D|\\u003d))[^&\s\"';]+(?<!\\)"),
    # Storage and Service Bus keys: 256 or 512 bits in base64.
    re.compile(r"()(?<![\w+/=-])[A-Za-z0-9+/]{43}=(?![\w+/=])|(?<![\w+/=-])[A-Za-z0-9+/]{86}==(?![\w+/=])"),
    re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@\"']{0,200}:)[^\s/@\"']{1,500}(?=@)"),
    # The forms in which well-known services write theirs.
    re.compile(r"()\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"()\b(?:gh[pousr]|github_pat|hf|xox[abprs]|glpat|pypi)[_-][\w-]{10,}"),
    re.compile(r"()(?<![\w-])sk-[\w-]{8,}"),
    re.compile(rf"(?i)({_NAME}{_IS}{_QUOTE}){_QUOTED}"),
    re.compile(rf"(?i)({_NAME}{_IS}){_BARE}"),
    re.compile(rf"(?i)({_NAME}>)[^<>\n]{{3,}}(?=</)"),
    # A command line's `--password X`, and words: "the password is X".
    re.compile(
        r"(?i)((?<![\w-])--?(?:password|passwd|pwd|api-key|apikey|token|secret|passphrase|client-secret)\s{1,5})(?!-)[^\s\"']{3,}"
    ),
    re.compile(r"(?i)(\b(?:password|passphrase|secret|token|api[ -]?key)\s{1,3}is\s{1,3}[\"']?)(?=\S*\d)[^\s\"']{6,}"),
    re.compile(r"(?i)(\b(?:aws_secret_access_key|api[-_]key)\s{1,5})(?=\S*\d)[^\s\"'=:]{6,}"),
)


def redact(text: str) -> str:
    """The text without keys, tokens, passwords, connection strings' secrets, SAS signatures and instrumentation keys.

    It errs on the side of hiding: a harmless value under the name of a secret goes as well.
    """
    for pattern in _PATTERNS if text else ():
        text = pattern.sub(lambda match: (match[1] or "") + HIDDEN, text)
    return text


class Redactor:
    """Hides what looks like a secret, and what is known to be one since it was read as one."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._lock, self._known = Lock(), set[str]()
        for secret in known:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Hide this value wherever it stands, URL-encoded too."""
        if len(secret) >= SHORTEST:
            with self._lock:
                self._known |= {secret, quote(secret, safe="")}

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        with self._lock:
            known = sorted(self._known, key=len, reverse=True)
        for secret in known:
            text = text.replace(secret, HIDDEN)
        return redact(text)
