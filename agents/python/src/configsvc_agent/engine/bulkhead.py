"""The bulkhead: at most so many attempts at once, and a bounded queue in front, in order."""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Any

from configsvc_agent.engine.policy import Bulkhead as BulkheadPolicy
from configsvc_agent.engine.waiting import Ticket, Waker


class Bulkhead:
    """Permits for attempts in flight.

    A permit that is given back goes straight to the first in the queue, so nobody overtakes and the
    queue is empty whenever a permit is free. Methods that free permits return the wakers of those
    who got one: the caller sets them after it has left the machine.
    """

    __slots__ = ("_queue", "_waiting", "in_flight", "limit", "policy")

    def __init__(self, policy: BulkheadPolicy) -> None:
        self.in_flight = 0
        self._waiting: OrderedDict[Ticket, None] = OrderedDict()
        self._obey(policy)

    def _obey(self, policy: BulkheadPolicy) -> None:
        self.policy = policy
        self.limit = policy.max_concurrent
        """Permits in force; with ``in_flight`` it tells whether asking for one may be worth it."""
        self._queue = policy.queue

    @property
    def queued(self) -> int:
        """Attempts that wait for a permit."""
        return len(self._waiting)

    def acquire(self) -> bool:
        """Take a free permit, if there is one."""
        if self.in_flight < self.limit:
            self.in_flight += 1
            return True
        return False

    def enqueue(self, waker: Waker) -> Ticket | None:
        """A place in the queue, ``None`` if it is full; granted at once if a permit became free."""
        ticket = Ticket(waker)
        if self.acquire():
            ticket.granted = True
            return ticket
        if len(self._waiting) >= self._queue:
            return None
        self._waiting[ticket] = None
        return ticket

    def release(self) -> Waker | None:
        """Give a permit back; the waker of the attempt that inherits it."""
        if self._waiting and self.in_flight <= self.limit:
            return self._grant_first()
        self.in_flight -= 1
        return None

    def leave(self, ticket: Ticket) -> bool:
        """Stop waiting; true if the permit was granted in the meantime and is now the caller's."""
        if not ticket.granted:
            del self._waiting[ticket]
        return ticket.granted

    def _grant_first(self) -> Waker:
        ticket, _ = self._waiting.popitem(last=False)
        ticket.granted = True
        return ticket.waker

    def reconfigure(self, policy: BulkheadPolicy, now: int) -> list[Waker]:
        """Obey ``policy`` from now on: who fits now goes; who waits or runs already stays."""
        self._obey(policy)
        woken = []
        while self._waiting and self.in_flight < self.limit:
            self.in_flight += 1
            woken.append(self._grant_first())
        return woken

    def close(self) -> list[Waker]:
        """The policy is gone: everybody goes, now and later."""
        self.limit = sys.maxsize
        self.in_flight += len(self._waiting)
        return [self._grant_first() for _ in range(len(self._waiting))]

    def snapshot(self) -> dict[str, Any]:
        """Plain values for :meth:`restore`; the queue is only counted, it belongs to its calls."""
        return {"in_flight": self.in_flight, "queued": self.queued}

    @classmethod
    def restore(cls, policy: BulkheadPolicy, saved: dict[str, Any]) -> Bulkhead:
        """The bulkhead that :meth:`snapshot` described, with an empty queue."""
        bulkhead = cls(policy)
        bulkhead.in_flight = saved["in_flight"]
        return bulkhead
