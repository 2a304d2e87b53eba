"""Files of two runs that write them at the same time."""

import os
import threading
from pathlib import Path

import pytest

from pytest_amlpreflight.run.recording.key import Key
from pytest_amlpreflight.run.whole_file import write_whole


def test_whoever_reads_while_two_write_sees_one_of_both_and_whole(tmp_path: Path) -> None:
    """Never the beginning of one, nor both in turn; and nothing is left beside it."""
    path, texts = tmp_path / "out" / "page.html", ["a" * 300_000, "b" * 200_000]
    write_whole(path, texts[0])
    writers = [
        threading.Thread(target=lambda text=text: [write_whole(path, text) for _ in range(20)]) for text in texts
    ]
    for writer in writers:
        writer.start()

    seen = set[str]()
    while any(writer.is_alive() for writer in writers):
        seen.add(path.read_text(encoding="utf-8"))

    assert seen <= set(texts)
    assert os.listdir(path.parent) == ["page.html"]


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are those of POSIX")
def test_what_is_no_plain_file_stays_what_it_is(tmp_path: Path) -> None:
    """A link leads where it led, and a device is written to."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")

    write_whole(link, "x")
    write_whole(Path("/dev/null"), "x")

    assert link.is_symlink()
    assert (tmp_path / "real").read_text(encoding="utf-8") == "x"
    assert not Path("/dev/null").is_file()


def test_a_key_that_two_runs_add_to_has_the_names_of_both(tmp_path: Path) -> None:
    """One night's names are the next one's, whoever wrote last; nobody else may read them."""
    path = tmp_path / "key.json"
    Key(b"k" * 32).keep(path)
    one, other = Key.of(path), Key.of(path)
    one.name("contoso")
    other.name("fabrikam")

    one.keep(path)
    other.keep(path)

    assert set(Key.of(path).names) == {"contoso", "fabrikam"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_of_another_run_is_not_overwritten(tmp_path: Path) -> None:
    """Two first runs at once: the names of the second would be lost with its key."""
    path = tmp_path / "key.json"
    Key(b"k" * 32).keep(path)

    with pytest.raises(ValueError, match="is another run's key by now"):
        Key(b"l" * 32).keep(path)
