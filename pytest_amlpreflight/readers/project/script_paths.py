"""Paths below the model folder, as far as a script spells them out in constants."""

import ast
from collections.abc import Iterator, Mapping

MODEL_DIR = "AZUREML_MODEL_DIR"


def last_name(node: ast.expr) -> str:
    """`rawhttp` of `rawhttp`, `aml_request.rawhttp` and `rawhttp(...)`; empty for anything else."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def chain(node: ast.expr) -> Iterator[ast.expr]:
    """A sum or a joined path, each of its parts at the right of one link, from the whole to the first part."""
    yield node
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div):
        node = node.left
        yield node


def path_parts(node: ast.expr, model_dirs: Mapping[str, list[str]]) -> list[str] | None:
    """The constants joined to the model folder: empty for the folder itself, None for any other expression."""
    if isinstance(node, ast.Name):
        return model_dirs.get(node.id)
    if _is_model_dir(node):
        return []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Add):
        *sums, first = chain(node)
        return _extended(
            path_parts(first, model_dirs), [each.right for each in reversed(sums) if isinstance(each, ast.BinOp)]
        )
    if isinstance(node, ast.JoinedStr):
        return _formatted(node, model_dirs)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _replaced(node.left, "%s", [node.right], model_dirs)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _replaced(node.func.value, "{}", node.args, model_dirs)
    if isinstance(node, ast.Call) and last_name(node.func) in {"join", "joinpath", "Path", "PurePath", "str"}:
        base, rest = _joined_parts(node)
        return _extended(path_parts(base, model_dirs), rest) if base is not None else None
    return None


def _joined_parts(node: ast.Call) -> tuple[ast.expr | None, list[ast.expr]]:
    """The base and the rest of `os.path.join(base, ...)`, `base.joinpath(...)` and `Path(base, ...)`."""
    if last_name(node.func) == "joinpath" and isinstance(node.func, ast.Attribute):
        return node.func.value, node.args
    return (node.args[0], node.args[1:]) if node.args and not node.keywords else (None, [])


def _extended(parts: list[str] | None, rest: list[ast.expr]) -> list[str] | None:
    constants = [each.value for each in rest if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return None if parts is None or len(constants) < len(rest) else parts + constants


def _formatted(node: ast.JoinedStr, model_dirs: Mapping[str, list[str]]) -> list[str] | None:
    if len(node.values) != 2:
        return None
    first, rest = node.values
    return _extended(path_parts(first.value, model_dirs), [rest]) if isinstance(first, ast.FormattedValue) else None


def _replaced(
    template: ast.expr, mark: str, values: list[ast.expr], model_dirs: Mapping[str, list[str]]
) -> list[str] | None:
    """`"{}/model.pkl".format(base)` and `"%s/model.pkl" % base`: the folder first, and constants behind it."""
    if not (isinstance(template, ast.Constant) and isinstance(template.value, str) and len(values) == 1):
        return None
    before, found, rest = template.value.partition(mark)
    base = path_parts(values[0], model_dirs)
    return None if before or not found or mark in rest or base is None else [*base, rest]


def spelled_out(node: ast.expr, texts: Mapping[str, str]) -> str | None:
    """The path behind an expression that is made of constants alone; None for any other."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return texts.get(node.id)
    if isinstance(node, ast.Call) and last_name(node.func) in {"join", "Path", "open"} and node.args:
        parts = [spelled_out(each, texts) for each in (node.args[:1] if last_name(node.func) == "open" else node.args)]
        return "/".join(part for part in parts if part is not None) if None not in parts else None
    return None


def _is_model_dir(node: ast.expr) -> bool:
    """`os.environ["AZUREML_MODEL_DIR"]`, `os.environ.get(...)` or `os.getenv(...)`."""
    if isinstance(node, ast.Subscript):
        return last_name(node.value) == "environ" and _is_constant(node.slice)
    if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute | ast.Name):
        return last_name(node.func) in {"getenv", "get"} and _is_constant(node.args[0])
    return False


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == MODEL_DIR
