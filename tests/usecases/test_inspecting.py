"""Looking at namespaces."""

import pytest

from configsvc.access import ForbiddenError, Role
from configsvc.model.names import Key, Kind
from configsvc.store import UnknownRevisionError
from configsvc.usecases import Query
from configsvc.usecases.errors import (
    UnknownEdgeError,
    UnknownNamespaceError,
    UnknownResourceError,
)
from tests.usecases.world import (
    ADMIN,
    EDITOR,
    NAMESPACE,
    VIEWER,
    World,
    principal,
    service,
    timeout,
)

TIMEOUT = Key.parse("Timeout/default")


def test_resource_is_what_was_admitted(world: World) -> None:
    """The canonical document with its digest and the revision that put it there."""
    world.publish(service("other"))

    stored = world.plane.inspector.resource(VIEWER, NAMESPACE, TIMEOUT)

    assert stored.revision == 1
    assert stored.document.startswith(b'{"apiVersion":"configsvc/v1","kind":"Timeout"')


def test_resource_at_a_former_revision(world: World) -> None:
    """History keeps every document."""
    world.publish(timeout(attempt="1s"))

    stored = world.plane.inspector.resource(VIEWER, NAMESPACE, TIMEOUT, 1)

    assert b'"500ms"' in stored.document


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (Query(), ["extra", "player", "score", "default"]),
        (Query(Kind.TIMEOUT), ["default"]),
        (Query(labels={"team": "x"}), ["extra"]),
        (Query(labels={"team": "y"}), []),
        (Query(revision=1), ["player", "score", "default"]),
    ],
)
def test_resources_are_filtered(world: World, query: Query, names: list[str]) -> None:
    """By kind, by every one of some labels, and at a revision."""
    world.publish(service("extra", team="x"))

    found = world.plane.inspector.resources(VIEWER, NAMESPACE, query)

    assert [each.key.name for each in found] == names


def test_history_is_paged_newest_first(world: World) -> None:
    """A page ends where the next one begins."""
    for milliseconds in range(101, 105):
        world.publish(timeout(attempt=f"{milliseconds}ms"))
    history = world.plane.inspector.history

    first = history(VIEWER, NAMESPACE, limit=2)
    second = history(VIEWER, NAMESPACE, before=first[-1].number, limit=2)

    assert [record.number for record in (*first, *second)] == [5, 4, 3, 2]


def test_diff_has_both_sides(world: World) -> None:
    """Documents before and after, None where a resource is absent."""
    world.publish(timeout(attempt="1s"), service("extra"), delete=[])

    found = {str(d.key): d for d in world.plane.inspector.diff(VIEWER, NAMESPACE, 1, 2)}

    assert found.keys() == {"Service/extra", "Timeout/default"}
    assert found["Service/extra"].before is None
    assert b'"500ms"' in (found["Timeout/default"].before or b"")


def test_findings_of_a_change_are_kept(world: World) -> None:
    """The report of the time when it was made lies with the change."""
    _, report = world.plane.inspector.change(VIEWER, NAMESPACE, 1)

    assert report is not None
    assert b'"findings"' in report


@pytest.mark.parametrize(
    ("edge", "what"),
    [
        (("nobody", "score", "get"), "caller 'nobody'"),
        (("player", "nobody", "get"), "callee 'nobody'"),
        (("player", "score", "put"), "operation of score 'put'"),
    ],
)
def test_unknown_edge_says_which_name(world: World, edge: tuple[str, str, str], what: str) -> None:
    """The refusal names the part that is wrong, and what is known."""
    with pytest.raises(UnknownEdgeError, match=f"{what} does not exist .* known: "):
        world.plane.inspector.edge(VIEWER, NAMESPACE, *edge)


def test_unknown_things_are_told_apart(world: World) -> None:
    """A namespace, a revision, a resource: each is missing in its own words."""
    inspector = world.plane.inspector
    with pytest.raises(UnknownNamespaceError, match="holds nothing yet"):
        inspector.graph(principal(Role.VIEWER, "dev"), "dev")
    with pytest.raises(UnknownRevisionError):
        inspector.resource(VIEWER, NAMESPACE, TIMEOUT, 9)
    with pytest.raises(UnknownResourceError, match="Retry/x does not exist at revision 1"):
        inspector.resource(VIEWER, NAMESPACE, Key.parse("Retry/x"))


def test_reader_sees_the_own_namespaces(world: World) -> None:
    """Others are neither listed nor readable, whether they exist or not."""
    stranger = principal(Role.ADMIN, "dev")

    assert world.plane.inspector.namespaces(stranger) == ()
    for namespace in (NAMESPACE, "nothing"):
        with pytest.raises(ForbiddenError):
            world.plane.inspector.graph(stranger, namespace)


def test_audit_is_for_admins_and_paged(world: World) -> None:
    """Newest first; the cursor of the last entry leads on."""
    world.clock.advance(1)
    world.publish(timeout(attempt="1s"))
    audit = world.plane.inspector.audit

    ((cursor, newest),) = audit(ADMIN, NAMESPACE, limit=1)
    ((_, oldest),) = audit(ADMIN, NAMESPACE, before=cursor, limit=1)

    assert (newest.revision, oldest.revision) == (2, 1)
    assert newest.detail == {"message": "a reason", "put": "1", "delete": "0"}
    with pytest.raises(ForbiddenError):
        audit(EDITOR, NAMESPACE)
