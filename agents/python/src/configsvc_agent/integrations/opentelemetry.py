"""What happens on calls, as events of the current OpenTelemetry span.

::

    agent.on_event(TraceEvents())

A guarded call has no span of its own: the client library's instrumentation makes one for each
request. What the policies did (a retry, an open breaker, a fallback) is noted on the span in which
the call was made.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from opentelemetry import trace

from configsvc_agent.engine.events import AttemptFinished, AttemptStarted, Event

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue


class TraceEvents:
    """A hook that adds events to the current span; ``attempts`` adds every attempt's too."""

    def __init__(self, *, attempts: bool = False) -> None:
        self._attempts = attempts

    def __call__(self, event: Event) -> None:
        """Add ``event``, if somebody records."""
        if not self._attempts and isinstance(event, AttemptStarted | AttemptFinished):
            return
        span = trace.get_current_span()
        if span.is_recording():
            span.add_event(f"configsvc.{type(event).__name__}", attributes(event))


def attributes(event: Event) -> dict[str, AttributeValue]:
    """The fields of ``event`` as attributes; what is not there is left out."""
    edge = event.edge
    found: dict[str, AttributeValue] = {
        "configsvc.caller": edge.caller,
        "configsvc.callee": edge.callee,
        "configsvc.operation": edge.operation,
    }
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in ("edge", "at") or value is None:
            continue
        plain = sorted(value) if isinstance(value, frozenset) else value
        found[f"configsvc.{field.name}"] = plain
    return found
