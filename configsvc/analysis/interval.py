"""Intervals: a quantity between two bounds, and the undeclared fields that keep them apart."""

from collections.abc import Iterable
from math import inf
from typing import NamedTuple, Self

NOTHING: frozenset[str] = frozenset()


class Range(NamedTuple):
    """A number from ``low`` to ``high``, at least zero; ``high`` may be infinite.

    ``missing`` names the fields that would narrow it; it is empty exactly where the bounds are
    equal. A tuple, because large graphs make a great many of them.
    """

    low: float
    high: float
    missing: frozenset[str] = NOTHING

    @classmethod
    def exactly(cls, number: float) -> Self:
        """A number that is known."""
        return cls(number, number)

    @classmethod
    def at_least(cls, low: float, *missing: str) -> Self:
        """A number of which only a lower bound is known."""
        return cls(low, inf, frozenset(missing))

    @property
    def known(self) -> bool:
        """Whether there is one value only."""
        return self.low == self.high

    def __add__(self, other: "Range") -> "Range":  # type: ignore[override] # no tuple to a reader
        return _range(self.low + other.low, self.high + other.high, self, other)

    def __mul__(self, other: "Range") -> "Range":  # type: ignore[override] # no tuple to a reader
        return _range(_times(self.low, other.low), _times(self.high, other.high), self, other)

    def __truediv__(self, other: "Range") -> "Range":
        return _range(_over(self.low, other.high), _over(self.high, other.low), self, other)

    def at_most(self, bound: "Range") -> "Range":
        """The smaller of the two."""
        return _range(min(self.low, bound.low), min(self.high, bound.high), self, bound)


ZERO = Range.exactly(0)
ONE = Range.exactly(1)


def total(ranges: Iterable[Range]) -> Range:
    """Sum of ranges."""
    result = ZERO
    for item in ranges:
        result = item if result is ZERO else result + item
    return result


def largest(ranges: Iterable[Range]) -> Range:
    """The largest of several numbers, zero of none; what cannot decide it is not missed."""
    every = tuple(ranges)
    if len(every) < 2:  # noqa: PLR2004 - nothing to compare
        return every[0] if every else ZERO
    low = max(item.low for item in every)
    high = max(item.high for item in every)
    return _range(low, high, *(item for item in every if item.high > low))


def _range(low: float, high: float, *operands: Range) -> Range:
    if low == high:
        return Range(low, high)
    missing = NOTHING
    for operand in operands:
        if operand.missing and operand.missing is not missing:
            missing = operand.missing if not missing else missing | operand.missing
    return Range(low, high, missing)


def _times(left: float, right: float) -> float:
    """Product in which zero times infinity is zero: no call costs nothing."""
    return 0 if 0 in (left, right) else left * right


def _over(left: float, right: float) -> float:
    if right == 0:
        return inf if left else 0
    return 0 if right == inf else left / right
