"""Missing data: a check runs at the extremes of what it does not know.

A check is written over plain numbers. When it reads a datum that nobody declared, it is run once
with the smallest and once with the largest value that the datum can have, and so on for each
further gap on the way. A conflict at every extreme is a conflict, none at any is clean, and
everything else is undecided. This is exact for checks that are monotone in each datum; a check
that is not says so (`Rule.complete`), and then any gap it reads leaves it undecided.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.interval import Range

T = TypeVar("T")
Name = Callable[[Any], str]


class UnknownDatumError(Exception):
    """A check read a datum that is missing; the explorer answers by trying its extremes."""

    def __init__(
        self, key: str, extremes: tuple[Any, Any], missing: Iterable[str], show: Name | None
    ) -> None:
        self.key = key
        self.extremes = extremes
        self.missing = frozenset(missing)
        self.show = show
        super().__init__(key)


class UndecidableError(Exception):
    """A check read something that no assumption can stand for; ``missing`` names it."""

    def __init__(self, missing: str) -> None:
        self.missing = missing
        super().__init__(missing)


class AmbiguousFieldError(UndecidableError):
    """A check read a policy field that two documents of one rank set differently."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} (ambiguous)")


class UnknownPolicyError(UndecidableError):
    """A check read the time-outs of a caller whose policies nothing enforces."""

    def __init__(self) -> None:
        super().__init__("what the caller does (client.runtime is none)")


class DeferredError(Exception):
    """A check read more than the part of the view that it was offered."""


class Scenario:
    """What a run assumes about missing data; ``prefix`` tells like data of edges apart."""

    __slots__ = ("_assumed", "_prefix")

    def __init__(self, assumed: Mapping[str, Any], prefix: str = "") -> None:
        self._assumed = assumed
        self._prefix = prefix

    def within(self, prefix: str) -> "Scenario":
        """The same assumptions, for the data of one edge among several."""
        return Scenario(self._assumed, f"{prefix}: ")

    def assume(
        self,
        key: str,
        extremes: tuple[T, T],
        *,
        missing: Iterable[str] = (),
        show: Name | None = str,
    ) -> T:
        """Return the value that this run assumes for the datum ``key``.

        ``missing`` names the undeclared fields that it depends on (default: ``key`` itself);
        ``show`` words a value of it.

        Raises:
            UnknownDatumError: this run assumes nothing about it yet.
        """
        key = f"{self._prefix}{key}"
        if key in self._assumed:
            value: T = self._assumed[key]
            return value
        raise UnknownDatumError(key, extremes, missing or (key,), show)


NOTHING_ASSUMED = Scenario({})


@dataclass(frozen=True, slots=True)
class Undecided:
    """A check's outcome depends on these undeclared fields."""

    missing: frozenset[str]


MOST_GAPS = 6
"""With more missing data than this on one way through a check, it is undecided: 64 runs suffice."""

Outcome = Conflict | Undecided | None
"""What came of a check; None is clean."""


def explore(check: Callable[[Scenario], Conflict | None], *, complete: bool = False) -> Outcome:
    """Run ``check`` at the extremes of every missing datum that it reads.

    ``complete``: the check is meaningful with all its data only.
    """
    return _explore(check, {}, complete=complete)


def extremes(reckon: Callable[[Scenario], float]) -> Range:
    """The smallest and the largest number that ``reckon`` can give for any missing data."""
    return _extremes(reckon, {})


def _extremes(reckon: Callable[[Scenario], float], assumed: dict[str, Any]) -> Range:
    try:
        return Range.exactly(reckon(Scenario(assumed) if assumed else NOTHING_ASSUMED))
    except UndecidableError as unreadable:
        return Range.at_least(0, unreadable.missing)
    except UnknownDatumError as unknown:
        gap = unknown
    ends = [_extremes(reckon, {**assumed, gap.key: extreme}) for extreme in gap.extremes]
    low, high = min(end.low for end in ends), max(end.high for end in ends)
    if low == high:
        return Range.exactly(low)
    return Range(low, high, gap.missing.union(*(end.missing for end in ends)))


def _explore(
    check: Callable[[Scenario], Conflict | None], assumed: dict[str, Any], *, complete: bool
) -> Outcome:
    try:
        return check(Scenario(assumed) if assumed else NOTHING_ASSUMED)
    except UndecidableError as unreadable:
        return Undecided(frozenset({unreadable.missing}))
    except UnknownDatumError as unknown:
        gap = unknown
    if complete or len(assumed) == MOST_GAPS:
        return Undecided(gap.missing)
    least, most = gap.extremes
    first = _explore(check, {**assumed, gap.key: least}, complete=False)
    second = _explore(check, {**assumed, gap.key: most}, complete=False)
    return _join(gap, first, second)


def _join(gap: UnknownDatumError, first: Outcome, second: Outcome) -> Outcome:
    """Combine the outcomes at the two extremes of one missing datum."""
    if first == second:
        return first
    if isinstance(first, Conflict) and isinstance(second, Conflict):
        return _milder(gap, first, second)
    missing = gap.missing
    for outcome in (first, second):
        if isinstance(outcome, Undecided):
            missing |= outcome.missing
    return Undecided(missing)


def _milder(gap: UnknownDatumError, first: Conflict, second: Conflict) -> Conflict:
    """The conflict that holds whatever the datum is, with the assumption it was reckoned with."""
    choices = ((first, gap.extremes[0]), (second, gap.extremes[1]))
    mild, extreme = min(choices, key=lambda choice: (choice[0].severity or 0, choice[0].magnitude))
    if gap.show is None:
        return mild
    return replace(mild, even_if=(f"{gap.key} is {gap.show(extreme)}", *mild.even_if))
