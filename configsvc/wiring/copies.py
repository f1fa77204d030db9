"""Copies of stores, as the commands for them make them."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from configsvc.errors import InputError
from configsvc.settings import ETCD_SCHEME, Settings
from configsvc.store import Namespaces, Store
from configsvc.store.transfer import Copied, migrate, pour, read_backup, read_copy, write_backup
from configsvc.wiring.assembly import now, open_store, random_name


class NoStoreError(InputError):
    """There is no store where one was named."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no store in {path}: name the directory that a node serves with --data, or "
            "an etcd"
        )


def back_up(settings: Settings, namespace: str | None, path: Path) -> Copied:
    """Write a backup of a store that may be in use; raises `NoStoreError` and `ConfigsvcError`."""
    with closing(_open_existing(settings)) as store:
        return write_backup(read_copy(store, namespace), path, now)


def restore(settings: Settings, path: Path) -> Copied:
    """Write a backup into an empty store, under new epochs; raises `ConfigsvcError`."""
    copy = read_backup(path)
    with closing(open_store(settings)) as store:
        return pour(copy, store, random_name)


def move(settings: Settings, source: str, target: str, namespace: str | None) -> Copied:
    """Copy the store at one place into that at another; raises as `back_up`.

    A place is a data directory or ``etcd://HOST:PORT``; both etcds are reached alike.
    """
    with (
        closing(_open_existing(_at(settings, source))) as old,
        closing(open_store(_at(settings, target))) as new,
    ):
        return migrate(old, new, namespace)


def restamp(settings: Settings) -> Mapping[str, str]:
    """Give every namespace a new epoch and return them; raises as `back_up`."""
    with closing(_open_existing(settings)) as store:
        return Namespaces(store, now, random_name).restamp_epoch()


def _at(settings: Settings, place: str) -> Settings:
    if place.startswith(ETCD_SCHEME):
        return replace(settings, store=place)
    return replace(settings, store="sqlite", data=Path(place))


def _open_existing(settings: Settings) -> Store:
    """Open a store, but make none."""
    if not settings.clustered and not any(settings.data.glob("*.db")):
        raise NoStoreError(settings.data)
    return open_store(settings)
