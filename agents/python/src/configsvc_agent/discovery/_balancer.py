"""Which instance of one callee an attempt goes to."""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import Lock

from configsvc_agent.bundle import Discovery
from configsvc_agent.discovery._outliers import Outliers
from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.engine.policy import PPM
from configsvc_agent.values import Value

POINTS = 64
"""Places of each host on the ring of a consistent hash."""

_LOAD = 5, 4
"""Times the mean load (as a fraction) that a host of a consistent hash takes before the next one
does."""


class Host(Value):
    """One instance to choose from."""

    address: str
    healthy: bool = True


class Balancer:
    """Chooses among the hosts of one callee, as its discovery says. Safe between threads.

    Hosts that are unhealthy or ejected are left out, unless fewer than the panic threshold would
    remain: then all are used. ``clock`` is in monotonic microseconds, ``rng`` uniform in [0, 1).
    """

    def __init__(
        self, discovery: Discovery, clock: Callable[[], int], rng: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._lock = Lock()
        self._discovery = discovery
        self._outliers = Outliers(discovery.outlier_detection)
        self._hosts: dict[str, Host] = {}
        self._addresses: tuple[str, ...] = ()
        self._in_flight: dict[str, int] = {}
        self._turn = 0
        self._ring: _Ring | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """All hosts, in order."""
        return self._addresses

    def reconfigure(self, discovery: Discovery, hosts: Collection[Host]) -> None:
        """Choose among ``hosts`` from now on; what is known of those that stay is kept."""
        with self._lock:
            before, self._hosts = self._hosts, {each.address: each for each in hosts}
            self._addresses = tuple(sorted(self._hosts))
            self._discovery = discovery
            self._outliers.reconfigure(discovery.outlier_detection)
            self._ring = None
            if discovery.unejects:
                for address, host in self._hosts.items():
                    if host.healthy and address in before and not before[address].healthy:
                        self._outliers.forgive(address)

    def choose(self, avoid: Collection[str], key: str = "") -> str | None:
        """The address of the next host, not one of ``avoid`` where there is another.

        ``key`` is what a consistent hash goes by. ``None``: there is no host at all.
        """
        with self._lock:
            candidates = self._usable()
            wanted = [each for each in candidates if each not in avoid] if avoid else candidates
            if not wanted:
                wanted = candidates
            return self._pick(wanted, key) if wanted else None

    def began(self, address: str) -> None:
        """A request is on its way to a host."""
        with self._lock:
            self._in_flight[address] = self._in_flight.get(address, 0) + 1

    def ended(self, address: str, outcome: Outcome | None) -> None:
        """It is over; ``None``: nobody waited for the answer."""
        with self._lock:
            left = self._in_flight.get(address, 1) - 1
            if left > 0:
                self._in_flight[address] = left
            else:
                self._in_flight.pop(address, None)
            if outcome is not None:
                self._outliers.ended(address, outcome)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _usable(self) -> list[str]:
        ejected = self._outliers.ejected(self._addresses, self._clock())
        usable = [
            each for each in self._addresses if self._hosts[each].healthy and each not in ejected
        ]
        if len(usable) * PPM < self._discovery.panic_threshold * len(self._addresses):
            return list(self._addresses)
        return usable

    def _pick(self, candidates: list[str], key: str) -> str:
        policy = self._discovery.load_balancing
        if policy == "random":
            return candidates[int(self._rng() * len(candidates))]
        if policy == "least-request":
            return self._least(candidates)
        if policy == "consistent-hash":
            return self._hashed(candidates, key)
        self._turn += 1
        return candidates[(self._turn - 1) % len(candidates)]

    def _least(self, candidates: list[str]) -> str:
        """The less busy one of two different hosts."""
        count = len(candidates)
        first = int(self._rng() * count)
        if count == 1:
            return candidates[first]
        second = (first + 1 + int(self._rng() * (count - 1))) % count
        one, other = candidates[first], candidates[second]
        busy = self._in_flight.get
        return one if busy(one, 0) <= busy(other, 0) else other

    def _hashed(self, candidates: list[str], key: str) -> str:
        """The first host from the key's place on that has less than its share of the load."""
        if self._ring is None:
            self._ring = _Ring(self._addresses)
        times, parts = _LOAD
        load = sum(self._in_flight.get(each, 0) for each in candidates) + 1
        bound = -(-load * times // (parts * len(candidates)))
        allowed = set(candidates)
        for address in self._ring.walk(key):
            if address in allowed and self._in_flight.get(address, 0) < bound:
                return address
        return candidates[0]


class _Ring:
    """Hosts at fixed places: when one comes or goes, only the keys next to it move."""

    def __init__(self, addresses: Collection[str]) -> None:
        places = sorted(
            (_place(f"{address}#{point}"), address)
            for address in addresses
            for point in range(POINTS)
        )
        self._places = [place for place, _ in places]
        self._owners = [address for _, address in places]
        self._hosts = len(addresses)

    def walk(self, key: str) -> list[str]:
        """Every host once, in the order in which the key meets them."""
        from bisect import bisect  # noqa: PLC0415  few need it

        start = bisect(self._places, _place(key))
        order: dict[str, None] = {}
        for step in range(len(self._owners)):
            order[self._owners[(start + step) % len(self._owners)]] = None
            if len(order) == self._hosts:
                break
        return list(order)


def _place(text: str) -> int:
    import hashlib  # noqa: PLC0415  slow to import, and few need it

    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
