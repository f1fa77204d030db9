"""How many commits a second a store takes in one namespace: 1 and 8 writers, conflicts retried.

    python -m benchmarks.commits [--seconds 2] [--rounds 3] [--directory DIR]

Each writer reads the head and commits on top of it; when another one was first it tries again.
Afterwards the history is read: every acknowledged commit must be there once. The stores take
turns, so that the machine is the same for all; both write to the disk of `--directory`.
"""

import argparse
import itertools
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from configsvc.store import HeadMovedError, Namespaces, Staged, Store
from configsvc.store.etcd import EtcdAddress, EtcdStore
from configsvc.store.sqlite import SqliteStore
from tests.etcds import etcd_cluster

WRITERS = (1, 8)
PAGE = 1000


@dataclass
class Run:
    """What the writers of one round did."""

    acknowledged: list[str] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Commits a second."""
        return len(self.acknowledged) / self.seconds


def now() -> int:
    """Microseconds since the Unix epoch."""
    return time.time_ns() // 1000


@contextmanager
def stores(directory: Path) -> Iterator[dict[str, Store]]:
    """An empty store of each kind, by name."""
    with ExitStack() as stack:
        opened: dict[str, Store] = {
            "sqlite": stack.enter_context(closing(SqliteStore(directory / "sqlite", now)))
        }
        for size in (1, 3):
            cluster = stack.enter_context(etcd_cluster(size, data=directory / f"etcd{size}"))
            store = EtcdStore(EtcdAddress(cluster.addresses), now, timeout=20.0)
            opened[f"etcd of {size}"] = stack.enter_context(closing(store))
        yield opened


def write(store: Store, name: str, writers: int, seconds: float) -> Run:
    """Commit to one namespace from several threads for a while."""
    run = Run()
    until = time.perf_counter() + seconds

    def work() -> None:
        namespaces = Namespaces(store, now, lambda: secrets.token_hex(8))
        for _ in itertools.takewhile(lambda _: time.perf_counter() < until, itertools.count()):
            token = secrets.token_hex(8)
            run.conflicts.append(commit(namespaces, name, token))
            run.acknowledged.append(token)

    threads = [threading.Thread(target=work) for _ in range(writers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.seconds = time.perf_counter() - began
    return run


def commit(namespaces: Namespaces, name: str, token: str) -> int:
    """Commit one change, however often others are first; return how often they were."""
    change = Staged("bench", token, puts={f"Retry/{token[:2]}": token.encode() * 100})
    for conflicts in itertools.count():
        try:
            namespaces.commit(name, namespaces.head(name), change)
        except HeadMovedError:
            continue
        return conflicts
    raise AssertionError


def lost(store: Store, name: str, run: Run) -> int:
    """How many acknowledged commits are not in the history exactly once."""
    namespaces = Namespaces(store, now, lambda: "")
    found: list[str] = []
    before = None
    while page := namespaces.history(name, before=before, limit=PAGE):
        found += [record.message for record in page]
        before = page[-1].number
    return len(set(run.acknowledged) ^ set(found)) + len(found) - len(set(found))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", type=Path, default=None)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=options.directory) as directory,
        stores(Path(directory)) as opened,
    ):
        for writers in WRITERS:
            runs: dict[str, list[Run]] = {kind: [] for kind in opened}
            for number, (kind, store) in itertools.product(range(options.rounds), opened.items()):
                name = f"bench-{writers}-{number}"
                run = write(store, name, writers, options.seconds)
                if lost(store, name, run):
                    raise SystemExit(f"{kind} lost a commit")
                runs[kind].append(run)
            for kind in opened:
                print(_line(kind, writers, runs[kind], runs["sqlite"]))


def _line(kind: str, writers: int, runs: list[Run], beside: list[Run]) -> str:
    rate, other = (statistics.median(run.rate for run in each) for each in (runs, beside))
    conflicts = sum(sum(run.conflicts) for run in runs)
    commits = sum(len(run.acknowledged) for run in runs)
    return (
        f"  {kind:<10} {writers} writers: {rate:7.0f} commits/s ({rate / other:4.2f} of sqlite), "
        f"{conflicts / commits:5.2f} conflicts a commit, {commits} commits, none lost"
    )


if __name__ == "__main__":
    main()
