# ruff: noqa: D102 - ast calls the visit_ methods by name, and the class says what they collect
"""One Python source file, walked once for everything that checks ask of it."""

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pytest_amlpreflight.facts.project.position import Position
from pytest_amlpreflight.facts.project.script import (
    OWN,
    Function,
    Import,
    ModelPath,
    OpenedPath,
    Parameter,
    ParameterKind,
    Problem,
    Wait,
)
from pytest_amlpreflight.readers.project.script_paths import chain, last_name, path_parts, spelled_out

SEARCHES = {"exists", "isfile", "isdir", "is_file", "is_dir", "listdir", "glob", "iglob", "rglob", "walk", "scandir"}
OPENS = {"open", "load", "load_model", "read_csv", "read_json", "read_pickle", "read_parquet", "InferenceSession"}
FILE = re.compile(r"[^\n]*(?:[/\\][^/\\\n]+|\.(?:pkl|pickle|joblib|sav|onnx|pt|pth|h5|keras|bin|json|csv|txt|npy|npz))")
WAITS = {"wait_for_client", "wait_for_attach", "set_trace", "breakpoint"}
CALLED = {"init", "run"}  # what the inference server calls; other functions may never run
FORGIVEN = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class SourceReader(ast.NodeVisitor):
    """Collects imports, top-level names, model paths and the like; positions are those of one file."""

    def __init__(self, shown: str, *, is_entry: bool) -> None:
        self.shown, self.is_entry = shown, is_entry
        self.imports: list[Import] = []
        self.functions: dict[str, Function] = {}
        self.names: set[str] = set()
        self.has_star_import = self.searches_files = False
        self.model_paths: list[ModelPath] = []
        self.v1_calls: list[Position] = []
        self.returned_errors: list[Position] = []
        self.opened_paths: list[OpenedPath] = []
        self.waits: list[Wait] = []
        self.python: tuple[int, int] | None = None
        self.too_new: Problem | None = None
        self._texts: dict[str, str] = {}
        self._tainted: set[str] = set()
        self._certain, self._in_doubt, self._scope = True, False, ""
        self._caught: list[str] = []
        self._model_dirs: dict[str, list[str]] = {}
        self._joined: set[int] = set()

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._imported(alias.name, node.lineno, 0)
            self._defined((alias.asname or alias.name).partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        # `from azureml import core` may import a submodule, and only the dotted name tells which distribution
        for alias in node.names if module and not node.level else ():
            if alias.name != "*" and "." not in module:
                self._imported(f"{module}.{alias.name}", node.lineno, 0)
        self._imported(module, node.lineno, node.level)
        for alias in node.names:
            self.has_star_import = self.has_star_import or (alias.name == "*" and not self._scope)
            self._defined(alias.asname or alias.name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node, is_async=False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node, is_async=True)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._defined(node.name)
        with self._inside(node.name, certain=self._certain):
            self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        with self._inside("<lambda>", certain=False):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)  # before the name changes its meaning: `base = join(base, "more")`
        for target in node.targets:
            self._assigned(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        self._assigned(node.target, node.value)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        never = _is_type_checking(node.test) or _is_main(node.test)
        branches = [node.orelse] if never else [node.body, node.orelse]
        with self._maybe():
            for statement in (each for branch in branches for each in branch):
                self.visit(statement)

    def visit_Try(self, node: ast.Try) -> None:
        start = len(self.imports)
        forgiving = [handler for handler in node.handlers if FORGIVEN & _exception_names(handler)]
        if forgiving:
            with self._maybe():
                self._visit_all(node.body)
        else:
            self._visit_all(node.body)
        middle = len(self.imports)
        for handler in node.handlers:
            self._caught.append(handler.name or "")
            with self._maybe():
                self._visit_all(handler.body)
            self._caught.pop()
        self._falls_back(start, middle, forgiving)
        self._visit_all([*node.orelse, *node.finalbody])

    def _falls_back(self, start: int, middle: int, forgiving: list[ast.ExceptHandler]) -> None:
        """Imports that something else does for: those of a `try` and of its handlers, or what these define."""
        tried, caught = self.imports[start:middle], self.imports[middle:]
        modules = [frozenset(each.module for each in part) for part in (tried, caught)]
        defines = any(isinstance(one, ast.Assign | ast.AnnAssign) for each in forgiving for one in each.body)
        if forgiving and (caught or defines):
            instead = modules[1] or frozenset({OWN})
            self.imports[start:] = [
                *(replace(each, instead=each.instead | instead) for each in tried),
                *(replace(each, instead=each.instead | modules[0]) for each in caught),
            ]

    def visit_While(self, node: ast.While) -> None:
        with self._maybe():
            self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        with self._maybe():
            self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if self._scope == "run" and node.value is not None and self._tells_error(node.value):
            self.returned_errors.append(Position(self.shown, node.lineno))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = last_name(node.func)
        self.searches_files = self.searches_files or name in SEARCHES
        if name == "get_model_path":
            self.v1_calls.append(Position(self.shown, node.lineno))
        if name in WAITS:
            self.waits.append(Wait(ast.unparse(node.func), Position(self.shown, node.lineno), self._certain))
        self._opened(name, node)
        self._join(node)
        self.generic_visit(node)

    def _opened(self, name: str, node: ast.Call) -> None:
        path = spelled_out(node.args[0], self._texts) if name in OPENS and node.args else None
        if path is not None and FILE.fullmatch(path) and "://" not in path and not path.startswith(("{", "[")):
            self.opened_paths.append(OpenedPath(path, Position(self.shown, node.lineno)))

    def visit_BinOp(self, node: ast.BinOp) -> None:
        links = list(chain(node))  # one after the other: a sum of a thousand parts is nested a thousand deep
        for link in links:
            self._join(link)
        for link in links[:-1]:
            self.visit(link.right)  # type: ignore[attr-defined]  # all but the first part are sums
        if len(links) > 1:
            self.visit(links[-1])
        else:
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._join(node)
        self.generic_visit(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_async: bool) -> None:
        if not self._scope:
            decorators = tuple(last_name(each) for each in node.decorator_list)
            position = Position(self.shown, node.lineno)
            self.functions[node.name] = Function(node.name, position, _parameters(node.args), decorators, is_async)
        self._defined(node.name)
        for decorator in node.decorator_list:
            self.visit(decorator)
        is_called = self.is_entry and not self._scope and node.name in CALLED
        with self._inside(node.name if not self._scope else self._scope, certain=self._certain and is_called):
            self._visit_all(node.body)

    def _imported(self, module: str, line: int, level: int) -> None:
        self.imports.append(Import(module, Position(self.shown, line), self._certain, level))

    def _defined(self, name: str) -> None:
        if not self._scope:
            self.names.add(name)

    def _assigned(self, target: ast.expr, value: ast.expr | None) -> None:
        if not isinstance(target, ast.Name):
            for part in target.elts if isinstance(target, ast.Tuple) else ():
                self._assigned(part, None)
            return
        self._defined(target.id)
        self._noted(target.id, value)
        parts = path_parts(value, self._model_dirs) if value is not None and not self._in_doubt else None
        if parts is not None:
            self._model_dirs[target.id] = parts
        else:
            self._model_dirs.pop(target.id, None)
        if not self._scope:
            self.functions.pop(target.id, None)  # what it is now, nobody can read from here

    def _noted(self, name: str, value: ast.expr | None) -> None:
        """Keep what a name stands for: a constant path, or the text of an exception."""
        text = spelled_out(value, self._texts) if value is not None else None
        self._texts.pop(name, None)
        if text is not None:
            self._texts[name] = text
        if value is not None and self._tells_error(value):
            self._tainted.add(name)
        elif not self._in_doubt:
            self._tainted.discard(name)

    def _join(self, node: ast.expr) -> None:
        """Note a path below the model folder, once, from the outermost expression that builds it."""
        if id(node) in self._joined:
            return
        links = list(chain(node))
        if len(links) > 1 and path_parts(links[-1], self._model_dirs) is None:
            self._joined.update(id(link) for link in links[:-1])  # once for the whole sum, however long
            return
        parts = path_parts(node, self._model_dirs)
        if parts:
            self._joined.update(id(inner) for inner in ast.walk(node))
            path = "/".join(part.strip("/") for part in parts if part.strip("/"))
            self.model_paths.append(ModelPath(path, Position(self.shown, node.lineno)))

    def _tells_error(self, value: ast.expr) -> bool:
        """Whether the value holds a caught exception's text or its traceback; not an answer with an error status."""
        if isinstance(value, ast.Call) and last_name(value.func) == "AMLResponse" and _is_error_status(value):
            return False
        telling = {*self._caught, *self._tainted} - {""}
        for inner in ast.walk(value):
            if isinstance(inner, ast.Name) and inner.id in telling:
                return True
            if isinstance(inner, ast.Call) and last_name(inner.func) in {"format_exc", "format_exception"}:
                return True
        return False

    def _visit_all(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    @contextmanager
    def _inside(self, scope: str, *, certain: bool) -> Iterator[None]:
        before = self._scope, self._certain
        self._scope, self._certain = scope, certain
        yield
        self._scope, self._certain = before

    @contextmanager
    def _maybe(self) -> Iterator[None]:
        before = self._certain, self._in_doubt
        self._certain, self._in_doubt = False, True
        yield
        self._certain, self._in_doubt = before


def _parameters(arguments: ast.arguments) -> tuple[Parameter, ...]:
    plain = [*arguments.posonlyargs, *arguments.args]
    first_default = len(plain) - len(arguments.defaults)
    found = [
        Parameter(
            each.arg,
            ParameterKind.POSITIONAL_ONLY if at < len(arguments.posonlyargs) else ParameterKind.PLAIN,
            has_default=at >= first_default,
        )
        for at, each in enumerate(plain)
    ]
    if arguments.vararg:
        found.append(Parameter(arguments.vararg.arg, ParameterKind.VAR_POSITIONAL))
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(Parameter(each.arg, ParameterKind.KEYWORD_ONLY, has_default=default is not None))
    if arguments.kwarg:
        found.append(Parameter(arguments.kwarg.arg, ParameterKind.VAR_KEYWORD))
    return tuple(found)


def _is_error_status(answer: ast.Call) -> bool:
    """Whether `AMLResponse(message, status)` has a status of an error, as far as it is a constant."""
    given = [*answer.args[1:2], *(keyword.value for keyword in answer.keywords if keyword.arg == "status_code")]
    status = given[0] if given else None
    return status is not None and not (isinstance(status, ast.Constant) and status.value in range(400))


def _is_type_checking(test: ast.expr) -> bool:
    return last_name(test) == "TYPE_CHECKING" if isinstance(test, ast.Name | ast.Attribute) else False


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _exception_names(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {"BaseException"}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {last_name(kind) for kind in kinds}
