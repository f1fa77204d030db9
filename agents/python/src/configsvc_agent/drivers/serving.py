"""The deadline that came in with the request that is being served."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from configsvc_agent.engine.deadline import earliest

_DEADLINE: Final[ContextVar[int | None]] = ContextVar("configsvc_agent_deadline", default=None)

current_deadline = _DEADLINE.get
"""When the request being served is over (monotonic microseconds); None is no limit."""


def shorten_deadline(at: int | None) -> None:
    """End every guarded call of this context by ``at``; for whoever runs a request in a context."""
    _DEADLINE.set(earliest(at, _DEADLINE.get()))


@contextlib.contextmanager
def deadline(at: int | None) -> Iterator[None]:
    """End every guarded call inside the block by ``at`` (monotonic microseconds) at the latest."""
    token = _DEADLINE.set(earliest(at, _DEADLINE.get()))
    try:
        yield
    finally:
        _DEADLINE.reset(token)
