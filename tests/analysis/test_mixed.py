"""A fleet that changes over: what is wrong between two revisions that are each clean."""

import pytest

from configsvc.analysis import Report, analyze, analyze_mixed
from configsvc.analysis.rules import ALL
from configsvc.resolve import Catalog
from tests.analysis.documents import TODAY, catalog_of, codes
from tests.examples.systems import SYSTEMS, Change, documents_of
from tests.examples.systems import catalog_of as catalog_of_values
from tests.examples.test_seeded_mistakes import MISTAKES

SERVICES = """\
kind: Service
metadata: {name: shop}
spec:
  capacity: {instances: 1, processes: 1, workers: 100, requestsPerSecond: 1000}
  operations:
    - name: buy
      ownTime: 1ms
      externalRate: 10
      calls: [{to: stock, operation: reserve}]
---
kind: Service
metadata: {name: stock}
spec:
  capacity: {instances: 1, processes: 1, workers: 100, requestsPerSecond: 1000}
  operations:
    - name: reserve
      match: {methods: [PUT], path: /reservations}
      ownTime: 100ms
      cancels: false
      honoursDeadline: false
---
kind: Timeout
metadata: {name: default}
spec: {target: {}, attempt: 500ms, overall: 500ms}
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """The documents with some texts replaced, each of which is there."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def over(before: Catalog, after: Catalog) -> Report:
    """What is wrong on the way from one to the other alone."""
    known = tuple(analyze(catalog, ALL, today=TODAY) for catalog in (before, after))
    return analyze_mixed(before, after, ALL, known=known, today=TODAY)


def clean_change(before: str, after: str) -> Report:
    """As `over`, for two texts that are clean by themselves."""
    catalogs = catalog_of(before), catalog_of(after)
    assert [codes(analyze(each, ALL, today=TODAY)) for each in catalogs] == [[], []]
    return over(*catalogs)


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_does_not_change_is_not_mixed(system: str) -> None:
    """A system beside itself has nothing that it does not have alone."""
    catalog = catalog_of_values(documents_of(system).values())

    assert over(catalog, catalog) == Report()


@pytest.mark.parametrize("change", list(MISTAKES)[::5], ids=lambda change: change.__name__)
def test_a_mistake_beside_itself_is_not_reported_twice(change: Change) -> None:
    """What both revisions have is theirs, and not of the mixture."""
    documents = documents_of(MISTAKES[change][0])
    change(documents)
    catalog = catalog_of_values(documents.values())

    assert over(catalog, catalog) == Report()


def test_old_callers_give_up_on_new_callees() -> None:
    """The callee may take longer now; callers that do not know it yet leave it working."""
    after = changed(SERVICES, ("ownTime: 100ms", "ownTime: 2s"), ("500ms", "3s"))
    (finding,) = clean_change(SERVICES, after).findings

    assert finding.code == "DL01"
    assert finding.old == "callers"
    assert "2s" in finding.message
    assert finding.message.endswith("(while old callers meet new callees)")
    assert finding.fix is None
    assert [place.label for place in finding.places] == [
        "timeout.attempt 500ms, in the old revision",
        "operation.ownTime part of the callee's work",
    ]


def test_new_callers_give_up_on_old_callees() -> None:
    """The other way round: the limits shrink together with the work, and not everywhere at once."""
    before = changed(SERVICES, ("ownTime: 100ms", "ownTime: 2s"), ("500ms", "3s"))
    (finding,) = clean_change(before, SERVICES).findings

    assert (finding.code, finding.old) == ("DL01", "callees")


def test_new_callers_exceed_what_old_callees_admit() -> None:
    """Sums over callers are compared with the other revision's limit."""
    limit = """\
---
kind: RateLimit
metadata: {name: admitted}
spec: {side: callee, target: {to: stock}, rate: {limit: 20, period: 1s}}
"""
    before = SERVICES + limit
    after = changed(before, ("externalRate: 10", "externalRate: 200"), ("limit: 20", "limit: 300"))
    (finding,) = clean_change(before, after).findings

    assert (finding.code, finding.old) == ("RL07", "callees")
    assert "200/s arrive" in finding.message
    assert "20/s are admitted" in finding.message


CHAIN = """\
kind: Service
metadata: {name: web}
spec: {operations: [{name: show, ownTime: 1ms, calls: [{to: shop, operation: list}]}]}
---
kind: Service
metadata: {name: shop}
spec:
  operations:
    - name: list
      match: {methods: [GET], path: /items}
      ownTime: 1ms
      cancels: true
      calls: [{to: stock, operation: read}]
---
kind: Service
metadata: {name: stock}
spec:
  operations:
    - {name: read, match: {methods: [GET], path: /stock}, ownTime: 1ms, cancels: true}
---
kind: Timeout
metadata: {name: default}
spec: {target: {}, attempt: 200ms, overall: 800ms}
---
kind: Timeout
metadata: {name: outer}
spec: {target: {to: shop}, attempt: 1s, overall: 4s}
---
kind: CircuitBreaker
metadata: {name: default}
spec: {target: {}}
---
kind: Retry
metadata: {name: once-more}
spec: {target: {to: shop}, attempts: 3, retryAfter: {honour: false}}
"""


def test_retries_stack_where_they_move_from_one_hop_to_the_next() -> None:
    """Old callers above still repeat what new callers below repeat already."""
    after = changed(CHAIN, ("{to: shop}, attempts", "{to: stock}, attempts"))
    (finding,) = clean_change(CHAIN, after).findings

    assert (finding.code, finding.old) == ("AM03", "some")
    assert finding.message.endswith("(while some instances are old and others new)")


def test_a_cycle_that_neither_revision_has() -> None:
    """A call that is turned round goes round while both of its directions are there."""
    before = changed(CHAIN, ("name: show,", "name: show, match: {methods: [GET], path: /show},"))
    after = changed(
        before,
        ("calls: [{to: shop, operation: list}]", "externalRate: 1"),
        ("calls: [{to: stock, operation: read}]", "calls: [{to: web, operation: show}]"),
    )
    found = over(catalog_of(before), catalog_of(after))

    assert "CG01" in codes(found)


def test_old_callers_call_what_new_callees_do_not_have() -> None:
    """An operation that is renamed together with its calls is missing on the way."""
    renamed = ("operation: reserve", "operation: hold"), ("name: reserve", "name: hold")
    after = changed(SERVICES, *renamed)
    found = clean_change(SERVICES, after).findings

    assert [(f.code, f.old) for f in found] == [("CG02", "callees"), ("CG02", "callers")]
    assert found[1].places[0].pointer == "/spec/operations/0/calls/0/operation"
    assert "operation 'reserve' of stock" in found[1].message


def test_a_waiver_of_the_new_revision_accepts_a_mixed_finding() -> None:
    """Who knows that the mixture is short-lived can say so."""
    waiver = """\
---
kind: Waiver
metadata: {name: for-a-day}
spec:
  code: DL01
  edge: {from: shop, to: stock}
  reason: the rollout takes an hour
  owner: team-shop
  expires: 2026-08-01
"""
    after = changed(SERVICES, ("ownTime: 100ms", "ownTime: 2s"), ("500ms", "3s")) + waiver
    found = over(catalog_of(SERVICES), catalog_of(after))

    assert (found.findings, [f.waived_by for f in found.waived]) == ((), ["for-a-day"])


def test_fingerprints_of_mixtures_are_their_own() -> None:
    """A baseline that knows a mixed finding does not hide the same one of a revision."""
    after = changed(SERVICES, ("ownTime: 100ms", "ownTime: 2s"), ("500ms", "3s"))
    found = clean_change(SERVICES, after)

    assert list(found.marks) == ["DL01 test shop -> stock reserve (old: callers)"]
