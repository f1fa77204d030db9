"""Files that are replaced whole or not at all."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from configsvc.errors import InputError


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` in the place of a file, which keeps its permissions and the links to it.

    Raises:
        InputError: it cannot be written; the file is as it was.
    """
    target = Path(os.path.realpath(path))
    try:
        _replace(target, content)
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}; nothing was changed") from exc


def _replace(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(name).chmod(_mode(target))
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _mode(target: Path) -> int:
    """The permissions of a file; of a new one, what the process's mask leaves."""
    try:
        return target.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
