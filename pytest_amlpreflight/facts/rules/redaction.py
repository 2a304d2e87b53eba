"""Secrets never reach a report, a log or an exception text: everything that comes out of a container passes here
first.
"""

import re

HIDDEN = "[redacted]"

_NAME = (
    r"(?:api[_-]?key|account[_-]?key|access[_-]?key|primary[_-]?key|secondary[_-]?key|shared[_-]?key|_key|-key"
    r"|subscription-key|secret|passw(?:or)?d|pwd|token|connection[_-]?string|instrumentation[_-]?key|credentials?"
    r"|authorization|sas|signature)"
)
"""The end of a name whose value is nobody's business; what stands before it need not match."""

_VALUES = (
    # PEM blocks; a log that was cut may lack the end.
    re.compile(r"(?s)()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
    # A JSON web token, whole or cut: header and payload are base64url and start with {" in both.
    re.compile(r"()\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}"),
    re.compile(r"(?i)(\b(?:bearer|basic|sharedkey|sharedaccesssignature)\s+)(?!\[redacted\])[\w.~+/:=%&-]{8,}"),
    # The signature of a shared access signature, wherever it stands in the query.
    re.compile(r"(?i)([?&;]sig=)[^&\s\"';]+"),
    # Storage and Service Bus keys: 256 or 512 bits in base64.
    re.compile(r"()(?<![\w+/=-])[A-Za-z0-9+/]{43}=(?![\w+/=])|(?<![\w+/=-])[A-Za-z0-9+/]{86}==(?![\w+/=])"),
    re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@\"']*:)[^\s/@\"']+(?=@)"),
    re.compile(
        rf"(?i)({_NAME}[\"']?\s{{0,20}}[=:]\s{{0,20}})(?:\"[^\"\n]+\"|'[^'\n]+'|(?!\[redacted\])[^\s\"',;&}}\]]{{6,}})"
    ),
)


def redact(text: str) -> str:
    """The text without keys, tokens, passwords, connection strings' secrets, SAS signatures and instrumentation keys.

    It errs on the side of hiding: a harmless value under the name of a secret goes as well.
    """
    for pattern in _VALUES:
        text = pattern.sub(lambda match: (match[1] or "") + HIDDEN, text)
    return text
