"""What an etcd goes through while clients write and watch: nothing acknowledged is lost."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from configsvc.store import (
    CompactedError,
    FutureRevisionError,
    StoreError,
    Transaction,
    Watch,
    WatchClosedError,
)
from configsvc.store.etcd import EtcdAddress, EtcdStore
from tests.etcds import EtcdCluster, etcd_cluster
from tests.robustness.conftest import now, opening
from tests.robustness.networks import may_make_networks, networked_cluster
from tests.robustness.proxy import proxy
from tests.robustness.recording import recording
from tests.store.fakes import put

pytestmark = [pytest.mark.external("etcd"), pytest.mark.timeout(300)]

A_WHILE = 1.0
"""Seconds of work before and after a fault."""

FAULT = 2.5
"""Seconds that a fault lasts: longer than the election of another leader takes."""


@pytest.fixture
def cluster() -> Iterator[EtcdCluster]:
    """Three members."""
    with etcd_cluster(3) as started:
        yield started


def test_a_killed_leader_loses_nothing(cluster: EtcdCluster, rounds: range) -> None:
    """It comes back and is followed again."""
    with recording(opening(cluster)) as recorded:
        for _ in rounds:
            time.sleep(A_WHILE)
            leader = cluster.leader
            leader.kill()
            time.sleep(FAULT)
            cluster.start(leader)
        time.sleep(A_WHILE)
    assert len(recorded.acknowledged) > 20


def test_a_frozen_leader_loses_nothing(cluster: EtcdCluster, rounds: range) -> None:
    """It keeps its connections and says nothing, and thaws believing that it leads."""
    with recording(opening(cluster)) as recorded:
        for _ in rounds:
            time.sleep(A_WHILE)
            leader = cluster.leader
            leader.signal(signal.SIGSTOP)
            time.sleep(FAULT)
            leader.signal(signal.SIGCONT)
        time.sleep(A_WHILE)
    assert len(recorded.acknowledged) > 20


def test_a_restart_of_everything_loses_nothing(rounds: range) -> None:
    """Killed, all of it, in the middle of whatever it did."""
    with etcd_cluster() as cluster, recording(opening(cluster)) as recorded:
        for _ in rounds:
            time.sleep(A_WHILE)
            cluster.stop()
            time.sleep(A_WHILE)
            cluster.start()
        time.sleep(A_WHILE)
    assert len(recorded.acknowledged) > 20


@pytest.mark.external("ip")
@pytest.mark.skipif(not may_make_networks(), reason="needs the right to make network namespaces")
def test_a_leader_cut_off_from_the_others_loses_nothing(rounds: range) -> None:
    """Clients still reach it: it must neither answer from the past nor keep a watch waiting."""
    with networked_cluster(3) as cluster, recording(opening(cluster)) as recorded:
        for _ in rounds:
            time.sleep(A_WHILE)
            leader = cluster.leader
            cluster.cut_off(leader)
            time.sleep(FAULT + A_WHILE)
            cluster.join(leader)
        time.sleep(A_WHILE)
    assert len(recorded.acknowledged) > 20


@pytest.mark.external("mount", "umount")
@pytest.mark.skipif(not may_make_networks(), reason="needs the right to mount a small disk")
def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """Etcd ends where it cannot write; with room again it has everything that it acknowledged."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=144m", "tmpfs", disk], check=True)
    try:
        with etcd_cluster(1, data=disk) as cluster:
            with closing(EtcdStore(EtcdAddress(cluster.addresses), now, timeout=1.0)) as store:
                written = _fill(store)
                cluster.stop()
                subprocess.run(["mount", "-o", "remount,size=800m", disk], check=True)
                cluster.start()
            with closing(EtcdStore(EtcdAddress(cluster.addresses), now, timeout=20.0)) as store:
                there = {entry.key for entry in store.range("/").entries}
        assert written
        assert written <= there
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _fill(store: EtcdStore) -> set[str]:
    """Write until the store takes no more, and return what it acknowledged."""
    written: set[str] = set()
    for number in range(400):
        try:
            store.commit(put((f"/{number}", bytes(500_000))))
        except StoreError:
            return written
        written.add(f"/{number}")
    raise AssertionError("the disk was never full")


def test_a_compaction_while_disconnected_is_told() -> None:
    """The watch ends with an error instead of leaving out what is gone; a fresh load has it all."""
    with etcd_cluster() as cluster, proxy(cluster.addresses[0]) as between:
        address = EtcdAddress((between.address,))
        with (
            closing(EtcdStore(EtcdAddress(cluster.addresses), now)) as writer,
            closing(EtcdStore(address, now, timeout=20.0)) as reader,
            reader.watch("/", writer.commit(put(("/a", b"0")))) as watch,
        ):
            between.cut()
            for number in range(5):
                last = writer.commit(put(("/a", b"%d" % number)))
            writer.compact(last)
            between.mend()
            with pytest.raises(CompactedError, match="load the present state"):
                _watch_on(watch)
            reading = reader.range("/")
            with reader.watch("/", reading.revision) as fresh:
                after = writer.commit(put(("/a", b"after")))
                batch = fresh.next(30)
            assert batch is not None
            assert batch.events[-1].mod_revision == after


def _watch_on(watch: Watch) -> None:
    """Take whatever a watch tells, until it cannot go on."""
    for _ in range(100):
        watch.next(1)


def test_a_cut_connection_is_resumed_without_a_gap(rounds: range) -> None:
    """Again and again, and each event once."""
    with etcd_cluster() as cluster, proxy(cluster.addresses[0]) as between:
        behind = EtcdCluster.at(between.address)
        with recording(opening(behind)) as recorded:
            for _ in range(3 * len(rounds)):
                time.sleep(A_WHILE / 2)
                between.cut()
                time.sleep(0.1)
                between.mend()
            time.sleep(A_WHILE)
        assert len(recorded.acknowledged) > 20


def test_a_restored_older_copy_is_told(tmp_path: Path) -> None:
    """Whoever watched from a higher revision is told that the store was set back."""
    with etcd_cluster(data=tmp_path / "etcd") as cluster:
        member = cluster.members[0]
        with closing(EtcdStore(EtcdAddress(cluster.addresses), now, timeout=20.0)) as store:
            store.commit(put(("/a", b"1")))
            member.kill()
            shutil.copytree(member.data, tmp_path / "copy")
            cluster.start()
            for number in range(5):
                store.commit(Transaction(puts=(("/a", b"%d" % number),)))
            with store.watch("/", store.revision()) as watch:
                member.kill()
                shutil.rmtree(member.data)
                shutil.copytree(tmp_path / "copy", member.data)
                cluster.start()
                with pytest.raises(FutureRevisionError, match="restored from an older copy"):
                    _watch_on(watch)
            entry = store.get("/a")
            assert entry is not None
            assert entry.value == b"1"


def test_a_closed_store_leaves_nothing_waiting(cluster: EtcdCluster) -> None:
    """Also while every member is frozen."""
    store = opening(cluster)()
    watch = store.watch("/", 0)
    for member in cluster.members:
        member.signal(signal.SIGSTOP)
    store.close()
    with pytest.raises(WatchClosedError):
        watch.next(30)
