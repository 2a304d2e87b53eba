"""The record as one page that asks nobody for anything: its style and its script are named by their hashes, and names
and messages are only ever text.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pytest_amlpreflight.finding import Finding, Outcome
from pytest_amlpreflight.reporting.notations import UNDONE, notations
from pytest_amlpreflight.reporting.record import Record

_FOLDER = Path(__file__).parent


def render(record: Record) -> str:
    """HTML, complete in itself."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template("page.html.j2").render(
        record=record,
        policy=policy,
        style=style,
        script=script,
        table=_table(record),
        topics=_topics(record),
        notations=notations,
        undone=UNDONE,
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _topics(record: Record) -> list[str]:
    return list(dict.fromkeys(_topic(one) for one in record.worst_first))


def _table(record: Record) -> dict[str, dict[str, str]]:
    """What to look at in each workspace, by topic, the worst first: `2 failed, 1 advised`. Workspaces with nothing are
    counted only.
    """
    cells: dict[str, dict[str, Counter[Outcome]]] = {}
    for one in record.worst_first:
        workspace = one.target.partition("/")[0] or "files"
        cells.setdefault(workspace, {}).setdefault(_topic(one), Counter())[one.outcome] += 1
    return {
        workspace: {
            topic: ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) for topic, counts in row.items()
        }
        for workspace, row in sorted(cells.items(), key=_how_bad)
    }


def _how_bad(row: tuple[str, Mapping[str, Counter[Outcome]]]) -> tuple[int, int, str]:
    together = sum(row[1].values(), Counter[Outcome]())
    return -together[Outcome.FAILED], -together.total(), row[0]


def _topic(finding: Finding) -> str:
    return finding.check.partition("::")[0]
