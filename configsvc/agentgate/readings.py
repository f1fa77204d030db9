"""What agent-facing processes read of the store: heads of namespaces, and tokens."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final, NamedTuple, cast

from configsvc.access import TokenRecord, decode_record, encode_record
from configsvc.agentgate.shelf import InForce, Staging
from configsvc.errors import ConfigsvcError
from configsvc.push import Offer
from configsvc.rollout import rollout_from_json
from configsvc.store import (
    MAX_OPERATIONS,
    BlobNotFoundError,
    CorruptBlobError,
    CorruptRecordError,
    Entry,
    Event,
    Head,
    Item,
    Manifest,
    Namespaces,
    Records,
    Store,
    decode_head,
    layout,
)
from configsvc.store.changes import decode_revision

_log = logging.getLogger("configsvc.agentgate")

_REMEMBERED_TIMES: Final = 20_000

_READ_AHEAD: Final = 1_000
"""Bundles read at once before their agents are told."""

_DAMAGED: Final = (BlobNotFoundError, CorruptBlobError, CorruptRecordError)
"""What stays wrong until an operator restores something, in one namespace or one service."""


class _Known(NamedTuple):
    """What was handed on last of a namespace; `mod_revision` is the store's at that head."""

    in_force: InForce
    manifest: Manifest
    mod_revision: int


class HeadReading:
    """Turns heads into what is in force, reading only what differs from before.

    Args:
        store: opened in this process.
        namespaces: the same store's.
        wanted: True for a service that agents wait for; its bundle is then read ahead.
        deliver: takes each result; called by the thread that follows.
        loaded: told when all namespaces were delivered; called likewise.
    """

    prefix = layout.NAMESPACES

    def __init__(
        self,
        store: Store,
        namespaces: Namespaces,
        wanted: Callable[[str, str], bool],
        deliver: Callable[[InForce], None],
        loaded: Callable[[], None],
    ) -> None:
        self._store = store
        self._namespaces = namespaces
        self._wanted = wanted
        self._deliver = deliver
        self._loaded = loaded
        self._known: dict[str, _Known] = {}
        self._times: OrderedDict[tuple[str, int], int] = OrderedDict()

    def load(self) -> None:
        """See `Reading.load`."""
        for name in self._namespaces.names():
            self._load(name)
        self._loaded()

    def take(self, events: tuple[Event, ...]) -> None:
        """See `Reading.take`. A head that is deleted is not followed: that is no decision."""
        for event in events:
            place = layout.place(event.key)
            if place is not None and place.part == "head" and event.value is not None:
                self._take_news(place.namespace, event, event.value)

    def _take_news(self, namespace: str, event: Event, value: bytes) -> None:
        """Follow a namespace to another head, unless a load was faster: nobody goes back."""
        known = self._known.get(namespace)
        if known is not None and event.mod_revision <= known.mod_revision:
            return
        try:
            self._take_head(decode_head(event.key, value, event.mod_revision))
        except _DAMAGED:  # or out of force for so long that it was collected
            self._load(namespace)

    def _load(self, namespace: str) -> None:
        """Read what a namespace has in force now; a damaged one does not keep others from news."""
        try:
            head = self._namespaces.head(namespace)
            if head is not None:
                self._take_head(head, anew=True)
        except _DAMAGED as exc:
            _log.error(
                "a namespace cannot be read, its agents keep what they have: %s",
                exc,
                extra={"namespace": namespace},
            )

    def _take_head(self, head: Head, *, anew: bool = False) -> None:
        """Hand on what a head puts in force, unless it is known already.

        Heads that follow each other differ by what changed its digest; across a gap (`anew`) a
        digest may have changed and changed back, which raises its version all the same.
        """
        known = self._known.get(head.namespace)
        if known is not None and _same(known.in_force, head):
            if anew:  # whoever was told of it may have failed on the way
                self._deliver(known.in_force)
            return
        manifest = self._namespaces.bundles(head)
        offers = self._offers(head, manifest, None if anew else known)
        changed = {
            service: offer
            for service, offer in offers.items()
            if known is None or known.in_force.offers.get(service) != offer
        }
        staged = self._staging(head)
        digests = self._wanted_digests(head.namespace, changed)
        if staged is not None:
            digests |= self._wanted_digests(head.namespace, staged.offers)
        kept = InForce(head.namespace, head.epoch, head.revision, offers, staged=staged)
        set_back = known is not None and _is_behind(head, known.in_force)
        self._known[head.namespace] = _Known(kept, manifest, head.mod_revision)
        self._deliver(replace(kept, loaded=self._read_ahead(digests), set_back=set_back))

    def _staging(self, head: Head) -> Staging | None:
        """The rollout in progress. Whoever becomes a member is counted from when it was widened."""
        if head.candidate is None:
            return None
        rollout = rollout_from_json(cast("Mapping[str, Any]", head.candidate.state))
        touched = self._namespaces.touched(head.namespace, head.candidate)
        return Staging(
            rollout,
            {
                service: Offer(
                    epoch=head.epoch,
                    version=item.revision,
                    digest=item.digest,
                    revision=item.revision,
                    committed=rollout.widened,
                )
                for service, item in touched.items()
            },
        )

    def _offers(self, head: Head, manifest: Manifest, known: _Known | None) -> dict[str, Offer]:
        """Offers of all services; those unchanged are taken over as they are."""
        if known is None or known.in_force.epoch != head.epoch:
            return self._made(head, dict(manifest.items()))
        differences = known.manifest.differences(manifest, restamped=True)
        items = manifest.get_many([each.key for each in differences])
        offers = {**known.in_force.offers, **self._made(head, items)}
        for each in differences:
            if each.after is None:
                del offers[each.key]
        return offers

    def _made(self, head: Head, items: Mapping[str, Item]) -> dict[str, Offer]:
        times = self._commit_times(head.namespace, {item.revision for item in items.values()})
        return {
            service: Offer(
                epoch=head.epoch,
                version=item.revision,
                digest=item.digest,
                revision=item.revision,
                committed=times.get(item.revision, 0),
            )
            for service, item in items.items()
        }

    def _commit_times(self, namespace: str, revisions: Collection[int]) -> dict[int, int]:
        times = {
            revision: time
            for revision in revisions
            if (time := self._times.get((namespace, revision))) is not None
        }
        missing = [revision for revision in revisions if revision not in times]
        for first in range(0, len(missing), MAX_OPERATIONS):
            part = missing[first : first + MAX_OPERATIONS]
            keys = [layout.revision(namespace, revision) for revision in part]
            records = map(decode_revision, self._store.get_many(keys).entries)
            times.update((record.number, record.time) for record in records)
        self._times.update(((namespace, revision), time) for revision, time in times.items())
        while len(self._times) > _REMEMBERED_TIMES:
            self._times.popitem(last=False)
        return times

    def _wanted_digests(self, namespace: str, changed: Mapping[str, Offer]) -> set[str]:
        """The bundles that connected agents will be sent at once."""
        return {o.digest for service, o in changed.items() if self._wanted(namespace, service)}

    def _read_ahead(self, wanted: set[str]) -> Mapping[str, bytes]:
        """The bytes of bundles.

        Of those beyond a bound, and of all if one is damaged, none: each is then read when a
        stream needs it, and fails alone.
        """
        digests = list(islice(wanted, _READ_AHEAD))
        try:
            return self._store.get_blobs(digests) if digests else {}
        except _DAMAGED:
            return {}


class TokenReading:
    """Reads the records of tokens.

    Args:
        store: opened in this process.
        replace: takes all records; called by the thread that follows.
        learn: takes changed records, None for deleted ones; called likewise.
    """

    prefix = layout.TOKENS

    def __init__(
        self,
        store: Store,
        replace: Callable[[Mapping[str, TokenRecord]], None],
        learn: Callable[[Mapping[str, TokenRecord | None]], None],
    ) -> None:
        self._store = store
        self._records = Records(store, encode_record, decode_record)
        self._replace = replace
        self._learn = learn

    def load(self) -> None:
        """See `Reading.load`."""
        found = map(self._read, self._store.range(self.prefix).entries)
        self._replace({record.id: record for record in found if record is not None})

    def take(self, events: tuple[Event, ...]) -> None:
        """See `Reading.take`. A record that cannot be read any more is good no more."""
        changed: dict[str, TokenRecord | None] = {}
        for event in events:
            entry = Entry(event.key, event.value or b"", event.mod_revision)
            record = None if event.value is None else self._read(entry)
            changed[event.key.removeprefix(self.prefix)] = record
        self._learn(changed)

    def get(self, token_id: str) -> TokenRecord | None:
        """Read one record, for a token that was minted a moment ago."""
        entry = self._store.get(layout.token(token_id))
        return self._read(entry) if entry else None

    def _read(self, entry: Entry) -> TokenRecord | None:
        try:
            return self._records.read(entry).value
        except ConfigsvcError as exc:
            _log.error("a token's record cannot be read: %s", exc, extra={"key": entry.key})
            return None


def _is_behind(head: Head, known: InForce) -> bool:
    """Whether a head is from another copy of the store than what was in force; says so."""
    if head.epoch == known.epoch and head.revision > known.revision:
        return False
    _log.error(
        "a namespace was set back: the store was restored, its agents are reset to what it has now",
        extra={
            "namespace": head.namespace,
            "from": f"{known.epoch}.{known.revision}",
            "to": f"{head.epoch}.{head.revision}",
        },
    )
    return True


def _same(known: InForce, head: Head) -> bool:
    return (known.epoch, known.revision) == (head.epoch, head.revision)
