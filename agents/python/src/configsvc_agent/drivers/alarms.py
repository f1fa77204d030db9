"""Cancels tasks whose time is up, for far less than a timer of the event loop for each costs.

Nearly all attempts of an edge have the same limit, so those that began earlier end earlier: alarms
of one limit stand in a line, and only the first of a line has a timer. Most are switched off long
before they get there.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Any, Final

from configsvc_agent.engine.policy import SECOND

_MOST_LINES: Final = 64
"""Different limits that have a line of their own; an alarm with another one stands alone."""


class Alarm:
    """Cancels ``task`` at ``when`` (the loop's clock, seconds) unless switched off before."""

    __slots__ = ("_before", "rang", "task", "when")

    def __init__(self, task: asyncio.Task[Any], when: float) -> None:
        self.task: asyncio.Task[Any] | None = task
        self.when = when
        self.rang = False
        self._before = task.cancelling()

    def ring(self) -> None:
        """The time is up."""
        if self.task is not None:
            self.rang = True
            self.task.cancel()

    def was_it(self) -> bool:
        """Whether the cancellation that has arrived is the alarm's and nobody else's."""
        if not self.rang or self.task is None:
            return False
        self.rang = False
        return self.task.uncancel() <= self._before

    def off(self) -> None:
        """The attempt has ended."""
        if self.rang and self.task is not None:  # it swallowed the cancellation
            self.task.uncancel()
        self.task = None


class _Line:
    """Alarms of one limit, in the order in which they would ring."""

    __slots__ = ("_alarms", "_armed", "_loop", "_seconds")

    def __init__(self, loop: asyncio.AbstractEventLoop, microseconds: int) -> None:
        self._loop = loop
        self._seconds = microseconds / SECOND
        self._alarms: deque[Alarm] = deque()
        self._armed = False

    def join(self, task: asyncio.Task[Any]) -> Alarm:
        """An alarm at the end of the line; those at its head that are off go."""
        alarms = self._alarms
        while alarms and alarms[0].task is None:
            alarms.popleft()
        alarm = Alarm(task, self._loop.time() + self._seconds)
        alarms.append(alarm)
        if not self._armed:
            self._armed = True
            self._loop.call_at(alarm.when, self._look)
        return alarm

    def _look(self) -> None:
        """Ring those whose time is up and come back for the next one."""
        now = self._loop.time()
        alarms = self._alarms
        while alarms and (alarms[0].task is None or alarms[0].when <= now):
            alarms.popleft().ring()
        self._armed = bool(alarms)
        if alarms:
            self._loop.call_at(alarms[0].when, self._look)


class _Lines(threading.local):
    """The lines of the loop that runs in a thread; another loop begins with none."""

    loop: asyncio.AbstractEventLoop | None = None
    by_limit: dict[int, _Line]


_LINES: Final = _Lines()


def set_alarm(task: asyncio.Task[Any], microseconds: int) -> Alarm:
    """Cancel ``task`` in ``microseconds``; to be called in the thread of its loop."""
    lines, loop = _LINES, task.get_loop()
    if lines.loop is not loop:
        lines.loop = loop
        lines.by_limit = {}
    line = lines.by_limit.get(microseconds)
    if line is None:
        line = _Line(loop, microseconds)
        if len(lines.by_limit) < _MOST_LINES:
            lines.by_limit[microseconds] = line
    return line.join(task)
