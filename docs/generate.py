"""Writes the pages of this folder that follow from the code: `python docs/generate.py`. A test says when one is old."""

import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from pytest_amlpreflight import graph
from pytest_amlpreflight.emulator.failures import failure_names, load
from pytest_amlpreflight.graph.fact import FACTS
from pytest_amlpreflight.readers.connection.permissions import needed_permissions
from pytest_amlpreflight.readers.connection.read_only import CLUSTER, DATA_PLANE, POSTS
from pytest_amlpreflight.run.settings.options import OPTIONS
from pytest_amlpreflight.run.suite.built_in import built_in_checks, mark_of, topic_modules
from pytest_amlpreflight.run.suite.documentation import sections

DOCS = Path(__file__).parent
MADE = "<!-- made by `python docs/generate.py` -->"


def pages() -> dict[str, str]:
    """Each page's text, by its file's name."""
    return {
        "checks.md": checks(),
        "options.md": options(),
        "fixtures.md": fixtures(),
        "failures.md": failures(),
        "permissions.md": permissions(),
    }


def checks() -> str:
    """Every check by topic: what is true when it passes, when it is asked, which codes it explains."""
    return _page(
        "Checks", "A check is named by what is true when it passes. The page behind a topic says more.", _topics()
    )


def _topics() -> Iterator[str]:
    for topic, module in topic_modules().items():
        yield f"## [{topic}](../pytest_amlpreflight/checks/{topic}.md)"
        yield _summary(module)
        yield _table(("check", "passes where", "phases", "explains", "guide"), _checks_of(topic))


def _checks_of(topic: str) -> Iterator[tuple[str, ...]]:
    for check, function in built_in_checks().items():
        of, _, name = check.partition("::")
        if of == topic:
            mark, section = mark_of(function), sections().get(check)
            guide = f"[guide]({section.guide})" if section and section.guide else ""
            codes = " ".join(f"`{code}`" for code in mark["explains"])
            yield f"`{name}`", _summary(function), " ".join(mark["phases"]), codes, guide


def options() -> str:
    """Every option with its ini key and environment."""
    rows = (
        (
            f"`{one.flag} {one.metavar}`".replace(" `", "`").replace("|", "\\|"),
            _names([one.ini]),
            _names(one.environment),
            one.help,
        )
        for one in OPTIONS
    )
    words = (
        "Each option is also an ini key. The command line wins over the environment, that over the ini file, that over "
        "a `config.json` found upwards from the rootdir, and that over the Azure CLI's defaults. `pytest -v` says "
        "which one gave each value."
    )
    return _page("Options", words, [_table(("option", "ini key", "environment", "what it is"), rows)])


def fixtures() -> str:
    """Every fact that a test may ask for."""
    words = "What a test may ask for by argument name. `pytest --fixtures` prints the same, with the place of each."
    rows = (
        (f"`{name}`", f"`{_type(name)}`".replace("|", "\\|"), _summary(FACTS[name].function)) for name in sorted(FACTS)
    )
    return _page("Fixtures", words, [_table(("fixture", "is", "tells"), rows)])


def _type(name: str) -> str:
    """The value's type in its short name."""
    annotation = inspect.signature(FACTS[name].function).return_annotation
    return re.sub(r"\b[\w.]+\.(?=\w)", "", inspect.formatannotation(annotation))


def failures() -> str:
    """Every documented failure that `--aml-failure` makes."""
    words = "`pytest --aml-emulator world.yml --aml-failure NAME` breaks the embedded Azure in this way."
    rows = (
        (
            f"`{one.name}`",
            one.title,
            f"`{one.code}`" if one.code else "",
            one.phase,
            _names((*one.blocks, *one.errors, *one.advises)),
        )
        for one in map(load, failure_names())
    )
    return _page("Failures", words, [_table(("failure", "what is wrong", "Azure's code", "phase", "noticed by"), rows)])


def permissions() -> str:
    """What the readers ask for: the plugin only reads."""
    needed = needed_permissions()
    words = "All that a run may ask of Azure. `pytest --aml-role` prints the role. Nothing is ever changed."
    posts = ((f"`POST …{end}`", what) for end, what in POSTS.items())
    others = ((f"`{method} {path}`", what) for (method, path), what in DATA_PLANE.items())
    table = _table(("request", "what for"), [*posts, *others])
    requests = "Every request is a GET or a HEAD, but for these, which change nothing either:"
    lists = ["Actions:", _list(needed.actions), "Data actions:", _list(needed.data_actions)]
    of_cluster = (
        "Of a cluster's own API, where a context leads to it, all that is asked is GET, of these paths and no others; "
        "no Secret is among them. `pytest --aml-role` prints the ClusterRole."
    )
    paths = _table(("path", "what for"), ((f"`{path}`", what) for path, what in CLUSTER.items()))
    more = "Recordings, reports and the history are made of these answers: they ask for nothing more."
    return _page("Permissions", words, [*lists, requests, table, of_cluster, paths, more])


def _page(title: str, words: str, parts: Iterable[str]) -> str:
    return "\n\n".join([MADE, f"# {title}", words, *parts]) + "\n"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- `{line}`" for line in lines)


def _names(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _summary(documented: object) -> str:
    return " ".join((inspect.getdoc(documented) or "").split("\n\n")[0].split()).replace("|", "\\|")


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


for module in graph.pytest_plugins:
    import_module(module)

if __name__ == "__main__":
    main()
