"""Asking a plane of this node whether it serves."""

import http.client
import socket
import ssl
from contextlib import closing
from pathlib import Path
from typing import Final

from configsvc.wiring.listening import Listener

TIMEOUT: Final = 1.0
"""Seconds after which a plane that has not answered does not serve."""


def answers(listener: Listener, path: str, certificate: Path | None) -> bool:
    """Whether the plane answers a GET without a failure of its own.

    Args:
        listener: where it is.
        path: what to ask for.
        certificate: what a plane with TLS must show; its name is of no interest on this machine.
    """
    status = _status(listener, path, certificate)
    return status is not None and status < http.client.INTERNAL_SERVER_ERROR


def responds(listener: Listener, path: str, certificate: Path | None) -> bool:
    """As `answers`, but an error is an answer too: its store may be away, and it is alive."""
    return _status(listener, path, certificate) is not None


def accepts(listener: Listener) -> bool:
    """Whether somebody takes connections there, whatever is spoken."""
    try:
        socket.create_connection(listener.local_address, TIMEOUT).close()
    except OSError:
        return False
    return True


def _status(listener: Listener, path: str, certificate: Path | None) -> int | None:
    try:
        with closing(_connect(listener, certificate)) as connection:
            connection.request("GET", path)
            return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None


def _connect(listener: Listener, certificate: Path | None) -> http.client.HTTPConnection:
    host, port = listener.local_address
    if certificate is None:
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
