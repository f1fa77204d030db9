"""The experiments of rules: loads and faults in a line each, bounded so that a run stays short."""

from dataclasses import replace
from typing import Final

from configsvc.model.experiments import ERRORS, Experiment, Fault, Load, Measure
from configsvc.model.policies import Retry
from configsvc.model.quantities import SECOND, WHOLE, Duration, Share

MOST_CALLS: Final = 3_000
"""Calls of one experiment."""

LONGEST: Final = 600 * SECOND
"""How long calls arrive at the most."""

_LOCAL: Final = frozenset({"open", "full", "limited", "timeout"})
"""Outcomes that no answer of a callee has."""

_WARM_UP: Final = Duration(5 * SECOND)
_WARM_RATE: Final = 20.0

_HIGHEST_RATE: Final = 500.0
_LOWEST_RATE: Final = 0.01


def failing_call(
    fault: Fault, measure: Measure, *, at_most: float = 0, calls: int = 1, extreme: bool = True
) -> Experiment:
    """Some healthy seconds, which pay for retries, and then calls while the fault is there."""
    load = Load(_WARM_RATE, _WARM_UP, burst=min(calls, MOST_CALLS))
    begun = replace(fault, start=_WARM_UP)
    return Experiment(load, begun, measure, at_most=at_most, extreme=extreme)


def repeated(retry: Retry | None, *, share: Share = WHOLE) -> Fault:
    """Failures of the callee that a policy repeats, if it repeats any."""
    repeats = () if retry is None else retry.retry_on
    outcomes = [outcome for outcome in repeats if outcome not in _LOCAL]
    return Fault("errors", share=share, classes=tuple(outcomes[:1]) or ERRORS.classes)


def traffic(rate: float, seconds: float) -> Load:
    """So many calls a second, for so long; slower or shorter where that would be too many."""
    each_second = min(max(rate, _LOWEST_RATE), _HIGHEST_RATE)
    longest = min(LONGEST, MOST_CALLS / each_second * SECOND)
    return Load(each_second, Duration(int(min(max(seconds, 1) * SECOND, longest))))


def usual_traffic(seconds: float) -> Load:
    """What the documents say of the edge's traffic."""
    return Load(duration=Duration(int(seconds * SECOND)), usual=True)
