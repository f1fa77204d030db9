"""A request and the way to answer it: what connections and endpoints have in common."""

from typing import Protocol

from configsvc.agentgate.http import ProblemError, Request, Response


class Outlet(Protocol):
    """Who has taken over a connection to write to it for as long as it lasts."""

    def blocked(self) -> None:
        """The peer does not keep up: write nothing until `unblocked`."""

    def unblocked(self) -> None:
        """The peer reads again."""

    def closed(self) -> None:
        """The connection has ended; nothing can be written any more."""


class Wire(Protocol):
    """A connection, to whoever answers on it."""

    @property
    def peer_host(self) -> str:
        """The peer's IP address."""

    def answer(self, response: Response) -> None:
        """Write the answer to the present request, and go on to the next."""

    def hand_over(self, head: bytes, outlet: Outlet) -> None:
        """Write the head of an answer without end; from now on the outlet writes."""

    def write(self, data: bytes) -> None:
        """Write bytes; cuts the connection if too many are unread already."""

    def retire(self) -> None:
        """Take no further request: end the connection now, or with the answer that is due."""

    def close(self) -> None:
        """End the connection once what was written has been read, or time is up."""

    def abort(self) -> None:
        """End the connection now."""


class Handler(Protocol):
    """Answers requests."""

    def opened(self, connection: Wire) -> ProblemError | None:
        """Take note of a connection; return how to turn it away."""

    def handle(self, exchange: "Exchange") -> None:
        """Answer now or later, or take the connection over. May raise `ProblemError`."""

    def closed(self, connection: Wire) -> None:
        """Take note that a connection has ended."""

    def crowded(self) -> bool:
        """Whether connections without a request should not be kept."""


class Exchange:
    """One request and the way to answer it, at most once."""

    __slots__ = ("_connection", "_outlet", "_peer", "request")

    def __init__(self, connection: Wire, request: Request) -> None:
        self.request = request
        self._connection: Wire | None = connection
        self._peer = connection.peer_host
        self._outlet: Outlet | None = None

    @property
    def peer(self) -> str:
        """The IP address from which the request came; loopback where it came from this machine."""
        return self._peer

    @property
    def open(self) -> bool:
        """True while an answer is still possible."""
        return self._connection is not None

    def respond(self, response: Response) -> None:
        """Answer; does nothing if the peer has gone or was answered."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.answer(response)

    def take_over(self, head: bytes, outlet: Outlet) -> Wire | None:
        """Write the head of an endless answer and leave the rest to the outlet.

        Returns:
            The connection to write to; None if the peer has gone.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.hand_over(head, outlet)
        return connection

    def watch(self, outlet: Outlet) -> None:
        """Have the outlet told when the peer goes before it was answered."""
        self._outlet = outlet

    def lost(self) -> None:
        """The peer has gone."""
        self._connection = None
        if self._outlet is not None:
            self._outlet.closed()
