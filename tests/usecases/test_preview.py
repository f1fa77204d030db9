"""What a check tells before anything is written."""

import pytest

from configsvc.model.quantities import parse_duration
from configsvc.usecases import Preview
from tests.usecases.world import (
    BROKEN_TIMEOUT,
    NAMESPACE,
    VIEWER,
    Json,
    World,
    change,
    document,
    service,
    timeout,
    waiver,
)


def check(world: World, *put: Json, **options: object) -> Preview:
    """Check a change as somebody who may only read."""
    return world.plane.publisher.check(VIEWER, NAMESPACE, change(*put, **options))


def test_changed_edge_has_fields_with_sources(world: World) -> None:
    """Each effective field that differs is told with both values and where the new one is from."""
    preview = check(world, timeout("score", "200ms", overall="1s", to="score"))

    (edge,) = preview.edges.edges
    assert (str(edge.edge), edge.change) == ("player -> score get", "changed")
    (attempt, overall) = edge.fields
    assert (attempt.path, attempt.before, attempt.after) == (
        "Timeout.attempt",
        parse_duration("500ms"),
        parse_duration("200ms"),
    )
    assert [(str(s.resource), s.pointer) for s in overall.sources] == [
        ("Timeout/score", "/spec/overall")
    ]


def test_changed_edge_has_bounds(world: World) -> None:
    """The longest that a call takes, before and after."""
    (edge,) = check(world, timeout(attempt="300ms", overall="1s")).edges.edges

    assert edge.before is not None
    assert edge.after is not None
    assert edge.before.worst_case.high == parse_duration("500ms")
    assert edge.after.worst_case.high == parse_duration("300ms")


def test_copies_of_a_retry_are_bounded(world: World) -> None:
    """Two attempts are at most two requests at the callee."""
    retry = document(
        "Retry", "r", {"target": {"to": "score"}, "attempts": 2, "retryOn": ["timeout"]}
    )

    (edge,) = check(world, timeout(attempt="300ms"), retry).edges.edges

    assert edge.before is not None
    assert edge.after is not None
    assert (edge.before.copies.high, edge.after.copies.high) == (1, 2)


def test_edges_come_and_go(world: World) -> None:
    """An edge on one side alone is added or removed, and has bounds there alone."""
    preview = check(world, service("player", "other"), service("other"))

    changes = {each.edge.callee: each for each in preview.edges.edges}
    assert (changes["other"].change, changes["score"].change) == ("added", "removed")
    assert changes["other"].before is None
    assert changes["score"].after is None


def test_check_goes_on_past_what_cannot_be_read(world: World) -> None:
    """Broken documents are told together with the findings of the others."""
    preview = check(world, timeout("bad", "5"), BROKEN_TIMEOUT)

    assert [error.pointer for error in preview.errors] == ["/spec/attempt"]
    assert [finding.code for finding in preview.judgement.blocking] == ["RT01"]
    assert not preview.publishable


def test_resolved_findings_are_told(world: World) -> None:
    """What a change mends is not open any more."""
    unmended = check(world, document("Timeout", "idle", {"target": {}, "connect": "3s"}))

    assert not unmended.judgement.resolved
    assert {finding.code for finding in unmended.judgement.added} == {"RT09"}


def test_errors_that_need_a_waiver_of_an_admin_are_told(world: World) -> None:
    """A check by a viewer says which errors only an admin could accept."""
    preview = check(world, BROKEN_TIMEOUT, waiver("w", "RT01"))

    assert [finding.code for finding in preview.judgement.newly_waived_errors] == ["RT01"]
    assert preview.publishable


@pytest.mark.parametrize("count", [3])
def test_list_of_edges_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """A change of many edges lists the first and says how many there are."""
    monkeypatch.setattr("configsvc.usecases.edge_changes.MAX_EDGES", count - 1)
    world.publish(service("player", "score", "b", "c"), service("b"), service("c"))

    edges = check(world, timeout(attempt="300ms")).edges

    assert (len(edges.edges), edges.total) == (count - 1, count)
