"""Missing data: what a check that is run at extremes comes to."""

from math import inf

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.interval import Range
from configsvc.analysis.scenario import MOST_GAPS, Scenario, Undecided, explore, extremes
from configsvc.model.findings import Severity


def _above(limit: float, *keys: str) -> Conflict | Undecided | None:
    """What comes of a check that the sum of unknown data, each from 0 to 10, exceeds ``limit``."""

    def check(scenario: Scenario) -> Conflict | None:
        total = sum(scenario.assume(key, (0, 10)) for key in keys)
        return Conflict(magnitude=total) if total > limit else None

    return explore(check)


def test_conflict_at_every_extreme_is_a_conflict() -> None:
    """What holds whatever the datum is, is reported with the mildest numbers."""
    found = _above(-1, "a", "b")
    assert isinstance(found, Conflict)
    assert (found.magnitude, found.even_if) == (0, ("a is 0", "b is 0"))


def test_no_conflict_at_any_extreme_is_clean() -> None:
    """What holds for no value is nothing."""
    assert _above(20, "a", "b") is None


def test_different_outcomes_are_undecided_and_name_the_data() -> None:
    """What depends on missing data is neither: both are named."""
    assert _above(15, "a", "b") == Undecided(frozenset({"a", "b"}))


def test_only_data_that_decide_are_named() -> None:
    """A datum that makes no difference is not missed."""

    def check(scenario: Scenario) -> Conflict | None:
        scenario.assume("read in passing", (0, 10))
        return Conflict(magnitude=1) if scenario.assume("decisive", (0, 10)) > 5 else None

    assert explore(check) == Undecided(frozenset({"decisive"}))


def test_what_is_missed_may_have_other_names_than_what_is_read() -> None:
    """A quantity that is reckoned names the fields that it is reckoned from."""

    def check(scenario: Scenario) -> Conflict | None:
        value = scenario.assume("rate", (0, inf), missing=("shop[buy].externalRate",))
        return Conflict(magnitude=1) if value > 1 else None

    assert explore(check) == Undecided(frozenset({"shop[buy].externalRate"}))


def test_milder_severity_speaks() -> None:
    """Where a datum decides on the severity alone, the milder one is reported."""

    def check(scenario: Scenario) -> Conflict | None:
        sure = scenario.assume("stops", (True, False))
        return Conflict(magnitude=1, severity=Severity.WARNING if sure else Severity.ERROR)

    found = explore(check)
    assert isinstance(found, Conflict)
    assert (found.severity, found.even_if) == (Severity.WARNING, ("stops is True",))


def test_equal_conflicts_need_no_assumption() -> None:
    """A datum that changes nothing is not mentioned."""

    def check(scenario: Scenario) -> Conflict | None:
        scenario.assume("read in passing", (0, 10))
        return Conflict(magnitude=1)

    assert explore(check) == Conflict(magnitude=1)


def test_check_that_needs_all_data_is_undecided_without_one() -> None:
    """A check that is not monotone is not run at extremes."""

    def between(scenario: Scenario) -> Conflict | None:
        return Conflict(magnitude=1) if 4 < scenario.assume("a", (0, 10)) < 6 else None

    assert explore(between) is None, "both extremes are outside: trying them is wrong here"
    assert explore(between, complete=True) == Undecided(frozenset({"a"}))


def test_too_many_gaps_are_undecided_in_bounded_time() -> None:
    """The number of runs does not explode."""
    keys = [f"k{n}" for n in range(40)]
    outcome = _above(-1, *keys)
    assert isinstance(outcome, Undecided)
    assert len(outcome.missing) <= MOST_GAPS + 1


def test_prefix_tells_like_data_apart() -> None:
    """The same datum of two edges is two data."""

    def check(scenario: Scenario) -> Conflict | None:
        one, two = (scenario.within(edge).assume("p50", (0, 10)) for edge in ("a -> b", "a -> c"))
        return Conflict(magnitude=1) if one > two else None

    assert explore(check) == Undecided(frozenset({"a -> b: p50", "a -> c: p50"}))


def test_extremes_of_a_number() -> None:
    """A number is reckoned at every corner, and names what keeps the bounds apart."""

    def reckon(scenario: Scenario) -> float:
        return scenario.assume("a", (1, 3)) * scenario.assume("b", (2, 5))

    assert extremes(reckon) == Range(2, 15, frozenset({"a", "b"}))


def test_extremes_of_a_known_number_miss_nothing() -> None:
    """Where all corners agree nothing is missing."""

    def reckon(scenario: Scenario) -> float:
        return 0 * scenario.assume("a", (1, 3))

    assert extremes(reckon) == Range.exactly(0)
