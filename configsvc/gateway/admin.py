"""Asking Envoy through its administration socket."""

import http.client
import socket
from contextlib import closing
from pathlib import Path
from typing import Final

TIMEOUT: Final = 2.0
_MAX_ANSWER: Final = 16 << 20


def ask(path: Path, method: str, target: str) -> str | None:
    """The answer to a request; None if there is none, or an error."""
    try:
        with closing(_Connection(path)) as connection:
            connection.request(method, target)
            response = connection.getresponse()
            body = response.read(_MAX_ANSWER)
    except (OSError, http.client.HTTPException):
        return None
    return body.decode(errors="replace") if response.status == http.client.OK else None


def open_requests(path: Path) -> int:
    """Requests under way at the listeners of a gateway; 0 if Envoy does not answer."""
    answer = ask(path, "GET", "/stats?filter=^http\\..*downstream_rq_active$")
    lines = (line.partition(": ") for line in (answer or "").splitlines())
    return sum(int(value) for name, _, value in lines if value.isdigit() and ".admin." not in name)


class _Connection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        """See the base class."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
