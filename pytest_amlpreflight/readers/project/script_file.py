"""Scoring scripts: Python source in, facts out. Nothing of the user's is imported or run."""

import ast
import io
import os
import re
import sys
import tokenize
from dataclasses import replace
from pathlib import Path

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import Import, Problem, Script
from pytest_amlpreflight.facts.project.spec import DeploymentSpec
from pytest_amlpreflight.readers.project.script_source import SourceReader
from pytest_amlpreflight.readers.project.text_file import SpecError, read_bytes, shown_path

MAX_BYTES = 524_288  # of one file: longer ones were written by a program, and take Python seconds to parse
MOST_FOLLOWED = 262_144  # bytes of all modules together; past this more imports tell nobody more
OLDEST_MINOR = 7
"""Python 3.7 is the oldest that any inference server of today's guide runs on."""
MAX_MODULES = 200  # files followed from the script; a serving folder has a handful


def read_deployment_script(spec: DeploymentSpec, root: Path) -> Script | None:
    """The scoring script that a deployment names; None when its code is not on this machine.

    Whatever keeps it from being found or compiled is the script's `problem`, never raised.
    """
    code = spec.code
    if code is None or code.path is None:
        return None
    folder, where = code.path, spec.source.position("code_configuration.code")
    if not os.path.isdir(folder):
        shown = shown_path(folder, root)
        return Script(folder, shown, is_absent=True, problem=Problem(f"code folder {shown} does not exist", where))
    where = spec.source.position("code_configuration.scoring_script")
    if code.scoring_script is None:
        return Script(folder, shown_path(folder, root), problem=Problem("code without a scoring_script", where))
    path = folder / code.scoring_script
    if not Path(os.path.normpath(path)).is_relative_to(folder):
        return Script(path, shown_path(path, root), problem=Problem("it stands outside the code folder", where))
    if not os.path.isfile(path):
        return Script(path, shown_path(path, root), problem=Problem(f"it is not in {shown_path(folder, root)}", where))
    return read_script(path, root, folder) if path.suffix.lower() == ".py" else Script(path, shown_path(path, root))


def read_script(path: Path, root: Path, code: Path) -> Script:
    """What the script at `path` defines, imports and opens, following the modules beside it inside `code`.

    A file that cannot be read or does not compile says so in the fact's `problem`.
    """
    shown = shown_path(path, root)
    source = _source(path, shown, is_entry=True)
    if isinstance(source, Problem):
        return Script(path, shown, problem=source)
    imports, local = _follow(source.imports, code, path.parent, root)
    return Script(
        path=path,
        shown=shown,
        python=source.python,
        too_new=source.too_new,
        imports=tuple(imports),
        functions=source.functions,
        names=frozenset(source.names),
        has_star_import=source.has_star_import,
        local_modules=frozenset(local),
        misplaced=_misplaced(imports, local, code, root),
        model_paths=tuple(source.model_paths),
        searches_files=source.searches_files,
        v1_calls=tuple(source.v1_calls),
        returned_errors=tuple(source.returned_errors),
        opened_paths=tuple(source.opened_paths),
        waits=tuple(source.waits),
    )


def _oldest_python(raw: bytes, shown: str) -> tuple[tuple[int, int] | None, Problem | None]:
    """The oldest release that reads the source, and what the one before says; nothing where all of them do."""
    major, newest = sys.version_info[:2]
    if not isinstance(_parse(raw, shown, (major, OLDEST_MINOR)), Problem):
        return None, None  # as nearly always, and parsing is what takes time
    for minor in range(newest - 1, OLDEST_MINOR - 1, -1):
        found = _parse(raw, shown, (major, minor))
        if isinstance(found, Problem):
            return (major, minor + 1), found
    return None, None


def _parse(raw: bytes, shown: str, version: tuple[int, int] | None = None) -> ast.Module | Problem:
    """The syntax tree as that version of Python reads it, by default this one; or why there is none."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        return ast.parse(_without_odd_escapes(text), filename=shown, feature_version=version)
    except SyntaxError as error:  # also of tokenize, for an encoding that is not one
        return Problem(_lower(error.msg or "invalid syntax"), Position(shown, error.lineno))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Problem(f"byte 0x{raw[error.start]:02x} is not {error.encoding}", Position(shown, line))
    except (LookupError, UnicodeError):  # `hex` and `rot13` are codecs too, and not of text
        return Problem("it declares an encoding in which no text is written", Position(shown, 1))
    except ValueError:
        return Problem("source code holds a null byte", Position(shown))
    except (RecursionError, MemoryError):
        return Problem("source code nests too deeply", Position(shown))


def _without_odd_escapes(text: str) -> str:
    r"""The source with every backslash that escapes nothing doubled, as Python reads `"\d"` anyway.

    Otherwise the compiler warns of the user's script in the middle of a run, and under `-W error` refuses it.
    """
    return re.sub(
        r"\\(.)",
        lambda found: found.group() if found.group(1) in "\\'\"abfnrtvxNuU01234567" else "\\" + found.group(),
        text,
    )


def _follow(first: list[Import], code: Path, beside: Path, root: Path) -> tuple[list[Import], set[str]]:
    """The imports of the script and of the local modules they lead to, and the names of those modules."""
    folders = [code] if code == beside else [code, beside]
    found, local, seen = list(first), set[str](), set[str]()
    waiting, left = list(first), MOST_FOLLOWED
    while waiting and len(seen) < MAX_MODULES:
        wanted = waiting.pop()
        files = [] if wanted.level else [file for folder in folders for file in _module_files(wanted.module, folder)]
        if files or any(os.path.isdir(folder / wanted.top) for folder in folders if not wanted.level):
            local.add(wanted.top)
        for file in files:
            key = os.path.realpath(file)
            if key not in seen and left > 0:
                seen.add(key)
                left -= _size(file)
                more = _imports_of(file, root, certain=wanted.is_certain)
                found.extend(more)
                waiting.extend(more)
    return found, local


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # gone meanwhile, or a link that leads in a circle
        return 0


def _module_files(module: str, folder: Path) -> list[Path]:
    """The files that run when the module is imported: each package's `__init__` on the way, and the module."""
    files: list[Path] = []
    for part in module.split("."):
        package, single = folder / part / "__init__.py", folder / f"{part}.py"
        file = package if os.path.isfile(package) else single if os.path.isfile(single) else None
        if file is not None:
            files.append(file)
        folder = folder / part
    return files


def _imports_of(file: Path, root: Path, *, certain: bool) -> list[Import]:
    """The absolute imports of a local module; one that cannot be read or compiled has none."""
    source = _source(file, shown_path(file, root), is_entry=False)
    found = [] if isinstance(source, Problem) else source.imports
    return [replace(each, is_certain=certain and each.is_certain) for each in found if not each.level]


def _source(path: Path, shown: str, *, is_entry: bool) -> SourceReader | Problem:
    """The walked source of a file, or why there is none."""
    source = SourceReader(shown, is_entry=is_entry)
    try:
        raw = read_bytes(path, shown, MAX_BYTES)
        tree = _parse(raw, shown)
        if isinstance(tree, Problem):
            return tree
        source.visit(tree)
        if is_entry:
            source.python, source.too_new = _oldest_python(raw, shown)
    except SpecError as error:
        return Problem(error.message, Position(error.path, error.line))
    except RecursionError:
        return Problem("source code nests too deeply", Position(shown))
    return source


def _misplaced(imports: list[Import], local: set[str], code: Path, root: Path) -> dict[str, str]:
    """Imported modules that stand in a folder above the code, up to the root, where the container has nothing."""
    found: dict[str, str] = {}
    between = [folder for folder in code.parents if folder.is_relative_to(os.path.realpath(root))]
    for each in [each for each in imports if not each.level and each.top not in local]:
        for folder in dict.fromkeys((code.parent, *between, root)):
            files = [file for file in _module_files(each.module, folder) if code not in file.parents]
            if files:
                found.setdefault(each.top, shown_path(files[0], root))
    return found


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
