"""Bounds of a whole graph, before and after a change."""

from math import inf

from configsvc.analysis.interval import Range
from configsvc.resolve import Catalog
from configsvc.schema import load_text, read
from configsvc.usecases.bound_changes import bound_changes

SERVICES = """\
apiVersion: configsvc/v1
kind: Service
metadata: {name: front}
spec: {operations: [{name: show, calls: [{to: back, operation: find}], ownTime: 5ms}]}
---
apiVersion: configsvc/v1
kind: Service
metadata: {name: back}
spec: {operations: [{name: find, idempotent: true, ownTime: 5ms}]}
---
apiVersion: configsvc/v1
kind: Timeout
metadata: {name: bounded}
spec: {target: {}, attempt: 1s}
"""
TWICE = """\
---
apiVersion: configsvc/v1
kind: Retry
metadata: {name: twice}
spec:
  target: {}
  attempts: 2
  backoff: {base: 1ms, max: 1ms}
  retryAfter: {honour: false}
"""


def catalog(text: str) -> Catalog:
    """The catalog of some documents."""
    loaded = load_text(text, origin="test", syntax="yaml")
    return Catalog.of([read(document) for document in loaded.documents])


def test_nothing_moves_without_a_change() -> None:
    """Equal graphs have equal bounds."""
    found = bound_changes(catalog(SERVICES), catalog(SERVICES + "---\n"))

    assert (found.ways_in, found.amplifications) == ((), ())


def test_a_way_in_gets_slower() -> None:
    """Only operations that nobody inside calls are listed, with both bounds."""
    (change,) = bound_changes(catalog(SERVICES), catalog(SERVICES + TWICE)).ways_in

    assert (change.node, change.operation) == ("front", "show")
    assert change.before is not None
    assert change.after is not None
    assert change.before.longest == Range.exactly(1_005_000)
    assert change.after.longest == Range.exactly(2_006_000)
    assert [str(edge) for edge in change.after.path] == ["front -> back find"]


def test_requests_multiply_on_the_way() -> None:
    """The path leads from the first edge that multiplies to the operation."""
    before, after = catalog(SERVICES), catalog(SERVICES + TWICE)
    (more,) = bound_changes(before, after).amplifications
    (less,) = bound_changes(after, before).amplifications

    assert ([str(edge) for edge in more.path], more.before, more.after) == (
        ["front -> back find"],
        1,
        2,
    )
    assert (less.path, less.before, less.after) == (more.path, 2, 1)


def test_what_is_gone_has_no_bound_afterwards() -> None:
    """An empty graph has no way in."""
    (change,) = bound_changes(catalog(SERVICES), catalog("")).ways_in

    assert change.after is None


def test_without_a_bound_the_time_is_infinite() -> None:
    """A call that may wait for ever makes its way in wait for ever."""
    unbounded = SERVICES.rpartition("---\n")[0]
    (change,) = bound_changes(catalog(SERVICES), catalog(unbounded)).ways_in

    assert change.after is not None
    assert change.after.longest.high == inf
