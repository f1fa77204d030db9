"""Writes what this process knows of instances: that they are there, and that their stream ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import orjson

from configsvc.agentgate.http import ProblemError, unavailable
from configsvc.errors import ConfigsvcError
from configsvc.registry import Instance, InstanceState, Mirror, by_service, records
from configsvc.store import CompareFailedError, Store, Transaction, layout

_log = logging.getLogger("configsvc.agentgate")

BEAT: Final = 2.0
"""Seconds between two looks at the instances of this process, and between two signs of life."""

Found = Mapping[tuple[str, str, str], Instance | None]


class Registrar:
    """Keeps the records of the instances whose streams are here. Used by the loop's thread.

    A record says ``lost`` when its stream has ended and ``up`` again when there is one; both are
    brought about by comparing what is written with what is true, so nothing that fails is missed.
    While any record is this process's own it gives signs of life: without them the controller
    takes the streams for ended.

    Args:
        owner: the name of this process in sessions.
        store: opened in this process.
        has_stream: whether a session's stream is open here.
        spawn: runs something to its end beside everything else.
        wait_for: has a thread wait for the store.
    """

    def __init__(
        self,
        owner: str,
        store: Store,
        has_stream: Callable[[str], bool],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        wait_for: Callable[[Callable[[], object]], Awaitable[object]],
    ) -> None:
        self.mirror = Mirror()
        self._owner = owner
        self._store = store
        self._records = records(store)
        self._has_stream = has_stream
        self._spawn = spawn
        self._wait_for = wait_for
        self._beats = 0
        self._mine: dict[tuple[str, str, str], Instance] = {}
        self._writing: set[tuple[str, str, str]] = set()

    # ── what the store says ──────────────────────────────────────────────────────────────────

    def take(self, found: Found, *, everything: bool) -> set[tuple[str, str]]:
        """Take over what was read: all instances, or those that changed.

        Returns:
            The services whose callers are to hear something else.
        """
        if everything:
            self._mine.clear()
            changed = self.mirror.replace(by_service(found))
        else:
            changed = self.mirror.change(found)
        for key, instance in found.items():
            if instance is not None and instance.owner == self._owner:
                self._mine[key] = instance
            else:
                self._mine.pop(key, None)
        return changed

    # ── what agents want ─────────────────────────────────────────────────────────────────────

    async def register(self, instance: Instance) -> None:
        """Write a record, also over one of a former stream.

        Raises:
            ProblemError: 503, the store does not take it.
        """
        await self._asked(partial(self._records.put, _key(instance), instance))

    async def deregister(self, namespace: str, service: str, identifier: str, session: str) -> None:
        """Delete a record if it is this session's, or nobody's any more.

        Raises:
            ProblemError: 503, the store does not take it.
        """
        await self._asked(partial(self._delete, namespace, service, identifier, session))

    async def _asked(self, work: Callable[[], object]) -> None:
        try:
            await self._wait_for(work)
        except ConfigsvcError as exc:
            raise unavailable(f"the store does not take the instance: {exc}") from exc

    def _delete(self, namespace: str, service: str, identifier: str, session: str) -> None:
        key = layout.instance(namespace, service, identifier)
        kept = self._records.get(key)
        if kept is None:
            return
        if kept.value.session != session:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                "unknown-session",
                "the instance was registered by another session: only that one may take it off",
            )
        self._records.delete(key, expected=kept.mod_revision)

    # ── what becomes of streams ──────────────────────────────────────────────────────────────

    def ended(self, identity: tuple[str, str, str]) -> None:
        """A stream has ended: if an instance lives by it, its grace begins."""
        if identity in self._mine:
            self._spawn(self._settle(identity))

    async def keep(self) -> None:
        """Compare what is written with what is true, and give signs of life, until cancelled."""
        while True:
            await asyncio.sleep(BEAT)
            if not self._mine:
                continue
            try:
                await self._wait_for(self._beat)
                for key in list(self._mine):
                    await self._settle(key)
            except ConfigsvcError as exc:
                _log.warning("instances are not kept up to date for the moment: %s", exc)

    def _beat(self) -> None:
        self._beats += 1
        value = orjson.dumps({"beat": self._beats, "owner": self._owner})
        self._store.commit(Transaction(puts=((layout.beat(self._owner), value),)))

    async def _settle(self, key: tuple[str, str, str]) -> None:
        """Write whether an instance has its stream, where its record says otherwise."""
        instance = self._mine.get(key)
        if instance is None or key in self._writing:
            return
        here = self._has_stream(instance.session)
        if here == (instance.state == "up") or (not here and instance.state == "suspect"):
            return
        self._writing.add(key)
        try:
            await self._wait_for(partial(self._write_state, instance, "up" if here else "lost"))
        except ConfigsvcError as exc:
            _log.warning("the end of a stream could not be written, trying again: %s", exc)
        finally:
            self._writing.discard(key)

    def _write_state(self, instance: Instance, state: InstanceState) -> None:
        """Change the state alone, unless another session has the record by now."""
        kept = self._records.get(_key(instance))
        if kept is None or kept.value.session != instance.session:
            return
        try:
            self._records.put(
                _key(instance), replace(kept.value, state=state), expected=kept.mod_revision
            )
        except CompareFailedError:
            return  # somebody else wrote it: the next look decides


def _key(instance: Instance) -> str:
    return layout.instance(instance.namespace, instance.service, instance.id)
