"""The promises that hold the code together, each kept by reading it."""

import ast
import re
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml

import pytest_amlpreflight
from pytest_amlpreflight import checks
from pytest_amlpreflight.emulator.failures import failure_names, load
from pytest_amlpreflight.run.settings.options import OPTIONS
from pytest_amlpreflight.run.suite.built_in import built_in_checks, mark_of
from pytest_amlpreflight.run.suite.documentation import sections

PACKAGE = Path(pytest_amlpreflight.__file__).parent
README = PACKAGE.parent / "README.md"
DOCS = PACKAGE.parent / "docs"
CHECKS = built_in_checks()

ROOMS = {path.stem for path in PACKAGE.iterdir()}
MAY_IMPORT = {
    "facts": {"facts", "data"},
    "data": set(),
    "checks": {"facts", "fix", "verdict"},
    "engine": set(),
    "readers": {"facts", "readers", "data", "engine"},
    "graph": {"facts", "readers", "engine", "verdict"},
    "fix": {"facts"},
    "verdict": {"facts", "fix"},
    "finding": {"facts", "fix", "verdict"},
    "emulator": set(),
    "run": ROOMS - {"plugin", "starting", "reporting"},
    "reporting": ROOMS - {"plugin", "starting"},
    "starting": ROOMS - {"plugin"},
}
"""Lower never imports higher; checks know facts and verdicts alone; the emulator knows nobody."""


def imports(path: Path) -> Iterator[str]:
    """The absolute names of what a module imports, those for type checkers aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    aside = {id(inner) for node in typing for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in aside:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_lower_never_imports_higher(path: Path) -> None:
    """Each floor imports only what stands beneath it."""
    floor = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    own = {name.split(".")[1] for name in imports(path) if name.startswith("pytest_amlpreflight.")}

    assert own - {floor} <= MAY_IMPORT.get(floor, own)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_readers_import_azure(path: Path) -> None:
    """What Azure's SDKs look like is nobody's business above the readers; the official client for users' tests is the
    exception.
    """
    if path.relative_to(PACKAGE).parts[0] == "readers":
        return

    azure = {name for name in imports(path) if name.split(".")[0] == "azure"}

    assert azure <= {"azure.ai.ml.MLClient"}


def test_the_emulator_is_known_to_its_own_option_alone() -> None:
    """No line outside knows whether Azure is emulated."""
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path in modules()
        if any(name.startswith("pytest_amlpreflight.emulator") for name in imports(path))
    }

    assert users == {"run"}


def test_every_module_of_checks_is_on_the_run() -> None:
    """A topic that is not listed would never run."""
    assert {path.stem for path in (PACKAGE / "checks").glob("[!_]*.py")} == set(checks.TOPICS)


def test_every_check_is_documented_and_every_section_is_a_check() -> None:
    """A hint leads to a section; a section without a check would promise something."""
    assert set(sections()) == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_carries_its_topic_and_its_reason(name: str) -> None:
    """The marker names the module's own topic; the docstring says what goes wrong without the check."""
    check = CHECKS[name]

    assert mark_of(check)["topic"] == name.partition("::")[0]
    assert len((check.__doc__ or "").strip().split("\n\n")) >= 2, "one sentence, then what goes wrong without it"


OFFLINE_FAILURES = sorted((Path(__file__).parent / "offline" / "failures").glob("*.yml"))
SHOWN_BY_CALL = {
    "endpoint::endpoint_name_is_valid": "the example's own files would have to change",
    "endpoint::deployment_name_is_valid": "the example's own files would have to change",
    "quota::model_fits_the_disk": "needs a model of many gigabytes: tests/plugin/test_large_model.py",
    "subscription::role_assignments_remain": "the example brings its own identity: tests/plugin/test_permissions.py",
}
"""Checks whose failure is not a change of the cloud alone, and where it is shown instead."""


def test_every_check_has_a_failure_that_it_notices() -> None:
    """A check that no documented failure can make fail proves nothing."""
    failures = [load(name) for name in failure_names()]
    noticed = {block for failure in failures for block in (*failure.blocks, *failure.advises)}
    noticed |= {block for path in OFFLINE_FAILURES for block in _blocked_offline(path)}

    assert set(CHECKS) - noticed - set(SHOWN_BY_CALL) == set()


def _blocked_offline(path: Path) -> list[str]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [*content.get("blocks", []), *content.get("advises", [])]


def test_every_option_is_documented() -> None:
    """What `--help` lists, a page explains."""
    text = (DOCS / "options.md").read_text(encoding="utf-8")

    assert [option.flag for option in OPTIONS if option.flag not in text] == []


def test_every_link_in_the_documentation_is_microsoft_s_own() -> None:
    """No invented address stands in what an operator reads."""
    texts = [*PACKAGE.parent.glob("*.md"), *DOCS.glob("*.md"), *(PACKAGE / "checks").glob("*.md")]
    links = {link for path in texts for link in re.findall(r"https?://[^\s)>`'\"]+", path.read_text(encoding="utf-8"))}

    ours = (
        r"https://learn\.microsoft\.com/|https://aka\.ms/|https?://(127\.0\.0\.1|localhost)|https://\w+\.contoso\.com"
    )
    allowed = re.compile(rf"{ours}|https://(login\.microsoftonline|management\.azure)\.com|https://semver\.org$")
    assert sorted(link for link in links if not allowed.match(link)) == []


def test_the_readme_is_short() -> None:
    """What is looked up stands in the pages behind it."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 90


def test_the_pages_that_follow_from_the_code_are_up_to_date() -> None:
    """`python docs/generate.py` writes them."""
    spec = spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = module_from_spec(spec)
    spec.loader.exec_module(generate)

    stale = [name for name, text in generate.pages().items() if (DOCS / name).read_text(encoding="utf-8") != text]

    assert stale == [], "run: python docs/generate.py"


def test_no_path_is_made_relative_across_drives() -> None:
    """`os.path.relpath` raises on Windows where project and file are on two drives."""
    assert [path.name for path in modules() if "os.path.relpath" in path.read_text(encoding="utf-8")] == []


def test_a_waiver_has_its_reason() -> None:
    """What lint or types are told to overlook says why, on the same line."""
    waiver = re.compile(r"# (?:noqa(?:: [A-Z0-9, ]+)?|type: ignore(?:\[[^]]*\])?)(?P<reason>.*)")
    lines = [(path.name, line) for path in modules() for line in path.read_text(encoding="utf-8").splitlines()]
    waivers = [(name, found) for name, line in lines if (found := waiver.search(line))]

    assert waivers
    assert [(name, found[0]) for name, found in waivers if not re.search(r"[a-z]{2}", found["reason"])] == []


def test_no_name_is_too_long_to_be_asked_for() -> None:
    """`Path.is_file()` and its like raise for a name that no disk takes, such as an error text in a file's place."""
    asks = re.compile(r"\.(?:is_file|is_dir|exists)\(\)")
    found = [path for path in modules() if asks.search(path.read_text(encoding="utf-8"))]

    assert [path.name for path in found if not {"emulator", "data"} & set(path.parts)] == []
