"""The balancers of all callees, kept up to date with the bundle and with what is registered."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from configsvc_agent.bundle import Bundle, Callee
from configsvc_agent.discovery._balancer import Balancer, Host
from configsvc_agent.discovery._known import Known


class Balancers:
    """By callee its balancer, where its instances are the caller's to choose. Safe between threads.

    ``clock`` is in monotonic microseconds, ``rng`` uniform in [0, 1).
    """

    def __init__(self, bundle: Bundle, clock: Callable[[], int], rng: Callable[[], float]) -> None:
        self._clock = clock
        self._rng = rng
        self._lock = Lock()
        self._bundle = bundle
        self._balancers: dict[str, Balancer] = {}
        self.known = Known(self._changed)

    def apply(self, bundle: Bundle) -> None:
        """Choose as ``bundle`` says from now on."""
        with self._lock:
            self._bundle = bundle
            for name in self._balancers.keys() - bundle.callees.keys():
                del self._balancers[name]
            for callee in bundle.callees.values():
                self._renew(callee)

    def of(self, callee: str) -> Balancer | None:
        """The balancer of ``callee``; ``None`` where it has one address or no known instance."""
        found = self._balancers.get(callee)
        return found if found is not None and found.addresses else None

    def _changed(self, name: str) -> None:
        with self._lock:
            callee = self._bundle.callees.get(name)
            if callee is not None:
                self._renew(callee)

    def _renew(self, callee: Callee) -> None:
        discovery = callee.discovery
        if discovery.mode == "server":
            self._balancers.pop(callee.name, None)
            return
        balancer = self._balancers.get(callee.name)
        if balancer is None:
            balancer = self._balancers[callee.name] = Balancer(discovery, self._clock, self._rng)
        hosts = {each.address: Host(each.address) for each in discovery.instances}
        hosts |= {
            each.address: Host(each.address, each.healthy) for each in self.known.of(callee.name)
        }
        balancer.reconfigure(discovery, hosts.values())
