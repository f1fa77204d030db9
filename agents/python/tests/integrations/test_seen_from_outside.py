"""Prometheus, logging and OpenTelemetry show what the agent does."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

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
from configsvc_agent.engine.policy import Edge
from configsvc_agent.integrations.logging import LEVELS, LogEvents, told
from configsvc_agent.integrations.opentelemetry import TraceEvents
from configsvc_agent.integrations.prometheus import AgentCollector, exposition
from configsvc_agent.testing import FakeAgent, bundle

EDGE = Edge("player-engine", "score-engine", "get-score")
TIMEOUTS = frozenset({"timeout"})
EVENTS: dict[Event, str] = {
    AttemptStarted(EDGE, 1, 2, 300_000, "10.0.0.1:80", copy=False): (
        "attempt 2 within 300ms at 10.0.0.1:80"
    ),
    AttemptFinished(EDGE, 1, 1, ok=True, classes=frozenset(), latency=1500, instance=None): (
        "attempt 1 succeeded after 1.5ms"
    ),
    AttemptFinished(EDGE, 1, 1, ok=False, classes=TIMEOUTS, latency=1500, instance=None): (
        "attempt 1 failed (timeout) after 1.5ms"
    ),
    AttemptRejected(EDGE, 1, 1, "open", 5): "attempt 1 was rejected: open",
    RetryScheduled(EDGE, 1, 2, 50_000, TIMEOUTS): "attempt 2 in 50ms after timeout",
    RetryRefused(EDGE, 1, 2, TIMEOUTS, "budget", "no budget"): "no attempt 2: no budget",
    HedgeRefused(EDGE, 1, "no budget"): "no copy: no budget",
    BreakerChanged(EDGE, 1, "open", None): "the circuit breaker is open",
    DeadlineExceeded(EDGE, 1, "too late"): "too late",
    FallbackUsed(EDGE, 1, "static", TIMEOUTS): "fallback (static) after timeout",
    FallbackRefused(EDGE, 1, "it has no path"): "no fallback: it has no path",
}


@pytest.fixture
def agent() -> FakeAgent:
    """An agent after one success and one refused call."""
    given = bundle("player-engine", {"score-engine": {"get-score": {}}})
    agent = FakeAgent("player-engine", given)
    agent.call("score-engine", "get-score", lambda: 1)
    with pytest.raises(ConnectionRefusedError):
        agent.call("score-engine", "get-score", refuse)
    return agent


def refuse() -> None:
    """What a callee that is down does."""
    raise ConnectionRefusedError


class TestPrometheus:
    """Two ways to the same figures."""

    def test_the_text_is_what_prometheus_reads(self, agent: FakeAgent) -> None:
        """Prometheus' own parser finds calls, latencies and the state."""
        found = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(exposition(agent).decode())
            for sample in family.samples
        }
        edge = [("callee", "score-engine"), ("caller", "player-engine")]
        operation = ("operation", "get-score")

        assert found["configsvc_calls_total", *edge, ("end", "ok"), operation] == 1
        assert found["configsvc_calls_total", *edge, ("end", "failed"), operation] == 1
        assert found["configsvc_call_seconds_count", *edge, operation] == 2
        assert found["configsvc_call_seconds_bucket", *edge, ("le", "+Inf"), operation] == 2
        assert found["configsvc_agent_state", ("state", "ready")] == 1
        assert found["configsvc_agent_state", ("state", "stale")] == 0
        assert found[("configsvc_agent_version",)] == 1

    def test_the_collector_says_the_same(self, agent: FakeAgent) -> None:
        """What a registry serves equals the text, line by line but for the time since."""
        registry = CollectorRegistry()
        registry.register(AgentCollector(agent))

        served = generate_latest(registry).decode().splitlines()
        ours = exposition(agent).decode().splitlines()

        def numbers(lines: list[str]) -> list[tuple[str, float]]:
            split = (line.rpartition(" ") for line in lines if not line.startswith("#"))
            return sorted((name.replace("{}", ""), float(value)) for name, _, value in split)

        assert numbers(served) == numbers(ours)

    def test_labels_are_escaped(self) -> None:
        """A callee's name cannot break the format."""
        agent = FakeAgent("a")
        agent.call('b"\n\\', "*", lambda: 1)

        assert 'callee="b\\"\\n\\\\"' in exposition(agent).decode()


class TestLogging:
    """Events in words."""

    @pytest.mark.parametrize(("event", "text"), EVENTS.items())
    def test_each_event_is_told(self, event: Event, text: str) -> None:
        """No event without its line."""
        assert told(event) == text

    def test_every_event_has_a_level_and_a_case(self) -> None:
        """A new event cannot be forgotten."""
        assert {type(event) for event in EVENTS} == set(LEVELS)
        assert set(LEVELS) == set(Event.__args__)  # type: ignore[attr-defined]

    def test_records_carry_edge_and_event(self, caplog: pytest.LogCaptureFixture) -> None:
        """Structured logs can use the event itself."""
        event = BreakerChanged(EDGE, 1, "open", None)

        LogEvents()(event)
        LogEvents(levels={BreakerChanged: logging.DEBUG})(event)

        assert [(record.levelno, record.message) for record in caplog.records] == [
            (
                logging.WARNING,
                "player-engine -> score-engine get-score: the circuit breaker is open",
            )
        ]
        assert caplog.records[0].event is event  # type: ignore[attr-defined]


class RecordingSpan(NonRecordingSpan):
    """A span that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(SpanContext(1, 1, is_remote=False))
        self.noted: list[tuple[str, Any]] = []

    def is_recording(self) -> bool:
        """It does."""
        return True

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:  # noqa: ANN401  as the base
        """Keep it."""
        self.noted.append((name, attributes))


class TestOpenTelemetry:
    """Events on the current span."""

    def test_what_policies_did_is_on_the_span(self) -> None:
        """With edge and details; attempts only if asked for."""
        span = RecordingSpan()
        started = AttemptStarted(EDGE, 1, 1, None, None, copy=False)
        with trace.use_span(span):
            TraceEvents()(RetryScheduled(EDGE, 1, 2, 50_000, TIMEOUTS))
            TraceEvents()(started)
            TraceEvents(attempts=True)(started)

        assert span.noted == [
            (
                "configsvc.RetryScheduled",
                {
                    "configsvc.caller": "player-engine",
                    "configsvc.callee": "score-engine",
                    "configsvc.operation": "get-score",
                    "configsvc.number": 2,
                    "configsvc.wait": 50_000,
                    "configsvc.classes": ["timeout"],
                },
            ),
            (
                "configsvc.AttemptStarted",
                {
                    "configsvc.caller": "player-engine",
                    "configsvc.callee": "score-engine",
                    "configsvc.operation": "get-score",
                    "configsvc.number": 1,
                    "configsvc.copy": False,
                },
            ),
        ]

    def test_without_a_span_nothing_happens(self) -> None:
        """Services that trace nothing pay next to nothing."""
        TraceEvents()(BreakerChanged(EDGE, 1, "open", None))
