"""All instances as this process knows them, kept up to date by whoever follows the store."""

import logging
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from configsvc.registry.instances import Instance, version_of
from configsvc.store import CorruptRecordError, Entry, Event, Records, Store, layout

_log = logging.getLogger("configsvc.registry")

Service = tuple[str, str]
"""Namespace and service."""

_NOBODY: Final[Mapping[str, Instance]] = MappingProxyType({})


class Instances(Protocol):
    """Read access to the registry: what the agent plane and Envoy's control plane tell callers."""

    def of(self, namespace: str, service: str) -> Mapping[str, Instance]:
        """The listed instances of a service by their ids, in that order. Never changes."""

    def version(self, namespace: str, service: str) -> int:
        """The number of that list, see `version_of`."""


class Mirror:
    """The newest list of every service. Written by one thread, read by any.

    Each list is replaced whole, so whoever holds one may go on reading it.
    """

    def __init__(self) -> None:
        self._lists: dict[Service, Mapping[str, Instance]] = {}
        self._versions: dict[Service, int] = {}

    def of(self, namespace: str, service: str) -> Mapping[str, Instance]:
        """See `Instances`."""
        return self._lists.get((namespace, service), _NOBODY)

    def version(self, namespace: str, service: str) -> int:
        """See `Instances`."""
        return self._versions.get((namespace, service), 0)

    def all(self) -> Iterator[Instance]:
        """Every instance of every service."""
        for each in list(self._lists.values()):
            yield from each.values()

    def replace(self, found: Mapping[Service, Mapping[str, Instance]]) -> set[Service]:
        """Know these and no others; the services whose callers are to be told something else."""
        return {
            service
            for service in self._lists.keys() | found.keys()
            if self._put(service, found.get(service, _NOBODY))
        }

    def change(self, news: Mapping[tuple[str, str, str], Instance | None]) -> set[Service]:
        """Take over instances by namespace, service and id, None for one that is gone.

        Returns:
            The services whose callers are to be told something else.
        """
        lists: dict[Service, dict[str, Instance]] = {}
        for (namespace, service, identifier), instance in news.items():
            key = namespace, service
            known = lists.setdefault(key, dict(self._lists.get(key, _NOBODY)))
            if instance is None:
                known.pop(identifier, None)
            else:
                known[identifier] = instance
        return {service for service, known in lists.items() if self._put(service, known)}

    def _put(self, service: Service, known: Mapping[str, Instance]) -> bool:
        if known:
            self._lists[service] = MappingProxyType(dict(sorted(known.items())))
        else:
            self._lists.pop(service, None)
        before, after = self._versions.pop(service, 0), version_of(known.values())
        if after:
            self._versions[service] = after
        return before != after


class InstanceReading:
    """Reads the instances of all namespaces; what `load` and `take` find goes to `deliver`.

    It is what a thread that follows the store is given: `load` first, then `take` what the watch of
    `prefix` brings. `deliver` is called in that thread, with all instances (first argument True) or
    with those that changed.
    """

    prefix = layout.NAMESPACES

    def __init__(
        self,
        store: Store,
        namespaces: Callable[[], tuple[str, ...]],
        deliver: Callable[[bool, Mapping[tuple[str, str, str], Instance | None]], None],
    ) -> None:
        self._store = store
        self._names = namespaces
        self._deliver = deliver
        self._records: Records[Instance] = records(store)

    def load(self) -> None:
        """Read every instance and hand them on."""
        found: dict[tuple[str, str, str], Instance | None] = {}
        for name in self._names():
            for entry in self._store.range(layout.instances(name)).entries:
                self._note(found, entry.key, entry)
        self._deliver(True, found)  # noqa: FBT003  the port's own shape

    def take(self, events: tuple[Event, ...]) -> None:
        """Hand on the instances among what changed."""
        found: dict[tuple[str, str, str], Instance | None] = {}
        for event in events:
            gone = event.value is None
            entry = None if gone else Entry(event.key, event.value or b"", event.mod_revision)
            self._note(found, event.key, entry)
        if found:
            self._deliver(False, found)  # noqa: FBT003  the port's own shape

    def _note(
        self, found: dict[tuple[str, str, str], Instance | None], key: str, entry: Entry | None
    ) -> None:
        """Add one record; one that cannot be read is no news: what was known of it stays."""
        place = layout.place(key)
        if place is None or place.part != "instance" or len(place.rest) != 2:  # noqa: PLR2004
            return
        try:
            instance = None if entry is None else self._records.read(entry).value
        except CorruptRecordError as exc:
            _log.error("an instance cannot be read, callers keep what they have: %s", exc)
            return
        service, identifier = place.rest
        found[place.namespace, service, identifier] = instance


def records(store: Store) -> Records[Instance]:
    """The records of instances in a store."""
    return Records(store, Instance.to_json, Instance.from_json)


def by_service(
    found: Mapping[tuple[str, str, str], Instance | None],
) -> dict[Service, dict[str, Instance]]:
    """Instances by service, then by id."""
    lists: dict[Service, dict[str, Instance]] = {}
    for (namespace, service, identifier), instance in found.items():
        if instance is not None:
            lists.setdefault((namespace, service), {})[identifier] = instance
    return lists
