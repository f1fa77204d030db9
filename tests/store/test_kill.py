"""Killing writers at random moments loses no acknowledged change and leaves no half of one."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from configsvc.store import Namespaces, Revision, layout
from configsvc.store.audit import audit_from_json, audit_to_json
from configsvc.store.records import Records
from configsvc.store.sqlite import SqliteStore
from tests.store.fakes import FakeClock, digest
from tests.store.sqlite import writers

ROOT = Path(__file__).parents[2]
KILLS = 200
READY = 3  # processes kept ready, so that starting one costs no time between kills
ENDLESS = 1 << 30


def start(mode: str, data: Path, run: int) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own that waits for its signal to begin."""
    command = [sys.executable, "-m", writers.__name__, mode, str(data), str(run), str(ENDLESS)]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Iterator[subprocess.Popen[bytes]]]:
    """Processes with eight writers each, in threads and in processes by turns."""
    waiting = [start(_mode(run), tmp_path / "data", run) for run in range(READY)]

    def one_after_the_other() -> Iterator[subprocess.Popen[bytes]]:
        for run in range(READY, KILLS + READY):
            yield waiting.pop(0)
            if run < KILLS:
                waiting.append(start(_mode(run), tmp_path / "data", run))

    yield one_after_the_other()
    for process in waiting:
        _kill(process)


def _mode(run: int) -> str:
    return ("threads", "processes")[run % 2]


def _kill(process: subprocess.Popen[bytes]) -> bytes:
    """Kill a process with its children, and return what they had told."""
    assert process.stdin is not None
    assert process.stdout is not None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with process.stdin, process.stdout:
        return process.stdout.read()


def write_and_be_killed(process: subprocess.Popen[bytes], seconds: float) -> list[list[str]]:
    """Let a process write for a while and return the changes acknowledged to it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"go\n")
    process.stdin.flush()
    first = process.stdout.readline()
    time.sleep(seconds)
    told = first + _kill(process)
    return [line.split(" ") for line in told.decode().splitlines()]


class Inspector:
    """Verifies a data directory after each kill, and what was there before it only once."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._whole: dict[str, int] = dict.fromkeys(writers.NAMESPACES, 0)
        self.tokens: dict[tuple[str, int], str] = {}

    def inspect(self) -> None:
        """Open the store as the next process would, and check all new revisions."""
        store = SqliteStore(self._data, FakeClock())
        namespaces = Namespaces(store, FakeClock(), str)
        for name in namespaces.names():
            self._check(store, namespaces, name)
        store.close()

    def _check(self, store: SqliteStore, namespaces: Namespaces, name: str) -> None:
        head = namespaces.head(name)
        assert head is not None
        after = self._whole[name]
        records = namespaces.history(name, limit=head.revision - after)
        assert [record.number for record in records] == [*range(head.revision, after, -1)]
        for record in records:
            self._check_whole(store, namespaces, record)
        if records:
            assert records[0].manifest == head.manifest
            bundle = namespaces.bundle(name, "score")
            assert bundle is not None
            assert (bundle.data, bundle.version) == (records[0].message.encode(), head.revision)
        self._whole[name] = head.revision
        assert _audited(store, name) == head.revision

    def _check_whole(self, store: SqliteStore, namespaces: Namespaces, record: Revision) -> None:
        documents = namespaces.snapshot(record.namespace, record.number).documents()
        assert documents == writers.staged(record.message).puts
        assert namespaces.findings(record) == f'["{record.message}"]'.encode()
        assert store.get_blob(digest(record.message.encode())) == record.message.encode()
        self.tokens[record.namespace, record.number] = record.message


def _audited(store: SqliteStore, name: str) -> int:
    """Return the revision of the newest audit entries, of which there is one for each."""
    trail = Records(store, audit_to_json, audit_from_json).list(
        layout.audits(name), reverse=True, limit=2 * writers.WRITERS
    )
    return max(kept.value.revision or 0 for kept in trail)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_kills_lose_nothing_and_leave_no_half(
    tmp_path: Path, ready: Iterator[subprocess.Popen[bytes]]
) -> None:
    """Two hundred kills of eight writers: every acknowledged change is there, and whole."""
    chance = random.Random(7)
    inspector = Inspector(tmp_path / "data")
    acknowledged = 0
    for process in ready:
        told = write_and_be_killed(process, chance.uniform(0.02, 0.12))
        inspector.inspect()
        for name, revision, token in told:
            assert inspector.tokens[name, int(revision)] == token
        acknowledged += len(told)
    assert acknowledged >= KILLS
    assert len(set(inspector.tokens.values())) == len(inspector.tokens)
