"""Runs a call in an asyncio task."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from configsvc_agent.drivers.classify import Classifier
from configsvc_agent.drivers.ending import conclude
from configsvc_agent.drivers.race import AsyncSend, Clock, Race, make
from configsvc_agent.engine.call import Call
from configsvc_agent.engine.commands import (
    HAND_OUT,
    NO_FACTS,
    Attempt,
    Command,
    Facts,
    Substitute,
    Wait,
)
from configsvc_agent.engine.policy import SECOND


class TaskWaker:
    """Wakes a task from any thread."""

    __slots__ = ("_future", "_loop")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] = self._loop.create_future()

    def set(self) -> None:
        """End the wait."""
        try:
            self._loop.call_soon_threadsafe(self._resolve)
        except RuntimeError:
            return  # the loop is closed, and with it whoever waited

    def _resolve(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self, seconds: float | None) -> None:
        """Wait until set, at most ``seconds``."""
        await asyncio.wait((self._future,), timeout=seconds)


async def run_async(
    call: Call,
    command: Command,
    send: AsyncSend,
    clock: Clock,
    classifier: Classifier,
    facts: Facts = NO_FACTS,
) -> Any:  # noqa: ANN401 - the user's value
    """Do ``command`` and what follows until ``call`` ends; its value or exception.

    An attempt is cancelled when its time is up. When the task is cancelled, so is the attempt, and
    everything that the call holds is given back.
    """
    try:
        while True:
            if type(command) is Attempt:
                attempt = command
                if call.hedge_at is not None:
                    command = await Race(call, send, clock, classifier).run(attempt)
                    continue
                outcome, now = await make(attempt, send, clock, classifier)
                command = call.finished(attempt, outcome, now)
                if command is HAND_OUT and attempt.exception is None:
                    return attempt.value
            elif type(command) is Wait:
                await _pause(command, clock)
                command = call.woken(command, clock())
            else:
                break
    except BaseException:
        call.cancelled(clock())
        raise
    try:
        result = conclude(call, command, facts)
        if type(command) is Substitute and command.kind == "operation":
            return await result
        return result
    finally:
        del command  # no cycle through the traceback that holds this frame


async def _pause(wait: Wait, clock: Clock) -> None:
    left = None if wait.until is None else (wait.until - clock()) / SECOND
    if left is not None and left <= 0:
        await asyncio.sleep(0)  # a retry without back-off must not keep the loop to itself
    elif wait.waker is not None:
        await cast("TaskWaker", wait.waker).wait(left)
    elif left is not None:
        await asyncio.sleep(left)
