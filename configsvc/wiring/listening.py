"""The sockets of the planes: bound before anything is started, and kept while it runs.

A child that is started anew takes the same socket, so that nobody is refused meanwhile.
"""

import errno
import os
import socket
import time
from dataclasses import dataclass
from typing import Final

from configsvc.errors import InputError, OperationError
from configsvc.settings import Address, Settings

BACKLOG: Final = 65_535
"""Connections that may wait to be taken, for example while a child is started anew.

The system caps it (net.core.somaxconn); a fleet that comes back all at once waits here, not in
retries of its own.
"""


class InsecureListenError(InputError):
    """A plane would listen where others can reach it, without TLS."""

    def __init__(self, plane: str, flag: str, address: Address) -> None:
        super().__init__(
            f"the {plane} plane would listen on {address} without TLS, where tokens can be read "
            f"on the way: give --tls-certificate and --tls-key, or a loopback address with {flag}, "
            "or --insecure if something else protects it"
        )


class ListenError(OperationError):
    """A plane cannot listen where it should."""

    def __init__(self, plane: str, flag: str, address: Address, reason: str) -> None:
        super().__init__(
            f"the {plane} plane cannot listen on {address}: {reason}; free the address, or choose "
            f"another one with {flag}"
        )


_TRY_EVERY: Final = 0.1


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket, and how it is reached from this machine."""

    plane: str
    socket: socket.socket
    tls: bool

    @property
    def address(self) -> Address:
        """Where it is bound; the port is the real one also if any free one was asked for."""
        host, port, *_ = self.socket.getsockname()
        return Address(host, port)

    @property
    def local_address(self) -> Address:
        """Where this machine reaches it: loopback if it is bound to every address."""
        every = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 read, not bound
        host, port = self.address
        return Address(every.get(host, host), port)

    @property
    def url(self) -> str:
        """The plane's URL on this machine."""
        return f"http{'s' if self.tls else ''}://{self.local_address}"


def check_exposure(settings: Settings) -> None:
    """Refuse a listener off loopback without TLS, unless that was asked for.

    Raises:
        InsecureListenError: names the plane and what to do.
    """
    if settings.tls or settings.insecure:
        return
    xds = settings.xds_address
    planes = _planes(settings) if xds is None else (*_planes(settings), (*_XDS, xds))
    for plane, flag, address in planes:
        if not address.is_loopback:
            raise InsecureListenError(plane, flag, address)


def listen(settings: Settings, patience: float = 0.0) -> tuple[Listener, Listener]:
    """Bind the operator plane's and the agent plane's socket, or none.

    `patience` is for how many seconds an address in use is tried again.

    Raises:
        ListenError: an address is in use, not of this machine, or not allowed.
    """
    listeners: list[Listener] = []
    give_up_at = time.monotonic() + patience
    try:
        for plane, flag, address in _planes(settings):
            bound = _bind(plane, flag, address, give_up_at)
            listeners.append(Listener(plane, bound, settings.tls))
    except ListenError:
        for listener in listeners:
            listener.socket.close()
        raise
    operator, agents = listeners
    return operator, agents


def listen_agents(settings: Settings) -> Listener:
    """Bind the agent plane's socket alone, for a relay.

    Raises:
        InsecureListenError, ListenError: as `check_exposure` and `listen`.
    """
    plane, flag, address = _planes(settings)[1]
    if not (settings.tls or settings.insecure or address.is_loopback):
        raise InsecureListenError(plane, flag, address)
    return Listener(plane, _bind(plane, flag, address, time.monotonic()), settings.tls)


def reserve(settings: Settings, patience: float = 0.0) -> Listener | None:
    """Bind the xDS plane's address without listening; None if there is to be no such plane.

    gRPC takes no socket of ours: its process binds the same address beside this one, which keeps
    it from everybody else while that process is started anew.

    Raises:
        ListenError: as `listen`.
    """
    address = settings.xds_address
    if address is None:
        return None
    with _bind(*_XDS, address, time.monotonic() + patience) as free:
        bound = Address(*free.getsockname()[:2])
    kept = socket.socket(free.family, socket.SOCK_STREAM)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        kept.bind(tuple(bound))
    except OSError as exc:  # somebody was quicker
        kept.close()
        raise ListenError(*_XDS, address, _reason(exc)) from exc
    return Listener("xds", kept, settings.tls)


_XDS: Final = ("xDS", "--xds-listen")


def _planes(settings: Settings) -> tuple[tuple[str, str, Address], ...]:
    return (
        ("operator", "--operator-listen", settings.operator_address),
        ("agent", "--agent-listen", settings.agent_address),
    )


def _bind(plane: str, flag: str, address: Address, give_up_at: float) -> socket.socket:
    while True:
        try:
            return _bound(address)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE or time.monotonic() >= give_up_at:
                raise ListenError(plane, flag, address, _reason(exc)) from exc
            time.sleep(_TRY_EVERY)


def _bound(address: Address) -> socket.socket:
    found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, target = found[0]
    return socket.create_server(target, family=family, backlog=BACKLOG)


def _reason(error: OSError) -> str:
    """What the system says, without the address, which Python adds in places."""
    text = error.strerror or str(error)
    if error.errno is not None and not isinstance(error, socket.gaierror):
        text = os.strerror(error.errno)
    return text[:1].lower() + text[1:]
