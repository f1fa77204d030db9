"""What follows from one edge's policies, as every rule reckons it; times are microseconds."""

from math import inf, isinf

from configsvc.analysis.outcomes import is_timeout
from configsvc.analysis.readers import Edge
from configsvc.model.policies import Budget, RateLimit, Retry
from configsvc.model.quantities import SECOND, WHOLE

LEAST_FLOOR = 10_000
"""No attempt starts with less time left, where the callee's median is not declared."""


TOLERABLE_CUTS = 1_000
"""Parts per million of healthy attempts that a limit may cut."""


def overall(edge: Edge) -> float:
    """T: the time for the whole call."""
    return inf if edge.timeout.overall is None else edge.timeout.overall


def attempt(edge: Edge) -> float:
    """t: the time for one attempt."""
    return inf if edge.timeout.attempt is None else edge.timeout.attempt


def attempt_limit(edge: Edge) -> float:
    """m: the longest that one attempt can run."""
    return min(attempt(edge), overall(edge))


def configured_attempts(edge: Edge) -> int:
    """N: attempts as configured, the first included."""
    return 1 if edge.retry is None else edge.retry.attempts


def allowed_attempts(edge: Edge) -> int:
    """N': attempts that are made; one where the operation must not be repeated.

    An edge with requests of several methods carries some that may be repeated.
    """
    retry = edge.retry
    if retry is None or retry.attempts == 1:
        return 1
    if retry.non_idempotent != "never" or edge.idempotence.by_method or edge.idempotence.value:
        return retry.attempts
    return 1


def backoff(retry: Retry, attempt_number: int) -> int:
    """B(k): the longest sum of back-offs before attempt ``attempt_number``."""
    return sum(backoff_term(retry, i) for i in range(1, attempt_number))


def backoff_term(retry: Retry, index: int) -> int:
    """The longest wait after attempt ``index``; jitter other than decorrelated only shortens it."""
    policy = retry.backoff
    if policy.jitter == "decorrelated":
        return int(min(policy.max, policy.base * 3**index))
    return int(
        min(policy.max, policy.base * policy.multiplier ** (index - 1) // WHOLE ** (index - 1))
    )


def waits_at_worst(retry: Retry, attempt_number: int) -> int:
    """B+(k): as `backoff`, where the callee asks for the longest wait that is honoured."""
    if not retry.retry_after.honour:
        return backoff(retry, attempt_number)
    asked = retry.retry_after.max
    return sum(max(backoff_term(retry, i), asked) for i in range(1, attempt_number))


def queueing(edge: Edge) -> int:
    """The longest wait of each attempt for the bulkhead's queue and the limiter (qw + w)."""
    queue = edge.bulkhead.max_wait if edge.bulkhead is not None and edge.bulkhead.queue else 0
    limiter = 0 if edge.rate_limit is None else edge.rate_limit.max_wait
    return queue + limiter


def longest_fair_attempt(edge: Edge) -> float:
    """The longest attempt limit with which every attempt can run to it before the deadline."""
    attempts = allowed_attempts(edge)
    waits = 0 if edge.retry is None else backoff(edge.retry, attempts)
    return (overall(edge) - waits) / attempts - queueing(edge)


def start(edge: Edge, number: int) -> float:
    """The latest time at which attempt ``number`` starts, when all before it ran to their limit."""
    if edge.retry is None or number == 1:
        return 0
    return (number - 1) * (queueing(edge) + attempt(edge)) + backoff(edge.retry, number)


def floor(edge: Edge) -> float:
    """The time that must be left for an attempt to be started: the callee's median, else 10 ms."""
    median = edge.latency.declared("p50")
    return LEAST_FLOOR if median is None else median


def startable_attempts(edge: Edge) -> int:
    """fit: how many attempts can start before the overall deadline when all run to their limit."""
    limit, least = overall(edge), floor(edge)
    for number in range(2, allowed_attempts(edge) + 1):
        if start(edge, number) + least >= limit:
            return number - 1
    return allowed_attempts(edge)


def whole_attempts(edge: Edge) -> int:
    """How many attempts can run to their own limit before the overall deadline."""
    limit, each = overall(edge), queueing(edge) + attempt(edge)
    for number in range(1, allowed_attempts(edge) + 1):
        if start(edge, number) + each > limit:
            return number - 1
    return allowed_attempts(edge)


def time_for_all(edge: Edge) -> float:
    """The time in which every attempt can run to its own limit."""
    last = allowed_attempts(edge)
    return start(edge, last) + queueing(edge) + attempt(edge)


def worst_case(edge: Edge) -> float:
    """Lwc: the longest that the call can take, without what a fallback adds."""
    attempts = allowed_attempts(edge)
    waits = 0 if edge.retry is None else waits_at_worst(edge.retry, attempts)
    hedging = 0 if edge.hedge is None else edge.hedge.extra * edge.hedge.delay
    return min(overall(edge), attempts * (queueing(edge) + attempt(edge)) + waits + hedging)


def failure_share(edge: Edge) -> float:
    """Parts per million of calls that fail although the callee is healthy: every attempt is cut."""
    limit = attempt_limit(edge)
    if isinf(limit):
        return 0
    cut = edge.latency.share_above(limit, TOLERABLE_CUTS)
    retried = edge.retry is not None and any(map(is_timeout, edge.retry.retry_on))
    attempts = allowed_attempts(edge) if retried else 1
    return WHOLE * float(cut / WHOLE) ** attempts


def breaker_rate(edge: Edge) -> float:
    """First attempts a second that one of the edge's breakers sees.

    Behind one address that stands for all instances a breaker for each of them is one for all.
    """
    scope = "pair" if edge.breaker is None else edge.breaker.scope
    if scope == "operation":
        return edge.traffic.per_process
    pair = edge.traffic.pair_per_process
    apart = scope == "instance" and not edge.callee.declared.one_address
    return pair / edge.callee.instances if apart else pair


def per_second(limit: RateLimit) -> float:
    """L: calls that a limit lets through in a second, in the long run."""
    return limit.rate.limit * SECOND / limit.rate.period


def time_for_token(limit: RateLimit) -> float:
    """The longest wait for the next call that an empty limit lets through."""
    return limit.rate.period / limit.rate.limit


def copies(edge: Edge) -> float:
    """How many copies of a failing request the edge sends in the long run, the first included.

    A budget caps it: the ratio, and the floor as far as it matters at the traffic of one process.
    """
    hedged = 0 if edge.hedge is None else edge.hedge.extra
    attempts = allowed_attempts(edge)
    most = attempts * (1 + hedged) if hedged == 0 or repeatable(edge) else attempts
    budget = _budget(edge)
    if budget is None or most == 1:
        return most
    capped = 1 + budget.ratio / WHOLE
    if budget.min_per_second:
        capped += budget.min_per_second / max(edge.traffic.per_process, 1e-9)
    return min(most, capped)


def repeatable(edge: Edge) -> bool:
    """Whether some request on the edge may be sent twice without harm."""
    return edge.idempotence.by_method or edge.idempotence.value


def _budget(edge: Edge) -> Budget | None:
    if edge.retry is not None and edge.retry.attempts > 1:
        return edge.retry.budget
    return None if edge.hedge is None else edge.hedge.budget


def given(edge: Edge) -> float:
    """The shortest time after which the caller may give an attempt up.

    The overall limit cuts the last attempt where not all of them fit; none starts with less left
    than the floor.
    """
    attempts = allowed_attempts(edge)
    whole = attempts * (queueing(edge) + attempt(edge))
    waits = 0 if edge.retry is None else waits_at_worst(edge.retry, attempts)
    if whole + waits <= overall(edge):
        return attempt_limit(edge)
    if attempts == 1:
        return max(0, min(attempt(edge), overall(edge) - queueing(edge)))
    return min(attempt_limit(edge), floor(edge))
