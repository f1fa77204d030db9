"""Active health checks: a thread that asks instances whether they serve."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from configsvc.controller.instances import Target
from configsvc.errors import ConfigsvcError
from configsvc.model.services import HealthCheck
from configsvc.registry import Health, Instance, records
from configsvc.store import CompareFailedError, Records, Store

_log = logging.getLogger("configsvc.controller")

AT_ONCE: Final = 256
"""Checks under way at the same time; further ones wait their turn."""

_TICK: Final = 0.1
_SECOND: Final = 1_000_000
_MAX_HEAD: Final = 4096
_GOOD: Final = range(200, 400)
"""Statuses of a good answer."""


@dataclass(slots=True)
class _Probe:
    """One instance's row of checks."""

    address: str
    health: Health
    due: float
    running: bool = False


class Prober:
    """Checks instances as their services declare, and writes down when that changes something.

    Args:
        store: opened in this process.
        targets: whom there is to check now, by the keys of their records.
    """

    def __init__(self, store: Store, targets: Callable[[], Mapping[str, Target]]) -> None:
        self._records: Records[Instance] = records(store)
        self._targets = targets
        self._probes: dict[str, _Probe] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """See `Companion`."""
        self._stopping.clear()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._work()), name="health-checks", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """See `Companion`."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    async def _work(self) -> None:
        places = asyncio.Semaphore(AT_ONCE)
        tasks: set[asyncio.Task[None]] = set()
        while not self._stopping.is_set():
            for key, target in self._due(asyncio.get_running_loop().time()):
                task = asyncio.create_task(self._check(key, target, places))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(_TICK)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _due(self, now: float) -> list[tuple[str, Target]]:
        """Whose next check is due; those that are gone are forgotten."""
        targets = self._targets()
        self._probes = {key: each for key, each in self._probes.items() if key in targets}
        due = []
        for key, target in targets.items():
            probe = self._probes.get(key)
            if probe is None or probe.address != target.instance.address:
                probe = self._probes[key] = _Probe(target.instance.address, _health(target), now)
            if not probe.running and probe.due <= now:
                probe.running = True
                probe.due = now + target.check.interval / _SECOND
                due.append((key, target))
        return due

    async def _check(self, key: str, target: Target, places: asyncio.Semaphore) -> None:
        probe = self._probes[key]
        try:
            async with places:
                good = await answers(target.instance.address, target.check)
            if probe.health.checked(good=good):
                await asyncio.to_thread(self._write, key, target, healthy=probe.health.healthy)
        except ConfigsvcError as exc:
            probe.health.healthy = not probe.health.healthy  # not written: found again
            _log.warning("what a health check found cannot be written: %s", exc)
        finally:
            probe.running = False

    def _write(self, key: str, target: Target, *, healthy: bool) -> None:
        kept = self._records.get(key)
        if kept is None or kept.value.address != target.instance.address:
            return
        with suppress(CompareFailedError):
            self._records.put(key, replace(kept.value, healthy=healthy), expected=kept.mod_revision)
            _log.info(
                "an instance is %s",
                "healthy" if healthy else "unhealthy",
                extra={"service": kept.value.service, "instance": kept.value.id},
            )


async def answers(address: str, check: HealthCheck) -> bool:
    """Whether an instance takes a connection and, where a path is declared, answers it well."""
    host, _, port = address.rpartition(":")
    writer = None
    try:
        async with asyncio.timeout(check.timeout / _SECOND):
            reader, writer = await asyncio.open_connection(
                host.strip("[]"), int(port), limit=_MAX_HEAD
            )
            if check.path is None:
                return True
            request = f"GET {check.path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            writer.write(request.encode())
            line = (await reader.readuntil(b"\r\n")).split(b" ", 2)
            return line[0].startswith(b"HTTP/1.") and int(line[1]) in _GOOD
    except (OSError, ValueError, IndexError, TimeoutError, EOFError, asyncio.LimitOverrunError):
        return False
    finally:
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _health(target: Target) -> Health:
    check = target.check
    return Health(
        healthy=target.instance.healthy,
        healthy_after=check.healthy_after,
        unhealthy_after=check.unhealthy_after,
    )
