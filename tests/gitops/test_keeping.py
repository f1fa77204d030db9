"""When a folder is looked at, published, and tried again; with a clock that the test moves."""

from collections.abc import Callable
from pathlib import Path

import pytest

from configsvc.gitops.folder import Look
from configsvc.gitops.keeping import (
    HEAD_EVERY,
    RETRY_AFTER,
    SEARCH_EVERY,
    SEARCH_UNWATCHED_EVERY,
    Head,
    Keeper,
)
from configsvc.gitops.marker import MARKER
from configsvc.gitops.outcome import Outcome, State
from configsvc.gitops.settling import LONGEST, QUIET
from configsvc.store import StoreClosedError
from tests.gitops.folders import write


class Scene:
    """A keeper whose clock, watch, head and outcomes are the test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1000.0
        self.watched = True
        self.head: Head = ("epoch", 1)
        self.outcomes: list[State] = []
        self.taken: list[tuple[float, set[str], bool]] = []
        self.reported: list[State] = []
        self.trouble: Exception | None = None
        self.keeper = Keeper(
            folder,
            watch=self,
            attempt=self.attempt,
            head=self.read_head,
            report=lambda outcome: self.reported.append(outcome.state),
            clock=lambda: self.now,
        )

    def follow(self, _folder: Path) -> bool:
        """Whether events come."""
        return self.watched

    def stop(self) -> None:
        """Part of the port."""

    def read_head(self) -> Head:
        """The head, or what stands in the way."""
        if self.trouble:
            raise self.trouble
        return self.head

    def attempt(self, seen: Look, *, insist: bool) -> Outcome:
        """Note what is to be published, and say what the test wants."""
        self.taken.append((self.now, {file.name for file in seen.files}, insist))
        return Outcome(self.outcomes.pop(0) if self.outcomes else State.PUBLISHED)

    def run(self, seconds: float, each: Callable[[], None] = lambda: None) -> None:
        """Take the steps that are due for a while, as the thread would."""
        until = self.now + seconds
        while True:
            each()
            pause = self.keeper.step()
            if self.now + pause > until:
                self.now = until
                return
            self.now += max(pause, 1e-6)

    def change(self, name: str, text: str = "") -> None:
        """Write a file, and tell."""
        write(self.folder, {name: text})
        self.keeper.touch()


@pytest.fixture
def scene(folder: Path) -> Scene:
    """A scene over a mounted folder."""
    return Scene(folder)


def test_folder_is_published_at_the_start(scene: Scene) -> None:
    """It may have changed while nobody watched."""
    scene.run(2)

    assert scene.taken == [(1000.0 + QUIET, set(), False)]
    assert scene.reported == [State.PUBLISHED]


def test_nothing_happens_while_nothing_changes(scene: Scene) -> None:
    """Searching again and again publishes nothing."""
    scene.run(10 * SEARCH_EVERY)

    assert len(scene.taken) == 1


def test_several_changes_are_one_edit(scene: Scene) -> None:
    """Each within the quiet time after the one before."""
    scene.run(5)
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        scene.change(name)
        scene.run(QUIET * 0.8)
    scene.run(5)

    assert [files for _, files, _ in scene.taken] == [set(), {"a.yaml", "b.yaml", "c.yaml"}]


def test_edit_that_goes_on_silently_is_waited_for(scene: Scene) -> None:
    """Files that still differ when the quiet time ends have not settled, event or not."""
    scene.run(5)
    scene.change("a.yaml")
    scene.run(QUIET)
    write(scene.folder, {"b.yaml": ""})
    scene.run(QUIET * 0.5)
    assert len(scene.taken) == 1

    scene.run(5)
    assert [files for _, files, _ in scene.taken[1:]] == [{"a.yaml", "b.yaml"}]


def test_edit_that_never_ends_is_taken_in_the_end(scene: Scene) -> None:
    """And then insists on what is there."""
    scene.run(5)
    began = scene.now
    count = 0

    def scribble() -> None:
        nonlocal count
        count += 1
        scene.change("a.yaml", "#" * count)

    scene.run(LONGEST + 0.1, scribble)

    (at, _, insist) = scene.taken[1]
    assert insist
    assert began + LONGEST <= at <= began + LONGEST + QUIET


@pytest.mark.parametrize(
    ("watched", "bound"), [(True, SEARCH_EVERY), (False, SEARCH_UNWATCHED_EVERY)]
)
def test_change_that_nobody_tells_is_found(scene: Scene, *, watched: bool, bound: float) -> None:
    """Soon where changes are not told at all, and as a safety net where they are."""
    scene.watched = watched
    scene.run(1)
    write(scene.folder, {"a.yaml": ""})
    scene.run(bound + 2 * QUIET)

    assert [files for _, files, _ in scene.taken[1:]] == [{"a.yaml"}]


def test_refused_edit_is_tried_when_the_head_moves(scene: Scene) -> None:
    """And not before, however long that takes."""
    scene.outcomes = [State.REFUSED]
    scene.run(1000)
    assert len(scene.taken) == 1

    scene.head = ("epoch", 2)
    scene.run(HEAD_EVERY)
    assert len(scene.taken) == 2
    assert scene.reported == [State.REFUSED, State.PUBLISHED]


def test_refused_edit_is_tried_when_the_files_change(scene: Scene) -> None:
    """As any other edit."""
    scene.outcomes = [State.REFUSED, State.REFUSED]
    scene.run(10)
    scene.change("a.yaml")
    scene.run(10)

    assert len(scene.taken) == 2


def test_invalid_edit_is_tried_only_when_the_files_change(scene: Scene) -> None:
    """Nothing that happens to the namespace makes a file right."""
    scene.outcomes = [State.INVALID]
    scene.run(5)
    scene.head = ("epoch", 2)
    scene.run(100)
    assert len(scene.taken) == 1

    scene.change("a.yaml")
    scene.run(5)
    assert len(scene.taken) == 2


def test_delayed_edit_is_tried_again_soon(scene: Scene) -> None:
    """Until what stood in the way is gone."""
    scene.outcomes = [State.DELAYED, State.DELAYED]
    scene.run(QUIET + 2 * RETRY_AFTER + 0.1)

    assert scene.reported == [State.DELAYED, State.DELAYED, State.PUBLISHED]


def test_delayed_edit_gives_way_to_a_newer_one(scene: Scene) -> None:
    """What is moving again is taken when it has settled."""
    scene.outcomes = [State.DELAYED]
    scene.run(QUIET + RETRY_AFTER - 0.1)
    write(scene.folder, {"a.yaml": ""})
    scene.run(0.2)
    assert len(scene.taken) == 1

    scene.run(2)
    assert [files for _, files, _ in scene.taken[1:]] == [{"a.yaml"}]


def test_folder_that_moved_while_it_was_read_is_taken_again(scene: Scene) -> None:
    """After another quiet time."""
    scene.outcomes = [State.UNSETTLED]
    scene.run(3)

    assert [at for at, _, _ in scene.taken] == [1000.0 + QUIET, 1000.0 + 2 * QUIET]


def test_trouble_with_the_store_loses_no_edit(scene: Scene) -> None:
    """The step fails; a later one takes the edit."""
    scene.trouble = StoreClosedError()
    scene.keeper.step()
    scene.now += QUIET
    with pytest.raises(StoreClosedError):
        scene.keeper.step()

    scene.trouble = None
    scene.run(RETRY_AFTER)
    assert len(scene.taken) == 1


def test_mounting_is_noticed(scene: Scene) -> None:
    """A marker that comes or goes is a change like any other."""
    (scene.folder / MARKER).unlink()
    scene.watched = False
    scene.run(5)
    write(scene.folder, {MARKER: "name: policies"})
    scene.run(SEARCH_UNWATCHED_EVERY + 2 * QUIET)

    assert len(scene.taken) == 2
