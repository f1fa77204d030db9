"""Configurations around circuit breakers (RB)."""

from math import ceil, inf

from tests.analysis.generators.generator import (
    FLAG,
    Generator,
    latencies,
    ms,
    one_of,
    percent,
    seconds,
    share_above,
    some,
    whole,
)

ATTEMPT, OVERALL = "Timeout.attempt", "Timeout.overall"
ATTEMPTS, ENABLED = "Retry.attempts", "CircuitBreaker.enabled"
MINIMUM = "CircuitBreaker.minimumCalls"
RECORD, IGNORE = "CircuitBreaker.failures.record", "CircuitBreaker.failures.ignore"

BREAKER_OUTSIDE = ["overall", "breaker", "retry", "attempt"]
RETRY_OUTSIDE = ["overall", "retry", "breaker", "attempt"]
ORDER = one_of(BREAKER_OUTSIDE, RETRY_OUTSIDE)

REJECTIONS = frozenset({"full", "limited", "open"})


def _counted(size: int) -> object:
    return {"kind": "count", "size": size}


def _timed(size: object) -> object:
    return {"kind": "time", "size": size}


def _slow_trips(latency: dict[str, int], above: int, rate: int) -> bool | None:
    """Whether healthy calls alone are slow enough; None where the percentiles do not tell."""
    least, most = share_above(latency, above)
    if least >= rate:
        return True
    return False if most < rate else None


GENERATORS = (
    Generator(
        "RB01",
        {ATTEMPTS: whole(1, 4), ENABLED: FLAG, "Runtime.order": ORDER},
        lambda attempts, breaker, order: attempts > 1 and breaker and order == BREAKER_OUTSIDE,
    ),
    Generator(
        "RB02",
        {
            ATTEMPTS: whole(1, 4),
            "Retry.retryOn": some("open", "timeout", "5xx"),
            "CircuitBreaker.openFor": ms(100, 60_000),
            ENABLED: FLAG,
        },
        lambda attempts, on, _, breaker: attempts > 1 and "open" in on and breaker,
        case="two waits of half a second against a minute (resilience4j 1065)",
    ),
    Generator(
        "RB03",
        {ATTEMPTS: whole(1, 6), MINIMUM: whole(1, 8)},
        lambda attempts, minimum: minimum <= attempts,
    ),
    Generator(
        "RB04",
        {
            "shop.operations.0.externalRate": whole(1, 200),
            "shop.capacity.processes": whole(4, 4),
            "CircuitBreaker.window": seconds(1, 60).inside(_timed),
            MINIMUM: whole(1, 100),
        },
        lambda rate, _, window, minimum: rate * window < 16 * minimum,
    ),
    Generator(
        "RB05",
        {"CircuitBreaker.window": whole(1, 100, _counted), MINIMUM: whole(1, 100)},
        lambda window, minimum: minimum > window,
    ),
    Generator(
        "RB06",
        {
            "CircuitBreaker.window": ms(1_000, 30_000, step=500).inside(_timed),
            ATTEMPT: ms(500, 15_000, step=250, unlimited=True),
            OVERALL: ms(500, 15_000, step=250, unlimited=True),
        },
        lambda window, attempt, overall: inf > 2 * min(attempt, overall) > window,
    ),
    Generator(
        "RB07",
        {
            "CircuitBreaker.window": ms(1_000, 30_000, step=500).inside(_timed),
            MINIMUM: whole(1, 60),
            ATTEMPT: ms(500, 15_000, step=500),
            "Bulkhead.maxConcurrent": whole(1, 20),
        },
        lambda window, minimum, attempt, permits: (
            permits * ceil(window / min(attempt, 4_000)) < minimum
        ),
    ),
    Generator(
        "RB08",
        {
            "CircuitBreaker.slowCall.above": ms(1, 3_000),
            ATTEMPT: ms(1, 3_000, unlimited=True),
            OVERALL: ms(1, 3_000, unlimited=True),
        },
        lambda above, attempt, overall: above >= min(attempt, overall),
    ),
    Generator(
        "RB09",
        {
            "stock.operations.0.latency": latencies(1, 100),
            "CircuitBreaker.slowCall.above": ms(1, 100),
            "CircuitBreaker.slowCall.rate": percent(1, 100),
        },
        _slow_trips,
    ),
    Generator(
        "RB10",
        {
            RECORD: some("timeout", "DEADLINE_EXCEEDED", "5xx", "connect", least=0),
            IGNORE: some("timeout", "4xx", least=0),
            ATTEMPT: ms(1, 3_000, unlimited=True),
            OVERALL: ms(1, 3_000, unlimited=True),
        },
        lambda record, ignore, attempt, overall: (
            min(attempt, overall) < inf
            and ({"timeout", "DEADLINE_EXCEEDED"}.isdisjoint(record) or "timeout" in ignore)
        ),
    ),
    Generator(
        "RB11",
        {RECORD: some("timeout", "5xx", "4xx", "404", "429"), IGNORE: one_of([], ["404"])},
        lambda record, ignore: "4xx" in record or ("404" in record and "404" not in ignore),
    ),
    Generator(
        "RB12",
        {
            RECORD: some("timeout", "5xx", *sorted(REJECTIONS)),
            IGNORE: some(*sorted(REJECTIONS), least=0),
            "Runtime.recordsRejections": FLAG,
        },
        lambda record, ignore, records: records and bool(REJECTIONS & {*record} - {*ignore}),
    ),
    Generator(
        "RB13",
        {
            "shop.operations.0.externalRate": whole(1, 80),
            "CircuitBreaker.halfOpen.probes": whole(1, 100),
            "CircuitBreaker.halfOpen.maxWait": ms(1_000, 30_000, step=1_000, unlimited=True),
        },
        lambda rate, probes, wait: 8 * probes > rate * min(wait / 1_000, 60),
    ),
    Generator(
        "RB14",
        {
            "shop.capacity.instances": whole(1, 10),
            "shop.capacity.processes": whole(1, 8),
            "CircuitBreaker.halfOpen.probes": whole(1, 10),
            "stock.capacity.instances": whole(1, 10),
            "stock.capacity.workers": whole(1, 40),
        },
        lambda callers, processes, probes, callees, workers: (
            callers * processes * probes > callees * workers
        ),
    ),
    Generator(
        "RB15",
        {
            ATTEMPTS: whole(1, 5),
            "CircuitBreaker.failureRate": percent(1, 60),
            "Runtime.order": one_of(BREAKER_OUTSIDE, BREAKER_OUTSIDE, RETRY_OUTSIDE),
        },
        lambda attempts, rate, order: (
            attempts > 1 and order == BREAKER_OUTSIDE and 0.5**attempts < rate / 100
        ),
    ),
    Generator(
        "RB16",
        {
            "stock.capacity.instances": whole(1, 6),
            "CircuitBreaker.failureRate": percent(1, 100),
            "CircuitBreaker.scope": one_of("pair", "pair", "instance"),
            "stock.discovery.outlierDetection": one_of(None, None, {"consecutive5xx": 5}),
        },
        lambda instances, _, scope, detection: (
            instances > 1 and scope == "pair" and detection is None
        ),
    ),
    Generator(
        "RB18",
        {
            "Runtime.consecutive": one_of(None, *range(1, 12)),
            "stock.capacity.instances": whole(1, 8),
            "stock.discovery.loadBalancing": one_of(
                "round-robin", "round-robin", "consistent-hash"
            ),
        },
        lambda row, instances, balancing: (
            row is not None and balancing == "round-robin" and row >= instances > 1
        ),
    ),
    Generator(
        "RB19",
        {
            ATTEMPTS: whole(1, 4),
            "Retry.budget": one_of(None, None, {"ratio": "none"}, {"ratio": "10%"}),
            ENABLED: FLAG,
        },
        lambda attempts, budget, breaker: (
            attempts > 1 and budget in (None, {"ratio": "none"}) and not breaker
        ),
        case="a breaker",
    ),
    Generator(
        "RB20",
        {
            ATTEMPTS: whole(1, 4),
            "Fallback.enabled": FLAG,
            "Runtime.order": one_of(
                ["overall", "retry", "fallback", "attempt"],
                ["fallback", "overall", "retry", "attempt"],
            ),
        },
        lambda attempts, fallback, order: attempts > 1 and fallback and order[0] != "fallback",
    ),
    Generator(
        "RB21",
        {
            "CircuitBreaker.openFor": ms(10, 5_000),
            ATTEMPT: ms(1, 5_000, unlimited=True),
            OVERALL: ms(1, 5_000, unlimited=True),
        },
        lambda open_for, attempt, overall: open_for < min(attempt, overall) < inf,
    ),
)
