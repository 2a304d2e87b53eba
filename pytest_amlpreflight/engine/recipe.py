"""What the engine is told of a value: how it is made, from which others, and what it is about."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Reading(Generic[T]):
    """A need that its recipe may ask for, and may not: for a value that only some cases take, or whose failure the
    recipe has an answer to.
    """

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask

    def get(self) -> T:
        """The value; raises what making it raised.

        In the engine it is made only now: the recipe is left, and called again when the value is there. So ask before
        doing anything that must not be done twice.
        """
        return self._ask()


class NotYet(BaseException):
    """Leaves a recipe that asked for a `Reading` which is still to be made. `need` is its name."""

    def __init__(self, need: str) -> None:
        self.need = need
        super().__init__(need)


@dataclass(frozen=True, slots=True)
class Need:
    """Another value by name. `asked_for`: as a `Reading`, made only when the recipe asks for it."""

    name: str
    asked_for: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one kind of value is made.

    `make` is called with what is needed, by name. `subject` says what of the asked-for subject the value is about: the
    value is made once for each. `about` says it from the needs, once they are there, and that subject: then it is made
    once for each `about`; None stands for the subject itself.
    """

    name: str
    make: Callable[..., Any]
    needs: tuple[Need, ...] = ()
    inputs: tuple[str, ...] = ()
    subject: Callable[[Any], Hashable] = lambda asked: asked
    about: Callable[[Mapping[str, Any], Any], Hashable] | None = None

    @property
    def comes_first(self) -> list[str]:
        """The names of what is made before `make` is called."""
        return [need.name for need in self.needs if not need.asked_for]
