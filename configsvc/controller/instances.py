"""Registered instances: who is taken off the list, and whom there is to check."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from configsvc.controller.duties import Duty
from configsvc.model.quantities import Duration
from configsvc.model.services import Discovery, HealthCheck
from configsvc.registry import Decisions, Expiry, Instance, records
from configsvc.schema import read_stored
from configsvc.store import (
    CompareFailedError,
    Item,
    Kept,
    Namespaces,
    Records,
    Snapshot,
    Store,
    Transaction,
    layout,
)

_log = logging.getLogger("configsvc.controller")

EVERY: Final = 1.0
"""Seconds between two looks."""

GAP: Final = 5_000_000
"""Microseconds without a look after which what was seen before counts no more."""

_SECOND: Final = 1_000_000
_UNDECLARED: Final = HealthCheck(
    path=None,
    interval=Duration(_SECOND),
    timeout=Duration(_SECOND),
    healthy_after=1,
    unhealthy_after=3,
    unejects=False,
)
"""How suspects are checked whose service declares no check: whether somebody listens."""


@dataclass(frozen=True, slots=True)
class Target:
    """An instance to be checked, and how."""

    instance: Instance
    check: HealthCheck


class InstanceKeeper:
    """Looks at all instances, takes off who is to go, and says whom there is to check.

    Args:
        store: opened in this process.
        namespaces: the same store's.
        clock: microseconds that never go back.
    """

    def __init__(self, store: Store, namespaces: Namespaces, clock: Callable[[], int]) -> None:
        self._store = store
        self._namespaces = namespaces
        self._clock = clock
        self._records: Records[Instance] = records(store)
        self._expiry = Expiry()
        self._looked: int | None = None
        self._known: dict[str, Discovery] = {}
        self.targets: Mapping[str, Target] = {}
        """By key of its record, every instance to be checked; replaced whole."""

    def look(self) -> Mapping[str, int]:
        """Decide about every instance, once.

        A first look, and one after a gap for whatever reason (another leader, a store that was
        away, a machine that slept), sees everybody's absence begin.
        """
        now = self._clock()
        if self._looked is None or now - self._looked > GAP:
            self._expiry.begin_anew()
        kept: dict[tuple[str, str, str], Kept[Instance]] = {}
        discoveries: dict[tuple[str, str], Discovery] = {}
        for name in self._namespaces.names():
            listed = self._records.list(layout.instances(name))
            kept |= {(name, each.value.service, each.value.id): each for each in listed}
            discoveries |= self._discoveries(name, {each.value.service for each in listed})
        graces = {service: int(each.lease_grace) for service, each in discoveries.items()}
        instances = [each.value for each in kept.values()]
        beats = self._beats()
        decisions = self._expiry.decide(instances, beats, graces, now)
        self._forget(beats.keys() - {each.owner for each in instances})
        self._looked = now
        self.targets = _targets(kept.values(), discoveries)
        return self._carry_out(decisions, kept)

    def _beats(self) -> dict[str, int]:
        """By owner the number of its newest sign of life."""
        return {
            each.key.removeprefix(layout.BEATS): int(orjson.loads(each.value)["beat"])
            for each in self._store.range(layout.BEATS).entries
        }

    def _forget(self, owners: set[str]) -> None:
        """Delete the signs of life of processes by which no instance lives."""
        for owner in sorted(owners):
            self._store.commit(Transaction(deletes=(layout.beat(owner),)))

    def _discoveries(self, namespace: str, services: set[str]) -> dict[tuple[str, str], Discovery]:
        if not services:
            return {}
        snapshot = self._namespaces.snapshot(namespace)
        return {(namespace, service): self._discovery(snapshot, service) for service in services}

    def _discovery(self, snapshot: Snapshot, service: str) -> Discovery:
        """What is published of a service; the defaults if it is published no more."""
        for kind in ("Service", "Bff"):
            item = snapshot.item(f"{kind}/{service}")
            if item is not None:
                return self._read(snapshot, item)
        return Discovery()

    def _read(self, snapshot: Snapshot, item: Item) -> Discovery:
        found = self._known.get(item.digest)
        if found is None:
            data = snapshot.blobs({item.digest})[item.digest]
            spec: Any = read_stored(data, digest=item.digest).spec
            found = self._known[item.digest] = spec.discovery
        return found

    def _carry_out(
        self, decisions: Decisions, kept: Mapping[tuple[str, str, str], Kept[Instance]]
    ) -> dict[str, int]:
        expired = sum(self._expire(kept[_key(each)]) for each in decisions.expire)
        suspected = sum(self._suspect(kept[_key(each)]) for each in decisions.suspect)
        return {"expired": expired, "suspected": suspected}

    def _expire(self, kept: Kept[Instance]) -> bool:
        """Take an instance off, unless its record has changed since it was read."""
        try:
            self._records.delete(kept.key, expected=kept.mod_revision)
        except CompareFailedError:
            return False
        _log.info("an instance has expired", extra=_named(kept.value))
        return True

    def _suspect(self, kept: Kept[Instance]) -> bool:
        suspect = replace(kept.value, state="suspect")
        try:
            self._records.put(kept.key, suspect, expected=kept.mod_revision)
        except CompareFailedError:
            return False
        _log.warning(
            "too many instances lost their streams at once: health checks decide about this one",
            extra=_named(kept.value),
        )
        return True


def keep_instances(keeper: InstanceKeeper, every: float = EVERY) -> Duty:
    """Take off instances whose agents are gone for longer than their grace."""
    return Duty("keep instances", every, keeper.look)


def _targets(
    kept: Iterable[Kept[Instance]],
    discoveries: Mapping[tuple[str, str], Discovery],
) -> dict[str, Target]:
    """Those of services that declare a check, and suspects of the others."""
    targets: dict[str, Target] = {}
    for each in kept:
        instance = each.value
        check = discoveries[instance.namespace, instance.service].health_check
        if check is not None or instance.state == "suspect" or not instance.healthy:
            targets[each.key] = Target(instance, check or _UNDECLARED)
    return targets


def _key(instance: Instance) -> tuple[str, str, str]:
    return instance.namespace, instance.service, instance.id


def _named(instance: Instance) -> dict[str, str]:
    return {
        "namespace": instance.namespace,
        "service": instance.service,
        "instance": instance.id,
        "address": instance.address,
    }
