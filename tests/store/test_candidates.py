"""Candidates: content beside the head, built, kept, promoted and given up, on every backend."""

import pytest

from configsvc.store import (
    CandidateStep,
    Head,
    InvalidTransactionError,
    Move,
    Namespaces,
    Staged,
    UnknownRevisionError,
)
from tests.store.fakes import digest

A1, A2, A3 = b'{"a":1}', b'{"a":2}', b'{"a":3}'
B1, B2 = b'{"b":1}', b'{"b":2}'


def step(move: Move, state: str = "", **fields: object) -> Staged:
    """Return a change that moves the candidate."""
    return Staged("ada", "because", step=CandidateStep(move, state), **fields)  # type: ignore[arg-type]


@pytest.fixture
def first(namespaces: Namespaces) -> Head:
    """The head after a first change of two resources and their bundles."""
    change = Staged(
        "ada",
        "because",
        puts={"Retry/a": A1, "Retry/b": B1},
        bundles={"score": b"S1", "match": b"M1"},
    )
    return namespaces.commit("prod", None, change).head


@pytest.fixture
def rolling(namespaces: Namespaces, first: Head) -> Head:
    """The head while a change of one resource and one bundle is rolled out."""
    change = step(Move.BUILD, "one", puts={"Retry/a": A2}, bundles={"score": b"S2"})
    return namespaces.commit("prod", first, change).head


def versions(namespaces: Namespaces, head: Head) -> dict[str, tuple[str, int]]:
    """Return digest and version of each bundle in force at a head."""
    return {name: (item.digest, item.revision) for name, item in namespaces.bundles(head).items()}


def test_a_candidate_leaves_the_head_as_it_is(
    namespaces: Namespaces, first: Head, rolling: Head
) -> None:
    """Its revision is one of its own; what is in force for everybody else does not change."""
    assert (rolling.revision, rolling.manifest, rolling.bundles) == (
        2,
        first.manifest,
        first.bundles,
    )
    assert namespaces.snapshot("prod").documents() == {"Retry/a": A1, "Retry/b": B1}
    assert rolling.candidate is not None
    assert (rolling.candidate.revision, rolling.candidate.built) == (2, 2)


def test_a_candidate_has_the_change_on_top_of_the_head(
    namespaces: Namespaces, rolling: Head
) -> None:
    """Its tables have the changed resource and bundle at the revision that began it."""
    assert rolling.candidate is not None
    table = dict(namespaces.manifest(rolling.candidate.manifest).items())
    assert (table["Retry/a"].digest, table["Retry/a"].revision) == (digest(A2), 2)
    assert (table["Retry/b"].digest, table["Retry/b"].revision) == (digest(B1), 1)


def test_only_changed_bundles_are_touched(namespaces: Namespaces, rolling: Head) -> None:
    """A service whose bundle is the same in both is not concerned."""
    assert rolling.candidate is not None
    touched = namespaces.touched("prod", rolling.candidate)
    assert {name: item.revision for name, item in touched.items()} == {"score": 2}


def test_what_a_change_of_the_head_touches_is_not_the_candidates(
    namespaces: Namespaces, rolling: Head
) -> None:
    """A later change of another service does not become part of the rollout."""
    change = step(Move.KEEP, "suspended", puts={"Retry/b": B2}, bundles={"match": b"M2"})
    head = namespaces.commit("prod", rolling, change).head
    assert head.candidate is not None
    assert set(namespaces.touched("prod", head.candidate)) == {"score"}
    assert namespaces.snapshot("prod").documents() == {"Retry/a": A1, "Retry/b": B2}


def test_a_kept_candidate_gets_another_state_and_a_revision(
    namespaces: Namespaces, rolling: Head
) -> None:
    """The state changes, the content does not."""
    head = namespaces.commit("prod", rolling, step(Move.KEEP, "two")).head
    assert head.revision == 3
    assert head.candidate is not None
    assert rolling.candidate is not None
    assert (head.candidate.state, head.candidate.manifest) == ("two", rolling.candidate.manifest)
    assert namespaces.rollout("prod", 2) == head.candidate


def test_a_promoted_candidate_is_the_head(namespaces: Namespaces, rolling: Head) -> None:
    """Its tables become the head's, whose bundles are new by that revision."""
    outcome = namespaces.commit("prod", rolling, step(Move.PROMOTE, "promoted"))
    assert (outcome.head.revision, outcome.head.candidate) == (3, None)
    assert outcome.resources == {"Retry/a"}
    assert outcome.services == {"score"}
    assert versions(namespaces, outcome.head)["score"] == (digest(b"S2"), 3)
    assert namespaces.snapshot("prod").document("Retry/a") == A2
    assert namespaces.rollout("prod", 2).state == "promoted"


def test_an_abort_is_a_newer_version_of_the_former_content(
    namespaces: Namespaces, rolling: Head
) -> None:
    """Whoever held the candidate goes forward in versions to what it had; others keep theirs."""
    head = namespaces.commit("prod", rolling, step(Move.ABORT, "aborted")).head
    assert (head.revision, head.candidate) == (3, None)
    assert versions(namespaces, head) == {
        "score": (digest(b"S1"), 3),
        "match": (digest(b"M1"), 1),
    }
    assert namespaces.rollout("prod", 2).state == "aborted"


def test_a_candidate_built_again_keeps_its_name(namespaces: Namespaces, rolling: Head) -> None:
    """It stands on the new head; its bundles are newer than those held before."""
    change = step(Move.KEEP, "suspended", puts={"Retry/b": B2}, bundles={"score": b"S3"})
    moved = namespaces.commit("prod", rolling, change).head
    again = step(Move.BUILD, "two", puts={"Retry/a": A2}, bundles={"score": b"S4"})
    head = namespaces.commit("prod", moved, again).head
    assert head.candidate is not None
    assert (head.candidate.revision, head.candidate.built) == (2, 4)
    touched = namespaces.touched("prod", head.candidate)
    assert touched["score"] == (digest(b"S4"), 4)
    assert dict(namespaces.manifest(head.candidate.manifest).items())["Retry/b"].revision == 3


def test_a_service_that_a_rebuilt_candidate_spares_goes_back_by_a_newer_version(
    namespaces: Namespaces, rolling: Head
) -> None:
    """Those who held the candidate's bundle are offered the head's above it."""
    head = namespaces.commit(
        "prod", rolling, step(Move.BUILD, "two", puts={"Retry/a": A3}, bundles={"match": b"M2"})
    ).head
    assert head.candidate is not None
    assert set(namespaces.touched("prod", head.candidate)) == {"match"}
    assert versions(namespaces, head)["score"] == (digest(b"S1"), 3)


def test_a_service_that_the_candidate_alone_has_is_gone_after_an_abort(
    namespaces: Namespaces, first: Head
) -> None:
    """The head never had it."""
    rolling = namespaces.commit("prod", first, step(Move.BUILD, "one", bundles={"new": b"N"})).head
    head = namespaces.commit("prod", rolling, step(Move.ABORT)).head
    assert "new" not in versions(namespaces, head)


def test_a_namespace_without_a_revision_has_no_candidate(namespaces: Namespaces) -> None:
    """Nobody holds anything that a part of the fleet could differ from."""
    with pytest.raises(InvalidTransactionError, match="has no revision yet: publish its first"):
        namespaces.commit("prod", None, step(Move.BUILD, puts={"Retry/a": A1}))


@pytest.mark.parametrize("move", [Move.KEEP, Move.PROMOTE, Move.ABORT])
def test_without_a_candidate_there_is_nothing_to_move(
    namespaces: Namespaces, first: Head, move: Move
) -> None:
    """The store refuses it; the namespace stays as it is."""
    with pytest.raises(InvalidTransactionError, match="rolls nothing out"):
        namespaces.commit("prod", first, step(move))
    assert namespaces.head("prod") == first


def test_rollouts_are_listed_newest_first(namespaces: Namespaces, rolling: Head) -> None:
    """Those that ended stay in the list."""
    aborted = namespaces.commit("prod", rolling, step(Move.ABORT, "aborted")).head
    namespaces.commit("prod", aborted, step(Move.BUILD, "one", puts={"Retry/a": A3}))
    assert [each.revision for each in namespaces.rollouts("prod")] == [4, 2]
    assert [each.revision for each in namespaces.rollouts("prod", before=4)] == [2]
    assert [each.revision for each in namespaces.rollouts("prod", limit=1)] == [4]


@pytest.mark.usefixtures("rolling")
@pytest.mark.parametrize("revision", [0, 1, 7])
def test_a_revision_that_began_no_rollout_is_refused(namespaces: Namespaces, revision: int) -> None:
    """The error names it."""
    with pytest.raises(UnknownRevisionError):
        namespaces.rollout("prod", revision)


def test_a_revision_keeps_what_was_proposed(namespaces: Namespaces, rolling: Head) -> None:
    """History can show the content of a candidate that was given up."""
    assert rolling.candidate is not None
    namespaces.commit("prod", rolling, step(Move.ABORT))
    assert namespaces.record("prod", 2).candidate == rolling.candidate.manifest
    assert namespaces.record("prod", 3).candidate is None


def test_a_table_tells_what_was_renumbered(namespaces: Namespaces, rolling: Head) -> None:
    """To whoever asks for that; a digest that stayed is no difference to others."""
    head = namespaces.commit("prod", rolling, step(Move.ABORT)).head
    before, after = namespaces.bundles(rolling), namespaces.bundles(head)
    assert before.differences(after) == ()
    assert [each.key for each in before.differences(after, restamped=True)] == ["score"]
