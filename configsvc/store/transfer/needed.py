"""Which blobs the keys of a copy need."""

from collections.abc import Iterable, Iterator

from configsvc.store import layout
from configsvc.store.api import Digest, Entry, Store
from configsvc.store.changes import Head, Revision, decode_head, decode_revision
from configsvc.store.manifest import ManifestReader


def needed(store: Store, entries: Iterable[Entry]) -> frozenset[Digest]:
    """Return every blob of the history, and of the bundles that are in force or being rolled out.

    Bundles of former revisions are left out: the store itself keeps them for an hour only.
    Raises what reading a manifest raises.
    """
    manifests = ManifestReader(store)
    found: set[Digest] = set()
    for table in _tables(entries, found):
        found.update(manifests.load(table).references(found))
    return frozenset(found)


def heads(entries: Iterable[Entry]) -> tuple[Head, ...]:
    """Return the heads among entries."""
    return tuple(
        decode_head(entry.key, entry.value, entry.mod_revision)
        for entry in entries
        if _part(entry) == "head"
    )


def _tables(entries: Iterable[Entry], found: set[Digest]) -> Iterator[Digest]:
    """Yield every table to follow; what needs no following is found at once."""
    entries = tuple(entries)
    records = [decode_revision(entry) for entry in entries if _part(entry) == "rev"]
    by_number = {(record.namespace, record.number): record for record in records}
    for record in records:
        yield record.manifest
        if record.candidate is not None:
            yield record.candidate
        if record.findings is not None:
            found.add(record.findings)
    for head in heads(entries):
        yield from (head.manifest, head.bundles)
        if head.candidate is not None:
            built: Revision = by_number[head.namespace, head.candidate.built]
            yield from (head.candidate.manifest, head.candidate.bundles, built.bundles)


def _part(entry: Entry) -> str:
    place = layout.place(entry.key)
    return place.part if place else ""
