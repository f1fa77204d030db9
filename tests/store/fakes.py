"""What the tests of the store put in the place of time and chance, and small shorthands."""

import hashlib
import itertools
from collections.abc import Iterable
from typing import Any

from configsvc.store import Clock, Digest, Event, Transaction
from configsvc.store.etcd import EtcdAddress, EtcdStore
from tests.etcds import EtcdCluster


class FakeClock:
    """A clock that stands still until it is told to go on; microseconds."""

    def __init__(self, now: int = 1_700_000_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        """Return the present instant."""
        return self.now

    def advance(self, microseconds: int) -> None:
        """Let time pass."""
        self.now += microseconds


class FakeTokens:
    """Random strings that are not random: each is new, and runs repeat."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        """Return the next token."""
        return f"token{next(self._numbers):04d}"


_roots = itertools.count(1)


def open_etcd(cluster: EtcdCluster, clock: Clock, **options: Any) -> EtcdStore:  # noqa: ANN401 any of the store's
    """Open a store under a root that nothing else of this process uses."""
    address = EtcdAddress(cluster.addresses, f"/root{next(_roots)}")
    return EtcdStore(address, clock, **options)


def digest(data: bytes) -> Digest:
    """Return the digest of a blob."""
    return hashlib.sha256(data).hexdigest()


def blobs(*contents: bytes) -> dict[Digest, bytes]:
    """Return blobs by their digests."""
    return {digest(data): data for data in contents}


def put(*pairs: tuple[str, bytes]) -> Transaction:
    """Return the transaction that puts these keys unconditionally."""
    return Transaction(puts=pairs)


def plain(events: Iterable[Event]) -> list[tuple[int, str, bytes | None]]:
    """Return events as tuples that are short to write down."""
    return [(event.mod_revision, event.key, event.value) for event in events]
