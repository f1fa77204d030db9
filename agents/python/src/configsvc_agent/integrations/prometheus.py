"""The agent's figures for Prometheus: as a collector of prometheus-client, or as text without it.

::

    prometheus_client.REGISTRY.register(AgentCollector(agent))      # extra: prometheus
    body = exposition(agent)                                        # no extra
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from configsvc_agent import Agent, Latency, State
from configsvc_agent.values import Value

if TYPE_CHECKING:
    from prometheus_client.core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""What :func:`exposition` is served as."""

BOUNDS = tuple(round(base * 10**exponent) for exponent in range(3, 8) for base in (1, 2.5, 5))
"""Upper bounds of the histogram in microseconds: 1 ms to 50 s."""

_MICROSECONDS = 1_000_000


class Sample(Value):
    """One number of a family; ``suffix`` is that of a histogram's parts."""

    labels: dict[str, str]
    value: float
    suffix: str = ""


class Family(Value):
    """Everything of one name."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


def families(agent: Agent) -> Iterator[Family]:
    """Every family of this moment, in the same order each time."""
    status, metrics = agent.status(), agent.metrics()
    states = (Sample({"state": str(each)}, float(each is status.state)) for each in State)
    yield Family(
        "configsvc_agent_state", "gauge", "1 for the state that the agent is in.", tuple(states)
    )
    yield Family(
        "configsvc_agent_info",
        "gauge",
        "What is in force: its origin and digest.",
        (Sample({"origin": str(status.origin), "digest": agent.bundle.digest}, 1),),
    )
    for name, text, value in (
        ("version", "Version of the server's bundle that is held.", status.version),
        ("connected", "1 while there is a stream from the server.", status.connected),
        ("last_heard_seconds", "Seconds since the server was heard.", status.last_heard or 0.0),
    ):
        yield Family(f"configsvc_agent_{name}", "gauge", text, (Sample({}, float(value)),))
    for name, text, value in (
        ("foreign_requests", "Requests to hosts of no callee.", metrics.foreign),
        ("callback_failures", "Change callbacks that raised.", metrics.callback_failures),
        ("hook_failures", "Event hooks that raised.", metrics.hook_failures),
    ):
        yield Family(f"configsvc_agent_{name}", "counter", text, (Sample({}, float(value)),))
    breakers = (Sample({"edge": edge, "state": state}, 1) for edge, state in agent.breakers())
    yield Family(
        "configsvc_breaker_state", "gauge", "1 for the state of each breaker.", tuple(breakers)
    )
    yield from _edges(agent)


def exposition(agent: Agent) -> bytes:
    """All families in Prometheus' text format, to be served as :data:`CONTENT_TYPE`."""
    lines: list[str] = []
    for family in families(agent):
        name = f"{family.name}_total" if family.kind == "counter" else family.name
        lines += (f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}")
        for sample in family.samples:
            labelled = sorted(sample.labels.items())
            labels = ",".join(f'{key}="{_escaped(text)}"' for key, text in labelled)
            lines.append(f"{name}{sample.suffix}{{{labels}}} {sample.value:g}")
    return "\n".join((*lines, "")).encode()


class AgentCollector:
    """A collector for a registry of prometheus-client."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def describe(self) -> list[Metric]:
        """Nothing in advance, so that registering reads no figures."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every family as prometheus-client has it."""
        from prometheus_client.core import Metric  # noqa: PLC0415  the extra

        for family in families(self._agent):
            metric = Metric(family.name, family.help, family.kind)
            suffix = "_total" if family.kind == "counter" else ""
            for sample in family.samples:
                name = f"{family.name}{suffix}{sample.suffix}"
                metric.add_sample(name, sample.labels, sample.value)
            yield metric


def _edges(agent: Agent) -> Iterator[Family]:
    calls: list[Sample] = []
    events: list[Sample] = []
    latencies: list[Sample] = []
    for edge in agent.metrics().edges:
        labels = {"caller": edge.caller, "callee": edge.callee, "operation": edge.operation}
        calls += (Sample({**labels, "end": end}, n) for end, n in sorted(edge.calls.items()))
        events += (Sample({**labels, "event": name}, n) for name, n in sorted(edge.events.items()))
        latencies += _histogram(labels, edge.latency)
    yield Family("configsvc_calls", "counter", "Guarded calls by their end.", tuple(calls))
    yield Family(
        "configsvc_call_events", "counter", "What happened on the way of calls.", tuple(events)
    )
    yield Family(
        "configsvc_call_seconds",
        "histogram",
        "How long guarded calls took, waits and retries included.",
        tuple(latencies),
    )


def _histogram(labels: dict[str, str], latency: Latency) -> Iterator[Sample]:
    """Cumulative counts; what lies across a bound counts above it."""
    for bound in BOUNDS:
        below = sum(count for upper, count in latency.buckets.items() if upper <= bound)
        yield Sample({**labels, "le": f"{bound / _MICROSECONDS:g}"}, below, "_bucket")
    yield Sample({**labels, "le": "+Inf"}, latency.count, "_bucket")
    yield Sample(labels, latency.count, "_count")
    yield Sample(labels, latency.total / _MICROSECONDS, "_sum")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
