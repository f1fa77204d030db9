"""The candidate of a namespace: content that a part of the fleet holds instead of the head's."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from configsvc.store._json import Json, decode_object, encode
from configsvc.store.api import Digest, Entry
from configsvc.store.errors import CorruptRecordError


class Move(StrEnum):
    """What a change does to the candidate of its namespace."""

    BUILD = "build"
    """The change's documents and bundles become the candidate, on top of the head, which stays."""
    KEEP = "keep"
    """The candidate stays what it is and gets another state; the change is made to the head."""
    PROMOTE = "promote"
    """The candidate becomes the head."""
    ABORT = "abort"
    """The candidate is given up; who held it goes back to the head by newer versions."""


@dataclass(frozen=True, slots=True)
class CandidateStep:
    """A move, and what is kept with the candidate from then on: JSON that the store never reads."""

    move: Move
    state: Json


@dataclass(frozen=True, slots=True)
class Candidate:
    """Content that waits to become the head.

    `revision` is the one that began it and names it for ever; `built` the one at which it was last
    put on top of a head, whose tables are found in that revision's record. `manifest` and
    `bundles` are its own tables. `state` is kept for whoever steers the rollout.
    """

    revision: int
    built: int
    manifest: Digest
    bundles: Digest
    state: Json

    def to_json(self) -> dict[str, Json]:
        """As a JSON object, for `candidate_from_json`."""
        return {
            "built": self.built,
            "bundles": self.bundles,
            "manifest": self.manifest,
            "revision": self.revision,
            "state": self.state,
        }


def candidate_from_json(value: Mapping[str, Json]) -> Candidate:
    """Read what `Candidate.to_json` wrote; raises `KeyError` for anything else."""
    return Candidate(
        revision=cast("int", value["revision"]),
        built=cast("int", value["built"]),
        manifest=cast("str", value["manifest"]),
        bundles=cast("str", value["bundles"]),
        state=value["state"],
    )


def encode_candidate(candidate: Candidate) -> bytes:
    """Return the value of a rollout's key."""
    return encode(candidate.to_json())


def decode_candidate(entry: Entry) -> Candidate:
    """Read a rollout's entry; raise `CorruptRecordError` for anything else."""
    try:
        return candidate_from_json(decode_object(entry.value, entry.key))
    except KeyError as error:
        raise CorruptRecordError(entry.key, f"field {error} is missing") from error
