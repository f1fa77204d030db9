"""Entries that end with whoever keeps them."""

import signal
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from configsvc.store.etcd import EtcdStore
from tests.etcds import EtcdCluster
from tests.store.fakes import FakeClock, open_etcd

pytestmark = pytest.mark.external("etcd")

SHORT = 2
"""Seconds; etcd takes no shorter lease."""

PATIENCE = 30.0  # seconds; only a failing test waits that long


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    give_up_at = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up_at, "it never was so"
        time.sleep(0.02)


def value(store: EtcdStore, key: str) -> bytes | None:
    """What a key holds."""
    entry = store.get(key)
    return entry.value if entry else None


def test_an_entry_lives_as_long_as_it_is_kept(etcd: EtcdCluster, clock: FakeClock) -> None:
    """Beyond one lease; what it says may change; it is gone as soon as it is given up."""
    with closing(open_etcd(etcd, clock)) as store:
        says = [b"one"]
        lease = store.lease("/node/a", lambda: says[0], SHORT)
        assert not lease.held
        lease.start()
        assert lease.held
        assert value(store, "/node/a") == b"one"
        says[0] = b"two"
        eventually(lambda: value(store, "/node/a") == b"two")
        began = time.monotonic()
        eventually(lambda: time.monotonic() > began + 1.5 * SHORT)
        assert lease.held
        assert value(store, "/node/a") == b"two"
        lease.stop()
        lease.stop()
        assert not lease.held
        assert value(store, "/node/a") is None


def test_the_oldest_entry_is_known(etcd: EtcdCluster, clock: FakeClock) -> None:
    """By when it was first put, not by its name or its last value."""
    with closing(open_etcd(etcd, clock)) as store:
        assert store.eldest("/node/") is None
        leases = [store.lease(key, lambda: b"", SHORT) for key in ("/node/b", "/node/a")]
        for lease in leases:
            lease.start()
        assert store.eldest("/node/") == "/node/b"
        leases[0].stop()
        assert store.eldest("/node/") == "/node/a"
        leases[1].stop()


def test_an_entry_that_was_lost_is_put_again(etcd: EtcdCluster, clock: FakeClock) -> None:
    """As that of a node that was frozen for too long."""
    with closing(open_etcd(etcd, clock)) as store:
        lease = store.lease("/node/a", lambda: b"", SHORT)
        lease.start()
        assert lease._lease is not None
        lease._revoke(lease._lease)
        assert value(store, "/node/a") is None
        eventually(lambda: value(store, "/node/a") == b"")
        lease.stop()


def test_an_entry_is_not_believed_in_longer_than_etcd_does(
    own_etcd: EtcdCluster, clock: FakeClock
) -> None:
    """Whoever cannot renew it stops to count on it in time, and does so again later."""
    with closing(open_etcd(own_etcd, clock, timeout=0.5)) as store:
        lease = store.lease("/node/a", lambda: b"", SHORT)
        lease.start()
        own_etcd.members[0].signal(signal.SIGSTOP)
        eventually(lambda: not lease.held)
        own_etcd.members[0].signal(signal.SIGCONT)
        eventually(lambda: lease.held)
        lease.stop()
