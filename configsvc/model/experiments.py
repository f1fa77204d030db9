"""Experiments: a load, a fault and what to watch, described apart from what carries them out.

An experiment names no edge: it is about whatever its finding is about. Calls arrive over that edge
(or the first of its path), and the fault is in what the edge (or the last of the path) leads to.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from configsvc.model.quantities import WHOLE, Duration, Share

FaultKind = Literal["none", "hang", "errors", "slow", "kill"]
Where = Literal["callee", "below"]


@dataclass(frozen=True, slots=True)
class Load:
    """Calls of one process that arrive whatever becomes of those before them (open loop).

    They come ``rate`` a second, evenly spaced, for ``duration`` microseconds; then ``burst`` calls
    arrive together. ``usual``: the rate is what the documents say of the edge, and of those that
    share its machines.
    """

    rate: float = 0
    duration: Duration = Duration(0)
    burst: int = 0
    usual: bool = False


ONE_CALL = Load(burst=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, from ``start`` on for ``duration`` microseconds (None: for ever).

    ``hang``: requests are not answered before the fault ends, not even by a limit of the callee's
    own. ``errors``: ``share`` of the requests
    fail with ``classes``. ``slow``: they take ``amount`` microseconds. ``kill``: they are refused.
    ``instances``: it is in so many of the callee's (None: in all). ``where``: in the callee, or in
    all that it calls.
    """

    kind: FaultKind
    start: Duration = Duration(0)
    duration: Duration | None = None
    amount: Duration = Duration(0)
    share: Share = WHOLE
    classes: tuple[str, ...] = ("503", "5xx")
    instances: int | None = None
    where: Where = "callee"


NO_FAULT = Fault("none")
HANG = Fault("hang")
ERRORS = Fault("errors")


class Measure(StrEnum):
    """What a run is judged by; each is one number of the run, and says how it reads."""

    MISSING_ATTEMPTS = "configured attempts that a failing call did not make"
    ATTEMPTS = "attempts of one call, at the most"
    MISSING_COPIES = "configured hedge copies that a call without an answer did not send"
    ATTEMPTS_PER_CALL = "attempts per call"
    ARRIVALS_PER_CALL = "requests at the last callee per call at the way in"
    OPENINGS = "times that the breaker opened"
    PROBING = "share of the breaker's time that it spent half-open, once it had opened"
    REFUSED_TWICE = "retries that were refused like the attempt before them"
    REFUSED = "share of first attempts refused by the edge's own policies"
    LIMITED = "share of first attempts refused by the rate limit"
    FAILED_AFTERWARDS = "share of calls that failed after the fault had passed"
    UNFINISHED = "calls that never ended"
    COPIES_AT_ONCE = "copies of one call that the callee worked on at the same time"
    AT_ONCE = "requests that the callee worked on at the same time"
    ABANDONED_WORK = "longest work after the caller had given up, in milliseconds"
    TIMED_OUT = "share of attempts that were cut by their limit"
    RETRIES_TOGETHER = "largest share of retries that left in the same millisecond"
    OUT_OF_TIME = "calls whose time ran out before an attempt could leave"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A run that shows whether a harm is there: it is, unless the measure keeps its bound.

    ``at_most`` and ``at_least`` bound ``measure``; one of them is set. ``extreme``: back-offs take
    their longest instead of drawing lots, and operations the worst time that they declare as soon
    as the fault has begun.
    """

    load: Load
    fault: Fault
    measure: Measure
    at_most: float | None = None
    at_least: float | None = None
    extreme: bool = False

    def harmed(self, value: float) -> bool:
        """Whether ``value`` of the measure is the harm that the finding speaks of."""
        if self.at_most is not None and value > self.at_most:
            return True
        return self.at_least is not None and value < self.at_least
