"""What a folder published last, remembered in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from configsvc.model.names import Key, Kind
from configsvc.store import Kept, Records, Store, layout


@dataclass(frozen=True, slots=True)
class LastEdit:
    """The edit that a folder published last.

    Args:
        digest: of the folder's contents as a whole.
        contents: abbreviated digest of each document (see `planning.abbreviated`).
        revision: the head after it.
        at: when, in microseconds since the Unix epoch.
    """

    digest: str
    contents: Mapping[Key, str]
    revision: int
    at: int


class Ledger:
    """Reads and writes the last edits of the folders of one namespace."""

    def __init__(self, store: Store, namespace: str) -> None:
        self._records: Records[LastEdit] = Records(store, _to_json, _from_json)
        self._namespace = namespace

    def get(self, folder: str) -> Kept[LastEdit] | None:
        """What a folder published last, None if it never did."""
        return self._records.get(layout.folder(self._namespace, folder))

    def put(self, folder: str, edit: LastEdit, expected: int) -> None:
        """Remember an edit; raises `CompareFailedError` if another one was remembered meanwhile."""
        self._records.put(layout.folder(self._namespace, folder), edit, expected=expected)


def _to_json(edit: LastEdit) -> Mapping[str, Any]:
    by_kind = groupby(sorted(edit.contents.items()), lambda item: item[0].kind)
    contents = {str(kind): {key.name: digest for key, digest in each} for kind, each in by_kind}
    return {
        "at": edit.at,
        "contents": contents,
        "digest": edit.digest,
        "revision": edit.revision,
    }


def _from_json(fields: Mapping[str, Any]) -> LastEdit:
    contents = {
        Key(Kind(kind), name): digest
        for kind, digests in fields["contents"].items()
        for name, digest in digests.items()
    }
    return LastEdit(fields["digest"], contents, fields["revision"], fields["at"])
