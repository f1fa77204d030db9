"""All state machines of a process, by the identity that keeps their state across policy changes."""

from __future__ import annotations

import itertools
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, cast

from configsvc_agent.engine.breaker import Breaker, State
from configsvc_agent.engine.budget import Budget
from configsvc_agent.engine.bulkhead import Bulkhead
from configsvc_agent.engine.express import Express
from configsvc_agent.engine.lastgood import LastGood
from configsvc_agent.engine.limiter import RateLimiter
from configsvc_agent.engine.plan import Cell, Lock, NoLock, Plan
from configsvc_agent.engine.policy import Bulkhead as BulkheadPolicy
from configsvc_agent.engine.policy import (
    CallPolicy,
    CircuitBreaker,
    Edge,
    LastGoodFallback,
    RateLimit,
    RetryBudget,
)
from configsvc_agent.engine.waiting import Waker

MAX_INSTANCES: Final = 1000
"""Breakers of single instances per edge; the one asked for longest ago makes room."""

MachinePolicy: TypeAlias = (
    CircuitBreaker | BulkheadPolicy | RateLimit | RetryBudget | LastGoodFallback
)


class Machine(Protocol):
    """What the registry needs of a state machine."""

    def reconfigure(self, policy: Any, now: int) -> list[Waker]:  # noqa: ANN401 - its own kind
        """Obey ``policy`` from now on; the wakers of those whom it lets go."""

    def close(self) -> list[Waker]:
        """Stop refusing; the wakers of those who waited."""

    def snapshot(self) -> dict[str, Any]:
        """Plain values."""


class MachineKey(NamedTuple):
    """The identity of a state machine: as long as it is the same, so is the state.

    ``operation`` is ``None`` where all operations of the pair share the machine, ``instance`` where
    all instances do.
    """

    kind: str
    caller: str
    callee: str
    operation: str | None
    instance: str | None = None


class _Entry:
    """A cell, the policy that its machine obeys, and the edges that were seen to use it."""

    __slots__ = ("cell", "edges", "policy")

    def __init__(self, cell: Cell[Any], policy: MachinePolicy) -> None:
        self.cell = cell
        self.policy = policy
        self.edges: set[Edge] = set()


_MAKERS: Final[Mapping[str, Callable[[Any, int], Machine]]] = {
    "breaker": lambda policy, _now: Breaker(policy),
    "bulkhead": lambda policy, _now: Bulkhead(policy),
    "limiter": lambda policy, _now: RateLimiter(policy),
    "budget": Budget,
    "last-good": lambda _policy, _now: LastGood(),
}

_RESTORERS: Final[Mapping[str, Callable[[Any, dict[str, Any]], Machine]]] = {
    "breaker": Breaker.restore,
    "bulkhead": Bulkhead.restore,
    "limiter": RateLimiter.restore,
    "budget": Budget.restore,
    "last-good": lambda _policy, saved: LastGood.restore(saved),
}


class Machines:
    """The policies in force and the state machines that carry them out.

    :meth:`install` replaces all policies at once, between calls: a call keeps the plan with which
    it began. State survives where a machine's key does, and a machine that no policy wants any more
    lets everybody go. Machines are made when an edge is first called.

    ``lock`` makes one lock per machine; the default is for a single thread. Locks are never nested
    except that a machine's may be taken under the registry's own.
    """

    def __init__(
        self,
        policies: Mapping[Edge, CallPolicy] | None = None,
        *,
        undeclared: CallPolicy | None = None,
        lock: Callable[[], Lock] = NoLock,
    ) -> None:
        self.version = 1
        """Rises with each :meth:`install`; a plan with another version is out of date."""
        self._policies = policies or {}
        self._undeclared = undeclared or CallPolicy()
        self._entries: dict[MachineKey, _Entry] = {}
        self._instances: dict[tuple[str, str, str | None], OrderedDict[MachineKey, None]] = {}
        self._new_lock = lock
        self._lock = lock()
        self._restorable: dict[MachineKey, dict[str, Any]] = {}

    # ── policies ─────────────────────────────────────────────────────────────────────────────────

    def policy(self, edge: Edge) -> CallPolicy:
        """What ``edge`` obeys: its own policy, that of operation ``*``, or the one for the rest."""
        policy = self._policies.get(edge)
        if policy is None and edge.operation != "*":
            policy = self._policies.get(Edge(edge.caller, edge.callee))
        return self._undeclared if policy is None else policy

    def install(
        self,
        policies: Mapping[Edge, CallPolicy],
        now: int,
        *,
        undeclared: CallPolicy | None = None,
    ) -> None:
        """Put ``policies`` in force; ``undeclared`` governs edges that they do not name.

        The mapping must not change afterwards. Calls that begin from now on obey it at once; the
        machines that exist are then reconfigured one by one, so that no call waits for all of them.
        """
        pairs = defaultdict[tuple[str, str], set[Edge]](set)
        for edge in policies:
            pairs[edge.caller, edge.callee].add(edge)
        with self._lock:
            self._policies = policies
            self._undeclared = undeclared or CallPolicy()
            self.version += 1
            keys = list(self._entries)
        for key in keys:
            with self._lock:
                woken = self._renew(key, pairs[key.caller, key.callee], now)
            for waker in woken:
                waker.set()

    def _renew(self, key: MachineKey, edges: AbstractSet[Edge], now: int) -> list[Waker]:
        """Give a machine the policy that it has now from an edge of its pair, or close it."""
        entry = self._entries.get(key)
        if entry is None:
            return []
        for edge in itertools.chain(entry.edges, edges - entry.edges):
            wanted = _wanted(edge, self.policy(edge)).get(key._replace(instance=None))
            if wanted is not None and (key.instance is None or _per_instance(wanted)):
                return self._obey(entry, wanted, now)
        del self._entries[key]
        self._instances.get(key[1:4], OrderedDict()).pop(key, None)
        with entry.cell.lock:
            return cast("Machine", entry.cell.machine).close()

    @staticmethod
    def _obey(entry: _Entry, policy: MachinePolicy, now: int) -> list[Waker]:
        if entry.policy == policy:
            return []
        entry.policy = policy
        with entry.cell.lock:
            return cast("Machine", entry.cell.machine).reconfigure(policy, now)

    # ── plans ────────────────────────────────────────────────────────────────────────────────────

    def plan(self, edge: Edge, now: int) -> Plan:
        """The present policy of ``edge`` with its machines, made where they do not exist yet."""
        woken: list[Waker] = []
        with self._lock:
            policy = self.policy(edge)
            plan = Plan(edge, policy, self.version)
            for key, wanted in _wanted(edge, policy).items():
                cell, let_go = self._cell(key, wanted, edge, now)
                woken += let_go
                setattr(plan, _SLOTS[key.kind], cell)
            if policy.breaker is not None and _per_instance(policy.breaker):
                plan.breaker_of = self._instance_breakers(edge, policy.breaker, now)
        for waker in woken:
            waker.set()
        plan.express = Express.of(plan)
        return plan

    def _cell(
        self, key: MachineKey, policy: MachinePolicy, edge: Edge, now: int
    ) -> tuple[Cell[Any], list[Waker]]:
        entry = self._entries.get(key)
        if entry is None:
            entry = _Entry(Cell(self._made(key, policy, now), self._new_lock()), policy)
            self._entries[key] = entry
        entry.edges.add(edge)
        return entry.cell, self._obey(entry, policy, now)

    def _made(self, key: MachineKey, policy: MachinePolicy, now: int) -> Machine:
        saved = self._restorable.pop(key, None)
        if saved is not None:
            return _RESTORERS[key.kind](policy, saved)
        return _MAKERS[key.kind](policy, now)

    def _instance_breakers(
        self, edge: Edge, policy: CircuitBreaker, now: int
    ) -> Callable[[str], Cell[Breaker]]:
        def breaker_of(instance: str) -> Cell[Breaker]:
            key = MachineKey("breaker", edge.caller, edge.callee, None, instance)
            with self._lock:
                cell, _ = self._cell(key, policy, edge, now)
                self._touch_instance(key)
            return cell

        return breaker_of

    def _touch_instance(self, key: MachineKey) -> None:
        """Remember the use of an instance's breaker and drop the one unused for longest."""
        used = self._instances.setdefault(key[1:4], OrderedDict())
        used[key] = None
        used.move_to_end(key)
        if len(used) > MAX_INSTANCES:
            oldest, _ = used.popitem(last=False)
            del self._entries[oldest]

    # ── inspection ───────────────────────────────────────────────────────────────────────────────

    def breakers(self) -> Iterator[tuple[MachineKey, State]]:
        """Every breaker with its state."""
        with self._lock:
            entries = list(self._entries.items())
        for key, entry in entries:
            if key.kind == "breaker":
                yield key, entry.cell.machine.state

    def snapshot(self) -> list[tuple[MachineKey, dict[str, Any]]]:
        """The state of every machine, as plain values."""
        with self._lock:
            entries = list(self._entries.items())
        saved = []
        for key, entry in entries:
            with entry.cell.lock:
                saved.append((key, cast("Machine", entry.cell.machine).snapshot()))
        return saved

    def restore(self, saved: list[tuple[MachineKey, dict[str, Any]]]) -> None:
        """Start machines that do not exist yet from ``saved``, each when it is first needed."""
        with self._lock:
            self._restorable.update((MachineKey(*key), state) for key, state in saved)


_SLOTS: Final = {
    "breaker": "breaker",
    "bulkhead": "bulkhead",
    "limiter": "limiter",
    "budget": "budget",
    "last-good": "last_good",
}


def _per_instance(policy: MachinePolicy) -> bool:
    return isinstance(policy, CircuitBreaker) and policy.scope == "instance"


def _wanted(edge: Edge, policy: CallPolicy) -> dict[MachineKey, MachinePolicy]:
    """The machines that ``edge`` uses under ``policy``, breakers of instances left out."""
    retry, hedge = policy.retry, policy.hedge
    budget = hedge.budget if hedge else retry.budget if retry else None
    parts: list[tuple[str, Any]] = [
        ("breaker", policy.breaker),
        ("bulkhead", policy.bulkhead),
        ("limiter", policy.rate_limit),
        ("budget", budget),
    ]
    wanted = {
        MachineKey(kind, edge.caller, edge.callee, _operation(part.scope, edge)): part
        for kind, part in parts
        if part is not None
    }
    if isinstance(policy.fallback, LastGoodFallback):
        key = MachineKey("last-good", edge.caller, edge.callee, edge.operation)
        wanted[key] = policy.fallback
    return wanted


def _operation(scope: str, edge: Edge) -> str | None:
    return edge.operation if scope == "operation" else None
