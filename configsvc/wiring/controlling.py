"""The controller's process."""

import time
from contextlib import closing
from typing import Final

from configsvc.controller import (
    Companion,
    Controller,
    Duty,
    FileLeadership,
    InstanceKeeper,
    KeyFetcher,
    KeySetKeeper,
    Leadership,
    Prober,
    carry_on_rollouts,
    collect_blobs,
    compact_history,
    expire_acks,
    expire_answers,
    keep_instances,
)
from configsvc.settings import Settings
from configsvc.store import Answers, AuditTrail, Collector, Namespaces, Store
from configsvc.wiring.assembly import control_plane, now, open_etcd, open_store, random_name
from configsvc.wiring.folders import watched_folders
from configsvc.wiring.membership import Member, join
from configsvc.wiring.stopping import Stopping

COMPACT_EVERY: Final = 300.0
"""Seconds between two compactions of an etcd's history."""


def serve(settings: Settings, _descriptor: int) -> None:
    """Do the controller's rounds until SIGTERM or SIGINT."""
    stop = Stopping()
    member = Member.load(settings)
    if member is None:
        with closing(open_store(settings)) as store:
            lock = FileLeadership(settings.run / "controller.lock")
            _control(settings, store, lock, stop)
    else:
        _control_cluster(settings, member, stop)


def _control_cluster(settings: Settings, member: Member, stop: Stopping) -> None:
    """Keep this node's record, and work while it is the oldest one."""
    with closing(open_etcd(settings)) as store:
        lease, leadership = join(settings, member, store)
        lease.start()
        compacting = compact_history(store, time.monotonic, COMPACT_EVERY)
        _control(settings, store, leadership, stop, compacting)


def _control(
    settings: Settings,
    store: Store,
    leadership: Leadership,
    stop: Stopping,
    *duties: Duty,
) -> None:
    namespaces = Namespaces(store, now, random_name)
    every = float(settings.collect_every)
    plane = control_plane(settings, store, Member.load(settings))
    keeper = InstanceKeeper(store, namespaces, lambda: time.monotonic_ns() // 1000)
    all_duties = [
        keep_instances(keeper),
        carry_on_rollouts(namespaces, plane.rollouts),
        expire_answers(namespaces, Answers(store, now), every),
        expire_acks(store, namespaces, every),
        collect_blobs(Collector(store, namespaces, now), every),
        *duties,
    ]
    hosts = frozenset(filter(None, (h.strip() for h in settings.key_set_hosts.split(","))))
    audit = AuditTrail(store, random_name)
    key_sets = KeySetKeeper(
        namespaces, plane, KeyFetcher(hosts).fetch, audit, time.monotonic, settings.key_set_every
    )
    companions: list[Companion] = [
        Prober(store, lambda: keeper.targets),
        key_sets,
        *watched_folders(settings, store, namespaces),
    ]
    Controller(leadership, all_duties, time.monotonic, stop.wait, companions).run()
