"""What is in force in every namespace, and the bytes of the bundles that somebody asked for."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from configsvc.agentgate.events import bundle_event
from configsvc.push import Offer
from configsvc.rollout import Rollout, is_member

MAX_BYTES: Final = 64 << 20
"""Bytes of bundles and of their events kept together; the least recently used go first."""


_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Staging:
    """A rollout in progress: what its members should hold, by the services that it concerns."""

    rollout: Rollout
    offers: Mapping[str, Offer]


@dataclass(frozen=True, slots=True)
class InForce:
    """The bundles in force in one namespace at one head.

    Args:
        namespace: its name.
        epoch: the store's lineage.
        revision: the head's revision.
        offers: the head's, by service.
        loaded: bytes of bundles by digest, read ahead because agents wait for them.
        staged: the rollout in progress, if there is one.
        set_back: whether what was in force before is from another copy of the store.
    """

    namespace: str
    epoch: str
    revision: int
    offers: Mapping[str, Offer]
    loaded: Mapping[str, bytes] = field(default_factory=dict)
    staged: Staging | None = None
    set_back: bool = False

    def offer(
        self, service: str, instance: str = "", labels: Mapping[str, str] = _NO_LABELS
    ) -> Offer | None:
        """What an instance of a service should hold, None if there is nothing.

        A caller without a name of its own is a member of no rollout.
        """
        if self.staged is not None and instance:
            offer = self.staged.offers.get(service)
            if offer is not None and is_member(self.staged.rollout, instance, labels):
                return offer
        return self.offers.get(service)


class Shelf:
    """The newest `InForce` of each namespace, and bundles as bytes and as events.

    Each distinct bundle is encoded once, whatever the number of streams it is written to.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._in_force: dict[str, InForce] = {}
        self._bytes: OrderedDict[str, bytes] = OrderedDict()
        self._events: OrderedDict[Offer, bytes] = OrderedDict()
        self._latest: tuple[Offer, bytes] | None = None
        self._max_bytes = max_bytes
        self._size = 0

    def put(self, new: InForce) -> frozenset[str]:
        """Take what is in force now; return the services for which it is something else."""
        old = self._in_force.get(new.namespace)
        # The bytes are kept within bounds, and a restore is told once.
        self._in_force[new.namespace] = replace(new, loaded={}, set_back=False)
        for digest, data in new.loaded.items():
            self.keep(digest, data)
        changed = _differing(old.offers if old else {}, new.offers)
        before = old.staged if old else None
        if before == new.staged:
            return changed
        members = (before.offers if before else {}, new.staged.offers if new.staged else {})
        return changed.union(*members)

    def in_force(self, namespace: str) -> InForce | None:
        """What a namespace has in force; None if it does not exist."""
        return self._in_force.get(namespace)

    def common(self, namespace: str, service: str) -> tuple[bool, Offer | None]:
        """Whether a rollout concerns a service, and what those should hold that are not in it."""
        known = self._in_force.get(namespace)
        if known is None:
            return False, None
        staged = known.staged is not None and service in known.staged.offers
        return staged, known.offers.get(service)

    def keep(self, digest: str, data: bytes) -> None:
        """Keep the bytes of a bundle for a while."""
        if digest not in self._bytes:
            self._bytes[digest] = data
            self._size += len(data)
            self._shrink()

    def data(self, digest: str) -> bytes | None:
        """The bytes of a bundle; None if they must be loaded first."""
        data = self._bytes.get(digest)
        if data is not None:
            self._bytes.move_to_end(digest)
        return data

    def event(self, offer: Offer, *, reset: bool = False) -> bytes | None:
        """The event that brings a bundle; None if its bytes must be loaded first."""
        latest = self._latest
        if latest is not None and latest[0] is offer and not reset:
            return latest[1]  # what a whole fleet is sent is not looked up for each of them
        event = None if reset else self._events.get(offer)
        if event is not None:
            self._events.move_to_end(offer)
            self._latest = (offer, event)
            return event
        data = self.data(offer.digest)
        if data is None:
            return None
        event = bundle_event(offer, data, reset=reset)
        if not reset:
            self._events[offer] = event
            self._latest = (offer, event)
            self._size += len(event)
            self._shrink()
        return event

    def _shrink(self) -> None:
        """Make room; the newest of each stays, for whoever asked for it."""
        while self._size > self._max_bytes and len(self._events) > 1:
            self._size -= len(self._events.popitem(last=False)[1])
        while self._size > self._max_bytes and len(self._bytes) > 1:
            self._size -= len(self._bytes.popitem(last=False)[1])


def _differing(before: Mapping[str, Offer], after: Mapping[str, Offer]) -> frozenset[str]:
    services = before.keys() | after.keys()
    return frozenset(each for each in services if before.get(each) != after.get(each))
