"""Attempts in asyncio: one within its time, and several of a hedged call beside each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from configsvc_agent.drivers.alarms import set_alarm
from configsvc_agent.drivers.classify import Classifier
from configsvc_agent.engine.call import Call
from configsvc_agent.engine.commands import PENDING, Attempt, Command
from configsvc_agent.engine.outcome import SUCCESS, TIMEOUT, UNATTRIBUTED, Outcome
from configsvc_agent.engine.policy import SECOND

AsyncSend: TypeAlias = Callable[[Attempt], Awaitable[Any]]
Clock: TypeAlias = Callable[[], int]
Lane: TypeAlias = "asyncio.Task[tuple[Outcome, int]]"

_LOSERS: Final[set[Lane]] = set()
"""Cancelled copies on their way out: a loop alone keeps no task alive."""


async def make(
    attempt: Attempt, send: AsyncSend, clock: Clock, classifier: Classifier
) -> tuple[Outcome, int]:
    """Make one attempt, cancelled when its time is up; how and when it ended."""
    expires, task = attempt.expires, asyncio.current_task()
    alarm = None
    if expires is not None and task is not None:
        alarm = set_alarm(task, expires - attempt.started)
    try:
        attempt.value = value = await send(attempt)
    except asyncio.CancelledError:
        if alarm is None or not alarm.was_it():
            raise
        return TIMEOUT, max(clock(), expires or 0)  # two clocks, two roundings
    except Exception as error:  # noqa: BLE001 - handed on, never swallowed
        attempt.exception = error
        return classifier.error(error), clock()
    finally:
        if alarm is not None:
            alarm.off()
    read = classifier.result
    return SUCCESS if read is None else read(value), clock()


class Race:
    """The attempts of one hedged call, each in a task of its own.

    The first answer ends it. The others are cancelled and give back what they hold as soon as they
    have ended; nobody waits for them.
    """

    def __init__(self, call: Call, send: AsyncSend, clock: Clock, classifier: Classifier) -> None:
        self._call = call
        self._send = send
        self._clock = clock
        self._classifier = classifier
        self._lanes: dict[Lane, Attempt] = {}

    async def run(self, first: Attempt) -> Command:
        """The command that follows when one has answered or all have failed."""
        self._start(first)
        command: Command = PENDING
        try:
            while command is PENDING:
                command = await self._step()
        finally:
            for lane in self._lanes:
                self._dismiss(lane)
        return command

    def _start(self, attempt: Attempt) -> None:
        lane = asyncio.ensure_future(make(attempt, self._send, self._clock, self._classifier))
        self._lanes[lane] = attempt

    async def _step(self) -> Command:
        """Until an attempt ends or the next copy is due."""
        due = self._call.hedge_at
        left = None if due is None else max(0, due - self._clock()) / SECOND
        done, _ = await asyncio.wait(self._lanes, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            copy = self._call.hedge(self._clock())
            if copy is not None:
                self._start(copy)
            return PENDING
        command: Command = PENDING
        for lane in sorted(done, key=lambda lane: self._lanes[lane].number):
            following = self._end(lane)
            command = command if following is PENDING else following
        return command

    def _end(self, lane: Lane) -> Command:
        outcome, now = lane.result()
        return self._call.finished(self._lanes.pop(lane), outcome, now)

    def _dismiss(self, lane: Lane) -> None:
        _LOSERS.add(lane)
        lane.cancel()
        lane.add_done_callback(self._lost)

    def _lost(self, lane: Lane) -> None:
        _LOSERS.discard(lane)
        if not lane.cancelled():
            lane.exception()  # seen: asyncio need not complain
        self._call.finished(self._lanes[lane], UNATTRIBUTED, self._clock())
