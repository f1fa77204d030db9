"""Keeps the children of a node running, and stops them in order."""

import logging
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from configsvc.wiring.children import Child, Plan, described
from configsvc.wiring.liveness import LOOK_EVERY, Liveness, is_stopped
from configsvc.wiring.restarts import MOST_FAST_FAILURES, Restarts

_log = logging.getLogger("configsvc.serve")

STOPPED: Final = 0
GAVE_UP: Final = 1

PHASE: Final = 4.5
"""Seconds that the children of one phase get to finish what they are doing."""

SLOWEST_START: Final = 60.0
"""Seconds after which a child that does not serve yet counts as failed."""

_PROBE_EVERY: Final = 0.05


@dataclass(frozen=True, slots=True)
class Exited:
    """A child has ended."""

    child: Child


@dataclass(frozen=True, slots=True)
class Ready:
    """A child serves."""

    child: Child


@dataclass(frozen=True, slots=True)
class Hung:
    """A child is there and does nothing any more."""

    child: Child
    why: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody wants the node to stop."""

    reason: str


Event = Exited | Ready | Hung | Stop


@dataclass(slots=True)
class _Charge:
    """A plan and what became of it.

    `due` is when its next child is to be started, or when its present one has to serve; None if
    nothing is awaited.
    """

    plan: Plan
    child: Child | None = None
    started: float = 0.0
    ready: bool = False
    due: float | None = None
    restarts: Restarts = field(default_factory=Restarts)


class Supervisor:
    """Starts the children of some plans and starts anew those that end.

    `on_ready` is called once, when all of them serve for the first time; `on_stop` when they are
    about to be stopped. Runs in the main thread; two threads for each child only wait for things
    to happen and report them as events.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        *,
        on_ready: Callable[[], None],
        on_stop: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._charges = [_Charge(plan) for plan in plans]
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._clock = clock
        # SimpleQueue may be put to from a signal handler, whatever the main thread is doing.
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._announced = False

    def run(self) -> int:
        """Run until SIGTERM, SIGINT or SIGHUP (0), or until a child cannot be kept running (1)."""
        with self._signals():
            try:
                for charge in self._charges:
                    self._start(charge)
                status = self._keep_running()
            finally:
                self._on_stop()
                self._stop_all()
        return status

    def _keep_running(self) -> int:
        while True:
            match self._next(self._until_due()):
                case None:
                    self._act_on_due()
                case Ready(child):
                    self._note_ready(child)
                case Hung(child, why):
                    self._end_hung(child, why)
                case Stop(reason):
                    _log.info("stopping: %s", reason)
                    return STOPPED
                case Exited(child):
                    if not self._plan_restart(self._charge_of(child), child):
                        return GAVE_UP

    def _start(self, charge: _Charge) -> None:
        child = charge.child = Child(charge.plan)
        charge.started = self._clock()
        charge.due = charge.started + SLOWEST_START
        ended = threading.Event()
        _log.info("started %s", charge.plan.name, extra={"child": child.pid})
        _in_background(f"wait-{child.pid}", self._report_end, child, ended)
        _in_background(f"probe-{child.pid}", self._report_ready, child, ended)

    def _report_end(self, child: Child, ended: threading.Event) -> None:
        child.wait()
        ended.set()
        self._events.put(Exited(child))

    def _report_ready(self, child: Child, ended: threading.Event) -> None:
        probe = child.plan.probe
        while probe is not None and not probe():
            if ended.wait(_PROBE_EVERY):
                return
        self._events.put(Ready(child))
        self._watch(child, ended)

    def _watch(self, child: Child, ended: threading.Event) -> None:
        """Report a child that is there and does nothing any more."""
        liveness = Liveness(self._clock())
        while not ended.wait(LOOK_EVERY):
            responds = child.plan.responds
            silent = responds is not None and not responds()
            why = liveness.look(self._clock(), stopped=is_stopped(child.pid), silent=silent)
            if why:
                self._events.put(Hung(child, why))
                return

    def _note_ready(self, child: Child) -> None:
        charge = self._charge_of(child)
        if charge.child is not child:
            return
        charge.ready, charge.due = True, None
        _log.info(
            "%s is ready",
            charge.plan.name,
            extra={"child": child.pid, "seconds": round(self._clock() - charge.started, 3)},
        )
        if not self._announced and all(each.ready for each in self._charges):
            self._announced = True
            self._on_ready()

    def _end_hung(self, child: Child, why: str) -> None:
        """Kill a child that does nothing any more; its end leads to a new start."""
        charge = self._charge_of(child)
        if charge.child is child:
            _log.error("%s %s: killing it", charge.plan.name, why, extra={"child": child.pid})
            child.kill()

    def _plan_restart(self, charge: _Charge, child: Child) -> bool:
        """Decide when an ended child's successor starts; False if there is to be none."""
        name, status = charge.plan.name, child.reap()
        lived = self._clock() - charge.started if charge.ready else 0.0
        charge.child, charge.ready = None, False
        delay = charge.restarts.delay(lived)
        if delay is None:
            _log.critical(
                "%s %s, the %dth time soon after its start: giving up",
                name, described(status), MOST_FAST_FAILURES,
            )  # fmt: skip
            return False
        _log.error("%s %s: starting it again in %.1f s", name, described(status), delay)
        charge.due = self._clock() + delay
        return True

    def _act_on_due(self) -> None:
        """Start what is due; end what should serve by now, which then counts as a failure."""
        for charge in self._charges:
            if charge.due is None or charge.due > self._clock():
                continue
            if charge.child is None:
                self._start(charge)
            else:
                _log.error("%s does not serve after %g s", charge.plan.name, SLOWEST_START)
                charge.due = None
                charge.child.kill()

    def _until_due(self) -> float | None:
        due = [charge.due for charge in self._charges if charge.due is not None]
        return max(0.0, min(due) - self._clock()) if due else None

    def _stop_all(self) -> None:
        """Stop phase by phase; whoever takes too long, or all at a second signal, is killed."""
        hurry = False
        for phase in sorted({charge.plan.phase for charge in self._charges}):
            charges = [each for each in self._charges if each.plan.phase == phase]
            for charge in charges:
                if charge.child is not None:
                    charge.child.terminate()
            hurry = self._wait_for(charges, 0.0 if hurry else PHASE) or hurry
        _log.info("stopped")

    def _wait_for(self, charges: Sequence[_Charge], seconds: float) -> bool:
        """Wait until all have ended, then kill the others; True if somebody is in a hurry."""
        until = self._clock() + seconds
        hurry = False
        while not hurry and any(each.child for each in charges):
            event = self._next(max(0.0, until - self._clock()))
            hurry = isinstance(event, Stop)
            if isinstance(event, Exited):
                self._note_end(event.child)
            if event is None:
                break
        for charge in charges:
            if charge.child is not None:
                _log.warning("%s did not end in time: killing it", charge.plan.name)
                charge.child.kill()
                charge.child.wait()
                self._note_end(charge.child)
        return hurry

    def _note_end(self, child: Child) -> None:
        charge = self._charge_of(child)
        if charge.child is child:
            status = child.reap()
            charge.child = None
            _log.info("%s %s", charge.plan.name, described(status), extra={"child": child.pid})

    def _charge_of(self, child: Child) -> _Charge:
        return next(each for each in self._charges if each.plan is child.plan)

    def _next(self, seconds: float | None) -> Event | None:
        try:
            return self._events.get(timeout=seconds)
        except queue.Empty:
            return None

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(number: int, _: FrameType | None) -> None:
            self._events.put(Stop(signal.Signals(number).name))

        # The terminal that closes stops the node as Ctrl-C does, unless nohup says otherwise.
        numbers = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, stop) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _in_background(name: str, work: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, name=name, daemon=True).start()
