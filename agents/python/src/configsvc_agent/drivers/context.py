"""The attempt under way, for code that is not handed it as an argument."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from configsvc_agent.engine.commands import Attempt

_CURRENT: Final[ContextVar[Attempt | None]] = ContextVar("configsvc_agent_attempt", default=None)

enter = _CURRENT.set
leave = _CURRENT.reset


def current_attempt() -> Attempt | None:
    """The attempt that the running code is part of; ``None`` outside of guarded calls.

    Its ``timeout`` (seconds, ``None``: no limit) is what a client should be given, its
    ``http_deadline`` the header that tells the callee.
    """
    return _CURRENT.get()
