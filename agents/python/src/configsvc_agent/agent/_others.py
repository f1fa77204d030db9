"""The functions that carry out operations, for policies that name another one as a fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from configsvc_agent.drivers import Attempt, Classifier, context


class Runs(Protocol):
    """The edge of the other operation."""

    def run(self, send: Callable[[Attempt], Any]) -> Any:  # noqa: ANN401  the service's own
        """``send(attempt)`` under the policy."""

    async def arun(self, send: Callable[[Attempt], Any]) -> Any:  # noqa: ANN401  as run
        """As :meth:`run` for a coroutine function."""


class Others:
    """What was decorated with :meth:`Agent.guard`, by the operation that it carries out.

    What stands in for an operation has no stand-in itself: two that name each other come to an end.
    ``edge`` finds the edge of an operation.
    """

    def __init__(self, edge: Callable[[str, str, Classifier | None], Runs]) -> None:
        self._edge = edge
        self._functions: dict[tuple[str, str, bool], Callable[..., Any]] = {}

    def add(
        self, callee: str, operation: str, fn: Callable[..., Any], classify: Classifier | None
    ) -> None:
        """Let ``fn`` carry out ``operation`` of ``callee``; of several the first one does."""
        key = callee, operation, _is_async(fn)
        made = self._async_way if _is_async(fn) else self._way
        self._functions.setdefault(key, made(callee, operation, fn, classify))

    def find(self, callee: str, operation: str, *, like: object) -> Callable[..., Any] | None:
        """What carries out an operation, guarded, if it is called the way ``like`` is."""
        return self._functions.get((callee, operation, _is_async(like)))

    def _way(
        self, callee: str, operation: str, fn: Callable[..., Any], classify: Classifier | None
    ) -> Callable[..., Any]:
        def carry_out(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the service's own
            def send(attempt: Attempt) -> Any:  # noqa: ANN401  the service's own
                token = context.enter(attempt)
                try:
                    return fn(*args, **kwargs)
                finally:
                    context.leave(token)

            return self._edge(callee, operation, classify).run(send)

        return carry_out

    def _async_way(
        self, callee: str, operation: str, fn: Callable[..., Any], classify: Classifier | None
    ) -> Callable[..., Any]:
        async def carry_out(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the service's own
            async def send(attempt: Attempt) -> Any:  # noqa: ANN401  the service's own
                token = context.enter(attempt)
                try:
                    return await fn(*args, **kwargs)
                finally:
                    context.leave(token)

            return await self._edge(callee, operation, classify).arun(send)

        return carry_out


def _is_async(fn: object) -> bool:
    import inspect  # noqa: PLC0415  slow to import

    return inspect.iscoroutinefunction(fn)
