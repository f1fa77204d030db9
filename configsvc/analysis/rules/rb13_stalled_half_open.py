"""RB13: a breaker that does not find its way out of half-open."""

from math import inf

from configsvc.analysis.arithmetic import breaker_rate
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, rate, span, written_up
from configsvc.analysis.trials import LONGEST, traffic
from configsvc.model.experiments import Experiment, Fault, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import CircuitBreaker, HalfOpen
from configsvc.model.quantities import SECOND, Duration

_PATIENCE = 60 * SECOND


class StalledHalfOpen(EdgeRule):
    """
    A breaker that gets too few probes to close again.

    ## What it does
    While half-open, a breaker needs the outcomes of `halfOpen.probes` calls. The rule compares the
    time in which one process makes as many calls with `halfOpen.maxWait`, after which the breaker
    opens again, and with a minute.

    ## Why is this bad?
    If the calls do not come within `maxWait`, the breaker opens again whatever they say: after one
    outage the edge stays broken for ever (an error). Without `maxWait` it lets a few probes through
    and rejects the rest until enough have come (a warning above a minute).

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 2, processes: 4}
      operations:
        - {name: buy, externalRate: 4, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, minimumCalls: 5, halfOpen: {probes: 10, maxWait: 10s}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 2, processes: 4}
      operations:
        - {name: buy, externalRate: 4, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, minimumCalls: 5, halfOpen: {probes: 3, maxWait: 10s}}
    ```

    ## References
    - resilience4j issues 903, 935 and 2028: half-open for ever
    """

    code = "RB13"
    name = "stalled-half-open"
    severity = Severity.ERROR
    inputs = frozenset({"breaker", "traffic", "callee"})
    since = "0.1"
    message = "at {rate} per process {probes} take {needed}, and {consequence}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the time in which the probes come with the time there is."""
        if edge.breaker is None:
            return None
        half_open, calls = edge.breaker.half_open, breaker_rate(edge)
        needed = half_open.probes / calls * SECOND if calls else inf
        limit = half_open.max_wait or _PATIENCE
        if needed <= limit:
            return None
        never = half_open.max_wait is not None
        return Conflict(
            magnitude=min(needed / limit, 1e9),
            severity=Severity.ERROR if never else Severity.WARNING,
            arguments={
                "rate": rate(calls),
                "probes": count(half_open.probes, "probe"),
                "needed": span(needed),
                "consequence": f"the breaker opens again after {span(limit)}: it never closes"
                if never
                else "until then all other calls are rejected",
            },
            fields={
                "breaker.halfOpen.probes": str(half_open.probes),
                "breaker.halfOpen.maxWait": "none" if not never else span(limit),
            },
            witness=Witness(
                load=f"{rate(calls)} from each process",
                faults="one outage that is over",
                seen="calls are still rejected",
                meant="the breaker closes after the first good probes",
                run=_outage(edge.breaker, calls) if never and calls else None,
            ),
            repair=_repair(half_open, calls, needed),
        )


def _outage(breaker: CircuitBreaker, calls: float) -> Experiment:
    """Every request fails until the breaker has opened; after that there is time to close it."""
    until = Duration(int((breaker.minimum_calls + 1) / calls * SECOND))
    return Experiment(
        traffic(calls, LONGEST / SECOND),
        Fault("errors", duration=until),
        Measure.FAILED_AFTERWARDS,
        at_most=0,
    )


def _repair(half_open: HalfOpen, calls: float, needed: float) -> Repair | None:
    """As many probes as come in time, else more time."""
    limit = half_open.max_wait or _PATIENCE
    coming = int(calls * limit / SECOND)
    if coming >= 1:
        return Repair("breaker.halfOpen.probes", coming, f"close after {count(coming, 'probe')}")
    if needed == inf or half_open.max_wait is None:
        return None
    value = written_up(needed)
    return Repair("breaker.halfOpen.maxWait", value, f"wait {value} for the probes")
