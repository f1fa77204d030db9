"""What a change is made of, and what it leaves behind: the head and the record of a revision."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, cast

from configsvc.store import layout
from configsvc.store._json import Json, decode_object, encode
from configsvc.store.answers import Answer
from configsvc.store.api import Digest, Entry
from configsvc.store.audit import AuditEntry
from configsvc.store.candidates import Candidate, CandidateStep, candidate_from_json
from configsvc.store.errors import CorruptRecordError

MAX_CHANGE_BYTES: Final = 16 << 20
"""Documents of one change together, before compression."""


def _nothing() -> Mapping[str, bytes]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Head:
    """Where a namespace stands; `mod_revision` is the store's revision that put it there.

    `manifest` and `bundles` are digests of manifests: resources by ``Kind/name``, bundles by
    service. `epoch` names the lineage: it changes when the store is restored. `candidate` is
    what is being rolled out; it stays as it is unless a change moves it.
    """

    namespace: str
    epoch: str
    revision: int
    manifest: Digest
    bundles: Digest
    candidate: Candidate | None
    mod_revision: int


@dataclass(frozen=True, slots=True)
class Staged:
    """A change ready to be committed, as bytes.

    `puts` are documents by ``Kind/name``, `bundles` compiled bundles by service; `dropped` are
    services that have a bundle no more. `findings` is JSON kept with the revision, `rollout` what
    its record says of a rollout, `step` what it does to the candidate: a step makes a revision of
    its own, whatever else changes. `time` is an instant, by default that of the commit. `answer` is
    remembered and `audit` appended in the same transaction, also when nothing else changes.
    """

    author: str
    message: str
    puts: Mapping[str, bytes] = field(default_factory=_nothing)
    deletes: AbstractSet[str] = frozenset()
    bundles: Mapping[str, bytes] = field(default_factory=_nothing)
    dropped: AbstractSet[str] = frozenset()
    findings: bytes | None = None
    rollout: Json = None
    step: CandidateStep | None = None
    time: int | None = None
    answer: Answer | None = None
    audit: AuditEntry | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """The outcome of a commit: the head as it is now, and whether a revision was made.

    `resources` and `services` are the keys whose document or bundle the revision changed.
    """

    head: Head
    changed: bool
    resources: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Revision:
    """The record of one revision of a namespace, written once.

    `manifest` is the digest of its resources, kept for ever; `bundles` that of the table of
    bundles, collected some time after it went out of force; `findings` that of a blob of JSON.
    During a rollout both are the head's; `candidate` is the digest of the candidate's resources.
    """

    namespace: str
    number: int
    manifest: Digest
    bundles: Digest
    author: str
    message: str
    time: int
    findings: Digest | None
    rollout: Json
    candidate: Digest | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A service's bundle in force; `version` is the revision at which its digest last changed."""

    service: str
    digest: Digest
    version: int
    data: bytes


def encode_head(head: Head) -> bytes:
    """Return the value of a head's key."""
    return encode(
        {
            "bundles": head.bundles,
            "candidate": head.candidate.to_json() if head.candidate else None,
            "epoch": head.epoch,
            "manifest": head.manifest,
            "revision": head.revision,
        }
    )


def decode_head(key: str, value: bytes, mod_revision: int) -> Head:
    """Read a head from an entry or an event; raise `CorruptRecordError` for anything else."""
    place = layout.place(key)
    fields = decode_object(value, key)
    candidate = cast("Mapping[str, Json] | None", fields.get("candidate"))
    try:
        return Head(
            namespace=place.namespace if place else "",
            epoch=cast("str", fields["epoch"]),
            revision=cast("int", fields["revision"]),
            manifest=cast("str", fields["manifest"]),
            bundles=cast("str", fields["bundles"]),
            candidate=candidate_from_json(candidate) if candidate else None,
            mod_revision=mod_revision,
        )
    except KeyError as error:
        raise CorruptRecordError(key, f"field {error} is missing") from error


def encode_revision(revision: Revision) -> bytes:
    """Return the value of a revision's key."""
    return encode(
        {
            "author": revision.author,
            "bundles": revision.bundles,
            "candidate": revision.candidate,
            "findings": revision.findings,
            "manifest": revision.manifest,
            "message": revision.message,
            "rollout": revision.rollout,
            "time": revision.time,
        }
    )


def decode_revision(entry: Entry) -> Revision:
    """Read the record of a revision; raise `CorruptRecordError` for anything else."""
    place = layout.place(entry.key)
    fields = decode_object(entry.value, entry.key)
    try:
        return Revision(
            namespace=place.namespace if place else "",
            number=layout.number(place.rest[0]) if place else 0,
            manifest=cast("str", fields["manifest"]),
            bundles=cast("str", fields["bundles"]),
            author=cast("str", fields["author"]),
            message=cast("str", fields["message"]),
            time=cast("int", fields["time"]),
            findings=cast("str | None", fields["findings"]),
            rollout=fields["rollout"],
            candidate=cast("str | None", fields.get("candidate")),  # absent before 0.2
        )
    except (KeyError, IndexError, ValueError) as error:
        raise CorruptRecordError(entry.key, repr(error)) from error
