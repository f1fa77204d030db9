"""Change callbacks: each on a thread of its own, so that none harms delivery or another."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from threading import Condition, Thread
from types import CoroutineType
from typing import TYPE_CHECKING, TypeAlias

from configsvc_agent.delivery._status import Origin
from configsvc_agent.log import log
from configsvc_agent.values import Value, replace

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


class InForce(Value):
    """What a service obeys: a bundle's identity and where it came from."""

    origin: Origin
    digest: str
    version: int


class Change(Value):
    """Another bundle is in force. ``before`` is what the same callback was told last."""

    before: InForce
    after: InForce


Callback: TypeAlias = Callable[[Change], object]


class Subscriber:
    """One callback. At most one change waits for it; later ones merge into that one.

    ``loop`` is where the awaitables of an ``async def`` callback are awaited; None: in a loop of
    their own. ``failures`` counts how often it raised.
    """

    def __init__(
        self, callback: Callback, loop: AbstractEventLoop | None = None, failures: int = 0
    ) -> None:
        self.callback = callback
        self.loop = loop
        self.failures = failures
        self._changed = Condition()
        self._pending: Change | None = None
        self._thread: Thread | None = None
        self._closed = False

    def tell(self, change: Change) -> None:
        """Hand over ``change`` without waiting."""
        with self._changed:
            if self._closed:
                return
            waiting = self._pending
            self._pending = replace(change, before=waiting.before) if waiting else change
            if self._thread is None:
                self._thread = Thread(target=self._run, name="configsvc-callback", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Tell nothing more; a callback that is running is left to end by itself."""
        with self._changed:
            self._closed = True
            self._pending = None
            self._changed.notify()

    def _run(self) -> None:
        while (change := self._next()) is not None:
            self.call(change)

    def call(self, change: Change) -> None:
        """Run the callback in this thread; what it raises is logged and counted."""
        try:
            self._invoke(change)
        except Exception:  # noqa: BLE001  a callback may raise anything
            self.failures += 1
            log().exception("the change callback %r failed; the bundle stays", self.callback)

    def _next(self) -> Change | None:
        with self._changed:
            while self._pending is None and not self._closed:
                self._changed.wait()
            change, self._pending = self._pending, None
            return change

    def _invoke(self, change: Change) -> None:
        result = self.callback(change)
        if not isinstance(result, CoroutineType):
            return
        import asyncio  # noqa: PLC0415  only services that use it pay for it

        if self.loop is None:
            asyncio.run(result)
        else:
            asyncio.run_coroutine_threadsafe(result, self.loop).result()


def subscribe(callback: Callback) -> Subscriber:
    """A subscriber whose coroutines run in the event loop that is running now, if there is one."""
    import inspect  # noqa: PLC0415  slow to import, and seldom needed

    return Subscriber(callback, _running_loop() if inspect.iscoroutinefunction(callback) else None)


def _running_loop() -> AbstractEventLoop | None:
    import asyncio  # noqa: PLC0415  only services that use it pay for it

    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop()
    return None
