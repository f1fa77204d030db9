"""Configurations around copies of requests: budgets, storms, hedges (AM, HG)."""

from math import inf

from tests.analysis.generators.generator import (
    FLAG,
    Generator,
    latencies,
    ms,
    one_of,
    percent,
    some,
    whole,
)

ATTEMPT, OVERALL = "Timeout.attempt", "Timeout.overall"
ATTEMPTS, RATE = "Retry.attempts", "shop.operations.0.externalRate"
HEDGED = "Hedge.enabled"


def _budget(ratio: int | None) -> object:
    return None if ratio is None else {"ratio": f"{ratio}%", "minPerSecond": 0}


def _layers(attempts: int) -> object:
    return [{"name": "the application", "attempts": attempts}]


BUDGET = one_of(None, 10, 20, 21, 50, written=_budget)
CAP = one_of(1, 100, inf, written=lambda cap: "unlimited" if cap == inf else cap)
"""A cap on retries at a time; infinite: one that caps nothing."""

GENERATORS = (
    Generator(
        "AM01",
        {
            "to-shop.attempts": whole(1, 14),
            "to-stock.attempts": whole(1, 14),
            "to-shop.retryOn": one_of(["5xx"], ["connect"]),
        },
        # A connection that is not made brings no copy of a request to anybody.
        lambda upper, lower, on: lower * (upper if on == ["5xx"] else 1) > 10,
    ),
    Generator(
        "AM02",
        {"Runtime.layers": whole(1, 4, _layers), ATTEMPTS: whole(1, 4)},
        lambda outer, inner: outer > 1 and inner > 1,
        case="the layers repaired",
    ),
    Generator(
        "AM03",
        {
            "upper.attempts": whole(1, 4),
            "lower.attempts": whole(1, 4),
            "lower.retryOn": one_of(["503"], ["5xx"], ["connect", "refused"]),
            "upper.budget": BUDGET,
            "lower.budget": BUDGET,
        },
        lambda upper, lower, on, above, below: (
            upper > 1
            and lower > 1
            and "connect" not in on
            and (above is None or below is None or above > 20 or below > 20)
        ),
    ),
    Generator(
        "AM04",
        {
            RATE: whole(1, 12_000),
            ATTEMPTS: whole(1, 4),
            "Retry.budget": one_of(None, 25, 50, 100, written=_budget),
        },
        lambda rate, attempts, ratio: (
            attempts > 1
            and rate < 10_000
            and rate * (attempts if ratio is None else 1 + ratio / 100) > 10_000
        ),
    ),
    Generator(
        "AM05",
        {
            RATE: whole(0, 4_000),
            "shop.capacity.instances": whole(16, 16),
            ATTEMPTS: whole(1, 4),
            "Retry.budget.ratio": one_of(25, 50, 100, written="{}%".format),
            "Retry.budget.minPerSecond": whole(0, 20),
        },
        lambda rate, _, attempts, ratio, floor: (
            attempts > 1 and rate * ratio >= 640 and floor * 6_400 > rate * ratio
        ),
    ),
    Generator(
        "AM06",
        {
            RATE: whole(1, 200, lambda tens: 10 * tens),
            "Runtime.retryCap": whole(1, 30),
            ATTEMPT: ms(10, 900, step=10),
            "stock.operations.0.latency.p50": ms(10, 900, step=10),
            ATTEMPTS: whole(1, 3),
        },
        lambda tens, cap, attempt, median, attempts: (
            attempts > 1 and cap * 1_000 < tens * min(attempt, median)
        ),
    ),
    Generator(
        "AM07",
        {
            ATTEMPTS: whole(1, 3),
            "Runtime.throttle": percent(1, 100),
            "Runtime.failures": percent(1, 60),
        },
        lambda attempts, ratio, failures: attempts > 1 and failures * (100 + ratio) >= 100 * ratio,
    ),
    Generator(
        "AM08",
        {"Retry.budget": BUDGET, "Runtime.retryCap": CAP},
        lambda budget, cap: budget is not None and cap < inf,
        case="the cap is void",
    ),
    Generator(
        "AM09",
        {ATTEMPTS: whole(1, 4), "Retry.budget": BUDGET, "Runtime.retryCap": CAP},
        lambda attempts, budget, cap: attempts > 1 and budget is None and cap == inf,
        case="a budget",
    ),
    Generator(
        "HG01",
        {
            "bank.operations.0.match.methods": one_of(["POST"], ["PUT"], ["GET"], ["PATCH"]),
            "Runtime.hedgesAll": FLAG,
            HEDGED: FLAG,
        },
        lambda methods, hedges_all, hedged: (
            hedges_all and hedged and methods in (["POST"], ["PATCH"])
        ),
    ),
    Generator(
        "HG02",
        {ATTEMPTS: whole(1, 4), "Hedge.extra": whole(1, 3), HEDGED: FLAG},
        lambda attempts, _, hedged: attempts > 1 and hedged,
    ),
    Generator(
        "HG03",
        {
            OVERALL: ms(100, 3_000, step=50, unlimited=True),
            "Hedge.extra": whole(1, 3),
            "Hedge.delay": ms(50, 3_000, step=50),
        },
        lambda overall, extra, delay: extra * delay >= overall,
    ),
    Generator(
        "HG04",
        {"stock.operations.0.latency": latencies(1, 200), "Hedge.delay": ms(1, 200)},
        lambda latency, delay: delay < latency["p95"],
    ),
    Generator(
        "HG05",
        {
            ATTEMPT: ms(1, 2_000, unlimited=True),
            "Retry.retryOn": some("timeout", "connect", "5xx"),
            "Runtime.hedgesTimeouts": FLAG,
        },
        lambda attempt, on, hedges: hedges and (attempt == inf or "timeout" not in on),
        case="both are there",
    ),
    Generator(
        "HG06",
        {
            RATE: whole(1, 1_000),
            "Hedge.extra": whole(1, 3),
            "Hedge.budget": BUDGET,
        },
        lambda rate, extra, budget: budget is None and rate * (1 + extra) > 1_000,
    ),
    Generator(
        "HG07",
        {"stock.capacity.instances": whole(1, 5), "Hedge.extra": whole(1, 3), HEDGED: FLAG},
        lambda instances, extra, hedged: hedged and instances < 1 + extra,
    ),
)
