"""Runs the agent's own engine under virtual time: what a load and a fault do to a call graph.

Everything is decided by the system, the load, the faults and one seed; the same of these give the
same run. Time is virtual, so that an hour of calls takes as long as it takes to reckon them.
"""

from configsvc.simulate.driving import Arrivals, simulate
from configsvc.simulate.measuring import Watched, measured, watched
from configsvc.simulate.reading import MOST_OPERATIONS, NotSimulatedError, system_of
from configsvc.simulate.record import CallRecord, EdgeRecord, Move, Run, WorkRecord
from configsvc.simulate.system import Call, Node, Operation, System, WorkId

__all__ = [
    "MOST_OPERATIONS",
    "Arrivals",
    "Call",
    "CallRecord",
    "EdgeRecord",
    "Move",
    "Node",
    "NotSimulatedError",
    "Operation",
    "Run",
    "System",
    "Watched",
    "WorkId",
    "WorkRecord",
    "measured",
    "simulate",
    "system_of",
    "watched",
]
