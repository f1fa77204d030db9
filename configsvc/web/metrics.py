"""Prometheus metrics: those of the operator plane, summed over its processes, and the agents'."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from configsvc.fleet.metrics import METRICS, XDS_METRICS, XDS_PROCESS

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable naming the directory in which the processes of one plane add up."""

AgentMetrics = Callable[[], Mapping[str, Mapping[str, Any]]]
"""Asks the agent-facing processes: metrics by name, for each process by name."""


class Metrics:
    """Counts what the operator plane does.

    With `MULTIPROCESS` set before this module is imported, `render` gives the sum of all processes.
    """

    def __init__(self, agents: AgentMetrics) -> None:
        self._registry = CollectorRegistry()
        self._agents = agents
        self._requests = Counter(
            "configsvc_requests",
            "Requests to the operator plane.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._duration = Histogram(
            "configsvc_request_seconds",
            "How long requests to the operator plane took.",
            ["route", "method"],
            registry=self._registry,
        )
        self._refusals = Counter(
            "configsvc_refusals",
            "Requests that were refused, by problem code.",
            ["code"],
            registry=self._registry,
        )

        self._revisions = Counter(
            "configsvc_revisions",
            "Revisions made, by namespace.",
            ["namespace"],
            registry=self._registry,
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request. `route` is the template, so that names in paths cost nothing."""
        self._requests.labels(route, method, str(status)).inc()
        self._duration.labels(route, method).observe(seconds)

    def refusal(self, code: str) -> None:
        """Count one refusal."""
        self._refusals.labels(code).inc()

    def revision(self, namespace: str) -> None:
        """Count one revision."""
        self._revisions.labels(namespace).inc()

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        registry = self._registry
        if os.environ.get(MULTIPROCESS):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(self._agent_registry())

    def _agent_registry(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        registry.register(_AgentPlane(self._agents))
        return registry


class _AgentPlane(Collector):
    """The metrics of the agent-facing processes, asked for when they are collected."""

    def __init__(self, ask: AgentMetrics) -> None:
        self._ask = ask

    def collect(self) -> Iterator[Metric]:
        answers = self._ask()
        xds = {name: each for name, each in answers.items() if name.startswith(XDS_PROCESS)}
        agents = {name: each for name, each in answers.items() if name not in xds}
        for plane, metrics, numbers in (
            ("agentgate", METRICS, agents),
            ("xdsgate", XDS_METRICS, xds),
        ):
            for metric in metrics:
                family = _FAMILIES[metric.kind](
                    f"configsvc_{plane}_{metric.name}", metric.help, labels=["process"]
                )
                for process, each in numbers.items():
                    family.add_metric([process], each.get(metric.name, 0))
                yield family


_FAMILIES: Final = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
