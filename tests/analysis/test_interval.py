"""Intervals contain what their operands contain."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from configsvc.analysis.interval import NOTHING, ONE, ZERO, Range, largest, total

_NUMBERS = st.integers(0, 1000) | st.just(inf)


@st.composite
def _ranges(draw: st.DrawFn) -> tuple[Range, float]:
    """A range and a number in it."""
    low, inside, high = sorted(draw(st.tuples(_NUMBERS, _NUMBERS, _NUMBERS)))
    missing = NOTHING if low == high else frozenset({draw(st.sampled_from("abc"))})
    return Range(low, high, missing), inside


@given(_ranges(), _ranges())
def test_sum_product_and_minimum_contain_those_of_their_members(
    one: tuple[Range, float], two: tuple[Range, float]
) -> None:
    """An operation on ranges bounds the operation on numbers in them."""
    (left, x), (right, y) = one, two
    product = 0 if 0 in (x, y) else x * y
    assert (left + right).low <= x + y <= (left + right).high
    assert (left * right).low <= product <= (left * right).high
    assert left.at_most(right).low <= min(x, y) <= left.at_most(right).high


@given(_ranges(), _ranges())
def test_quotient_contains_those_of_its_members(
    one: tuple[Range, float], two: tuple[Range, float]
) -> None:
    """A quotient bounds what numbers of both ranges give; nothing by nothing is nothing."""
    (left, x), (right, y) = one, two
    if y == 0 or inf in (x, y):
        return
    assert (left / right).low <= x / y <= (left / right).high


@given(st.lists(_ranges(), min_size=1, max_size=4))
def test_total_and_largest_contain_those_of_their_members(found: list[tuple[Range, float]]) -> None:
    """Sum and maximum of many ranges bound those of numbers in them."""
    ranges, numbers = zip(*found, strict=True)
    assert total(ranges).low <= sum(numbers) <= total(ranges).high
    assert largest(ranges).low <= max(numbers) <= largest(ranges).high


@given(_ranges(), _ranges())
def test_what_is_known_misses_nothing(one: tuple[Range, float], two: tuple[Range, float]) -> None:
    """A result misses data exactly where its bounds are apart."""
    for result in (one[0] + two[0], one[0] * two[0], largest((one[0], two[0]))):
        assert (result.missing == NOTHING) == result.known


def test_what_cannot_be_the_largest_is_not_missed() -> None:
    """A number that stays below another one does not matter."""
    small, large = Range(0, 5, frozenset({"small"})), Range(5, 9, frozenset({"large"}))
    assert largest((small, large)).missing == frozenset({"large"})


def test_nothing_of_something_unknown_is_nothing() -> None:
    """Zero calls of unknown length take no time."""
    assert ZERO * Range.at_least(1, "ownTime") == ZERO
    assert largest(()) == ZERO
    assert ONE.known
