"""Keeps one replica of a gateway running: Envoy, and the relay that feeds it."""

import asyncio
import logging
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

import grpc
from envoy.service.discovery.v3.ads_pb2_grpc import (
    add_AggregatedDiscoveryServiceServicer_to_server as add_to_server,
)

from configsvc.errors import OperationError
from configsvc.gateway.envoy_process import Launch
from configsvc.gateway.last_good import LastGood
from configsvc.gateway.options import GatewayOptions
from configsvc.gateway.relay import Relay

_log = logging.getLogger("configsvc.gateway")

_STABLE: Final = 10.0
"""Seconds after which an Envoy that ends did not fail at its start."""

_MOST_FAILURES: Final = 5
_LONGEST_WAIT: Final = 10.0
_POLL: Final = 0.1
_ENDING: Final = 2.0


class EnvoyFailsError(OperationError):
    """Envoy ends soon after each start."""

    def __init__(self, program: Path, status: int) -> None:
        super().__init__(
            f"{program} ended {_MOST_FAILURES} times soon after its start, at last with status "
            f"{status}: its own lines above say why"
        )


def run(options: GatewayOptions, tell: Callable[[str], None]) -> None:
    """Run a replica until SIGTERM or SIGINT; must be called in a process's main thread.

    SIGHUP starts a new Envoy that takes over from the present one without losing a request.

    Raises:
        InputError: the token file cannot be read.
        StateInUseError: another replica has the state directory.
        EnvoyFailsError: Envoy does not start.
    """
    options.token()
    lock = options.lock()
    try:
        asyncio.run(_run(options, tell))
    finally:
        os.close(lock)


async def _run(options: GatewayOptions, tell: Callable[[str], None]) -> None:
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="configsvc-gateway-"))
        last_good = LastGood(options.state, f"{options.namespace}/{options.name}")
        last_good.load()
        relay = Relay(options, last_good, _Announcer(options, tell))
        stack.callback(relay.save)
        server = grpc.aio.server()
        add_to_server(relay, server)
        server.add_insecure_port(f"unix:{directory}/xds.sock")
        await server.start()
        stack.push_async_callback(server.stop, 0)
        await Keeper(options, Path(directory)).keep()


class _Announcer:
    """Says where the gateway listens, each time that changes."""

    def __init__(self, options: GatewayOptions, tell: Callable[[str], None]) -> None:
        self._options = options
        self._tell = tell
        self._told: frozenset[str] = frozenset()

    def __call__(self, names: frozenset[str]) -> None:
        if names != self._told:
            self._told = names
            places = ", ".join(sorted(name.partition("/")[2] for name in names)) or "nowhere"
            self._tell(f"gateway {self._options.name} ({self._options.replica}) listens: {places}")


class Keeper:
    """Keeps an Envoy running; used by the event loop's thread.

    Args:
        options: of the replica.
        run: directory of its sockets.
    """

    def __init__(self, options: GatewayOptions, run: Path) -> None:
        self._options = options
        self._run = run
        self._stop = asyncio.Event()
        self._renew = asyncio.Event()
        self._failures = 0
        self._former: list[subprocess.Popen[bytes]] = []

    async def keep(self) -> None:
        """Keep one running until told to stop; raises `EnvoyFailsError`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._renew.set)
        launch = Launch(self._options, self._run, 0)
        process, began = launch.start(), time.monotonic()
        try:
            while not self._stop.is_set():
                await asyncio.sleep(_POLL)
                if self._renew.is_set() and process.poll() is None:
                    self._renew.clear()
                    self._former.append(process)
                    launch = Launch(self._options, self._run, launch.epoch + 1)
                    process, began = launch.start(), time.monotonic()
                elif process.poll() is not None:
                    await self._pause(process.returncode, time.monotonic() - began)
                    launch = Launch(self._options, self._run, 0)
                    process, began = launch.start(), time.monotonic()
                self._former = [each for each in self._former if each.poll() is None]
            await self._drain(launch, process)
        finally:
            for each in (*self._former, process):
                await _end(each)

    async def _pause(self, status: int, lived: float) -> None:
        """Wait before the next start; raises `EnvoyFailsError` when it is of no use."""
        self._failures = 0 if lived >= _STABLE else self._failures + 1
        if self._failures >= _MOST_FAILURES:
            raise EnvoyFailsError(self._options.envoy, status)
        wait = min(_LONGEST_WAIT, 0.1 * 4**self._failures) if self._failures else 0.0
        _log.error("Envoy ended with status %d: starting it again in %.1f s", status, wait)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), wait)

    async def _drain(self, launch: Launch, process: subprocess.Popen[bytes]) -> None:
        """Let requests under way end, at most for the time that they get."""
        if process.poll() is not None:
            return
        await asyncio.to_thread(launch.drain)
        give_up_at = time.monotonic() + self._options.drain
        while time.monotonic() < give_up_at and process.poll() is None:
            await asyncio.sleep(_POLL)
            if await asyncio.to_thread(lambda: launch.is_idle):
                return


async def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, _ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
