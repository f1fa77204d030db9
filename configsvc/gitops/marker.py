"""The marker: a file that says that a folder is there, what it is called, and what was agreed to.

An unmounted folder looks like an empty one. Only the marker tells the two apart, so a folder
without it is never read as one whose documents were deleted.
"""

import errno
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from configsvc.errors import InputError
from configsvc.model.names import InvalidNameError, check_name
from configsvc.schema import load_text
from configsvc.schema.errors import shown

MARKER: Final = ".configsvc"
"""The marker's name in the folder."""

MAX_MARKER_BYTES: Final = 4096

_FIELDS: Final = ("name", "confirm", "takeOver")
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_ABSENT: Final = (errno.ENOENT, errno.ENOTDIR)


class MarkerError(InputError):
    """The marker cannot be read."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")


@dataclass(frozen=True, slots=True)
class Marker:
    """What a marker says.

    Args:
        name: the folder's name, by which it manages resources.
        confirm: digest of the contents for which deleting most of the namespace is meant.
        take_over: digest of the contents that take over resources which others manage.
    """

    name: str
    confirm: str | None = None
    take_over: str | None = None

    @property
    def manager(self) -> str:
        """Who manages what the folder publishes."""
        return f"folder:{self.name}"


def read_marker(folder: Path) -> Marker | None:
    """Read the marker of a folder; None where there is no such file, or no folder.

    Raises:
        MarkerError: it is there and cannot be understood.
        OSError: whether it is there cannot be told.
    """
    path = folder / MARKER
    try:
        if not path.is_file() and path.exists():  # looked at before it is opened: a pipe blocks
            raise MarkerError(path, "is no regular file: write a file with 'name: policies'")
        with path.open("rb") as file:
            text = file.read(MAX_MARKER_BYTES + 1)
    except OSError as exc:
        if exc.errno in _ABSENT:
            return None
        raise
    if len(text) > MAX_MARKER_BYTES:
        raise MarkerError(path, f"is larger than {MAX_MARKER_BYTES} bytes: it holds a name")
    return _understand(path, text)


def _understand(path: Path, text: bytes) -> Marker:
    loaded = load_text(text, origin=str(path), syntax="yaml")
    if loaded.errors:
        raise InputError(str(loaded.errors[0]))
    if len(loaded.documents) != 1:
        raise MarkerError(path, "does not name the folder: write 'name: policies'")
    fields = loaded.documents[0].value
    for field in fields:
        if field not in _FIELDS:
            known = ", ".join(_FIELDS)
            raise MarkerError(path, f"{shown(field)} is no field of a marker: use {known}")
    return Marker(
        _name(path, fields.get("name")),
        _digest(path, "confirm", fields.get("confirm")),
        _digest(path, "takeOver", fields.get("takeOver")),
    )


def _name(path: Path, value: object) -> str:
    if not isinstance(value, str):
        raise MarkerError(path, f"name is {shown(value)}: write one such as 'name: policies'")
    try:
        return check_name("name", value)
    except InvalidNameError as exc:
        raise MarkerError(path, str(exc)) from exc


def _digest(path: Path, field: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise MarkerError(
            path,
            f"{field} is {shown(value)}: copy the digest, 64 hexadecimal digits, from the log "
            "line that asks for it",
        )
    return value
