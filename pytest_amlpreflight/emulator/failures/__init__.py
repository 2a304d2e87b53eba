"""Documented failures as data: what changes in a healthy world, and which checks must notice."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..notation import WorldError, read
from ..world import World
from .changes import make

_DIRECTORY = Path(__file__).parent
_PHASES = ("pre", "post", "audit")


class UnknownFailure(Exception):  # reads as what it is
    """No failure file has this name; `near` holds the names that look like it."""

    def __init__(self, name: str, near: list[str]) -> None:
        self.name, self.near = name, near
        hint = f"; did you mean {', '.join(near)}" if near else ""
        super().__init__(f"no failure is called {name!r}{hint}")


@dataclass(frozen=True, slots=True)
class Failure:
    """One documented failure. In `phase`, `blocks` must FAIL, `errors` ERROR, `advises` warn, and nothing else.

    `world` is the example's world that it happens to: `world.yml` unless the file says another; `context` the one of
    the kubeconfig that has to be named (`--aml-kube-context`) for it to be met.
    """

    name: str
    path: Path
    title: str
    code: str | None
    guide: str
    phase: str
    blocks: tuple[str, ...]
    errors: tuple[str, ...]
    advises: tuple[str, ...]
    change: tuple[Any, ...]
    world: str = "world.yml"
    context: str | None = None


def failure_names() -> list[str]:
    """The names of all failures, sorted: what `--aml-failure` takes."""
    return sorted(path.stem for path in _DIRECTORY.glob("*.yml"))


def load(name: str) -> Failure:
    """The failure of this name, or in the file of this path, which ends with `.yml`. Raises `UnknownFailure` with the
    nearest names.
    """
    given = Path(name)
    path = given if given.suffix == ".yml" else _DIRECTORY / f"{name}.yml"
    if path != given and name not in failure_names():
        raise UnknownFailure(name, difflib.get_close_matches(name, failure_names(), cutoff=0.4))
    source = read(path)
    missing = {"title", "guide", "phase", "change"} - set(source)
    if missing:
        raise WorldError(f"{path}:1", f"{', '.join(sorted(missing))} missing")
    if source["phase"] not in _PHASES:
        raise WorldError(f"{path}:1", f"phase is one of {', '.join(_PHASES)}")
    blocks, errors, advises, change = (tuple(source.get(p) or ()) for p in ("blocks", "errors", "advises", "change"))
    said = source["title"], source.get("code"), source["guide"], source["phase"]
    where = source.get("world", "world.yml"), source.get("context")
    return Failure(name, path, *said, blocks, errors, advises, change, *where)


def apply(world: World, failure: Failure) -> None:
    """Change the world as the failure says. Raises `WorldError` where the world has nothing it could change."""
    for change in failure.change:
        make(world, failure.path, change)
