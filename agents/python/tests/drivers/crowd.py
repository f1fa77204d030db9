"""Eight callers at once, under virtual time, as real threads or as tasks, doing the same."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from agents.python.tests.engine.world import EDGE, MS, SECOND, Result, Script, World
from configsvc_agent.drivers import Attempt, Classifier, Facts, Guard, monotonic
from configsvc_agent.engine.events import AttemptFinished, Event
from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.engine.policy import CallPolicy
from configsvc_agent.engine.registry import Machines
from configsvc_agent.errors import CallError

CALLERS = 8
THINKING = MS // 5
"""Microseconds that a caller takes a breath after a refusal."""

GET = Facts(method="GET", cache_key="the same")

Meanwhile: TypeAlias = Callable[[Machines, int], None]
"""What happens again and again while the crowd calls."""


@dataclass
class Report:
    """What a crowd did."""

    machines: Machines
    ended: int
    """Microseconds that it took."""
    attempts: list[Attempt] = field(default_factory=list)
    """Those that left."""
    most_at_once: int = 0
    refusals: list[CallError] = field(default_factory=list)
    answers: int = 0
    events: list[Event] = field(default_factory=list)

    def machine(self, kind: str) -> Any:  # noqa: ANN401 - whatever machine it is
        """The only machine of this kind."""
        (entry,) = (e for key, e in self.machines._entries.items() if key.kind == kind)
        return entry.cell.machine


class VirtualCrowd:
    """Callers under virtual time."""

    def __init__(self, policy: CallPolicy, doing: Script, calls: int, facts: Facts) -> None:
        self.world = World(policy)
        self.doing = doing
        self.facts = facts
        self.report = Report(self.world.machines, 0, events=self.world.events)
        self.spans: list[tuple[int, int]] = []
        for _ in range(CALLERS):
            self.begin(calls)

    def serve(self, attempt: Attempt) -> tuple[int, Outcome]:
        """What the test wants, and a note of when."""
        latency, outcome = self.doing(attempt)
        self.spans.append((self.world.now, self.world.now + latency))
        return latency, outcome

    def begin(self, left: int) -> None:
        """One caller's next call, and then the rest of them."""
        result = self.world.begin(self.serve, facts=self.facts)

        def ended() -> None:
            self.note(result)
            if left > 1:
                pause = THINKING if result.error is not None else 0
                self.world.at(self.world.now + pause, lambda: self.begin(left - 1))

        result.then = ended

    def note(self, result: Result) -> None:
        """Add one call to the report."""
        report = self.report
        report.attempts += result.attempts
        report.refusals += [] if result.error is None else [result.error]
        last = self.world.told(AttemptFinished)[-1:] if result.handed_out else []
        report.answers += bool(last and last[0].ok)

    def run(self, meanwhile: Meanwhile | None) -> Report:
        """To the end of the last call."""
        for tick in range(50 if meanwhile else 0):
            self.world.at(tick * MS // 2, partial(meanwhile, self.world.machines, tick))  # type: ignore[arg-type]
        self.world.run()
        self.report.ended = self.world.now
        starts = (begin for begin, _ in self.spans)
        most = (sum(a <= start < b for a, b in self.spans) for start in starts)
        self.report.most_at_once = max(most, default=0)
        return self.report


class _RealCrowd:
    """Callers in real time, and what is seen of them."""

    def __init__(self, policy: CallPolicy, doing: Script, calls: int, facts: Facts) -> None:
        self.machines = Machines({EDGE: policy}, lock=threading.Lock)
        self.doing = doing
        self.calls = calls
        self.facts = facts
        self.report = Report(self.machines, 0)
        self.lock = threading.Lock()
        self.in_flight = 0
        self.pool = ThreadPoolExecutor(2 * CALLERS)  # its threads are made when they are needed
        self.guard = Guard(
            self.machines,
            EDGE,
            listener=self.report.events.append,
            classifier=Classifier(result=lambda outcome: outcome),
            executor=self.pool,
        )

    def count(self, change: int) -> None:
        """Keep the number in flight and its highest."""
        with self.lock:
            self.in_flight += change
            self.report.most_at_once = max(self.report.most_at_once, self.in_flight)


class ThreadedCrowd(_RealCrowd):
    """Callers that the interpreter switches between as often as it can."""

    def __init__(self, policy: CallPolicy, doing: Script, calls: int, facts: Facts) -> None:
        super().__init__(policy, doing, calls, facts)
        self.start = threading.Barrier(CALLERS, timeout=10)
        self.problems: list[BaseException] = []

    def send(self, attempt: Attempt) -> Outcome:
        """What the test wants, and a note of how many at once."""
        self.count(+1)
        try:
            latency, outcome = self.doing(attempt)
            self.report.attempts.append(attempt)
            time.sleep(latency / SECOND)
            return outcome
        finally:
            self.count(-1)

    def caller(self) -> None:
        """All calls of one thread."""
        self.start.wait()
        try:
            for _ in range(self.calls):
                self.call()
        except BaseException as problem:  # noqa: BLE001 - raised in the test's thread
            self.problems.append(problem)

    def call(self) -> None:
        """One of them."""
        try:
            outcome = self.guard.run(self.send, self.facts)
        except CallError as error:
            self.report.refusals.append(error)
            time.sleep(THINKING / SECOND)
            return
        with self.lock:
            self.report.answers += outcome.ok

    def run(self, meanwhile: Meanwhile | None) -> Report:
        """To the end of the last thread."""
        threads = [threading.Thread(target=self.caller) for _ in range(CALLERS)]
        began, interval = monotonic(), sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for tick in itertools.count():
                if meanwhile is None or not any(thread.is_alive() for thread in threads):
                    break
                meanwhile(self.machines, tick)
            for thread in threads:
                thread.join(30)
        finally:
            sys.setswitchinterval(interval)
        self.pool.shutdown()  # losers of hedged calls end, too
        assert not any(thread.is_alive() for thread in threads), "a caller waits for ever"
        if self.problems:
            raise self.problems[0]
        self.report.ended = monotonic() - began
        return self.report


class TaskCrowd(_RealCrowd):
    """Callers in one event loop."""

    async def send(self, attempt: Attempt) -> Outcome:
        """What the test wants, and a note of how many at once."""
        self.count(+1)
        try:
            latency, outcome = self.doing(attempt)
            self.report.attempts.append(attempt)
            await asyncio.sleep(latency / SECOND)
            return outcome
        finally:
            self.count(-1)

    async def caller(self) -> None:
        """All calls of one task."""
        for _ in range(self.calls):
            try:
                outcome = await self.guard.arun(self.send, self.facts)
            except CallError as error:
                self.report.refusals.append(error)
                await asyncio.sleep(THINKING / SECOND)
            else:
                self.report.answers += outcome.ok

    async def everybody(self, meanwhile: Meanwhile | None) -> None:
        """To the end of the last task."""
        async with asyncio.timeout(30):
            tasks = [asyncio.ensure_future(self.caller()) for _ in range(CALLERS)]
            for tick in itertools.count():
                if meanwhile is None or all(task.done() for task in tasks):
                    break
                meanwhile(self.machines, tick)
                await asyncio.sleep(0)
            await asyncio.gather(*tasks)

    def run(self, meanwhile: Meanwhile | None) -> Report:
        """To the end of the last task."""
        began = monotonic()
        asyncio.run(self.everybody(meanwhile))
        self.report.ended = monotonic() - began
        return self.report
