"""Lets a load loose on a system and returns what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from configsvc.model.experiments import Fault, Load
from configsvc.model.findings import EdgeId
from configsvc.model.quantities import SECOND
from configsvc.simulate.agenda import MOST_STEPS
from configsvc.simulate.calling import Running
from configsvc.simulate.record import Run
from configsvc.simulate.serving import Server
from configsvc.simulate.system import System, WorkId
from configsvc.simulate.world import World
from configsvc_agent.engine import Edge, Outcome

SETTLING: Final = 3600 * SECOND
"""Virtual time that calls have to end once the last one has arrived."""

MOST_CALLS: Final = 20_000
"""Calls that one load may consist of; a larger one keeps its rate and ends earlier."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Calls over ``edge`` as ``load`` says, from each of ``processes`` processes of its caller."""

    edge: EdgeId
    load: Load
    processes: int = 1


def simulate(
    system: System,
    arrivals: Sequence[Arrivals],
    faults: Sequence[tuple[WorkId, Fault]] = (),
    *,
    seed: int = 1,
    extreme: bool = False,
    settling: int = SETTLING,
    most_steps: int = MOST_STEPS,
) -> Run:
    """Run ``system`` under a load.

    Args:
        system: nodes, operations and policies.
        arrivals: who calls what, and how often.
        faults: what goes wrong, by operation.
        seed: decides every draw; the same seed gives the same run.
        extreme: back-offs take their longest, and own work as well once a fault has begun.
        settling: microseconds after the last arrival at which the run ends in any case.
        most_steps: after so many the run is cut off.
    """
    world = World(system, seed=seed, faults=faults, extreme=extreme, most_steps=most_steps)
    server = Server(world)
    last = 0
    for each in arrivals:
        for process in range(each.processes):
            last = max(last, _arrive(world, server, each, process))
    run = world.run(last + settling)
    server.close()
    return run


def _arrive(world: World, server: Server, arrivals: Arrivals, process: int) -> int:
    """Put the calls of one process on the agenda; the time of the last one."""
    edge = Edge(arrivals.edge.caller, arrivals.edge.callee, arrivals.edge.operation)
    machines = world.machines(edge.caller, -1, process)

    def call() -> None:
        Running(world, machines, edge, _ignored, server.serve).start()

    load = arrivals.load
    number = min(int(load.rate * load.duration / SECOND), MOST_CALLS)
    for index in range(number):
        world.agenda.at(int(index * SECOND / load.rate), call)
    last = int(number * SECOND / load.rate) if load.rate else 0
    for _ in range(min(load.burst, MOST_CALLS - number)):
        world.agenda.at(max(last, load.duration), call)
    return max(last, load.duration)


def _ignored(_: Outcome) -> None:
    """The record has it."""
