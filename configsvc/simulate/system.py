"""What is simulated: nodes, their operations, and the policies of the edges between them."""

from collections.abc import Mapping
from dataclasses import dataclass

from configsvc.model.services import Latency
from configsvc_agent.engine import CallPolicy, Edge

WorkId = tuple[str, str]
"""A node's name and the name of one of its operations."""

OUTSIDE = "(outside)"
"""The caller of what is called from outside the graph; nothing limits it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that an operation makes; equal stages run in parallel, its ``times`` in a row."""

    edge: Edge
    stage: int = 1
    times: int = 1
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. Times are microseconds, None is no limit.

    ``own_time``: its worst work without calls. ``latency``: of a healthy attempt, used where it
    calls nobody. ``emits``: what it answers besides success. ``cancels``: it stops when its caller
    hangs up. ``honours_deadline``: it stops at the deadline that its caller sends.
    ``alternatives``: a request makes one of the calls.
    """

    own_time: int | None = None
    latency: Latency = Latency()
    limit: int | None = None
    emits: tuple[str, ...] = ()
    cancels: bool = False
    honours_deadline: bool = False
    calls: tuple[Call, ...] = ()
    alternatives: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One service, gateway or BFF.

    Each of its ``instances`` has ``processes`` with state machines of their own, works on
    ``workers`` requests at a time and starts ``per_second`` of them (None: as many as come).
    """

    instances: int = 1
    processes: int = 1
    workers: int | None = None
    per_second: int | None = None


@dataclass(frozen=True, slots=True)
class System:
    """Everything that takes part in a run. What is not listed answers at once."""

    nodes: Mapping[str, Node]
    operations: Mapping[WorkId, Operation]
    policies: Mapping[Edge, CallPolicy]
