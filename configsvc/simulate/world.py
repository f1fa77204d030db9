"""The world of one run: its time, chance, faults, processes and instances."""

from collections.abc import Callable, Sequence
from itertools import count
from random import Random
from typing import Final

from configsvc.model.experiments import Fault
from configsvc.model.findings import EdgeId
from configsvc.simulate.agenda import MOST_STEPS, Agenda
from configsvc.simulate.record import EdgeRecord, Run, WorkRecord
from configsvc.simulate.system import Node, Operation, System, WorkId
from configsvc_agent.engine import Edge, Machines

_LONGEST: Final = 1 - 2**-53
"""Chance at which jitter is at its upper end; it must stay below 1."""

_SILENT = Operation()
_LONE = Node()


class World:
    """Everything that calls and instances share.

    ``faults`` are by the operation that has them. ``extreme``: back-offs take their longest instead
    of drawing lots, and own work as well once a fault has begun.
    """

    def __init__(
        self,
        system: System,
        *,
        seed: int = 1,
        faults: Sequence[tuple[WorkId, Fault]] = (),
        extreme: bool = False,
        most_steps: int = MOST_STEPS,
    ) -> None:
        self.system = system
        self.extreme = extreme
        self.agenda = Agenda(most_steps)
        self.chance = Random(seed)  # noqa: S311 - a simulation, no secrets
        self.edges: dict[EdgeId, EdgeRecord] = {}
        self.works: dict[WorkId, WorkRecord] = {}
        self._faults = faults
        self._begins = min((fault.start for _, fault in faults), default=0)
        self._machines: dict[tuple[str, int, int], Machines] = {}
        self._turns: dict[str, Callable[[], int]] = {}

    @property
    def now(self) -> int:
        """The present, in microseconds."""
        return self.agenda.now

    @property
    def worst(self) -> bool:
        """Whether own work takes its longest; before the first fault all is well."""
        return self.extreme and self.now >= self._begins

    def node(self, name: str) -> Node:
        """The node of that name."""
        return self.system.nodes.get(name, _LONE)

    def operation(self, work: WorkId) -> Operation:
        """The operation, or one that answers at once."""
        return self.system.operations.get(work, _SILENT)

    def machines(self, node: str, instance: int, process: int) -> Machines:
        """The state machines of one process."""
        key = (node, instance, process)
        found = self._machines.get(key)
        if found is None:
            found = self._machines[key] = Machines(self.system.policies)
        return found

    def turn(self, what: str) -> int:
        """The next number of a sequence of its own: who is next in a round robin."""
        counter = self._turns.get(what)
        if counter is None:
            counter = self._turns[what] = count().__next__
        return counter()

    def fault(self, work: WorkId, instance: int) -> Fault | None:
        """What is wrong with an operation now, in one instance; the first of several counts."""
        for where, fault in self._faults:
            if where == work and _reigns(fault, self.now, instance):
                return fault
        return None

    def draw(self, edge: Edge) -> Callable[[], float]:
        """Chance for the back-offs of an edge; at the extreme, what makes them longest."""
        if not self.extreme:
            return self.chance.random
        retry = self.system.policies[edge].retry if edge in self.system.policies else None
        shrinks = retry is not None and retry.backoff.jitter == "equal"
        return _lowest if shrinks else _highest

    def edge(self, edge: Edge) -> EdgeRecord:
        """The record of an edge."""
        return self.edges.setdefault(EdgeId(edge.caller, edge.callee, edge.operation), EdgeRecord())

    def work(self, work: WorkId) -> WorkRecord:
        """The record of an operation."""
        return self.works.setdefault(work, WorkRecord())

    def run(self, until: int) -> Run:
        """Let time pass until ``until``."""
        finished = self.agenda.run(until)
        return Run(self.now, self.agenda.steps, not finished, self.edges, self.works)


def _reigns(fault: Fault, now: int, instance: int) -> bool:
    over = fault.duration is not None and now >= fault.start + fault.duration
    reached = fault.instances is None or instance < fault.instances
    return fault.kind != "none" and fault.start <= now and not over and reached


def _highest() -> float:
    return _LONGEST


def _lowest() -> float:
    return 0.0
