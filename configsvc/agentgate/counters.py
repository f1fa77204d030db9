"""What this process counts."""

from typing import Any

from configsvc.fleet import Histogram
from configsvc.fleet.metrics import ACK_LATENCY, METRICS

_NAMES = frozenset(metric.name for metric in METRICS)


class Counters:
    """Numbers by name. Not for several threads at once."""

    def __init__(self) -> None:
        self._values = dict.fromkeys(_NAMES, 0)
        self.ack_latency = Histogram()
        """Microseconds from commit to acknowledgement."""

    def add(self, name: str, amount: int = 1) -> None:
        """Count; a gauge goes down by a negative amount."""
        self._values[name] += amount

    def __getitem__(self, name: str) -> int:
        return self._values[name]

    def to_json(self, **gauges: int) -> dict[str, Any]:
        """All numbers; gauges that are only known now are given."""
        return {**self._values, **gauges, ACK_LATENCY: self.ack_latency.to_json()}
