"""Configurations around deadlines across hops, and what a BFF makes of them (DL, BF)."""

from math import inf
from typing import Any

from tests.analysis.generators.generator import (
    FLAG,
    Generator,
    latencies,
    ms,
    one_of,
    share_above,
    some,
    whole,
)

ATTEMPT, OVERALL = "Timeout.attempt", "Timeout.overall"
OWN_TIME = "stock.operations.0.ownTime"


def _implied(time: object) -> object:
    return [
        {
            "kind": "implied",
            "field": "timeout.overall",
            "declared": "nothing",
            "effective": time,
            "why": "default",
            "time": time,
        }
    ]


def _stars(default: bool) -> dict[str, Any]:  # noqa: FBT001 whether there is one
    call = {"name": "stars", "to": "reviews", "operation": "list", "path": "/stars", "stage": 3}
    return {**call, "optional": True, **({"default": None} if default else {})}


def _many(number: int) -> list[dict[str, Any]]:
    return [{"to": "posts", "operation": "get", "times": {"typical": number}}]


def _loses_a_call(latency: dict[str, int], limit: int, number: int) -> bool | None:
    """Whether more than 1 % of requests lose a call; None where the percentiles do not tell."""
    if number == 1:
        return False
    least, most = (1 - (1 - share / 100) ** number for share in share_above(latency, limit))
    if least >= 0.01:
        return True
    return False if most <= 0.01 else None


GENERATORS = (
    Generator(
        "DL01",
        {
            "to-shop.overall": ms(1_000, 20_000, step=500, unlimited=True),
            "to-stock.overall": ms(1_000, 10_000, step=500),
            "shop.operations.0.ownTime": ms(0, 10_000, step=500),
            "shop.operations.0.limit": ms(1_000, 20_000, step=500),
        },
        lambda outer, inner, own, limit: min(limit, own + inner) > outer,
    ),
    Generator(
        "DL02",
        {OVERALL: ms(10, 400), OWN_TIME: ms(10, 400)},
        lambda overall, own: 0 <= overall - own < max(5, overall / 20),
    ),
    Generator(
        "DL03",
        {
            "to-shop.overall": ms(1, 5_000, unlimited=True),
            "shop.operations.0.honoursDeadline": FLAG,
            "stock.operations.0.honoursDeadline": FLAG,
            "web.client.runtime": one_of("agent", "none"),
        },
        lambda overall, here, below, runtime: (
            overall < inf and not here and below and runtime == "agent"
        ),
    ),
    Generator(
        "DL04",
        {
            ATTEMPT: ms(100, 2_000, step=100),
            OVERALL: ms(1_000, 5_000, step=100),
            OWN_TIME: ms(0, 5_000, step=100),
            "Retry.attempts": whole(1, 4),
            "Retry.retryOn": some("timeout", "timeout", "5xx"),
            "stock.operations.0.cancels": one_of(False, False, True),  # noqa: FBT003
        },
        lambda attempt, overall, own, attempts, on, cancels: (
            attempt < min(own, overall) and attempts > 1 and "timeout" in on and not cancels
        ),
    ),
    Generator(
        "DL05",
        {"Runtime.notes": ms(1, 5_000).inside(_implied), OWN_TIME: ms(0, 5_000)},
        lambda implied, own: implied < own,
    ),
    Generator(
        "DL06",
        {
            "shop.operations.0.limit": ms(1, 5_000),
            OVERALL: ms(1, 5_000, unlimited=True),
            "shop.operations.0.honoursDeadline": FLAG,
        },
        lambda limit, overall, _: limit < overall,
    ),
    Generator(
        "DL07",
        {
            "stock.server.idle": ms(1, 5_000),
            "shop.client.connectionPool.idle": ms(0, 5_000),
            "stock.operations.0.match.methods": one_of(["PUT"], ["POST"]),
        },
        lambda server, client, _: 0 < client >= server,
    ),
    Generator(
        "DL08",
        {
            "shop.operations.0.slo": ms(1, 5_000),
            "shop.operations.0.ownTime": ms(0, 2_000),
            "shop.operations.0.limit": ms(1, 5_000),
            OVERALL: ms(1, 5_000, unlimited=True),
        },
        lambda slo, own, limit, overall: min(limit, own + overall) > slo,
    ),
    Generator(
        "BF01",
        {
            "site.endpoints.0.limit": ms(100, 3_000, step=50),
            OVERALL: ms(100, 2_000, step=50),
            "site.endpoints.0.calls.1.stage": whole(1, 2),
        },
        lambda limit, overall, stages: stages * overall > limit,
    ),
    Generator(
        "BF02",
        {
            "site.endpoints.0.limit": ms(100, 3_000, step=50),
            OVERALL: ms(50, 1_500, step=50),
            "site.endpoints.0.calls.2": one_of(True, True, False, written=_stars),  # noqa: FBT003
        },
        lambda limit, overall, default: not default or 2 * overall <= limit < 3 * overall,
    ),
    Generator(
        "BF03",
        {
            "posts.operations.0.latency": latencies(1, 200),
            ATTEMPT: ms(1, 200),
            "feed.operations.0.calls": whole(1, 20, _many),
        },
        lambda latency, limit, number: _loses_a_call(latency, min(limit, 120), number),
    ),
)
"""DL09 is about what an importer notes: `tests.analysis.generators.notes`."""
