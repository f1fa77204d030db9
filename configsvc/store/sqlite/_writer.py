"""Group commit: writes that wait at the same time share one transaction and one disk flush."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from configsvc.store.api import Clock, Retention
from configsvc.store.errors import StoreError, StoreFullError, StoreUnavailableError
from configsvc.store.sqlite._database import Database
from configsvc.store.sqlite._ledger import Ledger

_GROUP: Final = 64
"""Writes that share a transaction at most, so that the first of them is not kept waiting."""

_DOING: Final = "writing"


@dataclass(slots=True, eq=False)
class _Ticket:
    """One write in the queue, and later its outcome."""

    work: Callable[[Ledger], int]
    result: int = 0
    error: StoreError | None = None
    done: bool = False

    def attempt(self, ledger: Ledger) -> None:
        self.error = None
        try:
            self.result = self.work(ledger)
        except StoreError as error:
            self.error = error


class GroupWriter:
    """Runs writes of many threads, each whole or not at all.

    There is no thread of its own and no waiting for company: whoever gets the turn commits all
    that queued up while the one before flushed. A write decides whether it can happen (and raises
    a `StoreError`) before it changes anything, so one that is refused leaves the others of its
    group alone; any other failure undoes the whole group. `announce` is called after each group
    that made a revision, by the thread that committed it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        retention: Retention,
        announce: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._retention = retention
        self._announce = announce
        self._queue: deque[_Ticket] = deque()
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def run(self, work: Callable[[Ledger], int]) -> int:
        """Run one write and return its result once it is durable."""
        self._database.check_usable()
        ticket = _Ticket(work)
        self._queue.append(ticket)
        made = False
        with self._turn:
            while not ticket.done:
                made |= self._serve(self._take())
        if made:
            self._announce()
        if ticket.error:
            raise ticket.error
        return ticket.result

    def close(self) -> None:
        """Close the database between two groups, so that none is cut short."""
        with self._turn:
            self._database.close()

    def _take(self) -> list[_Ticket]:
        return [self._queue.popleft() for _ in range(min(_GROUP, len(self._queue)))]

    def _serve(self, group: Sequence[_Ticket]) -> bool:
        """Settle every write of a group; True if a revision was made."""
        try:
            self._database.check_usable()
            made = self._commit(group)
        except StoreError as error:
            return self._settle_failed(group, error)
        except sqlite3.Error as error:
            return self._settle_failed(group, self._database.translate(error, _DOING))
        except BaseException:
            self._settle_failed(group, StoreUnavailableError(_DOING, "it was interrupted"))
            raise
        for ticket in group:
            ticket.done = True
        return made

    def _settle_failed(self, group: Sequence[_Ticket], error: StoreError) -> bool:
        """Fail one write; try several one by one where one of them may be too big for all."""
        if len(group) > 1 and isinstance(error, StoreFullError):
            return sum(self._serve((ticket,)) for ticket in group) > 0
        for ticket in group:
            ticket.error, ticket.done = error, True
        return False

    def _commit(self, group: Sequence[_Ticket]) -> bool:
        connection = self._connection = self._connection or self._database.writer()
        try:
            self._database.begin(connection)
            ledger = Ledger(connection, self._clock(), self._retention)
            for ticket in group:
                ticket.attempt(ledger)
            made = ledger.finish()
            connection.execute("COMMIT")
        except BaseException:
            self._undo(connection)
            raise
        return made

    def _undo(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:  # closing it undoes the transaction as well
            self._connection = None
            connection.close()
