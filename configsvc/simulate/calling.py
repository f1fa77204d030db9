"""The caller's side: drives the engine's calls under virtual time, as the agent's drivers do."""

from collections.abc import Callable, Collection

from configsvc.simulate.record import CallRecord, Move
from configsvc.simulate.requests import Done, Request, Serve, Served, word
from configsvc.simulate.world import World
from configsvc_agent.engine import (
    PENDING,
    Attempt,
    Call,
    Command,
    Edge,
    Event,
    Facts,
    HandOut,
    Machines,
    Outcome,
    Ports,
    Refuse,
    Substitute,
    Wait,
    failure,
)
from configsvc_agent.engine.events import (
    AttemptRejected,
    AttemptStarted,
    BreakerChanged,
)
from configsvc_agent.engine.outcome import SUCCESS, TIMEOUT
from configsvc_agent.engine.policy import OperationFallback


class Waker:
    """Ends one wait of a running call, in the order of the agenda."""

    def __init__(self, running: "Running") -> None:
        self._running = running
        self.wait: Wait | None = None
        self._is_set = False

    def set(self) -> None:
        """End the wait, now or as soon as it begins."""
        self._is_set = True
        self.due()

    def due(self) -> None:
        """Wake the call if it waits and the waker is set."""
        wait = self.wait
        if self._is_set and wait is not None:
            self._running.later(lambda: self._running.woken(wait))


class Running:
    """One call over an edge, from its start to its end or its cancellation.

    ``inbound`` is when the caller's own caller gives up; ``done`` is told how the call ended.
    ``instead``: it is a fallback of another call, and its own is not called.
    """

    def __init__(
        self,
        world: World,
        machines: Machines,
        edge: Edge,
        done: Done,
        serve: Serve,
        *,
        inbound: int | None = None,
        instead: bool = False,
    ) -> None:
        self._world = world
        self._machines = machines
        self._edge = edge
        self._done = done
        self._serve = serve
        self._over = False
        self._flying: dict[Attempt, Served | None] = {}
        self._waiting: Wait | None = None
        self._last_refusal = ""
        self._edge_record = world.edge(edge)
        self.record = CallRecord(world.now)
        self._edge_record.calls.append(self.record)
        self._plan = machines.plan(edge, world.now)
        ports = Ports(world.draw(edge), lambda: Waker(self), self._hear)
        self._inbound = inbound
        self._call = Call(self._plan, ports, self._facts(instead=instead))

    def start(self) -> None:
        """Begin."""
        self._obey(self._call.start(self._world.now))

    def cancel(self) -> None:
        """The caller gives up."""
        if self._over:
            return
        self._call.cancelled(self._world.now)
        self._end("cancelled")

    def later(self, act: Callable[[], None]) -> None:
        """Do something next, at the same time."""
        self._world.agenda.at(self._world.now, act)

    def woken(self, wait: Wait) -> None:
        """A wait is over, by time or by its waker."""
        if self._waiting is not wait or self._over:
            return
        command = self._call.woken(wait, self._world.now)
        if command is not wait:
            self._waiting = None
            self._obey(command)

    # ── commands ─────────────────────────────────────────────────────────────────────────────────

    def _obey(self, command: Command) -> None:
        if isinstance(command, Attempt):
            self._make(command)
        elif isinstance(command, Wait):
            self._wait(command)
        elif isinstance(command, Substitute):
            self._substitute(command)
        elif command is not PENDING:
            self._finish(command)

    def _make(self, attempt: Attempt) -> None:
        self._flying[attempt] = None
        if attempt.expires is not None:
            self._world.agenda.at(attempt.expires, lambda: self._expired(attempt))
        self._flying[attempt] = self._serve(
            Request(
                work=(self._edge.callee, self._edge.operation),
                instance=self._instance(attempt),
                deadline=attempt.expires,
                answer=lambda outcome: self._finished(attempt, outcome),
                of=self.record,
            )
        )
        self._await_hedge()

    def _instance(self, attempt: Attempt) -> int:
        if attempt.instance is not None:
            return int(attempt.instance)
        instances = self._world.node(self._edge.callee).instances
        return self._world.turn(f"{self._edge.caller} to {self._edge.callee}") % instances

    def _expired(self, attempt: Attempt) -> None:
        served = self._flying.get(attempt)
        if served is not None:
            served.abandon()
            self._finished(attempt, TIMEOUT)

    def _finished(self, attempt: Attempt, outcome: Outcome) -> None:
        if attempt not in self._flying:
            return
        del self._flying[attempt]
        self._edge_record.outcomes[word(outcome)] += 1
        self._last_refusal = ""
        self.record.outcome = word(outcome)
        self._obey(self._call.finished(attempt, outcome, self._world.now))

    def _await_hedge(self) -> None:
        due = self._call.hedge_at
        if due is not None:
            self._world.agenda.at(due, self._hedge)

    def _hedge(self) -> None:
        due = self._call.hedge_at
        if self._over or due is None or due > self._world.now:
            return
        copy = self._call.hedge(self._world.now)
        if copy is not None:
            self._make(copy)
        else:
            self._await_hedge()

    def _wait(self, wait: Wait) -> None:
        self._waiting = wait
        if isinstance(wait.waker, Waker):
            wait.waker.wait = wait
            wait.waker.due()
        if wait.until is not None:
            self._world.agenda.at(wait.until, lambda: self.woken(wait))

    def _substitute(self, instead: Substitute) -> None:
        """The fallback answers; another operation is outside of the overall limit of this one."""
        target = instead.value
        if not isinstance(target, OperationFallback):
            self._settle("fallback", SUCCESS)
            return
        edge = Edge(self._edge.caller, target.callee or self._edge.callee, target.operation)

        def done(outcome: Outcome) -> None:
            self._settle("fallback" if outcome.ok else word(outcome), outcome)

        Running(
            self._world,
            self._machines,
            edge,
            done,
            self._serve,
            inbound=self._inbound,
            instead=True,
        ).start()

    def _finish(self, command: Command) -> None:
        if isinstance(command, Refuse):
            kind = command.error.kind
            self._settle(kind, failure("timeout" if "time" in kind or "deadline" in kind else kind))
        elif isinstance(command, HandOut) and self.record.outcome == "ok":
            self._settle("ok", SUCCESS)
        else:
            self._settle(self.record.outcome, failure("5xx", self.record.outcome))

    def _settle(self, how: str, outcome: Outcome) -> None:
        if not self._over:
            self._end(how)
            self._done(outcome)

    def _end(self, how: str) -> None:
        """The call is over: whatever is still under way is left alone by it."""
        self._over = True
        self.record.outcome, self.record.ended = how, self._world.now
        for attempt, served in self._flying.items():
            if served is not None:
                served.abandon()
            self._call.finished(attempt, TIMEOUT, self._world.now)
        self._flying.clear()

    # ── what the engine tells and asks ───────────────────────────────────────────────────────────

    def _hear(self, event: Event) -> None:
        record = self._edge_record
        if isinstance(event, AttemptStarted):
            record.attempts += 1
            record.copies += event.copy
            self.record.attempts += 1
            self.record.copies += event.copy
            if event.number > 1:
                record.retries.append(event.at)
        elif isinstance(event, BreakerChanged):
            record.moves.append(Move(event.at, event.state))
        elif isinstance(event, AttemptRejected):
            record.refused[event.kind] += 1
            record.refused_first += event.number == 1
            record.limited_first += event.number == 1 and event.kind == "limited"
            record.refused_twice += event.kind == self._last_refusal
            self._last_refusal = event.kind
            self.record.refused.append(event.kind)

    def _facts(self, *, instead: bool) -> Facts:
        method = "GET" if self._edge.operation == "*" else None
        instances = self._world.node(self._edge.callee).instances
        choose = self._choose if instances > 1 else None
        substitute = None if instead else _carried_out
        return Facts(method=method, deadline=self._inbound, choose=choose, substitute=substitute)

    def _choose(self, avoid: Collection[str]) -> str | None:
        """The next instance in turn, if possible not one of ``avoid``."""
        callee = self._edge.callee
        instances = self._world.node(callee).instances
        first = self._world.turn(f"{self._edge.caller} to {callee}")
        names = [str((first + step) % instances) for step in range(instances)]
        return next((name for name in names if name not in avoid), names[0])


def _carried_out(_: OperationFallback) -> None:
    """Says that another operation can be called; `Running` calls it when it is told to."""
