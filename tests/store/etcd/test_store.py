"""What an etcd does that the other backends do not."""

import os
import signal
from contextlib import closing

import pytest

from configsvc.store import (
    CompactedError,
    ForkedStoreError,
    StoreFullError,
    StoreUnavailableError,
    Transaction,
)
from configsvc.store.etcd import EtcdAddress, EtcdStore
from tests.etcds import EtcdCluster, etcd_cluster
from tests.store.fakes import FakeClock, blobs, digest, open_etcd, put

pytestmark = pytest.mark.external("etcd")


def test_roots_do_not_see_each_other(etcd: EtcdCluster, clock: FakeClock) -> None:
    """Several configsvc may share one etcd, also where one root begins like another."""
    roots = ("/x", "/x/y", "/x0", "")
    stores = [EtcdStore(EtcdAddress(etcd.addresses, root), clock) for root in roots]
    for store, root in zip(stores, roots, strict=True):
        store.commit(Transaction(puts=(("/configsvc/1/a", root.encode()),), blobs=blobs(b"x")))
    for store, root in zip(stores, roots, strict=True):
        entries = store.range("/configsvc/").entries
        assert [(entry.key, entry.value) for entry in entries] == [
            ("/configsvc/1/a", root.encode())
        ]
        store.close()


def test_many_and_large_blobs_travel_in_several_requests(
    etcd: EtcdCluster, clock: FakeClock
) -> None:
    """A change may bring more than one request of etcd's can carry."""
    with closing(open_etcd(etcd, clock)) as store:
        large = blobs(*(os.urandom(400_000) for _ in range(5)))
        small = blobs(*(b"%d" % n for n in range(150)))
        store.commit(Transaction(puts=(("/a", b""),), blobs={**large, **small}))
        assert store.get_blobs(large.keys()) == large
        assert store.get_blobs(small.keys()) == small
        stamps = store.blob_index(older_than=clock.now + 1)
        assert len(stamps) == 155
        assert store.delete_blobs(stamps) == 155


def test_compaction_ends_what_can_be_resumed(own_etcd: EtcdCluster, clock: FakeClock) -> None:
    """The error names the revision from which one may watch, as exactly as etcd knows it."""
    with closing(open_etcd(own_etcd, clock)) as store:
        made = [store.commit(put(("/a", b"%d" % n))) for n in range(9)]
        store.compact(made[5])
        store.compact(made[5])
        for after in (0, made[0], made[4]):
            with pytest.raises(CompactedError, match="load the present state") as caught:
                store.watch("/", after)
            assert caught.value.compact_revision == made[5]
        with store.watch("/", made[5]) as watch:
            batch = watch.next(30)
        assert batch is not None
        assert batch.events[0].mod_revision == made[6]


def test_full_etcd_refuses_writes_and_goes_on_reading(clock: FakeClock) -> None:
    """And a watch goes on: agents lose nothing but news."""
    with (
        etcd_cluster(1, "--quota-backend-bytes=2000000") as cluster,
        closing(open_etcd(cluster, clock, timeout=20.0)) as store,
        store.watch("/", 0) as watch,
    ):
        store.commit(put(("/a", b"1")))
        with pytest.raises(StoreFullError, match="etcd's quota: compact, defragment"):
            store.put_blobs(blobs(*(os.urandom(400_000) for _ in range(80))))
        with pytest.raises(StoreFullError, match="nothing was written"):
            store.commit(put(("/a", b"2")))
        assert [entry.value for entry in store.range("/").entries] == [b"1"]
        batch = watch.next(30)
        assert batch is not None
        assert [event.value for event in batch.events] == [b"1"]


def test_etcd_that_is_away_is_unavailable(own_etcd: EtcdCluster, clock: FakeClock) -> None:
    """Within the time that was given, and with what was being done; then it is back."""
    with closing(open_etcd(own_etcd, clock, timeout=1.0)) as store:
        store.commit(put(("/a", b"1")))
        own_etcd.members[0].kill()
        with pytest.raises(StoreUnavailableError, match="unavailable while reading '/a'"):
            store.get("/a")
        with pytest.raises(StoreUnavailableError, match="unavailable while writing"):
            store.commit(put(("/a", b"2")))
        own_etcd.start()
    with closing(EtcdStore(EtcdAddress(own_etcd.addresses), clock, timeout=30.0)) as store:
        assert store.revision()


def test_frozen_etcd_is_unavailable(own_etcd: EtcdCluster, clock: FakeClock) -> None:
    """It keeps its connections and says nothing; whoever asks is not kept waiting for it."""
    with closing(open_etcd(own_etcd, clock, timeout=0.5)) as store:
        store.commit(put(("/a", b"1")))
        own_etcd.members[0].signal(signal.SIGSTOP)
        with pytest.raises(StoreUnavailableError):
            store.get("/a")
        own_etcd.members[0].signal(signal.SIGCONT)
    with closing(EtcdStore(EtcdAddress(own_etcd.addresses), clock, timeout=30.0)) as store:
        assert store.revision()


def test_a_forked_child_is_refused(etcd: EtcdCluster, clock: FakeClock) -> None:
    """The channel is the parent's, and the child leaves it alone."""
    with closing(open_etcd(etcd, clock)) as store:
        child = os.fork()
        if not child:
            try:
                store.get("/a")
            except ForkedStoreError:
                store.close()
                os._exit(0)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert store.get("/a") is None


def test_a_member_that_is_gone_costs_nobody_an_error(clock: FakeClock) -> None:
    """Any of three may be killed; what certainly was not sent is sent to another one."""
    with etcd_cluster(3) as cluster, closing(open_etcd(cluster, clock, timeout=30.0)) as store:
        store.put_blobs(blobs(b"x"))
        cluster.leader.kill()
        assert store.get_blob(digest(b"x")) == b"x"
        store.commit(put(("/a", b"1")))
        assert store.get("/a") is not None
