"""Configurations around retries and the limits of calls (RT)."""

from math import inf

from tests.analysis.generators.generator import (
    FLAG,
    Generator,
    latencies,
    ms,
    one_of,
    some,
    waits,
    whole,
)

ATTEMPT, OVERALL = "Timeout.attempt", "Timeout.overall"
ATTEMPTS, RETRY_ON = "Retry.attempts", "Retry.retryOn"

ANSWERS = frozenset({"4xx", "400", "401", "403", "404", "409", "422", "INVALID_ARGUMENT"})
"""Outcomes that repeating the request does not change."""
MAYBE_DONE = frozenset({"timeout", "reset", "5xx", "503"})
"""Outcomes after which the callee may have done the work."""

GENERATORS = (
    Generator(
        "RT01",
        {
            ATTEMPT: ms(100, 2_000, step=100),
            OVERALL: ms(100, 2_000, step=100),
            ATTEMPTS: whole(1, 4),
        },
        lambda attempt, overall, attempts: attempt > overall - (attempts > 1),
    ),
    Generator(
        "RT02",
        {
            ATTEMPT: ms(10, 900, unlimited=True),
            OVERALL: ms(1_000, 3_000, unlimited=True),
            RETRY_ON: some("timeout", "DEADLINE_EXCEEDED", "connect", "5xx"),
            ATTEMPTS: whole(1, 4),
        },
        lambda attempt, overall, on, attempts: (
            not {"timeout", "DEADLINE_EXCEEDED"}.isdisjoint(on)
            and attempts > 1
            and attempt == inf > overall
        ),
    ),
    Generator(
        "RT03",
        {
            ATTEMPT: ms(100, 5_000, step=100),
            OVERALL: ms(1_000, 30_000, step=100),
            ATTEMPTS: whole(1, 6),
            "Retry.backoff.base": ms(0, 2_000, step=100),
        },
        lambda attempt, overall, attempts, base: (
            attempts > 1 and attempts * attempt + waits(attempts, base, longest=60_000) > overall
        ),
    ),
    Generator(
        "RT04",
        {
            OVERALL: ms(100, 30_000, step=100),
            ATTEMPTS: whole(1, 7),
            "Retry.backoff.base": ms(0, 3_000, step=100),
        },
        lambda overall, attempts, base: (
            attempts > 1 and waits(attempts, base, longest=60_000) >= overall
        ),
    ),
    Generator(
        "RT05",
        {
            "Runtime.layers": ms(100, 8_000, step=25).inside(
                lambda limit: [{"name": "the application", "limit": limit}]
            ),
            ATTEMPT: ms(100, 3_000, step=100),
            ATTEMPTS: whole(1, 5),
        },
        lambda limit, attempt, attempts: (
            limit < min(7_000, attempts * attempt + waits(attempts, 25))
        ),
    ),
    Generator(
        "RT06",
        {
            OVERALL: ms(1, 5_000, unlimited=True),
            ATTEMPTS: whole(1, 4),
            "stock.operations.0.streaming": FLAG,
        },
        lambda overall, attempts, streaming: overall == inf and attempts > 1 and not streaming,
    ),
    Generator(
        "RT07",
        {
            ATTEMPT: ms(1, 5_000, unlimited=True),
            OVERALL: ms(1, 5_000, unlimited=True),
            "Timeout.idle": ms(1, 5_000, unlimited=True),
            "stock.operations.0.streaming": FLAG,
        },
        lambda attempt, overall, idle, streaming: (
            attempt == overall == inf and not (streaming and idle < inf)
        ),
    ),
    Generator(
        "RT08",
        {
            ATTEMPT: ms(1, 5_000, unlimited=True),
            OVERALL: ms(1, 5_000, unlimited=True),
            "Runtime.softDeadline": FLAG,
        },
        lambda attempt, overall, soft: soft and attempt == inf > overall,
    ),
    Generator(
        "RT09",
        {
            "Timeout.connect": ms(1, 3_000),
            ATTEMPT: ms(1, 3_000, unlimited=True),
            OVERALL: ms(1, 3_000, unlimited=True),
        },
        lambda connect, attempt, overall: connect >= min(attempt, overall),
    ),
    Generator(
        "RT10",
        {"stock.operations.0.latency": latencies(1, 400), ATTEMPT: ms(1, 400)},
        lambda latency, attempt: latency["p999"] > attempt,
    ),
    Generator(
        "RT11",
        {
            ATTEMPT: ms(500, 1_500, step=500),
            OVERALL: ms(500, 1_500, step=500),
            ATTEMPTS: whole(1, 3),
            RETRY_ON: some("timeout", "503", "5xx", "connect"),
        },
        lambda attempt, overall, attempts, on: (
            attempts > 1
            and attempt < overall
            and "timeout" not in on
            and not {"503", "5xx"}.isdisjoint(on)
        ),
    ),
    Generator(
        "RT12",
        {
            ATTEMPTS: whole(1, 2),
            RETRY_ON: one_of(None, ["connect"], ["5xx", "timeout"]),
            "Retry.backoff": one_of(None, {"base": "1s"}, {"jitter": "none"}),
        },
        lambda attempts, on, backoff: attempts == 1 and bool(on or backoff),
    ),
    Generator(
        "RT14",
        {
            "stock.operations.0.limit": ms(1, 4_000),
            OVERALL: ms(1, 4_000),
            ATTEMPTS: whole(1, 4),
            RETRY_ON: some("DEADLINE_EXCEEDED", "UNAVAILABLE"),
            "Runtime.attemptLimits": FLAG,
        },
        lambda server, overall, attempts, on, limits: (
            attempts > 1 and "DEADLINE_EXCEEDED" in on and not limits and server >= overall
        ),
    ),
    Generator(
        "RT15",
        {
            ATTEMPTS: whole(1, 3),
            "Retry.backoff.jitter": one_of("none", "none", "equal", "full", "decorrelated"),
            "shop.operations.0.externalRate": whole(0, 4),
        },
        lambda attempts, jitter, rate: attempts > 1 and jitter == "none" and rate > 1,
    ),
    Generator(
        "RT16",
        {
            ATTEMPTS: whole(1, 3),
            "Retry.backoff.base": ms(1, 2_000),
            "Retry.backoff.max": ms(1, 2_000),
            "Retry.backoff.multiplier": one_of(0.5, 0.9, 1, 1.5, 2),
        },
        lambda attempts, base, longest, factor: attempts > 1 and (longest < base or factor < 1),
    ),
    Generator(
        "RT17",
        {
            "retry-4.attempts": whole(1, 4),
            "retry-4.retryOn": some("connect", "refused", *sorted(MAYBE_DONE)),
            "retry-4.nonIdempotent": one_of("always", "always", "never", "with-key"),
            "bank.operations.0.match.methods": one_of(["POST"], ["PUT"], ["PUT", "PATCH"]),
        },
        lambda attempts, on, repeats, methods: (
            attempts > 1
            and not MAYBE_DONE.isdisjoint(on)
            and repeats == "always"
            and methods != ["PUT"]
        ),
    ),
    Generator(
        "RT18",
        {
            ATTEMPTS: whole(1, 4),
            RETRY_ON: some("timeout", "429", "503", *sorted(ANSWERS)),
            "stock.operations.0.match.methods": one_of(["PUT"], ["GET"], ["POST"]),
        },
        lambda attempts, on, methods: (
            attempts > 1 and not ANSWERS.isdisjoint(on) and methods != ["POST"]
        ),
    ),
    Generator(
        "RT19",
        {
            ATTEMPT: ms(100, 2_000, step=100),
            OVERALL: ms(500, 6_000, step=100),
            ATTEMPTS: whole(1, 4),
            "Runtime.startsDoomed": one_of(True, True, False),  # noqa: FBT003
        },
        lambda attempt, overall, attempts, doomed: (
            doomed
            and any(
                0 <= overall - number * attempt - waits(number + 1, 600, longest=2_000) < 500
                for number in range(1, attempts)
            )
        ),
    ),
    Generator(
        "RT20",
        {
            ATTEMPTS: whole(1, 3),
            "stock.operations.0.maxBody": whole(1, 100, "{}KiB".format),
            "shop.server.replayBuffer": whole(1, 100, "{}KiB".format),
        },
        lambda attempts, body, buffer: attempts > 1 and body > buffer,
    ),
    Generator(
        "RT21",
        {
            ATTEMPT: ms(1, 5_000, unlimited=True),
            OVERALL: ms(1, 5_000, unlimited=True),
            "prices.operations.0.streaming": FLAG,
        },
        lambda attempt, overall, streaming: streaming and min(attempt, overall) < inf,
    ),
)
"""RT13 is about what an importer notes: `tests.analysis.generators.notes`."""
