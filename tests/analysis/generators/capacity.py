"""Configurations around permits, rate limits and instances (BH, RL, OD, DS)."""

from tests.analysis.generators.generator import (
    FLAG,
    Generator,
    ms,
    one_of,
    percent,
    seconds,
    some,
    waits,
    whole,
)

ATTEMPT, OVERALL = "Timeout.attempt", "Timeout.overall"
ATTEMPTS, RETRY_ON, HONOURS = "Retry.attempts", "Retry.retryOn", "Retry.retryAfter.honour"
PERMITS, RATE = "Bulkhead.maxConcurrent", "shop.operations.0.externalRate"
OWN_TIME = "stock.operations.0.ownTime"
DETECTION = "stock.discovery.outlierDetection"
PANIC, MOST_EJECTED = "stock.discovery.panicThreshold", f"{DETECTION}.maxEjection"

RATE_ORDER = ["overall", "bulkhead", "retry", "attempt"]


def _each_second(limit: int) -> object:
    return {"limit": limit, "period": "1s"}


def _one_in(period: object) -> object:
    return {"limit": 1, "period": period}


def _median_and_tail(tail: int) -> object:
    return {"p50": f"{tail / 2}ms".replace(".0ms", "ms"), "p99": f"{tail}ms", "p999": f"{tail}ms"}


PERMITS_AND_QUEUES = (
    Generator(
        "BH01",
        {
            RATE: whole(1, 400),
            "stock.operations.0.latency": whole(1, 150, lambda n: _median_and_tail(2 * n)),
            PERMITS: whole(1, 60),
        },
        lambda rate, half, permits: permits * 1_000 < rate * 2 * half,
    ),
    Generator(
        "BH02",
        {
            "shop.capacity.workers": whole(1, 400),
            "to-stock.overall": ms(100, 5_000, step=100),
            "to-bank.overall": ms(100, 5_000, step=100),
        },
        lambda workers, stock, bank: 50 * max(stock, bank) >= 1_000 * workers,
    ),
    Generator(
        "BH03",
        {
            "Bulkhead.queue": whole(0, 20),
            "Bulkhead.maxWait": ms(1_000, 60_000, step=1_000),
            OVERALL: ms(1_000, 60_000, step=1_000),
        },
        lambda queue, wait, overall: queue > 0 and wait >= overall,
    ),
    Generator(
        "BH04",
        {
            RATE: whole(1, 100),
            PERMITS: whole(1, 200),
            ATTEMPTS: whole(1, 4),
            "Runtime.order": one_of(RATE_ORDER, ["overall", "retry", "bulkhead", "attempt"]),
        },
        lambda rate, permits, attempts, order: (
            order == RATE_ORDER
            and rate * (attempts + waits(attempts, 500, longest=2_000) / 1_000) > permits >= rate
        ),
    ),
    Generator(
        "BH05",
        {
            ATTEMPTS: whole(1, 4),
            RETRY_ON: some("full", "timeout", "5xx"),
            "Retry.backoff.base": ms(0, 200),
            "stock.operations.0.latency.p50": ms(1, 150),
            "Bulkhead.enabled": one_of(True, True, False),  # noqa: FBT003
        },
        lambda attempts, on, base, median, bulkhead: (
            attempts > 1 and "full" in on and base < median and bulkhead
        ),
    ),
    Generator(
        "BH06",
        {
            OVERALL: ms(1, 3_000, unlimited=True),
            OWN_TIME: ms(0, 3_000),
            "stock.operations.0.cancels": FLAG,
        },
        lambda overall, own, cancels: own > overall and not cancels,
    ),
    Generator(
        "BH07",
        {
            PERMITS: whole(1, 100),
            "shop.client.connectionPool.max": whole(1, 100),
            "shop.client.connectionPool.wait": one_of(None, "1s", "50ms"),
        },
        lambda permits, connections, wait: connections < permits and wait is None,
        case="as many connections",
    ),
    Generator(
        "BH08",
        {
            PERMITS: whole(1, 30),
            "shop.capacity.processes": whole(1, 10),
            "shop.capacity.workers": whole(1, 400),
        },
        lambda permits, processes, workers: 2 * permits * processes >= workers,
    ),
    Generator(
        "BH09",
        {
            PERMITS: whole(1, 30),
            "shop.capacity.instances": whole(1, 20),
            "stock.capacity.workers": whole(1, 100),
        },
        lambda permits, callers, workers: permits * callers > 4 * workers,
    ),
)

RATE_LIMITS = (
    Generator(
        "RL01",
        {
            "shop.capacity.instances": whole(1, 30),
            "callers.rate": whole(1, 200, _each_second),
            "own.rate": whole(1, 3_000, _each_second),
        },
        lambda callers, each, own: callers * each > own,
    ),
    Generator(
        "RL02",
        {
            ATTEMPTS: whole(1, 5),
            RETRY_ON: some("429", "RESOURCE_EXHAUSTED", "timeout"),
            "Retry.backoff.base": ms(10, 500, step=10),
            HONOURS: one_of(False, False, True),  # noqa: FBT003
            "RateLimit.rate": ms(100, 3_000, step=10).inside(_one_in),
        },
        lambda attempts, on, base, honours, refill: (
            attempts > 1 and on != ["timeout"] and not honours and waits(attempts, base) < refill
        ),
    ),
    Generator(
        "RL03",
        {
            ATTEMPTS: whole(1, 5),
            RETRY_ON: some("429", "timeout"),
            HONOURS: one_of(True, True, False),  # noqa: FBT003
            "Retry.retryAfter.max": seconds(1, 20),
            OVERALL: ms(2_000, 20_000, step=1_000),
            "RateLimit.rate": ms(1_000, 20_000, step=1_000).inside(_one_in),
        },
        lambda attempts, on, honours, longest, overall, refill: (
            attempts > 1
            and "429" in on
            and honours
            and refill > min(1_000 * longest, overall - 1_000)
        ),
    ),
    Generator(
        "RL04",
        {RATE: whole(1, 100), ATTEMPTS: whole(1, 4), "RateLimit.rate": whole(1, 300, _each_second)},
        lambda rate, attempts, limit: rate * attempts > limit,
    ),
    Generator(
        "RL05",
        {"RateLimit.maxWait": ms(1, 3_000), OVERALL: ms(1, 3_000, unlimited=True)},
        lambda wait, overall: wait >= overall,
        case="five seconds in a call of one (resilience4j's defaults)",
    ),
    Generator(
        "RL06",
        {
            ATTEMPTS: whole(1, 4),
            RETRY_ON: some("429", "overloaded", "RESOURCE_EXHAUSTED", "timeout", "connect"),
            HONOURS: FLAG,
        },
        lambda attempts, on, honours: (
            attempts > 1
            and not honours
            and not {"429", "overloaded", "RESOURCE_EXHAUSTED"}.isdisjoint(on)
        ),
    ),
    Generator(
        "RL07",
        {
            "site.operations.0.externalRate": whole(1, 300),
            "site.operations.0.calls.0.times.typical": whole(1, 20),
            "RateLimit.rate": whole(1, 300, _each_second),
        },
        lambda rate, times, limit: rate * times > 10 * limit,
    ),
)

INSTANCES = (
    Generator(
        "OD01",
        {
            "stock.capacity.instances": whole(1, 8),
            MOST_EJECTED: percent(0, 100, step=5),
            PANIC: one_of(0, 0, 10, written="{}%".format),
        },
        lambda instances, ejected, panic: (
            panic == 0 < ejected and (instances == 1 or instances * (100 - ejected) < 100)
        ),
    ),
    Generator(
        "OD02",
        {MOST_EJECTED: percent(0, 100), PANIC: percent(0, 100)},
        lambda ejected, panic: panic > 0 and ejected > 100 - panic,
    ),
    Generator(
        "OD03",
        {
            RATE: whole(1, 1_200),
            MOST_EJECTED: percent(0, 100, step=25),
        },
        lambda rate, ejected: ejected > 0 and 10 * (100 - ejected) < rate <= 1_000,
    ),
    Generator(
        "OD04",
        {
            "stock.discovery.healthCheck.interval": seconds(2, 20),
            "stock.discovery.healthCheck.healthyAfter": whole(1, 8),
            "stock.discovery.healthCheck.unejects": one_of(True, True, False),  # noqa: FBT003
            f"{DETECTION}.baseEjection": seconds(1, 120),
        },
        lambda interval, probes, unejects, ejection: unejects and interval * probes < ejection,
    ),
    Generator(
        "OD05",
        {
            ATTEMPTS: whole(1, 8),
            f"{DETECTION}.consecutive5xx": whole(1, 8),
            "stock.discovery.loadBalancing": one_of("consistent-hash", "round-robin"),
            "Retry.otherInstance": FLAG,
        },
        lambda attempts, row, balancing, other: (
            attempts > 1 and attempts >= row and (balancing == "consistent-hash" or not other)
        ),
    ),
    Generator(
        "OD06",
        {
            "stock.operations.0.emits": some("500", "5xx", "503", "4xx", least=0),
            f"{DETECTION}.consecutive5xx": one_of(None, None, 5),
        },
        lambda emits, counted: counted is None and not {"500", "5xx"}.isdisjoint(emits),
    ),
    Generator(
        "OD07",
        {
            RATE: whole(1, 100),
            "stock.capacity.instances": whole(1, 8),
            f"{DETECTION}.minHosts": whole(1, 8),
            f"{DETECTION}.minRequests": whole(1, 200),
        },
        lambda rate, instances, hosts, requests: (
            instances < hosts or rate * 10 < requests * instances
        ),
    ),
    Generator(
        "DS01",
        {
            RATE: whole(1, 200),
            "stock.capacity.instances": one_of(2, 4, 8),
            "stock.discovery.refresh": ms(0, 300),
            ATTEMPTS: whole(1, 2),
            "Retry.otherInstance": FLAG,
        },
        lambda rate, instances, refresh, attempts, other: (
            rate * refresh >= 1_000 * instances and (attempts == 1 or not other)
        ),
    ),
    Generator(
        "DS02",
        {
            "stock.server.drain": seconds(0, 60),
            "stock.discovery.refresh": seconds(0, 30),
            "stock.discovery.dnsTtl": seconds(0, 30),
        },
        lambda drain, refresh, ttl: drain < refresh + ttl,
    ),
    Generator(
        "DS03",
        {"Runtime.lease": seconds(1, 90), "Runtime.renewal": seconds(1, 40)},
        lambda lease, renewal: lease < 3 * renewal,
    ),
    Generator(
        "DS04",
        {
            "shop.client.connectionPool.maxAge": one_of(None, None, "1h", "10s"),
            "stock.discovery.dnsTtl": one_of(None, "10s", "1h"),
        },
        lambda age, ttl: age is None and ttl is not None,
    ),
    Generator(
        "DS05",
        {
            "stock.discovery.healthCheck.interval": ms(100, 10_000),
            "stock.discovery.healthCheck.timeout": ms(100, 10_000),
        },
        lambda interval, timeout: timeout >= interval,
    ),
)

GENERATORS = (*PERMITS_AND_QUEUES, *RATE_LIMITS, *INSTANCES)
