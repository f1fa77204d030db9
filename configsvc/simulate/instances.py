"""What one instance can bear: so many requests at a time, so many a second, the rest in line."""

from collections import deque
from collections.abc import Callable

from configsvc.model.quantities import SECOND
from configsvc.simulate.agenda import Act, Agenda
from configsvc.simulate.system import Node

StillWanted = Callable[[], bool]


class Instance:
    """A first-come line before the workers of one instance."""

    def __init__(self, agenda: Agenda, node: Node) -> None:
        self._agenda = agenda
        self._workers = node.workers
        self._pace = None if not node.per_second else SECOND // node.per_second
        self._busy = 0
        self._next_start = 0
        self._line: deque[tuple[Act, StillWanted]] = deque()
        self._promised = False

    def enter(self, work: Act, wanted: StillWanted) -> None:
        """Do ``work`` when it is its turn, if it is still ``wanted`` by then."""
        self._line.append((work, wanted))
        self._admit()

    def leave(self) -> None:
        """A worker is free again."""
        self._busy -= 1
        self._admit()

    def _admit(self) -> None:
        while self._line and (self._workers is None or self._busy < self._workers):
            if not self._line[0][1]():
                self._line.popleft()
                continue
            if self._agenda.now < self._next_start:
                self._promise()
                return
            if self._pace is not None:
                self._next_start = max(self._agenda.now, self._next_start) + self._pace
            self._busy += 1
            self._line.popleft()[0]()

    def _promise(self) -> None:
        """Look again when the pace allows the next start."""
        if not self._promised:
            self._promised = True
            self._agenda.at(self._next_start, self._keep)

    def _keep(self) -> None:
        self._promised = False
        self._admit()
