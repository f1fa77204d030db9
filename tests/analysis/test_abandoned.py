"""Work that goes on for nobody: reckoned from one hop to the next."""

from math import inf

from configsvc.analysis.abandoned import Abandoned
from configsvc.analysis.binding import binding_path
from configsvc.analysis.bounds import Bounds
from configsvc.analysis.interval import ZERO, Range
from configsvc.analysis.system import System
from tests.analysis.documents import system_of, values_of

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
      ownTime: 100ms
      cancels: SHOP
      honoursDeadline: false
      calls: [{to: stock, operation: read}]
---
kind: Service
metadata: {name: stock}
spec:
  operations:
    - {name: read, match: {methods: [GET], path: /stock}, ownTime: 5s, cancels: STOCK, honoursDeadline: false}
---
kind: Timeout
metadata: {name: outer}
spec: {target: {to: shop}, attempt: 1s, overall: 1s}
---
kind: Timeout
metadata: {name: inner}
spec: {target: {to: stock}, attempt: 2s, overall: 2s}
"""  # noqa: E501 - documents


def work_of(text: str, *, shop: str = "false", stock: str = "false") -> dict[str, Range]:
    """What goes on below each edge, by its callee, and below the way in."""
    system = system_of(values_of(text.replace("SHOP", shop).replace("STOCK", stock)))
    found = Abandoned.of(system, Bounds(system))
    by_callee = {edge.id.callee: found.after(edge) for edge in system.edges}
    time, edge = found.below(("web", "show"))
    return {**by_callee, "worst": time, f"below {edge and edge.callee}": time}


def long_chain() -> System:
    """Sixty calls one below the other, of which nothing is declared."""
    services = [
        f"kind: Service\nmetadata: {{name: s{n}}}\nspec:\n  operations:\n"
        f"    - {{name: do, calls: [{{to: s{n + 1}, operation: do}}]}}\n"
        for n in range(60)
    ]
    last = "kind: Service\nmetadata: {name: s60}\nspec: {operations: [{name: do}]}\n"
    limits = "kind: Timeout\nspec: {target: {}, attempt: 1s, overall: 1s}\n"
    return system_of(values_of("---\n".join((*services, last, limits))))


def test_a_callee_that_nothing_stops_works_to_its_end() -> None:
    """Its longest work, without the time that its caller gave it."""
    found = work_of(CHAIN, shop="true")

    assert found["stock"] == Range.exactly(3_000_000)


def test_what_a_callee_gave_up_itself_goes_on_as_well() -> None:
    """2.1 s of the shop and 3 s more of the stock, of which the caller waited for 1 s."""
    found = work_of(CHAIN)

    assert found["shop"] == Range.exactly(2_100_000 + 3_000_000 - 1_000_000)
    assert found["below shop"] == found["shop"]


def test_a_callee_that_stops_leaves_what_it_called() -> None:
    """Given up just after its call, it leaves all of the call's work behind."""
    found = work_of(CHAIN, shop="true")

    assert found["shop"] == Range.exactly(5_000_000)


def test_nothing_goes_on_where_everybody_stops() -> None:
    """Whoever hangs up ends all of it."""
    found = work_of(CHAIN, shop="true", stock="true")

    assert (found["shop"], found["stock"], found["below None"]) == (ZERO, ZERO, ZERO)


def test_a_deadline_that_is_honoured_stops_as_well() -> None:
    """The header says when the caller gives up."""
    text = CHAIN.replace("cancels: STOCK, honoursDeadline: false", "honoursDeadline: true")

    assert work_of(text, shop="true")["stock"] == ZERO


def test_a_caller_that_waits_long_enough_abandons_nothing() -> None:
    """A limit of exactly the longest work is long enough."""
    patient = CHAIN.replace("attempt: 2s, overall: 2s", "attempt: 5s, overall: 5s")
    hasty = CHAIN.replace("attempt: 2s, overall: 2s", "attempt: 4999999us, overall: 5s")

    assert work_of(patient)["stock"] == ZERO
    assert work_of(hasty)["stock"] == Range.exactly(1)


def test_the_overall_limit_may_cut_the_last_attempt_short() -> None:
    """With less than the floor left none starts: 10 ms where no median is declared."""
    retry = """\
---
kind: Retry
metadata: {name: again}
spec: {target: {to: stock}, attempts: 2, backoff: {base: 1ms}, retryAfter: {honour: false}}
"""

    assert work_of(CHAIN + retry)["stock"] == Range.exactly(5_000_000 - 10_000)


def test_unknown_whether_it_stops_is_an_interval() -> None:
    """From nothing to all of it, and what would tell."""
    found = work_of(CHAIN.replace(", cancels: STOCK, honoursDeadline: false", ""))

    assert (found["stock"].low, found["stock"].high) == (0, 3_000_000)
    assert found["stock"].missing == {"operation.cancels", "operation.honoursDeadline"}


def test_in_a_cycle_it_is_unknown() -> None:
    """Nothing is followed round and round."""
    text = CHAIN.replace(
        "{name: read, match: {methods: [GET], path: /stock}, ownTime: 5s,",
        "{name: read, calls: [{to: shop, operation: list}], ownTime: 5s,",
    )
    found = work_of(text)

    assert found["worst"].high == inf
    assert found["worst"].missing == {"the work in the cycle through shop"}


def test_a_deep_chain_names_the_nearest_gap_only() -> None:
    """What is missing does not pile up from hop to hop."""
    system = long_chain()
    time, _ = Abandoned.of(system, Bounds(system)).below(("s0", "do"))

    assert len(time.missing) < 5


def test_binding_path_of_a_long_chain_is_cut() -> None:
    """Fifty hops are told."""
    system = long_chain()

    assert len(binding_path(system, Bounds(system), ("s0", "do"))) == 50


def test_binding_path_leads_over_the_slowest_calls() -> None:
    """From the way in down, and not round in circles."""
    system = system_of(values_of(CHAIN.replace("SHOP", "true").replace("STOCK", "true")))
    path = binding_path(system, Bounds(system), ("web", "show"))

    assert [str(edge) for edge in path] == ["web -> shop list", "shop -> stock read"]
