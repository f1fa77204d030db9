"""One client's stream: its state, and how it waits for something to send."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from configsvc.envoy import Key, Snapshot
from configsvc.xdsgate.planes import Identity, Wanted, fallback, held_back
from configsvc.xdsgate.refusals import Refusals
from configsvc.xdsgate.subscription import Request, Response, Subscription


@dataclass(frozen=True, slots=True)
class Client:
    """Who a stream belongs to; ``label`` and ``program`` are what it says of itself."""

    identity: Identity
    label: str
    program: str
    token: str


class Books(Protocol):
    """Who is told how a client stands."""

    def accepted(self, session: "Session", snapshot: Snapshot) -> None:
        """A client has all of what it should have."""

    def answered(self, *, refused: bool) -> None:
        """A client took or refused a response."""

    def refused(self, session: "Session", refused: Mapping[Key, str], reason: str) -> None:
        """A client refused resources of these versions."""


class Session:
    """A stream and what it is sent. Used by the event loop's thread.

    Args:
        name: unique in this process.
        client: whose it is.
        subscription: its state.
        refusals: what the client refused before, on this stream or an earlier one.
        books: where it is written down.
    """

    def __init__(
        self,
        name: str,
        client: Client,
        subscription: Subscription,
        refusals: Refusals,
        books: Books,
    ) -> None:
        self.name = name
        self.client = client
        self.refusals = refusals
        self.wanted: Wanted | None = None
        self.cut: str | None = None
        self._subscription = subscription
        self._books = books
        self._accepted: Snapshot | None = None
        self._news = asyncio.Event()
        self._told: Snapshot | None = None

    def want(self, wanted: Wanted, last_good: Snapshot | None) -> None:
        """Take what the client should have; what it refused already is held back.

        ``last_good`` is what another client of the same gateway took.
        """
        self.wanted = wanted
        self._last_good = last_good
        snapshot = wanted.snapshot
        if snapshot is None:
            return  # a gateway that vanished goes on with what it has
        if self.held_back:
            versions = self.refusals.versions
            self._subscription.aim(fallback(snapshot, versions, self._accepted, last_good))
        else:
            self._subscription.aim(snapshot)
        self._told = None
        self._news.set()

    @property
    def held_back(self) -> tuple[Key, ...]:
        """What of the wanted snapshot is not sent because the client refused it."""
        snapshot = self.wanted.snapshot if self.wanted else None
        return held_back(snapshot, self.refusals.versions) if snapshot else ()

    def take(self, request: Request) -> None:
        """Take a request of the client."""
        if self._subscription.is_answer(request):
            self._books.answered(refused=request.error is not None)
        refused = self._subscription.take(request)
        if refused and request.error is not None:
            self.refusals.add(refused, request.error)
            if self.wanted is not None:
                self.want(self.wanted, self._last_good)
            self._books.refused(self, refused, request.error)
        self._note()
        self._news.set()

    def _note(self) -> None:
        target = self._subscription.target
        if target is None or target is self._told or not self._subscription.settled:
            return
        self._told = target
        if not self.held_back:
            self._accepted = target
            self._books.accepted(self, target)

    def end(self, reason: str) -> None:
        """End the stream from this side."""
        self.cut = reason
        self._news.set()

    async def next(self) -> Response | None:
        """Wait for something to send; None when the stream is to end."""
        while self.cut is None:
            self._news.clear()
            response = self._subscription.next()
            if response is not None:
                return response
            self._note()
            await self._news.wait()
        return None
