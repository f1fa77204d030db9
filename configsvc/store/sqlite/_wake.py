"""Waking watches of any process on this machine: a datagram to the socket of each.

Each watch binds a socket in one directory; who commits sends an empty datagram to all of them.
Datagrams may be lost, so a watch also looks by itself now and then.
"""

import os
import secrets
import select
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

_PRIVATE_DIRECTORY: Final = 0o700
_SUFFIX: Final = ".sock"
_LONGEST_ADDRESS: Final = 100  # bytes; systems allow 104 to 108
_DATAGRAM: Final = 64


class WakeDirectory:
    """The directory of the sockets of one store. Used by any number of threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self._sender = _datagram_socket()

    def ring_all(self) -> None:
        """Wake every watch of every process; sockets that nobody reads any more are removed."""
        with suppress(OSError):  # closed meanwhile: the write it would announce is done
            for path in self.path.iterdir():
                if path.suffix == _SUFFIX:
                    self._ring(path)

    def bell(self) -> "Bell":
        """Bind a new socket that `ring_all` reaches."""
        name = f"{os.getpid()}-{secrets.token_hex(8)}{_SUFFIX}"
        return Bell(self.path / name, self.address(name))

    def address(self, name: str) -> str:
        """Return an address for a socket here that is short enough for the system."""
        direct = str(self.path / name)
        if len(os.fsencode(direct)) <= _LONGEST_ADDRESS:
            return direct
        return f"/proc/self/fd/{self._descriptor}/{name}"

    def close(self) -> None:
        """Close what this object opened; bells are closed by their owners."""
        self._sender.close()
        os.close(self._descriptor)

    def _ring(self, path: Path) -> None:
        try:
            self._sender.sendto(b"", self.address(path.name))
        except ConnectionRefusedError:  # its process died before it could remove it
            path.unlink(missing_ok=True)
        except OSError:  # gone meanwhile, or full of datagrams: it wakes anyway
            return


class Bell:
    """One watch's socket. One thread waits; any thread may silence it."""

    def __init__(self, path: Path, address: str) -> None:
        self._path = path
        self._socket = _datagram_socket()
        # Where addresses cannot be that long and there is no /proc, looking now and then is all.
        with suppress(OSError):
            self._socket.bind(address)
        self._silencer, self._silenced = socket.socketpair()
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._poll.register(self._silenced, select.POLLIN)

    def wait(self, seconds: float) -> None:
        """Return when the bell rang or was silenced, at the latest after so many seconds."""
        self._poll.poll(max(0.0, seconds) * 1000)
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(_DATAGRAM)

    def silence(self) -> None:
        """Wake whoever waits, now and from now on."""
        with suppress(OSError):
            self._silencer.send(b".")

    def close(self) -> None:
        """Remove the socket; nobody may be waiting."""
        self._path.unlink(missing_ok=True)
        for each in (self._socket, self._silencer, self._silenced):
            each.close()


def _datagram_socket() -> socket.socket:
    created = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    created.settimeout(0)
    return created
