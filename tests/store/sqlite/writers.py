"""A process with writers, for the tests that kill it or watch it from outside.

Run as ``python -m tests.store.sqlite.writers MODE DIRECTORY RUN COUNT``. It gets ready, waits for
a line on its standard input, then writes until it is killed or each writer made COUNT changes.
Each change that was acknowledged to it is written to standard output as one line.
"""

import os
import secrets
import sys
import threading
import time
from pathlib import Path

from configsvc.store import AuditEntry, HeadMovedError, Namespaces, Staged, Transaction
from configsvc.store.sqlite import SqliteStore

NAMESPACES = ("alpha", "beta", "gamma")
WRITERS = 8
KEYS = 3


def now() -> int:
    """Return the present instant."""
    return time.time_ns() // 1000


def tell(*words: object) -> None:
    """Write one line, whole, in one system call."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def staged(token: str) -> Staged:
    """Return a change of several keys that all bear the token."""
    return Staged(
        author="writer",
        message=token,
        puts={f"Retry/r{n}": f"{token} {n}".encode() * 20 for n in range(KEYS)},
        bundles={"score": token.encode()},
        findings=f'["{token}"]'.encode(),
        audit=AuditEntry(now(), "writer", "publish", detail={"token": token}),
    )


def publish(namespaces: Namespaces, name: str, token: str) -> int:
    """Commit a change on whatever the head is, and return its revision."""
    while True:
        try:
            return namespaces.commit(name, namespaces.head(name), staged(token)).head.revision
        except HeadMovedError:
            continue


def write_changes(store: SqliteStore, run: str, writer: int, count: int) -> None:
    """Publish changes, one after the other, in one of the namespaces."""
    namespaces = Namespaces(store, now, lambda: secrets.token_hex(8))
    name = NAMESPACES[writer % len(NAMESPACES)]
    for number in range(count):
        token = f"{run}.{writer}.{number}"
        tell(name, publish(namespaces, name, token), token)


def write_keys(store: SqliteStore, run: str, writer: int, count: int) -> None:
    """Commit transactions of a few keys each, without namespaces."""
    for number in range(count):
        keys = {f"/{area}/{(number * writer) % 7}" for area in "abc"[: number % 3 + 1]}
        token = f"{run}.{writer}.{number}"
        revision = store.commit(Transaction(puts=tuple((key, token.encode()) for key in keys)))
        tell(revision, token, *keys)


def in_threads(work: object, directory: Path, run: str, writers: range, count: int) -> None:
    """Open the store and run some writers in threads of this process."""
    store = SqliteStore(directory, now)
    threads = [
        threading.Thread(target=work, args=(store, run, writer, count))  # type: ignore[arg-type]
        for writer in writers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()


def in_processes(work: object, directory: Path, run: str, count: int) -> None:
    """Fork processes with two writers each, which open the store after the fork."""
    children = []
    for first in range(0, WRITERS, 2):
        child = os.fork()
        if child == 0:
            in_threads(work, directory, run, range(first, first + 2), count)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def main() -> None:
    """Wait for the signal to begin, then write."""
    mode, directory, run, count = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    sys.stdin.readline()
    if mode == "threads":
        in_threads(write_changes, directory, run, range(WRITERS), count)
    elif mode == "processes":
        in_processes(write_changes, directory, run, count)
    else:
        in_processes(write_keys, directory, run, count)


if __name__ == "__main__":
    main()
