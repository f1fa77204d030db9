"""The retry budget, case by case and against a model over random histories."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agents.python.tests.engine.policies import HISTORIES
from configsvc_agent.engine.budget import KEPT_SECONDS, Budget
from configsvc_agent.engine.policy import PPM, SECOND, RetryBudget


def granted(budget: Budget, now: int, asked: int) -> int:
    """How many of ``asked`` withdrawals succeed."""
    return sum(budget.withdraw(now) for _ in range(asked))


def test_five_first_attempts_pay_for_one_retry_at_20_percent() -> None:
    """Exactly, without rounding."""
    budget = Budget(RetryBudget(ratio=PPM // 5), 0)
    for _ in range(14):
        budget.deposit(0)
    assert granted(budget, 0, 10) == 2


def test_floor_grants_its_number_per_second_without_any_load() -> None:
    """And saves up no more than one second's worth."""
    budget = Budget(RetryBudget(ratio=0, min_per_second=3), 0)
    assert granted(budget, 0, 10) == 3
    assert granted(budget, SECOND // 3 - 1, 10) == 0
    assert granted(budget, SECOND // 3 + 1, 10) == 1
    assert granted(budget, 100 * SECOND, 10) == 3


def test_floor_and_ratio_add_up() -> None:
    """Amplification is at most 1 + ratio + floor per load."""
    budget = Budget(RetryBudget(ratio=PPM, min_per_second=2), 0)
    for _ in range(4):
        budget.deposit(0)
    assert granted(budget, 0, 10) == 6


def test_unused_deposits_expire() -> None:
    """A quiet day pays for no storm."""
    budget = Budget(RetryBudget(ratio=PPM), 0)
    budget.deposit(0)
    budget.deposit(3 * SECOND)
    assert granted(budget, KEPT_SECONDS * SECOND, 10) == 1


def test_deposit_on_the_second_belongs_to_the_second_that_begins() -> None:
    """And lives as long as its others."""
    budget = Budget(RetryBudget(ratio=PPM), 0)
    budget.deposit(SECOND)
    assert granted(budget, KEPT_SECONDS * SECOND, 10) == 1


def test_refund_can_be_used_again() -> None:
    """The price of an attempt that never left."""
    budget = Budget(RetryBudget(ratio=PPM), 0)
    budget.deposit(0)
    assert budget.withdraw(0)
    budget.refund(0)
    assert granted(budget, 0, 10) == 1


def test_new_policy_keeps_deposits_and_the_floor_that_fits() -> None:
    """Deposits stay what they were worth."""
    budget = Budget(RetryBudget(ratio=PPM, min_per_second=10), 0)
    budget.deposit(0)
    budget.reconfigure(RetryBudget(ratio=PPM // 10, min_per_second=2), 0)
    assert granted(budget, 0, 20) == 3


class BudgetAgainstModel(RuleBasedStateMachine):
    """Deposits as a list of amounts with their second, the floor as a level."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 5 * SECOND
        self.deposits: list[list[int]] = []

    @initialize(
        ratio=st.sampled_from([0, 1, 100_000, PPM // 3, PPM, 2 * PPM]), floor=st.integers(0, 4)
    )
    def begin(self, ratio: int, floor: int) -> None:
        """Any policy."""
        self.rules = RetryBudget(ratio, floor)
        self.budget = Budget(self.rules, self.now)
        self.floor = floor * PPM

    @rule(pause=st.one_of(st.integers(0, SECOND), st.integers(0, 20 * SECOND)))
    def time_passes(self, pause: int) -> None:
        """The floor fills, old deposits go."""
        self.now += pause
        rate = self.rules.min_per_second
        self.floor = min(rate * PPM, self.floor + pause * rate)
        oldest = self.now // SECOND - KEPT_SECONDS
        self.deposits = [each for each in self.deposits if each[0] > oldest]

    @rule(times=st.integers(1, 12))
    def first_attempts(self, times: int) -> None:
        """Each pays in the ratio."""
        for _ in range(times):
            self.deposits.append([self.now // SECOND, self.rules.ratio])
            self.budget.deposit(self.now)

    @rule()
    def refund(self) -> None:
        """A whole attempt comes back."""
        self.deposits.append([self.now // SECOND, PPM])
        self.budget.refund(self.now)

    @rule()
    def withdraw(self) -> None:
        """Both pay or neither; the floor first, then the oldest deposit."""
        enough = self.floor + sum(amount for _, amount in self.deposits) >= PPM
        assert self.budget.withdraw(self.now) == enough
        if not enough:
            return
        owed = PPM - min(self.floor, PPM)
        self.floor -= PPM - owed
        for each in self.deposits:
            taken = min(owed, each[1])
            each[1] -= taken
            owed -= taken
        assert owed == 0

    @rule()
    def snapshot_and_back(self) -> None:
        """Changes nothing."""
        self.budget = Budget.restore(self.rules, self.budget.snapshot())

    @invariant()
    def never_negative(self) -> None:
        """Nothing is lent."""
        if hasattr(self, "budget"):
            assert min(self.budget._slots) >= 0
            assert self.budget._saved == sum(self.budget._slots)
            assert self.budget._floor >= 0


TestBudgetAgainstModel = BudgetAgainstModel.TestCase
TestBudgetAgainstModel.settings = HISTORIES
