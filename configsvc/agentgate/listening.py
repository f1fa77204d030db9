"""What the sockets that agents connect to hand down to every connection."""

import socket
from typing import Final

_UNACKNOWLEDGED: Final = 30_000
"""Milliseconds after which the kernel gives up a peer that acknowledges nothing."""

_SILENT: Final = 30
"""Seconds after which the kernel asks a silent peer whether it is still there."""


def detect_dead_peers(listener: socket.socket) -> None:
    """Have the kernel notice peers that vanish without a word.

    Connections inherit it from their listener, so that none of ten thousand has to ask for it.
    """
    if listener.family == socket.AF_UNIX:
        return
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_USER_TIMEOUT", _UNACKNOWLEDGED), ("TCP_KEEPIDLE", _SILENT)):
        if hasattr(socket, option):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
