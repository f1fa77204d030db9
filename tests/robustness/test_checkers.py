"""Each checker accepts what is right and finds what was planted."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configsvc.store import Event, WatchBatch
from tests.robustness.linearizability import Operation, Outcome, is_linearizable
from tests.store.histories import assert_guarantees

READ, WRITTEN, REFUSED, UNKNOWN = Outcome.READ, Outcome.WRITTEN, Outcome.REFUSED, Outcome.UNKNOWN

HISTORY = {
    1: frozenset({("/a", b"1")}),
    2: frozenset({("/a", b"2"), ("/b", b"2")}),
    4: frozenset({("/b", None)}),
}
BATCHES = [
    WatchBatch((Event("/a", b"1", 1), Event("/a", b"2", 2), Event("/b", b"2", 2)), 3),
    WatchBatch((Event("/b", None, 4),), 4),
]


def test_a_good_watch_is_accepted() -> None:
    """Two batches of whole revisions."""
    assert_guarantees(BATCHES, HISTORY, "/", 0)


def swapped(batches: Sequence[WatchBatch]) -> list[WatchBatch]:
    """Not ordered: the newer batch comes first."""
    return [*batches[::-1]]


def repeated(batches: Sequence[WatchBatch]) -> list[WatchBatch]:
    """Not unique: a batch comes again."""
    return [*batches, batches[-1]]


def torn(batches: Sequence[WatchBatch]) -> list[WatchBatch]:
    """Not atomic: a revision comes in part."""
    return [replace(batches[0], events=batches[0].events[:2]), *batches[1:]]


def lost(batches: Sequence[WatchBatch]) -> list[WatchBatch]:
    """Not reliable: a revision never comes."""
    return [*batches[:1]]


def early(batches: Sequence[WatchBatch]) -> list[WatchBatch]:
    """Not bookmarkable: the bookmark promises what comes only later."""
    return [replace(batches[0], progress=4), *batches[1:]]


def altered(batches: Sequence[WatchBatch]) -> list[WatchBatch]:
    """Another value than was written."""
    return [*batches[:1], WatchBatch((Event("/b", b"x", 4),), 4)]


@pytest.mark.parametrize("harm", [swapped, repeated, torn, lost, early, altered])
def test_a_watch_that_breaks_a_promise_is_found(
    harm: Callable[[Sequence[WatchBatch]], list[WatchBatch]],
) -> None:
    """Whichever it is."""
    with pytest.raises(AssertionError):
        assert_guarantees(harm(BATCHES), HISTORY, "/", 0)


def test_a_watch_that_resumes_too_early_is_found() -> None:
    """Resumable: what was delivered before the bookmark does not come again."""
    with pytest.raises(AssertionError):
        assert_guarantees(BATCHES, HISTORY, "/", 1)


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([], True),
        ([Operation(0, 1, READ, None)], True),
        ([Operation(0, 1, READ, "a")], False),  # nobody wrote it
        ([Operation(0, 1, WRITTEN, "a"), Operation(2, 3, READ, "a")], True),
        ([Operation(0, 1, WRITTEN, "a"), Operation(2, 3, READ, None)], False),  # stale
        ([Operation(0, 3, WRITTEN, "a"), Operation(1, 2, READ, None)], True),  # at once
        ([Operation(0, 3, WRITTEN, "a"), Operation(1, 2, READ, "a")], True),
        (
            [  # seen, and then not: it went back
                Operation(0, 9, WRITTEN, "a"),
                Operation(1, 2, READ, "a"),
                Operation(3, 4, READ, None),
            ],
            False,
        ),
        (
            [  # both succeed over the same state: a lost update
                Operation(0, 9, WRITTEN, "a"),
                Operation(0, 9, WRITTEN, "b"),
            ],
            False,
        ),
        ([Operation(0, 9, WRITTEN, "a"), Operation(0, 9, WRITTEN, "b", "a")], True),
        ([Operation(0, 1, REFUSED, None, None)], False),  # it held what was expected
        ([Operation(0, 1, WRITTEN, "a"), Operation(2, 3, REFUSED, None, None)], True),
        ([Operation(0, 1, UNKNOWN, "a"), Operation(5, 6, READ, "a")], True),  # it happened
        ([Operation(0, 1, UNKNOWN, "a"), Operation(5, 6, READ, None)], True),  # not, or later
        (
            [  # it happened, and was undone
                Operation(0, 1, UNKNOWN, "a"),
                Operation(5, 6, READ, "a"),
                Operation(7, 8, READ, None),
            ],
            False,
        ),
        ([Operation(5, 6, UNKNOWN, "a"), Operation(0, 1, READ, "a")], False),  # before its call
    ],
)
def test_histories_are_told_apart(operations: list[Operation], *, expected: bool) -> None:
    """Those that one order explains, and those that none does."""
    assert is_linearizable(operations) is expected


@given(st.lists(st.sampled_from(["read", "write", "refused"]), max_size=40), st.randoms())
def test_a_history_from_one_register_is_accepted(kinds: list[str], chance: object) -> None:
    """However the operations overlap, as long as each took effect between call and answer."""
    uniform = chance.uniform  # type: ignore[attr-defined]
    held: str | None = None
    operations = []
    for instant, kind in enumerate(kinds):
        called, answered = instant - uniform(0, 3), instant + uniform(0, 3)
        if kind == "write":
            token = str(instant)
            operations.append(Operation(called, answered, WRITTEN, token, held))
            held = token
        elif kind == "read":
            operations.append(Operation(called, answered, READ, held))
        else:
            operations.append(Operation(called, answered, REFUSED, None, "another"))
    assert is_linearizable(operations)
    if held is not None:
        late = Operation(len(kinds) + 9.0, len(kinds) + 10.0, READ, None)
        assert not is_linearizable([*operations, late])
