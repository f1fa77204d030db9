"""What a call tells its driver to do, and what a driver tells the call about itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Any, Final, Literal, TypeAlias

from configsvc_agent.engine import deadline as headers
from configsvc_agent.engine.breaker import Breaker
from configsvc_agent.engine.events import Event
from configsvc_agent.engine.limiter import Reservation
from configsvc_agent.engine.plan import Cell, Plan
from configsvc_agent.engine.policy import SECOND, OperationFallback
from configsvc_agent.engine.waiting import Ticket, Waker
from configsvc_agent.errors import CallError
from configsvc_agent.values import Value


class Facts(Value):
    """What the engine cannot know about one call.

    ``method``: HTTP method, decides idempotence where the operation does not declare it.
    ``has_key``: the request carries an Idempotency-Key. ``deadline``: when the caller's caller
    gives up (monotonic microseconds). ``rate_key``: what a keyed rate limit counts by.
    ``cache_key``: which request this is, for a last-good fallback; without it no answer is kept or
    shown, because answers to different requests could not be told apart. ``choose``: picks an
    instance, avoiding the given ones where it can. ``substitute``: carries out the operation that a
    fallback names instead of this one; where it cannot, ``unable`` says why.
    """

    method: str | None = None
    has_key: bool = False
    deadline: int | None = None
    rate_key: str = ""
    cache_key: Hashable | None = None
    choose: Callable[[Collection[str]], str | None] | None = None
    substitute: Callable[[OperationFallback], Any] | None = None
    unable: str | None = None


NO_FACTS: Final = Facts()


class Ports(Value):
    """What a driver supplies: chance in [0, 1), a way to be woken, and a listener or ``None``.

    ``attempts``: whether the listener wants to hear of every attempt's start and end too, which
    costs each call two events.
    """

    rng: Callable[[], float]
    waker: Callable[[], Waker]
    emit: Callable[[Event], None] | None = None
    attempts: bool = True


class Attempt:
    """Make this attempt, then report with :meth:`Call.finished`.

    ``number`` counts from 1, ``instance`` is where it should go (``None``: anywhere), ``expires``
    is the point in time (monotonic microseconds, ``None``: never) after which its answer no longer
    counts. The driver leaves what came back in ``value`` or ``exception``.
    """

    # Defaults live in the class: most attempts never change them, and one is made for every call.
    number: int = 1
    key: str = ""
    instance: str | None = None
    copy: bool = False
    breaker: Cell[Breaker] | None = None
    permit: int = 0
    held: bool = False
    overran: bool = False
    reservation: Reservation | None = None
    ticket: Ticket | None = None
    started: int = 0
    expires: int | None = None
    value: Any = None
    exception: BaseException | None = None

    def __init__(self, plan: Plan, deadline: int | None) -> None:
        self.plan = plan
        self.deadline = deadline

    @property
    def timeout(self) -> float | None:
        """Seconds that the attempt may take; ``None`` is no limit. What a client is given."""
        return None if self.expires is None else (self.expires - self.started) / SECOND

    @property
    def connect_timeout(self) -> float | None:
        """Seconds that connecting may take: the policy's limit, within that of the attempt."""
        connect = self.plan.policy.timeout.connect
        limits = [each for each in (self._microseconds(), connect) if each is not None]
        return min(limits) / SECOND if limits else None

    @property
    def idle_timeout(self) -> float | None:
        """Seconds without a byte; ``None`` is no limit."""
        idle = self.plan.policy.timeout.idle
        return None if idle is None else idle / SECOND

    @property
    def http_deadline(self) -> tuple[str, str] | None:
        """The header (name, value) that tells the callee its time; ``None`` without a limit."""
        left = self._microseconds()
        return None if left is None else (headers.HTTP_HEADER, headers.http_header(left))

    @property
    def grpc_deadline(self) -> tuple[str, str] | None:
        """As :attr:`http_deadline`, for gRPC metadata."""
        left = self._microseconds()
        return None if left is None else (headers.GRPC_HEADER, headers.grpc_header(left))

    def _microseconds(self) -> int | None:
        return None if self.expires is None else self.expires - self.started


class Wait(Value):
    """Wait until the point in time ``until`` or until ``waker`` is set, then :meth:`Call.woken`.

    ``until`` ``None``: only the waker ends it; ``waker`` ``None``: only time does. ``attempt`` is
    the one that queues; ``None`` for the pause between two attempts.
    """

    until: int | None
    waker: Waker | None = None
    attempt: Attempt | None = None


class Refuse(Value):
    """Raise ``error``, from what the last attempt raised, if it raised."""

    error: CallError


class Substitute(Value):
    """Hand out ``value`` instead; for kind ``operation``, what ``facts.substitute`` makes of it."""

    kind: Literal["static", "last-good", "operation"]
    value: Any


class HandOut:
    """Hand out what ``call.result`` brought: its value, or its exception."""

    __slots__ = ()


class Pending:
    """Nothing to do for this attempt; others of the same call are still in flight."""

    __slots__ = ()


HAND_OUT: Final = HandOut()
PENDING: Final = Pending()

Command: TypeAlias = Attempt | Wait | HandOut | Refuse | Substitute | Pending
