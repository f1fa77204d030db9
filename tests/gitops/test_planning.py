"""What an edit puts and deletes, as a function of the folder, its last edit, and the head."""

from hypothesis import given
from hypothesis import strategies as st

from configsvc.gitops.planning import Held, abbreviated, plan
from configsvc.model.names import Key, Kind

MINE, API = "folder:policies", "api"
A, B, C = (Key(Kind.TIMEOUT, name) for name in "abc")
OLD, NEW, OTHER = ("0" * 64, "1" * 64, "2" * 64)


def test_first_edit_puts_what_differs() -> None:
    """A folder that never published is compared with the head alone."""
    planned = plan({A: NEW, B: OLD}, None, {B: Held(OLD, MINE), C: Held(OLD, API)}, MINE)

    assert (planned.put, planned.delete, planned.adrift) == ((A,), (), ())


def test_first_edit_deletes_what_the_folder_manages() -> None:
    """What an earlier folder of the same name left behind goes, and nothing else."""
    planned = plan({}, None, {A: Held(OLD, MINE), B: Held(OLD, API)}, MINE)

    assert planned.delete == (A,)


def test_only_what_was_edited_is_put() -> None:
    """A document that differs at the head, but was not edited, is adrift and stays."""
    head = {A: Held(OLD, MINE), B: Held(OTHER, MINE)}

    planned = plan({A: NEW, B: NEW}, abbreviated({A: OLD, B: NEW}), head, MINE)

    assert (planned.put, planned.adrift) == ((A,), (B,))


def test_document_that_was_removed_is_deleted() -> None:
    """If the folder still manages it; what others took over or deleted is none of its business."""
    last = abbreviated({A: OLD, B: OLD, C: OLD})

    planned = plan({}, last, {A: Held(OLD, MINE), B: Held(OLD, API)}, MINE)

    assert (planned.put, planned.delete) == ((), (A,))


def test_what_a_rollback_brought_back_stays() -> None:
    """A resource that the folder neither has nor had in its last edit is not deleted by another."""
    planned = plan({A: NEW}, abbreviated({A: OLD}), {A: Held(OLD, MINE), B: Held(OLD, MINE)}, MINE)

    assert (planned.put, planned.delete) == ((A,), ())


def test_edit_that_the_head_has_already_is_nothing() -> None:
    """So is one whose resource is gone anyway."""
    planned = plan({A: NEW}, abbreviated({A: OLD, B: OLD}), {A: Held(NEW, MINE)}, MINE)

    assert not planned


def test_plan_says_what_it_does() -> None:
    """In few words, however much it is."""
    files = {Key(Kind.RETRY, f"r{index}"): NEW for index in range(10)}

    planned = plan(files, abbreviated({A: OLD}), {A: Held(OLD, MINE)}, MINE)

    names = ", ".join(f"Retry/r{index}" for index in range(8))
    assert str(planned) == f"put {names} and 2 more; delete Timeout/a"


KEYS = st.sampled_from([Key(Kind.TIMEOUT, name) for name in "abcdef"])
DIGESTS = st.sampled_from([OLD, NEW, OTHER])
FILES = st.dictionaries(KEYS, DIGESTS)


@given(FILES, st.none() | FILES, st.dictionaries(KEYS, st.builds(Held, DIGESTS, st.just(MINE))))
def test_plan_touches_only_edits_and_what_is_its_own(
    files: dict[Key, str], last: dict[Key, str] | None, head: dict[Key, Held]
) -> None:
    """Unchanged documents are never put, present ones never deleted, foreign ones never deleted."""
    planned = plan(files, None if last is None else abbreviated(last), head, MINE)

    assert all(last is None or last.get(key) != files[key] for key in planned.put)
    assert not set(planned.delete) & files.keys()
    assert not plan(files, last and abbreviated(last), head, "folder:other").delete
    if last == files:
        assert not planned
