"""What happens on calls, as log records.

::

    agent.on_event(LogEvents())

Records go to the logger ``configsvc_agent.calls``; each carries the event as ``record.event``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from configsvc_agent.engine.events import (
    AttemptFinished,
    AttemptRejected,
    AttemptStarted,
    BreakerChanged,
    DeadlineExceeded,
    Event,
    FallbackRefused,
    FallbackUsed,
    HedgeRefused,
    RetryRefused,
    RetryScheduled,
)
from configsvc_agent.errors import duration_text

LEVELS: Mapping[type[object], int] = {
    AttemptStarted: logging.DEBUG,
    AttemptFinished: logging.DEBUG,
    AttemptRejected: logging.DEBUG,
    RetryScheduled: logging.INFO,
    RetryRefused: logging.INFO,
    HedgeRefused: logging.INFO,
    FallbackUsed: logging.WARNING,
    FallbackRefused: logging.WARNING,
    DeadlineExceeded: logging.WARNING,
    BreakerChanged: logging.WARNING,
}
"""How loud each event is unless said otherwise."""


class LogEvents:
    """A hook that writes events to ``logger``; ``levels`` changes how loud some of them are."""

    def __init__(
        self,
        logger: logging.Logger | None = None,
        levels: Mapping[type[object], int] | None = None,
    ) -> None:
        self._logger = logger or logging.getLogger("configsvc_agent.calls")
        self._levels = {**LEVELS, **(levels or {})}

    def __call__(self, event: Event) -> None:
        """Write ``event``."""
        level = self._levels.get(type(event), logging.DEBUG)
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s: %s", event.edge, told(event), extra={"event": event})


def told(event: Event) -> str:  # noqa: C901, PLR0911  one line for each event
    """``event`` in words, without its edge."""
    match event:
        case AttemptStarted(number=number, limit=limit, instance=instance):
            within = "" if limit is None else f" within {duration_text(limit)}"
            return f"attempt {number}{within}{_at(instance)}"
        case AttemptFinished(number=number, ok=ok, latency=latency, classes=classes):
            end = "succeeded" if ok else f"failed ({', '.join(sorted(classes)) or 'not counted'})"
            return f"attempt {number} {end} after {duration_text(latency)}"
        case AttemptRejected(number=number, kind=kind):
            return f"attempt {number} was rejected: {kind}"
        case RetryScheduled(number=number, wait=wait, classes=classes):
            return f"attempt {number} in {duration_text(wait)} after {', '.join(sorted(classes))}"
        case RetryRefused(number=number, reason=reason):
            return f"no attempt {number}: {reason}"
        case HedgeRefused(reason=reason):
            return f"no copy: {reason}"
        case BreakerChanged(state=state, instance=instance):
            return f"the circuit breaker is {state}{_at(instance)}"
        case DeadlineExceeded(reason=reason):
            return reason
        case FallbackUsed(kind=kind, classes=classes):
            return f"fallback ({kind}) after {', '.join(sorted(classes))}"
        case FallbackRefused(reason=reason):
            return f"no fallback: {reason}"


def _at(instance: str | None) -> str:
    return "" if instance is None else f" at {instance}"
