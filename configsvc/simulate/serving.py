"""The callee's side: operations at work on requests, with the calls that they make for them."""

from collections import Counter
from itertools import groupby
from typing import Final

from configsvc.model.experiments import Fault
from configsvc.model.quantities import WHOLE
from configsvc.simulate.agenda import Act
from configsvc.simulate.calling import Running
from configsvc.simulate.instances import Instance
from configsvc.simulate.latencies import own_time
from configsvc.simulate.requests import Request
from configsvc.simulate.system import Call, Operation, WorkId
from configsvc.simulate.world import World
from configsvc_agent.engine import Outcome, failure
from configsvc_agent.engine.outcome import SUCCESS

_CUT: Final = failure("5xx", "504")
_DOWN: Final = failure("refused")
_BROKEN: Final = ("5xx", "502")


class Server:
    """All instances of a run, and the requests that they work on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.copies: Counter[tuple[int, WorkId]] = Counter()
        self._instances: dict[tuple[str, int], Instance] = {}
        self._live: dict[Handling, None] = {}

    def serve(self, request: Request) -> "Handling":
        """Begin to work on a request."""
        handling = Handling(self, request)
        self._live[handling] = None
        handling.begin()
        return handling

    def instance(self, node: str, number: int) -> Instance:
        """One instance of a node."""
        key = (node, number)
        found = self._instances.get(key)
        if found is None:
            found = self._instances[key] = Instance(self.world.agenda, self.world.node(node))
        return found

    def left(self, handling: "Handling") -> None:
        """A request is worked on no more."""
        self._live.pop(handling, None)

    def close(self) -> None:
        """The run is over: what is still worked on counts up to now."""
        for handling in tuple(self._live):
            handling.account()


class Handling:
    """An instance at work on one request."""

    def __init__(self, server: Server, request: Request) -> None:
        self._server = server
        self._world = server.world
        self._request = request
        self._operation: Operation = self._world.operation(request.work)
        self._record = self._world.work(request.work)
        self._instance = server.instance(request.work[0], request.instance)
        self._began = self._world.now
        self._gave_up: int | None = None
        self._ended = False
        self._working = False
        self._calls: dict[Running, None] = {}

    def begin(self) -> None:
        """The request has arrived."""
        key = (id(self._request.of), self._request.work)
        self._record.arrivals += 1
        self._record.at_once += 1
        self._record.most_at_once = max(self._record.most_at_once, self._record.at_once)
        self._server.copies[key] += 1
        self._record.copies = max(self._record.copies, self._server.copies[key])
        fault = self._fault()
        if fault is not None and fault.kind == "kill":
            self._later(0, lambda: self._end(_DOWN))
            return
        limit = self._limit()
        if limit is not None and (fault is None or fault.kind != "hang"):
            self._world.agenda.at(limit, self._run_out)
        self._instance.enter(self._work, lambda: not self._ended)

    def abandon(self) -> None:
        """The caller does not wait any more."""
        if self._ended or self._gave_up is not None:
            return
        if self._operation.cancels:
            self._end(None)
        else:
            self._gave_up = self._world.now

    def account(self) -> None:
        """Remember how long the work has taken up to now."""
        now, record = self._world.now, self._record
        record.longest = max(record.longest, now - self._began)
        if self._gave_up is not None:
            record.after_giving_up = max(record.after_giving_up, now - self._gave_up)

    # ── work ─────────────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        """A worker is free."""
        self._working = True
        fault = self._fault()
        if fault is None:
            self._later(self._own_time(), self._stages)
        elif fault.kind == "hang":
            self._hang(fault)
        elif fault.kind == "errors" and self._world.chance.random() * WHOLE < fault.share:
            outcome = failure(*fault.classes)
            self._later(self._own_time(), lambda: self._end(outcome))
        else:
            slow = fault.amount if fault.kind == "slow" else self._own_time()
            self._later(slow, self._stages)

    def _fault(self) -> Fault | None:
        return self._world.fault(self._request.work, self._request.instance)

    def _hang(self, fault: Fault) -> None:
        """Nothing happens before the fault is over, and then the work begins."""
        if fault.duration is not None:
            over = fault.start + fault.duration
            self._world.agenda.at(over, lambda: self._later(self._own_time(), self._stages))

    def _own_time(self) -> int:
        chance = None if self._world.worst else self._world.chance
        return own_time(self._operation, chance)

    def _stages(self) -> None:
        calls = self._operation.calls
        if self._operation.alternatives and calls:
            calls = (calls[self._world.turn(str(self._request.work)) % len(calls)],)
        ordered = sorted(calls, key=_stage)
        self._next_stage([list(stage) for _, stage in groupby(ordered, key=_stage)])

    def _next_stage(self, rest: list[list[Call]]) -> None:
        if self._ended:
            return
        if not rest:
            self._end(SUCCESS)
            return
        pending = len(rest[0])

        def one_done() -> None:
            nonlocal pending
            pending -= 1
            if not pending:
                self._next_stage(rest[1:])

        for call in rest[0]:
            self._repeat(call, call.times, one_done)

    def _repeat(self, call: Call, times: int, done: Act) -> None:
        """Make one call ``times`` times, each after the one before."""
        if self._ended:
            return

        def answered(outcome: Outcome) -> None:
            self._calls.pop(running, None)
            if self._ended:
                return
            if not outcome.ok and not call.optional:
                self._end(failure(*self._answer()))
            elif times > 1:
                self._repeat(call, times - 1, done)
            else:
                done()

        node = self._request.work[0]
        process = self._world.turn(f"process of {node}") % self._world.node(node).processes
        running = Running(
            self._world,
            self._world.machines(node, self._request.instance, process),
            call.edge,
            answered,
            self._server.serve,
            inbound=self._deadline(),
        )
        self._calls[running] = None
        running.start()

    def _answer(self) -> tuple[str, ...]:
        """What the caller sees when a call of this operation failed."""
        declared = tuple(e for e in self._operation.emits if not e.startswith("4"))
        return declared or _BROKEN

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def _deadline(self) -> int | None:
        """When the caller gives up, where the operation minds."""
        return self._request.deadline if self._operation.honours_deadline else None

    def _limit(self) -> int | None:
        own = self._operation.limit
        ends = [self._deadline(), None if own is None else self._began + own]
        return min((end for end in ends if end is not None), default=None)

    def _run_out(self) -> None:
        if not self._ended:
            self._record.limited += 1
            self._end(_CUT)

    def _later(self, after: int, act: Act) -> None:
        self._world.agenda.at(self._world.now + after, lambda: None if self._ended else act())

    def _end(self, outcome: Outcome | None) -> None:
        """The work is over, with an answer or without one."""
        if self._ended:
            return
        self._ended = True
        self.account()
        self._record.at_once -= 1
        self._server.copies[id(self._request.of), self._request.work] -= 1
        self._server.left(self)
        for running in tuple(self._calls):
            running.cancel()
        if self._working:
            self._instance.leave()
        if outcome is not None and self._gave_up is None:
            # Over the agenda, so that a long chain of answers is no deep stack.
            self._world.agenda.at(self._world.now, lambda: self._request.answer(outcome))


def _stage(call: Call) -> int:
    return call.stage
