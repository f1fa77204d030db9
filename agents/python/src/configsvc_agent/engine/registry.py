"""All state machines of a process, by the identity that keeps their state across policy changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from operator import attrgetter
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
    """A cell, the policy that its machine obeys, and the edges that were seen to use it.

    ``version``: that of the policies under which it was last asked for.
    """

    __slots__ = ("cell", "edges", "policy", "version")

    def __init__(self, cell: Cell[Any], policy: MachinePolicy) -> None:
        self.cell = cell
        self.policy = policy
        self.edges: set[Edge] = set()
        self.version = 0


_MAKERS: Final[Mapping[str, Callable[[Any, int], Machine]]] = {
    "breaker": lambda policy, _now: Breaker(policy),
    "bulkhead": lambda policy, _now: Bulkhead(policy),
    "limiter": lambda policy, _now: RateLimiter(policy),
    "budget": Budget,
    "last_good": lambda _policy, _now: LastGood(),
}

_RESTORERS: Final[Mapping[str, Callable[[Any, dict[str, Any]], Machine]]] = {
    "breaker": Breaker.restore,
    "bulkhead": Bulkhead.restore,
    "limiter": RateLimiter.restore,
    "budget": Budget.restore,
    "last_good": lambda _policy, saved: LastGood.restore(saved),
}


class Machines:
    """The policies in force and the state machines that carry them out.

    :meth:`install` replaces all policies at once, between calls: a call keeps the plan with which
    it began. State survives where a machine's key does, and a machine that no policy wants any more
    lets everybody go. Machines are made when an edge is first called.

    ``lock`` makes one lock for the machines of each pair of services: a call then passes through
    all of them at the price of one. The default is for a single thread. Locks are never nested
    except that a pair's may be taken under the registry's own.
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
        self._pair_locks: dict[tuple[str, str], Lock] = {}
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
        with self._lock:
            self._policies = policies
            self._undeclared = undeclared or CallPolicy()
            self.version += 1
            entries = list(self._entries.items())
        wishes = _Wishes(self.policy, policies)
        for key, entry in entries:
            wanted = wishes.about(key, entry.edges)
            woken = self._close(key, entry) if wanted is None else self._obey(entry, wanted, now)
            for waker in woken:
                waker.set()

    def _close(self, key: MachineKey, entry: _Entry) -> list[Waker]:
        """Drop a machine, unless a call has asked for it again in the meantime."""
        with self._lock:
            if self._entries.get(key) is not entry or entry.version == self.version:
                return []
            del self._entries[key]
            self._instances.get(key[1:4], OrderedDict()).pop(key, None)
            with entry.cell.lock:
                return cast("Machine", entry.cell.machine).close()

    @staticmethod
    def _obey(entry: _Entry, policy: MachinePolicy, now: int) -> list[Waker]:
        if entry.policy is policy or entry.policy == policy:
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
            for key, wanted in _wanted(edge, policy):
                cell, let_go = self._cell(key, wanted, edge, now)
                woken += let_go
                setattr(plan, key.kind, cell)
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
            entry = _Entry(Cell(self._made(key, policy, now), self._lock_of(edge)), policy)
            self._entries[key] = entry
        entry.edges.add(edge)
        entry.version = self.version
        return entry.cell, self._obey(entry, policy, now)

    def _lock_of(self, edge: Edge) -> Lock:
        pair = (edge.caller, edge.callee)
        found = self._pair_locks.get(pair)
        if found is None:
            found = self._pair_locks[pair] = self._new_lock()
        return found

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


class _Wishes:
    """What edges want of each machine under one set of policies."""

    def __init__(
        self, policy: Callable[[Edge], CallPolicy], policies: Mapping[Edge, CallPolicy]
    ) -> None:
        self._policy = policy
        self._policies = policies

    def about(self, key: MachineKey, users: set[Edge]) -> MachinePolicy | None:
        """The policy of a machine: from an edge that has used it, else from any of its pair."""
        for edge in tuple(users):
            part = _part_for(key, edge, self._policy(edge))
            if part is not None:
                return part
        for edge in self._pairs.get((key.caller, key.callee), ()):
            part = _part_for(key, edge, self._policy(edge))
            if part is not None:
                return part
        return None

    @cached_property
    def _pairs(self) -> dict[tuple[str, str], list[Edge]]:
        """Edges by pair; seldom needed, and large."""
        pairs: dict[tuple[str, str], list[Edge]] = {}
        for edge in self._policies:
            pairs.setdefault((edge.caller, edge.callee), []).append(edge)
        return pairs


def _part_for(key: MachineKey, edge: Edge, policy: CallPolicy) -> MachinePolicy | None:
    """What ``policy`` says about the machine ``key``, if ``edge`` uses it under that policy."""
    part = _PARTS[key.kind](policy)
    if part is None or key.operation != _operation(part, edge):
        return None
    return part if key.instance is None or _per_instance(part) else None


def _operation(part: MachinePolicy, edge: Edge) -> str | None:
    """The operation in a machine's key: ``None`` where all of the pair share it."""
    if isinstance(part, LastGoodFallback) or part.scope == "operation":
        return edge.operation
    return None


def _per_instance(part: MachinePolicy) -> bool:
    return isinstance(part, CircuitBreaker) and part.scope == "instance"


def _wanted(edge: Edge, policy: CallPolicy) -> Iterator[tuple[MachineKey, MachinePolicy]]:
    """The machines that ``edge`` uses under ``policy``, breakers of instances left out."""
    for kind, part_of in _PARTS.items():
        part = part_of(policy)
        if part is not None:
            yield MachineKey(kind, edge.caller, edge.callee, _operation(part, edge)), part


def _budget(policy: CallPolicy) -> RetryBudget | None:
    """A call retries or hedges, so it has one budget."""
    if policy.hedge is not None:
        return policy.hedge.budget
    return None if policy.retry is None else policy.retry.budget


def _kept_answers(policy: CallPolicy) -> LastGoodFallback | None:
    return policy.fallback if isinstance(policy.fallback, LastGoodFallback) else None


_PARTS: Final[Mapping[str, Callable[[CallPolicy], MachinePolicy | None]]] = {
    "breaker": attrgetter("breaker"),
    "bulkhead": attrgetter("bulkhead"),
    "limiter": attrgetter("rate_limit"),
    "budget": _budget,
    "last_good": _kept_answers,
}
"""What a policy says about each kind of machine; the kind is also the name of a plan's cell."""
