"""Being told by the operating system: real files, real events."""

import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from configsvc.gitops.watching import FolderWatch
from tests.gitops.folders import save_like_sed, save_like_vim, swap, write

SOON = 10.0
"""Seconds; a busy machine needs some."""

QUIET = 0.7
"""Seconds in which an event that must not come would have come."""


class Told:
    """A watch, and whether it told something."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.watch = FolderWatch(self.event.set)

    def by(self, act: Callable[[], object]) -> bool:
        """Whether doing something is told."""
        self.settle()
        act()
        return self.event.wait(SOON)

    def settle(self) -> None:
        """Wait until what happened before has been told."""
        while self.event.wait(QUIET):
            self.event.clear()


@pytest.fixture
def told() -> Iterator[Told]:
    """A watch that is stopped at the end."""
    told = Told()
    yield told
    told.watch.stop()


@pytest.mark.parametrize("save", [save_like_vim, save_like_sed, Path.write_text])
def test_every_way_of_saving_is_told(
    told: Told, folder: Path, save: Callable[[Path, str], object]
) -> None:
    """Written in place, renamed over, moved away and written anew."""
    write(folder, {"sub/a.yaml": "1"})
    assert told.watch.follow(folder)

    assert told.by(lambda: save(folder / "sub" / "a.yaml", "2"))


def test_swapped_link_is_told(told: Told, folder: Path) -> None:
    """As Kubernetes swaps the contents of a volume."""
    swap(folder, "one", {"a.yaml": "1"})
    assert told.watch.follow(folder)

    assert told.by(lambda: swap(folder, "two", {"a.yaml": "2"}))


def test_link_on_the_way_is_told(told: Told, tmp_path: Path) -> None:
    """As checkouts are switched: the folder itself stays what it was."""
    for name in ("one", "two"):
        write(tmp_path / name / "policies", {"a.yaml": name})
    current = tmp_path / "current"
    current.symlink_to("one")
    folder = current / "policies"
    assert told.watch.follow(folder)

    def switch() -> None:
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").rename(current)

    assert told.by(switch)
    assert told.watch.follow(folder)
    assert told.by(lambda: write(tmp_path / "two" / "policies", {"a.yaml": "changed"}))


def test_folder_that_is_created_anew_is_watched(told: Told, folder: Path, tmp_path: Path) -> None:
    """What comes under the same path later is another folder."""
    assert told.watch.follow(folder)
    assert told.by(lambda: folder.rename(tmp_path / "old"))
    assert not told.watch.follow(folder)
    assert told.by(folder.mkdir)

    assert told.watch.follow(folder)
    assert told.by(lambda: write(folder, {"a.yaml": "1"}))


def test_reading_is_no_event(told: Told, folder: Path) -> None:
    """Otherwise every look would be followed by another."""
    write(folder, {"a.yaml": "1"})
    assert told.watch.follow(folder)
    told.settle()

    assert (folder / "a.yaml").read_text() == "1"
    assert list(folder.iterdir())
    assert not told.event.wait(QUIET)


def test_neighbours_are_no_events(told: Told, folder: Path, tmp_path: Path) -> None:
    """The directory around the folder is watched for the folder alone."""
    assert told.watch.follow(folder)
    told.settle()

    write(tmp_path, {"neighbour.yaml": "1"})
    assert not told.event.wait(QUIET)


def test_folder_that_is_not_there_cannot_be_watched(told: Told, tmp_path: Path) -> None:
    """The caller searches instead."""
    assert not told.watch.follow(tmp_path / "nowhere")


def test_loop_of_links_on_the_way_ends(told: Told, tmp_path: Path) -> None:
    """It leads nowhere."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    assert not told.watch.follow(tmp_path / "a" / "policies")


def test_limit_of_the_system_is_told_once(
    told: Told, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller searches instead, and the watch is tried again without further lines."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    with monkeypatch.context() as limited:
        limited.setattr(FolderWatch, "_schedule", refuse)
        assert not told.watch.follow(folder)
        assert not told.watch.follow(folder)

    (record,) = caplog.records
    assert record.getMessage().endswith("inotify watch limit reached")
    assert told.watch.follow(folder)
