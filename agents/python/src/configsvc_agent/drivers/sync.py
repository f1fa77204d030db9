"""Runs a call in the calling thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from configsvc_agent.drivers.classify import Classifier
from configsvc_agent.drivers.ending import conclude
from configsvc_agent.drivers.timing import BlockingWaker, Timing
from configsvc_agent.engine.call import Call
from configsvc_agent.engine.commands import HAND_OUT, NO_FACTS, Attempt, Command, Facts, Wait
from configsvc_agent.engine.outcome import SUCCESS
from configsvc_agent.engine.policy import SECOND

ENDLESS = 86_400.0
"""Seconds that a wait without an end lasts before it is begun again."""


def run_sync(
    call: Call,
    command: Command,
    send: Callable[[Attempt], Any],
    timing: Timing,
    classifier: Classifier,
    facts: Facts = NO_FACTS,
) -> Any:  # noqa: ANN401 - the user's value
    """Do ``command`` and what follows until ``call`` ends; its value or exception.

    ``send`` cannot be interrupted: it must itself end within ``attempt.timeout`` seconds, and if it
    does not, its late answer is discarded and the error says so. What is no ``Exception``
    (``KeyboardInterrupt``) ends the call as a cancellation.
    """
    clock = timing.clock
    error_of, outcome_of = classifier.error, classifier.result
    try:
        while True:
            if type(command) is Attempt:
                attempt = command
                try:
                    attempt.value = value = send(attempt)
                except Exception as error:  # noqa: BLE001 - handed on, never swallowed
                    attempt.exception = error
                    outcome = error_of(error)
                else:
                    outcome = SUCCESS if outcome_of is None else outcome_of(value)
                command = call.finished(attempt, outcome, clock())
                if command is HAND_OUT and attempt.exception is None:
                    return attempt.value
            elif type(command) is Wait:
                command = pause(call, command, timing)
            else:
                break
    except BaseException:
        call.cancelled(clock())
        raise
    try:
        return conclude(call, command, facts)
    finally:
        del command  # no cycle through the traceback that holds this frame


def pause(call: Call, wait: Wait, timing: Timing) -> Command:
    """Sit out a wait; what the call says then."""
    left = None if wait.until is None else (wait.until - timing.clock()) / SECOND
    if left is None or left > 0:
        if wait.waker is None:
            timing.sleep(ENDLESS if left is None else left)
        else:
            cast("BlockingWaker", wait.waker).wait(ENDLESS if left is None else left)
    return call.woken(wait, timing.clock())
