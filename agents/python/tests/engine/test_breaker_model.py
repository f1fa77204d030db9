"""Random histories of a breaker against a model that keeps every outcome in a list."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from agents.python.tests.engine.policies import HISTORIES
from agents.python.tests.engine.policies import breaker as policy
from configsvc_agent.engine.breaker import Breaker
from configsvc_agent.engine.outcome import SUCCESS, TIMEOUT, UNATTRIBUTED, Outcome, failure
from configsvc_agent.engine.policy import PPM, CircuitBreaker, HalfOpen, SlowCall, Window

BAD = failure("5xx")
CLIENT = failure("4xx")
IGNORED = failure("5xx", "501")

policies = st.builds(
    policy,
    window=st.one_of(
        st.builds(Window, st.just("count"), st.integers(1, 8)),
        st.builds(Window, st.just("time"), st.just(64_000)),
    ),
    minimum_calls=st.integers(1, 6),
    failure_rate=st.sampled_from([1, PPM // 3, PPM // 2, PPM]),
    slow_call=st.one_of(st.none(), st.builds(SlowCall, st.just(50), st.just(PPM // 2))),
    ignore=st.just(frozenset({"501"})),
    open_for=st.integers(1, 30_000),
    half_open=st.builds(HalfOpen, st.integers(1, 3), st.one_of(st.none(), st.integers(1, 20_000))),
)


@dataclass(frozen=True)
class Permit:
    """What the machine gave, and the period of the model in which it did."""

    number: int
    period: int


class Model:
    """A breaker as one would write it to be read."""

    def __init__(self, rules: CircuitBreaker) -> None:
        self.rules = rules
        self.state = "closed"
        self.period = 0
        self.since = 0
        self.outcomes: list[tuple[int, bool, bool]] = []
        self.out = 0

    def enter(self, state: str, now: int) -> None:
        """Begin a new period."""
        self.state, self.since, self.outcomes, self.out = state, now, [], 0
        self.period += 1

    def pass_time(self, now: int) -> None:
        """What time alone changes."""
        half = self.rules.half_open
        patience = now + 1 if half.max_wait is None else self.since + half.max_wait
        if self.state == "half-open" and now >= patience:
            self.enter("open", patience)
        if self.state == "open" and now >= self.since + self.rules.open_for:
            self.enter("half-open", now)

    def asks(self, now: int) -> bool:
        """Whether an attempt may leave."""
        self.pass_time(now)
        if self.state == "half-open":
            if len(self.outcomes) + self.out >= self.rules.half_open.probes:
                return False
            self.out += 1
        return self.state != "open"

    def ends(self, period: int, outcome: Outcome, latency: int, now: int) -> None:
        """An attempt of ``period`` ended."""
        if period != self.period:
            return
        counts = outcome.ok or (bool(outcome.classes) and "501" not in outcome.classes)
        if not counts:
            self.out -= self.state == "half-open"
            return
        if self.state == "half-open":
            half = self.rules.half_open
            if half.max_wait is not None and now >= self.since + half.max_wait:
                self.pass_time(now)
                return
            self.out -= 1
        failed = bool(outcome.classes & self.rules.record)
        slow = self.rules.slow_call is not None and latency > self.rules.slow_call.above
        self.outcomes.append((now, failed, slow))
        self.judge(now)

    def judge(self, now: int) -> None:
        """Open or close, if it is time."""
        if self.state == "half-open":
            probes = self.rules.half_open.probes
            if self.too_many(self.outcomes, probes):
                self.enter("open", now)
            elif len(self.outcomes) >= probes:
                self.enter("closed", now)
            return
        seen = self.looked_back_on(now)
        if len(seen) >= self.rules.minimum_calls and self.too_many(seen, len(seen)):
            self.enter("open", now)

    def looked_back_on(self, now: int) -> list[tuple[int, bool, bool]]:
        """The outcomes in the window."""
        window = self.rules.window
        if window.kind == "count":
            return self.outcomes[-window.size :]
        width = window.size // 64
        return [each for each in self.outcomes if each[0] // width > now // width - 64]

    def too_many(self, seen: list[tuple[int, bool, bool]], total: int) -> bool:
        """Whether a rate is reached."""
        failed = sum(each[1] for each in seen)
        slow = sum(each[2] for each in seen)
        if failed and Fraction(failed, total) >= Fraction(self.rules.failure_rate, PPM):
            return True
        rule = self.rules.slow_call
        return bool(rule and slow and Fraction(slow, total) >= Fraction(rule.rate, PPM))


class BreakerAgainstModel(RuleBasedStateMachine):
    """Attempts begin, end in any order, and time passes."""

    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000

    @initialize(rules=policies)
    def begin(self, rules: CircuitBreaker) -> None:
        """Any policy."""
        self.breaker = Breaker(rules)
        self.model = Model(rules)

    @rule(pause=st.integers(0, 40_000))
    def time_passes(self, pause: int) -> None:
        """Time alone changes nothing that is seen."""
        self.now += pause

    @rule(target=permits)
    def attempt_begins(self) -> object:
        """Both let it through or neither."""
        expected = self.model.asks(self.now)
        quick = self.breaker.closed_permit
        permit = quick if quick is not None else self.breaker.acquire(self.now).permit
        assert (permit is not None) == expected
        if permit is None:
            return multiple()
        return Permit(permit, self.model.period)

    @rule(
        permit=consumes(permits),
        outcome=st.sampled_from([SUCCESS, BAD, TIMEOUT, CLIENT, IGNORED, UNATTRIBUTED]),
        latency=st.integers(0, 100),
    )
    def attempt_ends(self, permit: Permit, outcome: Outcome, latency: int) -> None:
        """Any attempt, however old."""
        self.model.ends(permit.period, outcome, latency, self.now)
        self.breaker.record(permit.number, outcome, latency, self.now)

    @rule(permit=consumes(permits))
    def attempt_is_given_up(self, permit: Permit) -> None:
        """It has decided nothing, whenever it began."""
        self.model.ends(permit.period, UNATTRIBUTED, 0, self.now)
        self.breaker.release(permit.number)

    @rule()
    def snapshot_and_back(self) -> None:
        """Changes nothing."""
        self.breaker = Breaker.restore(self.breaker.policy, self.breaker.snapshot())

    @invariant()
    def same_state(self) -> None:
        """The states agree, and so do the probes under way."""
        if hasattr(self, "model"):
            assert self.breaker.state == self.model.state
            assert self.breaker._out == self.model.out


TestBreakerAgainstModel = BreakerAgainstModel.TestCase
TestBreakerAgainstModel.settings = HISTORIES
