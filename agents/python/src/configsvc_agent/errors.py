"""What the agent raises.

Two roots, by who must act. :class:`CallError` says that one guarded call was refused or cut by a
policy: the service degrades. :class:`AgentError` says that the agent itself was used or fed
wrongly: a developer or operator repairs it.
"""

from __future__ import annotations

from typing import ClassVar

_MICROSECONDS_PER_SECOND = 1_000_000
_MICROSECONDS_PER_MILLISECOND = 1_000


def duration_text(microseconds: int) -> str:
    """``microseconds`` as people write it: ``250ms``, ``1.5s``, ``80us``, ``0s``."""
    if microseconds >= _MICROSECONDS_PER_SECOND:
        return f"{microseconds / _MICROSECONDS_PER_SECOND:g}s"
    if microseconds >= _MICROSECONDS_PER_MILLISECOND:
        return f"{microseconds / _MICROSECONDS_PER_MILLISECOND:g}ms"
    return f"{microseconds}us" if microseconds else "0s"


class AgentError(Exception):
    """Base of everything that is wrong with the agent itself, not with one call."""


class PolicyError(AgentError, ValueError):
    """A policy value that no engine could obey; the text names the field and the value."""


class CallError(Exception):
    """Base of every refusal or cut of a guarded call.

    ``caller``, ``callee``, ``operation``: the edge. ``policy``: the resource that decided
    (``Kind/name``, or ``default``). ``revision``: the revision in force when the call began.
    ``reason``: why, without the edge. The text of the exception carries all of them.
    """

    kind: ClassVar[str] = "error"
    """The class of this refusal as ``retryOn`` spells it."""

    def __init__(
        self,
        reason: str,
        *,
        caller: str = "",
        callee: str = "",
        operation: str = "*",
        policy: str = "default",
        revision: int = 0,
        remaining: int | None = None,
    ) -> None:
        self.reason = reason
        self.caller = caller
        self.callee = callee
        self.operation = operation
        self.policy = policy
        self.revision = revision
        self.remaining = remaining
        super().__init__(
            f"{caller} -> {callee} {operation}: {reason} (policy {policy}, revision {revision})"
        )

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, which would otherwise call the class with the text alone."""
        return _rebuild, (type(self), self.__dict__.copy())


def _rebuild(kind: type[CallError], fields: dict[str, object]) -> CallError:
    """The error that :meth:`CallError.__reduce__` took apart."""
    names = ("reason", "caller", "callee", "operation", "policy", "revision", "remaining")
    error = kind(**{name: fields[name] for name in names})  # type: ignore[arg-type]
    error.__dict__.update(fields)
    return error


class RejectedError(CallError):
    """The attempt never left this process: a breaker, a bulkhead or a rate limit refused it."""


class OpenError(RejectedError):
    """The circuit breaker is open; ``remaining`` microseconds until it lets a probe through.

    ``remaining`` is 0 while it is half-open and all probes are under way.
    """

    kind = "open"
    remaining: int


class FullError(RejectedError):
    """The bulkhead is full, its queue too, or the wait in the queue ran out."""

    kind = "full"


class LimitedError(RejectedError):
    """The rate limit is used up; ``remaining`` microseconds until the next attempt fits."""

    kind = "limited"
    remaining: int


class CallTimeoutError(CallError, TimeoutError):
    """A time limit cut the call. ``interrupted`` is false where the callable ran to its end.

    A synchronous callable cannot be stopped from outside: it is given its limit and, if it overran,
    its late answer is discarded.
    """

    kind = "timeout"
    interrupted: bool = True


class DeadlineError(CallTimeoutError):
    """The overall limit, or the deadline that the caller's own caller set, has passed."""


class AttemptTimeoutError(CallTimeoutError):
    """The last attempt allowed took longer than the limit of one attempt."""
