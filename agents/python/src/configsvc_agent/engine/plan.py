"""One edge's policy together with the state machines it uses: what each of its calls reads."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from configsvc_agent.engine.breaker import Breaker
from configsvc_agent.engine.budget import Budget
from configsvc_agent.engine.bulkhead import Bulkhead
from configsvc_agent.engine.lastgood import LastGood
from configsvc_agent.engine.limiter import RateLimiter
from configsvc_agent.engine.policy import CallPolicy, Edge
from configsvc_agent.errors import CallError

if TYPE_CHECKING:
    from configsvc_agent.engine.express import Express

M_co = TypeVar("M_co", covariant=True)
E = TypeVar("E", bound=CallError)


class Lock(Protocol):
    """What guards one state machine for the length of one transition: ``threading.Lock`` fits."""

    def acquire(self) -> bool:
        """Enter."""

    def release(self) -> None:
        """Leave."""

    def __enter__(self) -> bool:
        """Enter."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Leave."""


class NoLock:
    """For drivers that have one thread only, such as a simulator."""

    __slots__ = ()

    def acquire(self) -> bool:
        """Enter at once."""
        return True

    def release(self) -> None:
        """Leave."""

    def __enter__(self) -> bool:
        return True

    def __exit__(self, *_: object) -> None:
        pass


class Cell(Generic[M_co]):
    """A state machine and the lock for its transitions.

    ``acquire`` and ``release`` are the lock's own, bound once: on the path of every call they cost
    half of what a ``with`` does. Nothing but one transition happens between them, and no lock is
    taken while another is held. The machines of one pair of services have the same lock.
    """

    __slots__ = ("acquire", "lock", "machine", "release")

    def __init__(self, machine: M_co, lock: Lock) -> None:
        self.machine = machine
        self.lock = lock
        self.acquire = lock.acquire
        self.release = lock.release


NO_CELL: Final[Cell[None]] = Cell(None, NoLock())
"""Nothing to lock."""


class Plan:
    """The policy of one edge, resolved. Never changes; a new policy gets a new plan.

    ``version`` is that of the registry that made it. ``breaker_of`` gives the breaker of one
    instance where the policy keeps one for each. ``simple``: attempts neither depend on an instance
    nor have copies, so that a call needs no memory for either. ``express``: the short way of such
    calls, if there is one.
    """

    __slots__ = (
        "attempt",
        "breaker",
        "breaker_of",
        "budget",
        "bulkhead",
        "edge",
        "express",
        "last_good",
        "limiter",
        "overall",
        "policy",
        "retry",
        "simple",
        "version",
    )

    def __init__(self, edge: Edge, policy: CallPolicy, version: int) -> None:
        self.edge = edge
        self.policy = policy
        self.version = version
        self.attempt = policy.timeout.attempt
        self.overall = policy.timeout.overall
        retries = policy.retry is not None and policy.retry.attempts > 1
        self.retry = policy.retry if retries else None
        per_instance = policy.breaker is not None and policy.breaker.scope == "instance"
        self.simple = policy.hedge is None and not per_instance
        self.breaker: Cell[Breaker] | None = None
        self.breaker_of: Callable[[str], Cell[Breaker]] | None = None
        self.limiter: Cell[RateLimiter] | None = None
        self.bulkhead: Cell[Bulkhead] | None = None
        self.budget: Cell[Budget] | None = None
        self.last_good: Cell[LastGood] | None = None
        self.express: Express | None = None

    def source(self, leaf: str) -> str:
        """The resource that set ``leaf``, or any leaf of the same policy; ``default`` if none."""
        sources = self.policy.sources
        if leaf in sources:
            return sources[leaf]
        policy = leaf.partition(".")[0] + "."
        return next((name for key, name in sources.items() if key.startswith(policy)), "default")

    def error(self, kind: type[E], reason: str, policy: str, remaining: int | None = None) -> E:
        """An error of this edge, decided by ``policy``: what :meth:`source` tells of a leaf."""
        edge = self.edge
        return kind(
            reason,
            caller=edge.caller,
            callee=edge.callee,
            operation=edge.operation,
            policy=policy,
            revision=self.policy.revision,
            remaining=remaining,
        )
