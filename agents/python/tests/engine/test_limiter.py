"""The rate limit, case by case and against a model over random histories."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from agents.python.tests.engine.policies import HISTORIES
from agents.python.tests.engine.test_bulkhead import Bell
from configsvc_agent.engine import limiter as module
from configsvc_agent.engine.limiter import RateLimiter, Reservation
from configsvc_agent.engine.policy import SECOND, RateLimit


def taken(limiter: RateLimiter, now: int, asked: int, key: str = "") -> int:
    """How many of ``asked`` get a token at ``now``."""
    return sum(limiter.acquire(now, key) == 0 for _ in range(asked))


def reserved(limiter: RateLimiter, now: int) -> Reservation:
    """A token taken ahead of time, which must be possible."""
    reservation = limiter.reserve(now, Bell())
    assert isinstance(reservation, Reservation)
    return reservation


def test_burst_then_rate() -> None:
    """Two at once, then one each 100 ms, never saved beyond the burst."""
    limiter = RateLimiter(RateLimit(limit=10, burst=2))
    assert taken(limiter, 0, 5) == 2
    assert taken(limiter, 99_999, 5) == 0
    assert taken(limiter, 100_000, 5) == 1
    assert taken(limiter, 100 * SECOND, 5) == 2


def test_burst_is_the_limit_unless_said() -> None:
    """Ten per second may be ten at once."""
    assert taken(RateLimiter(RateLimit(limit=10)), 0, 20) == 10


def test_refusal_tells_when_the_next_token_is_there() -> None:
    """To the microsecond, also where a third of a second is no whole number of them."""
    limiter = RateLimiter(RateLimit(limit=3, burst=1))
    assert limiter.acquire(0) == 0
    assert limiter.acquire(0) == 333_334
    assert limiter.acquire(333_333) == 1
    assert limiter.acquire(333_334) == 0


def test_keys_have_buckets_of_their_own() -> None:
    """One tenant does not use up another's."""
    limiter = RateLimiter(RateLimit(limit=1, key="header:tenant"))
    assert taken(limiter, 0, 3, "a") == 1
    assert taken(limiter, 0, 3, "b") == 1


def test_key_is_ignored_where_the_policy_has_none() -> None:
    """All calls count together."""
    limiter = RateLimiter(RateLimit(limit=1))
    assert taken(limiter, 0, 3, "a") == 1
    assert taken(limiter, 0, 3, "b") == 0


def test_keys_are_bounded_and_inventing_them_frees_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Too many busy keys share one bucket; an idle one makes room."""
    monkeypatch.setattr(module, "MAX_KEYS", 2)
    limiter = RateLimiter(RateLimit(limit=1, key="k"))
    assert taken(limiter, 0, 2, "a") == taken(limiter, 0, 2, "b") == 1
    assert taken(limiter, 0, 2, "c") + taken(limiter, 0, 2, "d") == 1
    assert taken(limiter, 0, 2, "a") == 0
    assert taken(limiter, SECOND, 2, "c") == 1
    assert len(limiter._buckets) <= 3


def test_reservations_line_up_within_the_wait() -> None:
    """Each a token later than the one before; too far ahead is refused with its distance."""
    limiter = RateLimiter(RateLimit(limit=10, burst=1, max_wait=200_000))
    assert [reserved(limiter, 0).ready_at for _ in range(3)] == [0, 100_000, 200_000]
    assert limiter.reserve(0, Bell()) == 300_000
    assert limiter.acquire(250_000) == 50_000


def test_cancelled_last_reservation_gives_its_token_back() -> None:
    """The next one gets its time."""
    limiter = RateLimiter(RateLimit(limit=10, burst=1, max_wait=SECOND))
    reserved(limiter, 0)
    last = reserved(limiter, 0)
    limiter.cancel(last)
    assert reserved(limiter, 0).ready_at == last.ready_at


def test_cancelled_reservation_with_others_behind_it_is_lost() -> None:
    """Otherwise two would leave at one time."""
    limiter = RateLimiter(RateLimit(limit=10, burst=1, max_wait=SECOND))
    reserved(limiter, 0)
    middle, last = reserved(limiter, 0), reserved(limiter, 0)
    limiter.cancel(middle)
    assert reserved(limiter, 0).ready_at == last.ready_at + 100_000


def test_refund_gives_a_token_back_unless_somebody_waits() -> None:
    """For an attempt that was refused further inside."""
    limiter = RateLimiter(RateLimit(limit=10, burst=1, max_wait=SECOND))
    assert limiter.acquire(0) == 0
    limiter.refund()
    assert limiter.acquire(0) == 0
    reserved(limiter, 0)
    limiter.refund()
    assert reserved(limiter, 0).ready_at == 200_000


def test_removal_lets_everybody_go() -> None:
    """Those who wait and those who come."""
    limiter = RateLimiter(RateLimit(limit=1, max_wait=SECOND))
    limiter.acquire(0)
    waiting = reserved(limiter, 0)
    assert limiter.close() == [waiting.waker]
    assert waiting.granted
    assert taken(limiter, 0, 100) == 100


def test_new_rate_keeps_the_tokens_that_were_taken() -> None:
    """Half a bucket stays half empty, in the new units; a smaller burst is used up at most."""
    limiter = RateLimiter(RateLimit(limit=10, burst=4))
    assert taken(limiter, SECOND, 3) == 3
    limiter.reconfigure(RateLimit(limit=7, period=2 * SECOND, burst=4), SECOND)
    assert taken(limiter, SECOND, 4) == 1
    limiter.reconfigure(RateLimit(limit=7, burst=1), SECOND)
    assert taken(limiter, SECOND + SECOND // 7, 4) == 0
    assert taken(limiter, SECOND + SECOND // 7 + 1, 4) == 1


def test_change_of_key_begins_with_full_buckets() -> None:
    """What was counted together cannot be told apart afterwards."""
    limiter = RateLimiter(RateLimit(limit=1))
    limiter.acquire(0)
    limiter.reconfigure(RateLimit(limit=1, key="k"), 0)
    assert taken(limiter, 0, 2, "a") == 1


def test_snapshot_keeps_the_buckets() -> None:
    """Key by key."""
    limiter = RateLimiter(RateLimit(limit=2, key="k"))
    limiter.acquire(0, "a")
    twin = RateLimiter.restore(limiter.policy, limiter.snapshot())
    assert taken(twin, 0, 3, "a") == 1
    assert taken(twin, 0, 3, "b") == 2


class LimiterAgainstModel(RuleBasedStateMachine):
    """A bucket of exact fractions that is filled and emptied; debt is what is reserved."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 7 * SECOND

    @initialize(
        limit=st.sampled_from([1, 3, 7, 10]),
        period=st.sampled_from([SECOND, 250_000, 333_333]),
        burst=st.one_of(st.none(), st.integers(1, 4)),
        max_wait=st.sampled_from([0, 100_000, SECOND]),
    )
    def begin(self, limit: int, period: int, burst: int | None, max_wait: int) -> None:
        """Any policy."""
        self.rules = RateLimit(limit, period, burst, None, max_wait)
        self.limiter = RateLimiter(self.rules)
        self.size = Fraction(burst or limit)
        self.tokens = self.size
        self.per_token = Fraction(period, limit)

    @rule(pause=st.one_of(st.integers(0, 1000), st.integers(0, 500_000)))
    def time_passes(self, pause: int) -> None:
        """Tokens drop in, up to the burst."""
        self.now += pause
        self.tokens = min(self.size, self.tokens + pause / self.per_token)

    @property
    def wait(self) -> int:
        """Whole microseconds until there is a token, after those that are owed."""
        exact = (1 - self.tokens) * self.per_token
        return max(0, -(-exact.numerator // exact.denominator))

    @rule()
    def take(self) -> None:
        """Both have a token or neither, and both say for how long."""
        assert self.limiter.acquire(self.now) == self.wait
        if self.wait == 0:
            self.tokens -= 1

    @rule()
    def reserve(self) -> None:
        """Within the longest wait."""
        answer = self.limiter.reserve(self.now, Bell())
        if self.wait > self.rules.max_wait:
            assert answer == self.wait
            return
        assert isinstance(answer, Reservation)
        assert answer.ready_at == self.now + self.wait
        self.tokens -= 1

    @rule()
    def reserve_and_cancel(self) -> None:
        """As if it had not been."""
        answer = self.limiter.reserve(self.now, Bell())
        if isinstance(answer, Reservation):
            self.limiter.cancel(answer)

    @rule()
    def snapshot_and_back(self) -> None:
        """Changes nothing."""
        self.limiter = RateLimiter.restore(self.rules, self.limiter.snapshot())


TestLimiterAgainstModel = LimiterAgainstModel.TestCase
TestLimiterAgainstModel.settings = HISTORIES
