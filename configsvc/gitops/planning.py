"""What an edit of a folder puts and deletes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from configsvc.model.names import Key

_SHOWN: Final = 8

_KEPT_DIGITS: Final = 32
"""Hexadecimal digits that are remembered of a document's digest: enough to tell two documents
apart, and few enough for the largest folder to fit in one value of the store."""


@dataclass(frozen=True, slots=True)
class Held:
    """A resource at the head: the digest of its document, and who manages it."""

    digest: str
    manager: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to put and to delete, in order.

    `adrift` are documents of the folder that the edit did not touch and that differ at the head,
    because of a rollback or because somebody took them over: they stay as they are.
    """

    put: tuple[Key, ...]
    delete: tuple[Key, ...]
    adrift: tuple[Key, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.put or self.delete)

    def __str__(self) -> str:
        parts = (("put", self.put), ("delete", self.delete))
        return "; ".join(f"{word} {_names(keys)}" for word, keys in parts if keys)


def abbreviated(digests: Mapping[Key, str]) -> dict[Key, str]:
    """Digests of documents as they are remembered."""
    return {key: digest[:_KEPT_DIGITS] for key, digest in digests.items()}


def plan(
    files: Mapping[Key, str],
    last: Mapping[Key, str] | None,
    head: Mapping[Key, Held],
    manager: str,
) -> Plan:
    """Compare a folder with what it published last, and that difference with the head.

    Only what changed in the folder is published. What changed in the namespace alone, by a
    rollback for example, is not undone.

    Args:
        files: digests of the folder's documents.
        last: those of the edit that was published last, `abbreviated`; None if there was none.
        head: the namespace as it is.
        manager: the folder, as manager of resources.
    """
    before = last or {}
    edited = {key for key, digest in abbreviated(files).items() if before.get(key) != digest}
    differing = {key for key, digest in files.items() if not _holds(head, key, digest)}
    former = head.keys() if last is None else last.keys()
    gone = {key for key in former - files.keys() if key in head and head[key].manager == manager}
    return Plan(
        put=tuple(sorted(edited & differing)),
        delete=tuple(sorted(gone)),
        adrift=tuple(sorted(differing - edited)),
    )


def _holds(head: Mapping[Key, Held], key: Key, digest: str) -> bool:
    return key in head and head[key].digest == digest


def _names(keys: tuple[Key, ...]) -> str:
    more = len(keys) - _SHOWN
    return ", ".join(map(str, keys[:_SHOWN])) + (f" and {more} more" if more > 0 else "")
