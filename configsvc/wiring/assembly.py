"""Which parts a process is made of, as the settings say."""

import secrets
import time
from functools import partial
from typing import TYPE_CHECKING

from configsvc.analysis.rules import ALL
from configsvc.errors import InputError
from configsvc.fleet import ClusterFleet, ask_nodes
from configsvc.settings import Address, Settings
from configsvc.store import Store
from configsvc.usecases import ControlPlane
from configsvc.wiring.membership import Member

if TYPE_CHECKING:
    from configsvc.store.etcd import EtcdStore


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
    if settings.clustered:
        return open_etcd(settings)
    if settings.store == "memory":
        from configsvc.store.memory import MemoryStore  # noqa: PLC0415 only if it is chosen

        return MemoryStore(now)
    from configsvc.store.sqlite import SqliteStore  # noqa: PLC0415 only if it is chosen

    return SqliteStore(settings.data, now)


class EtcdNotInstalledError(InputError):
    """An etcd is asked for where what it needs is not installed."""

    def __init__(self, store: str, missing: str) -> None:
        super().__init__(
            f"store {store!r} needs the module {missing}, which is not installed: run "
            "pip install 'configsvc[etcd]'"
        )


class InsecureStoreError(InputError):
    """An etcd would be used without TLS where others can listen."""

    def __init__(self, member: str) -> None:
        super().__init__(
            f"etcd would be reached at {member} without TLS, where everything can be read on the "
            "way: give --etcd-ca, or --insecure if something else protects it"
        )


def open_etcd(settings: Settings) -> "EtcdStore":
    """Open the etcd that the settings name, as `open_store`.

    Raises:
        InputError: its address, a certificate or the password cannot be used.
    """
    try:
        from configsvc.store.etcd import (  # noqa: PLC0415 only if it is chosen
            EtcdAddress,
            EtcdSecurity,
            EtcdStore,
        )
    except ModuleNotFoundError as exc:
        raise EtcdNotInstalledError(settings.store, exc.name or "") from exc
    security = EtcdSecurity.load(
        settings.etcd_ca,
        settings.etcd_certificate,
        settings.etcd_key,
        settings.etcd_user,
        settings.etcd_password_file,
    )
    address = EtcdAddress.parse(settings.store)
    if security.authorities is None and not settings.insecure:
        for member in address.members:
            if not Address.parse(member).is_loopback:
                raise InsecureStoreError(member)
    return EtcdStore(address, now, security)


def control_plane(settings: Settings, store: Store, member: Member | None = None) -> ControlPlane:
    """The use cases over an open store, and over agent-facing processes.

    Args:
        settings: of this node.
        store: opened in this process.
        member: this node among others, whose processes are then asked too.
    """
    ask_own = partial(ask_nodes, settings.run)
    return ControlPlane.over(
        store,
        rules=ALL,
        clock=now,
        token=random_name,
        ask_fleet=ClusterFleet(store, member.id, member.token, ask_own).ask if member else ask_own,
        ask_own_fleet=ask_own,
    )
