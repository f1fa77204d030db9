"""Keeps listeners from harming the calls that they listen to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from configsvc_agent.engine.events import Event
from configsvc_agent.log import log

Listener: TypeAlias = Callable[[Event], None]


class SafeListener:
    """Passes events on and swallows what the listener raises; logs the first such error."""

    __slots__ = ("_complained", "_listener")

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._complained = False

    def __call__(self, event: Event) -> None:
        """Pass ``event`` on; never raises."""
        try:
            self._listener(event)
        except Exception:  # noqa: BLE001 - a listener's mistake is not the call's
            if not self._complained:
                self._complained = True
                log().exception(
                    "listener %r raised on %s; the call goes on, further errors are not logged",
                    self._listener,
                    type(event).__name__,
                )
