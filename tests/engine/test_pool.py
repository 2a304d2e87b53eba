"""A pool of fixed size that nobody can block."""

import signal
import threading
import time
from contextlib import suppress
from threading import Barrier

import pytest

from pytest_amlpreflight.engine import Pool


def test_what_is_read_together_runs_at_the_same_time() -> None:
    """Both meet, or neither would get on; the order of the answers is that of the questions."""
    meeting = Barrier(2, timeout=5)

    answers = Pool().together(lambda name: (meeting.wait(), name)[1], ["first", "second"])

    assert answers == ["first", "second"]


def test_both_run_at_the_same_time_and_keep_their_places() -> None:
    """Two questions of different kinds."""
    meeting = Barrier(2, timeout=5)

    assert Pool().both(lambda: (meeting.wait(), 1)[1], lambda: (meeting.wait(), "two")[1]) == (1, "two")


def test_the_first_error_in_order_is_raised() -> None:
    """So that a run says the same every time."""

    def read(name: str) -> None:
        raise LookupError(name)

    with pytest.raises(LookupError, match="first"):
        Pool().together(read, ["first", "second"])


def test_a_pool_of_one_ends_work_that_asks_for_more_work() -> None:
    """Whoever asks does its share itself, so that no number of threads is too small."""
    pool = Pool(1)

    def nested(depth: int) -> int:
        return 1 if depth == 0 else sum(pool.together(nested, [depth - 1] * 3))

    assert nested(4) == 81


def test_no_more_threads_than_its_size() -> None:
    """Whatever it is given."""
    before = threading.active_count()
    pool = Pool(4)

    pool.together(lambda _: time.sleep(0.001), range(200))

    assert threading.active_count() - before <= 4


def test_where_the_system_gives_no_more_threads_the_work_is_done_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's limit makes a run slower, and nothing else."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool = Pool(4)
    pool.together(str, [1, 2])
    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert pool.together(str, range(20)) == [str(number) for number in range(20)]


def test_a_thread_that_has_nothing_to_do_ends_and_another_takes_what_comes_later() -> None:
    """Several runs of one process leave no threads behind; an editor's test runner lives for days."""
    pool, before = Pool(4, linger=0.02), set(threading.enumerate())
    pool.together(lambda _: time.sleep(0.01), [None] * 8)
    started = set(threading.enumerate()) - before
    assert started

    for thread in started:
        thread.join(timeout=5)

    assert not started & set(threading.enumerate())
    done = threading.Event()
    pool.submit(done.set)
    assert done.wait(5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_leaves_no_lock_taken() -> None:
    """Ctrl-C comes wherever the main thread is, also where it hands out work; the end of the run needs the pool."""
    pool = Pool(4)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for tried in range(60):
            with suppress(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.0003 + tried * 1e-6)
                for _ in range(3000):  # longer than that, and no more: it is lost where Python ignores what is raised
                    pool.submit(lambda: None)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    ender = threading.Thread(target=pool.clear, daemon=True)
    ender.start()
    ender.join(5)
    assert not ender.is_alive()


def test_where_the_system_gives_no_thread_at_all_whoever_waits_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run in a container at its limit is slow, and ends."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    pool = Pool(4)
    done = list[int]()
    pool.submit(lambda: done.append(1))
    pool.submit_later(0.01, lambda: done.append(2))

    pool.help(lambda: len(done) == 2)

    assert done == [1, 2]
    assert pool.together(str, range(3)) == ["0", "1", "2"]
