"""Which instances answer so badly that they are left out for a while."""

from __future__ import annotations

from configsvc_agent.bundle import OutlierDetection
from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.engine.policy import PPM

_GATEWAY = frozenset({"502", "503", "504", "connect", "refused", "reset", "timeout"})
"""What says that nobody who works was reached."""

_SERVER = _GATEWAY | {"5xx", "overloaded"}


class _Record:
    """What is known of one instance. ``times``: how often it was ejected, less what it has paid."""

    __slots__ = ("gateway_row", "requests", "server_row", "times", "until")

    def __init__(self) -> None:
        self.server_row = 0
        self.gateway_row = 0
        self.requests = 0
        self.times = 0
        self.until: int | None = None


class Outliers:
    """Ejects instances by rows of failures; once an interval it decides who goes and who returns.

    Never more than the largest share at once (one always may, as with Envoy), and none where there
    are too few hosts. Times are monotonic microseconds; not for several threads at once.
    """

    def __init__(self, policy: OutlierDetection | None) -> None:
        self._policy = policy
        self._records: dict[str, _Record] = {}
        self._next = 0

    def reconfigure(self, policy: OutlierDetection | None) -> None:
        """Obey ``policy`` from now on; without one nobody is ejected."""
        self._policy = policy
        if policy is None:
            self._records.clear()

    def ended(self, address: str, outcome: Outcome) -> None:
        """A request to an instance was answered, or was not."""
        if self._policy is None:
            return
        record = self._records.setdefault(address, _Record())
        record.requests += 1
        classes = outcome.classes
        if outcome.ok or classes.isdisjoint(_SERVER):
            record.server_row = record.gateway_row = 0
            return
        record.server_row += 1
        record.gateway_row = 0 if classes.isdisjoint(_GATEWAY) else record.gateway_row + 1

    def ejected(self, addresses: tuple[str, ...], now: int) -> frozenset[str]:
        """Who of these is left out now."""
        policy = self._policy
        if policy is None:
            return frozenset()
        if now >= self._next:
            self._next = now + policy.interval
            self._sweep(policy, addresses, now)
        return frozenset(
            address for address, record in self._records.items() if record.until is not None
        )

    def forgive(self, address: str) -> None:
        """A health check says that an instance serves again: it returns at once."""
        record = self._records.get(address)
        if record is not None:
            record.until = None
            record.server_row = record.gateway_row = 0

    def _sweep(self, policy: OutlierDetection, addresses: tuple[str, ...], now: int) -> None:
        for gone in self._records.keys() - set(addresses):
            del self._records[gone]
        for record in self._records.values():
            if record.until is None:
                record.times = max(0, record.times - 1)
            elif now >= record.until:
                record.until = None
                record.server_row = record.gateway_row = 0
        if len(addresses) >= policy.min_hosts:
            self._eject(policy, len(addresses), now)
        for record in self._records.values():
            record.requests = 0

    def _eject(self, policy: OutlierDetection, total: int, now: int) -> None:
        room = max(1, policy.max_ejection * total // PPM) if policy.max_ejection else 0
        room -= sum(record.until is not None for record in self._records.values())
        for _, record in sorted(self._records.items()):
            if room <= 0:
                return
            if record.until is None and _is_outlier(policy, record):
                record.times += 2  # one is paid back at the end of each interval spent inside
                record.until = now + policy.base_ejection * (record.times // 2)
                room -= 1


def _is_outlier(policy: OutlierDetection, record: _Record) -> bool:
    if record.requests < policy.min_requests:
        return False
    server, gateway = policy.consecutive_5xx, policy.consecutive_gateway
    return (server is not None and record.server_row >= server) or (
        gateway is not None and record.gateway_row >= gateway
    )
