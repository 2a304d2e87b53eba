"""The scheduler: once, in the order of needs, errors handed over, nothing kept that nobody needs."""

import gc
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Barrier, Event
from typing import Any

import pytest

from pytest_amlpreflight.engine import Cancelled, Engine, Need, Pool, Reading, Recipe, note, pause


class Made:
    """How often each recipe was called, and with what."""

    def __init__(self) -> None:
        self.calls = Counter[str]()

    def recipe(self, name: str, make: Callable[..., Any], *needs: str | Need, **more: Any) -> Recipe:
        """A recipe that counts."""

        def counted(**given: Any) -> Any:
            self.calls[name] += 1
            return make(**given)

        return Recipe(name, counted, tuple(Need(one) if isinstance(one, str) else one for one in needs), **more)


def engine(*recipes: Recipe, size: int = 4, inputs: Callable[[Any], Mapping[str, Any]] = lambda _: {}) -> Engine:
    """An engine over these recipes."""
    return Engine({one.name: one for one in recipes}, Pool(size), inputs)


def test_a_value_is_made_once_however_often_it_is_asked_for() -> None:
    """For each subject, by threads that all ask at the same time."""
    made = Made()
    under_test = engine(made.recipe("a", lambda: object()))
    meeting, found = Barrier(8, timeout=5), list[object]()
    under_test.hold(["a"], "s")

    def ask() -> None:
        meeting.wait()
        found.append(under_test.value("a", "s"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert made.calls == {"a": 1}
    assert len(set(map(id, found))) == 1


def test_what_is_needed_comes_first_and_is_handed_over() -> None:
    """Needs by name, inputs by the subject."""
    under_test = engine(
        Recipe("a", lambda who: f"a of {who}", inputs=("who",)),
        Recipe("b", lambda a: a + "!", (Need("a"),)),
        Recipe("c", lambda a, b: (a, b), (Need("a"), Need("b"))),
        inputs=lambda subject: {"who": subject},
    )

    assert under_test.value("c", "me") == ("a of me", "a of me!")


def test_what_does_not_depend_on_each_other_is_made_side_by_side() -> None:
    """Both meet, or neither would get on."""
    meeting = Barrier(2, timeout=5)
    under_test = engine(
        Recipe("a", lambda: meeting.wait() >= 0),
        Recipe("b", lambda: meeting.wait() >= 0),
        Recipe("c", lambda a, b: a and b, (Need("a"), Need("b"))),
    )

    assert under_test.value("c", None) is True


def test_a_failure_is_handed_over_to_all_that_need_it() -> None:
    """The same error, unchanged, and nothing that needs it is tried."""
    made, error = Made(), LookupError("gone")

    def fail() -> None:
        raise error

    under_test = engine(made.recipe("a", fail), made.recipe("b", lambda a: a, "a"), made.recipe("c", lambda b: b, "b"))

    with pytest.raises(LookupError, match="gone") as caught:
        under_test.value("c", None)

    assert caught.value is error
    assert made.calls == {"a": 1}


def test_of_several_failures_the_first_in_order_is_handed_over() -> None:
    """So that a run says the same every time, whichever was faster."""

    def fail(name: str, after: float) -> None:
        time.sleep(after)
        raise LookupError(name)

    under_test = engine(
        Recipe("slow", lambda: fail("slow", 0.02)),
        Recipe("fast", lambda: fail("fast", 0)),
        Recipe("c", lambda slow, fast: None, (Need("slow"), Need("fast"))),
    )

    with pytest.raises(LookupError, match="slow"):
        under_test.value("c", None)


def test_a_reading_is_made_only_where_it_is_asked_for() -> None:
    """A value that only some cases take costs nothing in the others."""
    made = Made()

    def choose(wants: bool, dear: Reading[str]) -> str:
        return dear.get() if wants else "cheap"

    under_test = engine(
        made.recipe("dear", lambda: "dear"),
        made.recipe(
            "c", lambda wants, dear: dear.get() if wants else "cheap", Need("dear", asked_for=True), inputs=("wants",)
        ),
        inputs=lambda subject: {"wants": subject},
    )

    assert under_test.value("c", False) == "cheap"
    assert made.calls == {"c": 1}
    assert under_test.value("c", True) == "dear"
    assert made.calls == {"c": 3, "dear": 1}, "left once, and called again"


def test_the_failure_of_a_reading_is_no_failure_of_who_has_an_answer_to_it() -> None:
    """`X or none` is made of this."""

    def fail() -> None:
        raise LookupError("gone")

    def or_none(a: Reading[None]) -> str:
        try:
            a.get()
        except LookupError as problem:
            return f"none: {problem}"
        return "there"

    under_test = engine(Recipe("a", fail), Recipe("b", or_none, (Need("a", asked_for=True),)))

    assert under_test.value("b", None) == "none: gone"


def test_a_value_about_a_part_of_the_subject_is_made_once_for_each_part() -> None:
    """The endpoint's value is its deployments' too."""
    made = Made()
    under_test = engine(
        made.recipe("endpoint", lambda: object(), subject=lambda asked: asked[0]),
        made.recipe("deployment", lambda endpoint: endpoint, "endpoint"),
    )
    for subject in ("a1", "a2", "b1"):
        under_test.hold(["deployment"], subject)

    found = [under_test.value("deployment", subject) for subject in ("a1", "a2", "b1")]

    assert made.calls == {"endpoint": 2, "deployment": 3}
    assert found[0] is found[1]
    assert found[0] is not found[2]


def test_a_value_about_what_a_need_says_is_made_once_for_each_of_those() -> None:
    """Two workspaces share a vault, which is known only when they are read; None shares nothing."""
    made = Made()
    vaults = {"w1": "kv", "w2": "kv", "w3": "other", "w4": None, "w5": None}
    under_test = engine(
        made.recipe("workspace", lambda who: vaults[who], inputs=("who",)),
        made.recipe("vault", lambda workspace: [workspace], "workspace", about=lambda given, _: given["workspace"]),
        inputs=lambda subject: {"who": subject},
    )

    found = {name: under_test.value("vault", name) for name in vaults}

    assert found["w1"] is found["w2"]
    assert found["w4"] is not found["w5"]
    assert made.calls["vault"] == 4


def test_a_failure_of_a_shared_value_is_everyones() -> None:
    """Nobody waits for ever for what another could not have."""

    def fail(workspace: str) -> None:
        raise LookupError(workspace)

    under_test = engine(
        Recipe("workspace", lambda: "w"),
        Recipe("vault", fail, (Need("workspace"),), about=lambda given, _: given["workspace"]),
    )

    for subject in (1, 2):
        with pytest.raises(LookupError, match="w"):
            under_test.value("vault", subject)


class Document:
    """Something that can be seen to be gone."""


def test_a_value_is_let_go_with_the_last_who_held_it() -> None:
    """Memory does not grow with the number of subjects; what was only a means goes as soon as the end is reached."""
    kept: list[weakref.ref[Document]] = []

    def document() -> Document:
        one = Document()
        kept.append(weakref.ref(one))
        return one

    under_test = engine(Recipe("means", document), Recipe("end", lambda means: "end", (Need("means"),)))
    for _ in range(2):
        under_test.hold(["end"], "s")
    assert under_test.value("end", "s") == "end"
    gc.collect()

    assert kept[0]() is None
    assert len(under_test) == 1
    under_test.release(["end"], "s")
    assert len(under_test) == 1
    under_test.release(["end"], "s")
    assert len(under_test) == 0


def test_what_was_let_go_can_be_asked_for_again() -> None:
    """A test that runs a second time is not left without."""
    made = Made()
    under_test = engine(made.recipe("a", lambda: "a"))

    assert [under_test.value("a", None), under_test.value("a", None)] == ["a", "a"]
    assert made.calls == {"a": 2}


def test_what_is_asked_first_is_made_first() -> None:
    """No subject starves because others came after it."""
    order, gate = list[str](), Event()
    under_test = engine(
        Recipe("a", lambda who: (gate.wait(5), order.append(who)), inputs=("who",)),
        size=1,
        inputs=lambda subject: {"who": subject},
    )
    for subject in "abcdef":
        under_test.hold(["a"], subject)

    gate.set()
    under_test.value("a", "f")

    assert "".join(order) == "abcdef"


def test_cancelled_nothing_more_is_made_and_nobody_waits() -> None:
    """Ctrl-C in the middle of reads."""
    made, gate, entered = Made(), Event(), Event()
    under_test = engine(
        made.recipe("a", lambda: (entered.set(), gate.wait(5))), made.recipe("b", lambda a: a, "a"), size=1
    )
    under_test.hold(["b"], "s")
    entered.wait(5)

    under_test.cancel()

    with pytest.raises(Cancelled, match="b"):
        under_test.value("b", "s")
    with pytest.raises(Cancelled, match="a"):
        under_test.value("a", "later")
    gate.set()
    assert made.calls == {"a": 1}


def test_a_thousand_subjects_take_no_more_threads_than_the_pool_has() -> None:
    """A fleet is as many values, not as many threads."""
    before = threading.active_count()
    under_test = engine(
        Recipe("a", lambda who: who, inputs=("who",)),
        Recipe("b", lambda a: a + 1, (Need("a"),)),
        size=8,
        inputs=lambda subject: {"who": subject},
    )
    for subject in range(1000):
        under_test.hold(["b"], subject)

    assert [under_test.value("b", subject) for subject in range(1000)] == list(range(1, 1001))
    assert threading.active_count() - before <= 8


def test_what_was_noted_of_a_value_holds_for_all_that_needs_it() -> None:
    """Also on the threads that do part of the work, of a shared value, and of one that failed; not of others."""
    pool = Pool(4)

    def from_afar() -> list[None]:
        return pool.together(note, ["here", "there"])

    def fails(b: object) -> None:  # what it needs is what is looked at
        raise LookupError

    recipes = [
        Recipe("a", from_afar, about=lambda _given, _subject: "one thing"),
        Recipe("b", lambda a: a, (Need("a"),)),
        Recipe("c", fails, (Need("b"),)),
        Recipe("d", lambda: note("other")),
    ]
    under_test = Engine({one.name: one for one in recipes}, pool, lambda _: {})
    for subject in ("s", "t"):
        under_test.hold("abcd", subject)
    for name in "abd":
        under_test.value(name, "t")
    with pytest.raises(LookupError):
        under_test.value("c", "t")

    assert [set(under_test.notes(name, "t")) for name in "abcd"] == [{"here", "there"}] * 3 + [{"other"}]
    assert under_test.notes("abcd", "nobody") == frozenset()


def test_a_recipe_that_has_to_wait_leaves_its_thread_to_others() -> None:
    """It is called again when the time is over; until then everything else goes on, on the one thread there is."""
    made, since = list[str](), time.monotonic()

    def throttled() -> None:
        made.append("throttled")
        if made.count("throttled") == 1:
            pause(1.2)

    under_test = engine(Recipe("a", throttled), Recipe("b", lambda: made.append("b")), size=1)
    under_test.hold(["a", "b"], "s")
    under_test.value("b", "s")
    before = time.monotonic() - since
    under_test.value("a", "s")

    assert made == ["throttled", "b", "throttled"]
    assert before < 1.0 < time.monotonic() - since
