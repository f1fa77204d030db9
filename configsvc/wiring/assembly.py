"""Which parts a process is made of, as the settings say."""

import secrets
import time
from functools import partial

from configsvc.analysis.rules import ALL
from configsvc.fleet import ask_nodes
from configsvc.settings import Settings
from configsvc.store import Store
from configsvc.usecases import ControlPlane


def now() -> int:
    """The present: microseconds since the Unix epoch."""
    return time.time_ns() // 1000


def random_name() -> str:
    """A random string of 80 bits, for what must not collide."""
    return secrets.token_hex(10)


def open_store(settings: Settings) -> Store:
    """Open the store that the settings name; to be called in each process, after any fork.

    Raises:
        StoreError: it cannot be opened.
    """
    if settings.store == "memory":
        from configsvc.store.memory import MemoryStore  # noqa: PLC0415 only if it is chosen

        return MemoryStore(now)
    from configsvc.store.sqlite import SqliteStore  # noqa: PLC0415 only if it is chosen

    return SqliteStore(settings.data, now)


def control_plane(settings: Settings, store: Store) -> ControlPlane:
    """The use cases over an open store, and over this node's agent-facing processes."""
    return ControlPlane.over(
        store,
        rules=ALL,
        clock=now,
        token=random_name,
        ask_fleet=partial(ask_nodes, settings.run),
    )
