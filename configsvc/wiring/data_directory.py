"""The data directory of a node: private, used by one node at a time, with its first token."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from configsvc.errors import OperationError

PRIVATE: Final = 0o700
_PRIVATE_FILE: Final = 0o600


class DataDirectoryError(OperationError):
    """The data directory cannot be used."""


class DataDirectory:
    """A node's directory. `open` before anything else touches it, `close` at the end.

    Raises `DataDirectoryError`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def run(self) -> Path:
        """Sockets, locks and what else is of no use after the node has stopped."""
        return self.path / "run"

    @property
    def admin_token(self) -> Path:
        """The file of the first token; its reader may delete it."""
        return self.path / "admin-token"

    @property
    def ready(self) -> Path:
        """Exists while the node serves; says in JSON where."""
        return self.run / "ready"

    @property
    def was_left(self) -> bool:
        """Whether a node was killed here: its children may still be about to end."""
        try:
            pid = int(json.loads(self.ready.read_text())["pid"])
            os.kill(pid, 0)
        except (ProcessLookupError, ValueError, KeyError, TypeError, OverflowError):
            return True
        except OSError:
            return False
        return False

    def open(self) -> None:
        """Create what is missing, and take the directory for this process."""
        try:
            self.path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            self.run.mkdir(mode=PRIVATE, exist_ok=True)
            self.run.chmod(PRIVATE)  # it may be older, or somebody else's idea
            self._take()
            self.ready.unlink(missing_ok=True)
        except OSError as exc:
            raise DataDirectoryError(
                f"data directory {self.path} cannot be used: {exc.strerror}: "
                "name one that this user may write to with --data"
            ) from exc

    def close(self) -> None:
        """Give the directory back."""
        if self._lock is not None:
            self.ready.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def keep_admin_token(self, text: str) -> None:
        """Write the first token, durably, into a file that only its owner can read.

        A file that is there already is from a start that did not get as far as to store its
        token; it is replaced.
        """
        self._write(self.admin_token, f"{text}\n", durably=True)

    def keep_secret(self, path: Path, text: str) -> None:
        """Write a file, whole, that only this node's processes can read."""
        self._write(path, text, durably=False)

    def announce(self, facts: Mapping[str, object]) -> None:
        """Write the file `ready`, whole: whoever sees it can read it."""
        self._write(self.ready, json.dumps(facts, indent=2) + "\n", durably=False)

    def _take(self) -> None:
        lock = os.open(self.run / "node.lock", os.O_RDWR | os.O_CREAT, _PRIVATE_FILE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = os.read(lock, 32).decode(errors="replace").strip()
            os.close(lock)
            raise DataDirectoryError(
                f"data directory {self.path} is in use by the node with process id {holder}: "
                "stop it, or name another directory with --data"
            ) from exc
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock

    def _write(self, path: Path, text: str, *, durably: bool) -> None:
        temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(temporary, flags, _PRIVATE_FILE), "w") as file:
                file.write(text)
                file.flush()
                if durably:
                    os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as exc:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise DataDirectoryError(f"{path} cannot be written: {exc.strerror}") from exc
