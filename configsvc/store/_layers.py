"""The tables of a namespace after a change: those of the head, and those of its candidate."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from configsvc.store import layout
from configsvc.store._admission import digest_of
from configsvc.store._json import Json
from configsvc.store.api import Digest, Store
from configsvc.store.candidates import Candidate, Move
from configsvc.store.changes import Head, Staged, decode_revision
from configsvc.store.errors import InvalidTransactionError, UnknownRevisionError
from configsvc.store.manifest import Edit, Item, Manifest, ManifestReader


@dataclass(frozen=True, slots=True)
class Tables:
    """What a namespace consists of after a change.

    `manifest`, `bundles` and `candidate` are the head's from then on. `moved` is the candidate
    that the change began, moved or ended. `resources` and `services` are the keys that differ, in
    the head or, where the change builds a candidate, there. `blobs` have to be put.
    """

    manifest: Digest
    bundles: Digest
    candidate: Candidate | None
    moved: Candidate | None = None
    resources: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    blobs: Mapping[Digest, bytes] = field(default_factory=dict)


class Layers:
    """Puts changes on top of heads and candidates; writes nothing."""

    def __init__(self, store: Store, manifests: ManifestReader) -> None:
        self._store = store
        self._manifests = manifests
        self._moves: Final[Mapping[Move, Callable[[Head, Staged], Tables]]] = {
            Move.BUILD: self._build,
            Move.KEEP: self._keep,
            Move.PROMOTE: self._promote,
            Move.ABORT: self._abort,
        }

    def after(self, namespace: str, expected: Head | None, change: Staged) -> Tables:
        """Return the tables after a change on top of a head, None for a new namespace."""
        if change.step is None:
            return self._edited(expected, change)
        if expected is None:
            raise InvalidTransactionError(
                f"namespace {namespace!r} has no revision yet: publish its first one to all"
            )
        return self._moves[change.step.move](expected, change)

    def touched(self, namespace: str, candidate: Candidate) -> dict[str, Item]:
        """Return the bundles that are other ones in a candidate than in what it was built on."""
        base = self._manifests.load(self._base(namespace, candidate))
        own = self._manifests.load(candidate.bundles)
        differing = [each.key for each in base.differences(own) if each.after is not None]
        return own.get_many(differing)

    # ── moves ────────────────────────────────────────────────────────────────────────────────

    def _edited(self, expected: Head | None, change: Staged) -> Tables:
        number = next_number(expected)
        resources = self._table(expected.manifest if expected else None).edit(
            _digests(change.puts), change.deletes, number
        )
        services = self._table(expected.bundles if expected else None).edit(
            _digests(change.bundles), change.dropped, number
        )
        return Tables(
            manifest=resources.manifest.digest,
            bundles=services.manifest.digest,
            candidate=expected.candidate if expected else None,
            resources=resources.changed,
            services=services.changed,
            blobs=_written((resources, services), everything=expected is None),
        )

    def _keep(self, head: Head, change: Staged) -> Tables:
        moved = replace(_candidate(head), state=_state(change))
        return replace(self._edited(head, change), candidate=moved, moved=moved)

    def _build(self, head: Head, change: Staged) -> Tables:
        number = next_number(head)
        below = self._returning(head, number)
        resources = self._table(head.manifest).edit(_digests(change.puts), change.deletes, number)
        services = below.manifest.edit(_digests(change.bundles), change.dropped, number)
        built = Candidate(
            revision=head.candidate.revision if head.candidate else number,
            built=number,
            manifest=resources.manifest.digest,
            bundles=services.manifest.digest,
            state=_state(change),
        )
        return Tables(
            manifest=head.manifest,
            bundles=below.manifest.digest,
            candidate=built,
            moved=built,
            resources=resources.changed,
            services=services.changed,
            blobs=_written((below, resources, services)),
        )

    def _promote(self, head: Head, change: Staged) -> Tables:
        """For the head its bundles are new by this very revision, for former members a number."""
        candidate, before = _candidate(head), self._table(head.bundles)
        own = self._manifests.load(candidate.bundles)
        differing = [each.key for each in before.differences(own)]
        services = own.edit({}, (), next_number(head), restamp=differing)
        return Tables(
            manifest=candidate.manifest,
            bundles=services.manifest.digest,
            candidate=None,
            moved=replace(candidate, state=_state(change)),
            resources=self._differing(head.manifest, candidate.manifest),
            services=frozenset(differing),
            blobs=_written((services,)),
        )

    def _abort(self, head: Head, change: Staged) -> Tables:
        below = self._returning(head, next_number(head))
        return Tables(
            manifest=head.manifest,
            bundles=below.manifest.digest,
            candidate=None,
            moved=replace(_candidate(head), state=_state(change)),
            services=below.changed,
            blobs=_written((below,)),
        )

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _returning(self, head: Head, number: int) -> Edit:
        """The head's bundles, so that whoever held the candidate goes back to newer versions."""
        table = self._table(head.bundles)
        if head.candidate is None:
            return table.edit({}, (), number)
        held = self.touched(head.namespace, head.candidate)
        return table.edit({}, (), number, restamp=_lower(table, held))

    def _base(self, namespace: str, candidate: Candidate) -> Digest:
        entry = self._store.get(layout.revision(namespace, candidate.built))
        if entry is None:
            raise UnknownRevisionError(namespace, candidate.built, candidate.built - 1)
        return decode_revision(entry).bundles

    def _table(self, digest: Digest | None) -> Manifest:
        return self._manifests.load(digest) if digest else self._manifests.empty()

    def _differing(self, old: Digest, new: Digest) -> frozenset[str]:
        differences = self._manifests.load(old).differences(self._manifests.load(new))
        return frozenset(each.key for each in differences)


def next_number(head: Head | None) -> int:
    """Return the revision that a change on top of a head makes."""
    return head.revision + 1 if head else 1


def _lower(table: Manifest, held: Mapping[str, Item]) -> Collection[str]:
    """The services that `table` has at a lower version than the one that was held."""
    items = table.get_many(held)
    return [name for name, item in items.items() if item.revision < held[name].revision]


def _candidate(head: Head) -> Candidate:
    if head.candidate is None:
        raise InvalidTransactionError(f"namespace {head.namespace!r} rolls nothing out")
    return head.candidate


def _state(change: Staged) -> Json:
    return change.step.state if change.step else None


def _written(edits: Iterable[Edit], *, everything: bool = False) -> dict[Digest, bytes]:
    """What has to be put: of an unchanged table nothing, unless there was none."""
    blobs: dict[Digest, bytes] = {}
    for edit in edits:
        if edit.changed or everything:
            blobs.update(edit.blobs)
    return blobs


def _digests(documents: Mapping[str, bytes]) -> dict[str, Digest]:
    return {key: digest_of(data) for key, data in documents.items()}
