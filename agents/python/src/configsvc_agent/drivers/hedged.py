"""Runs a hedged call with the threads of an executor that the user gave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from configsvc_agent.drivers.classify import Classifier
from configsvc_agent.drivers.ending import conclude
from configsvc_agent.drivers.sync import pause
from configsvc_agent.drivers.timing import Timing
from configsvc_agent.engine.call import Call
from configsvc_agent.engine.commands import NO_FACTS, PENDING, Attempt, Command, Facts, Wait
from configsvc_agent.engine.outcome import SUCCESS, Outcome
from configsvc_agent.engine.policy import SECOND

Report: TypeAlias = tuple[Attempt, Outcome]


class _Race:
    """The attempts of one call in the threads of an executor.

    The calling thread alone drives the call while it runs. A loser that ends later reports for
    itself, under the lock, so that its permits come back.
    """

    def __init__(
        self,
        call: Call,
        send: Callable[[Attempt], Any],
        timing: Timing,
        classifier: Classifier,
        executor: Executor,
    ) -> None:
        self._call = call
        self._send = send
        self._timing = timing
        self._classifier = classifier
        self._executor = executor
        self._reports: SimpleQueue[Report] = SimpleQueue()
        self._lock = threading.Lock()
        self._over = False

    def run(self) -> Command:
        """The command that ends the call."""
        call, clock = self._call, self._timing.clock
        command = call.start(clock())
        try:
            while True:
                if type(command) is Attempt:
                    self._submit(command)
                    command = PENDING
                elif type(command) is Wait:
                    command = pause(call, command, self._timing)
                elif command is PENDING:
                    command = self._next()
                else:
                    return command
        except BaseException:
            call.cancelled(clock())
            raise
        finally:
            self._finish()

    def _submit(self, attempt: Attempt) -> None:
        try:
            self._executor.submit(self._make, attempt)
        except BaseException:
            self._call.finished(attempt, Outcome(ok=False), self._timing.clock())
            raise

    def _make(self, attempt: Attempt) -> None:
        """Make one attempt, in a thread of the executor."""
        try:
            attempt.value = self._send(attempt)
            read = self._classifier.result
            outcome = SUCCESS if read is None else read(attempt.value)
        except Exception as error:  # noqa: BLE001 - handed on, never swallowed
            attempt.exception = error
            outcome = self._classifier.error(error)
        with self._lock:
            if not self._over:
                self._reports.put((attempt, outcome))
                return
            self._call.finished(attempt, outcome, self._timing.clock())

    def _next(self) -> Command:
        """Wait for an attempt to end or for the next copy to be due."""
        due = self._call.hedge_at
        now = self._timing.clock()
        try:
            left = None if due is None else max(0, due - now) / SECOND
            attempt, outcome = self._reports.get(timeout=left)
        except Empty:
            return self._call.hedge(self._timing.clock()) or PENDING
        return self._call.finished(attempt, outcome, self._timing.clock())

    def _finish(self) -> None:
        """From here on those in flight report for themselves."""
        with self._lock:
            self._over = True
        while not self._reports.empty():
            attempt, outcome = self._reports.get()
            self._call.finished(attempt, outcome, self._timing.clock())


def run_hedged(
    call: Call,
    send: Callable[[Attempt], Any],
    timing: Timing,
    classifier: Classifier,
    executor: Executor,
    facts: Facts = NO_FACTS,
) -> Any:  # noqa: ANN401 - the user's value
    """As :func:`~configsvc_agent.drivers.sync.run_sync`, with copies in flight at one time.

    Every attempt runs in ``executor``. The call returns with the first answer; a copy that lost
    runs to its end there and keeps its place in the bulkhead until then.
    """
    command = _Race(call, send, timing, classifier, executor).run()
    try:
        return conclude(call, command, facts)
    finally:
        del command  # no cycle through the traceback that holds this frame
