"""The thread, the watch and the publisher together, on real files."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from configsvc.gitops.folder import Look
from configsvc.gitops.keeping import Head
from configsvc.gitops.outcome import Outcome, State
from configsvc.gitops.service import FolderService
from tests.gitops.folders import (
    MANAGER,
    Published,
    save_like_sed,
    save_like_vim,
    swap,
    timeout,
    write,
)
from tests.usecases.world import NAMESPACE, ROOT

SOON = 20.0
"""Seconds; a busy machine needs some."""


class Running:
    """A service over a folder, and the outcomes that it reported."""

    def __init__(self, published: Published) -> None:
        self.published = published
        self.outcomes: list[Outcome] = []
        self._reported = threading.Condition()
        self.service = FolderService(
            published.folder,
            attempt=published.publisher.attempt,
            head=self._head,
            report=self._report,
        )

    def expect(self, act: Callable[[], object], count: int = 1) -> list[Outcome]:
        """The outcomes that doing something leads to, as soon as there are so many."""
        before = len(self.outcomes)
        act()
        with self._reported:
            assert self._reported.wait_for(lambda: len(self.outcomes) >= before + count, SOON)
        return self.outcomes[before:]

    def _head(self) -> Head:
        head, _ = self.published.plane.inspector.namespace(ROOT, NAMESPACE)
        return (head.epoch, head.revision) if head else None

    def _report(self, outcome: Outcome) -> None:
        with self._reported:
            if outcome.state is not State.UNSETTLED:
                self.outcomes.append(outcome)
            self._reported.notify_all()


@pytest.fixture
def running(published: Published) -> Iterator[Running]:
    """A service that runs until the test ends."""
    running = Running(published)
    write(published.folder, {"a.yaml": timeout("a"), "b.yaml": timeout("b")})
    running.expect(running.service.start)
    yield running
    running.service.stop()


@pytest.mark.parametrize("save", [save_like_vim, save_like_sed, Path.write_text])
def test_saving_a_file_is_one_revision(
    running: Running, folder: Path, save: Callable[[Path, str], object]
) -> None:
    """However the editor goes about it; nothing is deleted on the way."""
    (outcome,) = running.expect(lambda: save(folder / "a.yaml", timeout("a", "9s")))

    assert (outcome.reason, outcome.revision) == ("put Timeout/a", 2)


def test_writing_many_files_is_one_revision(running: Running, folder: Path) -> None:
    """As a checkout does."""

    def check_out() -> None:
        for index in range(50):
            write(folder, {f"sub/{index}.yaml": timeout(f"t{index}")})
        (folder / "a.yaml").unlink()

    (outcome,) = running.expect(check_out)

    assert outcome.revision == 2
    assert outcome.reason.endswith("and 42 more; delete Timeout/a")


def test_kubernetes_swap_is_one_revision(running: Running, folder: Path) -> None:
    """All files change at once, by one link."""
    for name in ("a.yaml", "b.yaml"):
        (folder / name).unlink()
    first = {"a.yaml": timeout("a", "3s"), "b.yaml": timeout("b", "3s")}
    running.expect(lambda: swap(folder, "one", first))
    second = {"a.yaml": timeout("a", "4s"), "b.yaml": timeout("b", "4s")}
    (outcome,) = running.expect(lambda: swap(folder, "two", second))

    assert outcome.reason == "put Timeout/a, Timeout/b"


def test_folder_that_is_replaced_goes_on(running: Running, folder: Path) -> None:
    """It is unmounted, nothing is deleted; it is mounted again, and watched again."""
    elsewhere = folder.with_name("elsewhere")
    (gone,) = running.expect(lambda: folder.rename(elsewhere))
    assert gone.state is State.UNMOUNTED
    (back,) = running.expect(lambda: elsewhere.rename(folder))
    assert back.state is State.CURRENT
    (outcome,) = running.expect(lambda: write(folder, {"a.yaml": timeout("a", "9s")}))

    assert outcome.reason == "put Timeout/a"
    assert running.published.names() == {"a": MANAGER, "b": MANAGER}


def test_service_can_be_started_again(running: Running, folder: Path) -> None:
    """Between, nothing happens; then what changed meanwhile is published."""
    running.service.stop()
    running.service.stop()
    write(folder, {"a.yaml": timeout("a", "9s")})
    (outcome,) = running.expect(running.service.start)

    assert outcome.reason == "put Timeout/a"


def test_bug_that_an_edit_meets_does_not_end_the_watch(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, and the edit is tried again."""
    tries = threading.Semaphore(0)

    def attempt(_: Look, **__: bool) -> Outcome:
        tries.release()
        raise ZeroDivisionError("a bug")

    service = FolderService(folder, attempt=attempt, head=lambda: None, report=lambda _: None)
    with caplog.at_level(logging.ERROR):
        service.start()
        assert all(tries.acquire(timeout=SOON) for _ in range(2))
        service.stop()

    (record,) = caplog.records
    assert record.getMessage() == "folder not published: a bug"
    assert record.exc_info
