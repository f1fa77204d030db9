"""Runs calls under virtual time, any number of them at once, from a script of what attempts do."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from configsvc_agent.engine.call import Call
from configsvc_agent.engine.commands import (
    HAND_OUT,
    NO_FACTS,
    PENDING,
    Attempt,
    Command,
    Facts,
    HandOut,
    Ports,
    Refuse,
    Wait,
)
from configsvc_agent.engine.events import Event
from configsvc_agent.engine.outcome import SUCCESS, TIMEOUT, Outcome, failure
from configsvc_agent.engine.plan import Plan
from configsvc_agent.engine.policy import CallPolicy, Edge
from configsvc_agent.engine.registry import Machines
from configsvc_agent.errors import CallError

MS = 1_000
SECOND = 1_000_000
EDGE = Edge("player-engine", "score-engine", "get-score")

Step = tuple[int, Outcome]
Script = Callable[[Attempt], Step]

OK: Step = (MS, SUCCESS)
HANG: Step = (10**12, SUCCESS)


def fails(*classes: str, after: int = MS, retry_after: int | None = None) -> Step:
    """An attempt that takes ``after`` and ends with ``classes``."""
    return (after, failure(*classes, retry_after=retry_after))


def script(steps: Iterable[Step], then: Step = OK) -> Script:
    """Attempts that do ``steps`` one after another, then always ``then``."""
    rest = iter(steps)
    return lambda _attempt: next(rest, then)


@dataclass
class Result:
    """How one virtual call went."""

    attempts: list[Attempt] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    command: Command | None = None
    ended: int = -1
    note: str | None = None
    cancel: Callable[[], None] = lambda: None
    then: Callable[[], None] = lambda: None

    @property
    def error(self) -> CallError | None:
        """The typed error that the call ended with."""
        return self.command.error if isinstance(self.command, Refuse) else None

    @property
    def handed_out(self) -> bool:
        """Whether the last attempt's own result was handed out."""
        return isinstance(self.command, HandOut)


class _Waker:
    def __init__(self, world: World) -> None:
        self.world = world
        self.wait: Wait | None = None
        self.running: _Running | None = None
        self.is_set = False

    def set(self) -> None:
        self.is_set = True
        if self.running is not None and self.wait is not None:
            running, wait = self.running, self.wait
            self.world.at(self.world.now, lambda: running.woken(wait))


class _Running:
    """One call under way."""

    def __init__(
        self, world: World, plan: Plan, facts: Facts, doing: Script, result: Result
    ) -> None:
        self.world = world
        self.plan = plan
        self.facts = facts
        self.call = Call(plan, world.ports, facts)
        self.doing = doing
        self.result = result
        self.waiting: Wait | None = None

    def start(self) -> None:
        if self.world.express and self.depart():
            return
        self.obey(self.call.start(self.world.now))

    def depart(self) -> bool:
        """Leave on the express way, as drivers do, if there is one and it is free."""
        express, now = self.plan.express, self.world.now
        attempt = None if express is None else express.depart(now, self.facts)
        if attempt is None:
            return False
        self.call = Call.of(attempt, self.world.ports, self.facts)
        attempt.breaker = None
        self.make(attempt)
        return True

    def arrive(self, attempt: Attempt) -> bool:
        """Arrive there: true if the call is over with it."""
        express = self.plan.express
        if not self.world.express or express is None or attempt.number > 1:
            return False
        if express.arrive(attempt, self.world.now, self.world.ports):
            self.obey(HAND_OUT)
            return True
        return False

    def obey(self, command: Command) -> None:
        if isinstance(command, Attempt):
            self.make(command)
        elif isinstance(command, Wait):
            self.wait(command)
        elif command is not PENDING:
            self.result.command = command
            self.result.ended = self.world.now
            self.result.note = self.call.note
            self.result.then()

    def make(self, attempt: Attempt) -> None:
        now = self.world.now
        self.result.attempts.append(attempt)
        self.result.starts.append(now)
        latency, outcome = self.doing(attempt)
        ends = now + latency
        if self.world.interrupts and attempt.expires is not None and ends > attempt.expires:
            ends, outcome = attempt.expires, TIMEOUT
        self.world.at(ends, lambda: self.finished(attempt, outcome))
        self.await_hedge()

    def finished(self, attempt: Attempt, outcome: Outcome) -> None:
        if outcome.ok and self.arrive(attempt):
            return
        attempt.breaker = attempt.breaker or self.plan.breaker
        self.obey(self.call.finished(attempt, outcome, self.world.now))

    def await_hedge(self) -> None:
        due = self.call.hedge_at
        if due is not None:
            self.world.at(due, self.hedge)

    def hedge(self) -> None:
        copy = self.call.hedge(self.world.now)
        if copy is not None:
            self.make(copy)
        else:
            self.await_hedge()

    def wait(self, wait: Wait) -> None:
        self.waiting = wait
        if isinstance(wait.waker, _Waker):
            wait.waker.running, wait.waker.wait = self, wait
            if wait.waker.is_set:
                self.world.at(self.world.now, lambda: self.woken(wait))
        if wait.until is not None:
            self.world.at(wait.until, lambda: self.woken(wait))

    def woken(self, wait: Wait) -> None:
        if self.waiting is not wait:
            return
        command = self.call.woken(wait, self.world.now)
        if command is not wait:
            self.waiting = None
            self.obey(command)

    def cancel(self) -> None:
        self.waiting = None
        self.call.cancelled(self.world.now)


class World:
    """Virtual time.

    ``interrupts``: attempts are cut at their limit, as in asyncio. ``express``: calls take the
    express way where they can.
    """

    def __init__(
        self,
        policy: CallPolicy | None = None,
        *,
        machines: Machines | None = None,
        seed: int = 1,
        interrupts: bool = True,
        express: bool = False,
    ) -> None:
        self.machines = machines or Machines({EDGE: policy or CallPolicy()})
        self.now = 0
        self.interrupts = interrupts
        self.express = express
        self.events: list[Event] = []
        self.ports = Ports(random.Random(seed).random, lambda: _Waker(self), self.events.append)
        self._agenda: list[tuple[int, int, Callable[[], Any]]] = []
        self._order = itertools.count()

    def at(self, when: int, what: Callable[[], Any]) -> None:
        """Do ``what`` at ``when``."""
        heapq.heappush(self._agenda, (when, next(self._order), what))

    def begin(
        self,
        doing: Script | Iterable[Step] = (),
        *,
        at: int | None = None,
        facts: Facts = NO_FACTS,
        edge: Edge = EDGE,
    ) -> Result:
        """Schedule a call that begins ``at`` (default: now)."""
        result = Result()
        steps = doing if callable(doing) else script(doing)

        def start() -> None:
            plan = self.machines.plan(edge, self.now)
            running = _Running(self, plan, facts, steps, result)
            result.cancel = running.cancel
            running.start()

        self.at(self.now if at is None else at, start)
        return result

    def run(self, until: int | None = None) -> None:
        """Let time pass until nothing is left to do, or until ``until``."""
        while self._agenda and (until is None or self._agenda[0][0] <= until):
            self.now, _, what = heapq.heappop(self._agenda)
            what()
        if until is not None:
            self.now = max(self.now, until)

    def call(
        self, doing: Script | Iterable[Step] = (), *, facts: Facts = NO_FACTS, edge: Edge = EDGE
    ) -> Result:
        """One call, to its end."""
        result = self.begin(doing, facts=facts, edge=edge)
        while result.command is None and self._agenda:
            self.now, _, what = heapq.heappop(self._agenda)
            what()
        return result

    def machine(self, kind: str) -> Any:  # noqa: ANN401 - whatever machine it is
        """The only machine of this kind."""
        (entry,) = (e for key, e in self.machines._entries.items() if key.kind == kind)
        return entry.cell.machine

    def told(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]
