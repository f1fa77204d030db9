"""The processes of the demo: started, watched, killed and stopped, each by its own handle."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from configsvc.cli.exits import CommandError, Exit

STOP: Final = 15.0
"""Seconds that a process gets to end by itself."""

ANSWER: Final = 5.0
"""Seconds that an engine gets to answer the demo itself."""


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on at this moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Process:
    """One child of the demo; what it writes goes to a log file."""

    def __init__(
        self, name: str, arguments: list[str], environ: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self._popen = subprocess.Popen(  # noqa: S603 our own programs
                [sys.executable, *arguments],
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which stops them
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def kill(self) -> None:
        """End it as a crash would."""
        self._popen.kill()
        self._popen.wait()

    def stop(self) -> int:
        """Ask it to end, and insist after `STOP` seconds; the exit status."""
        with suppress(ProcessLookupError):
            self._popen.send_signal(signal.SIGTERM)
        try:
            return self._popen.wait(STOP)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()

    def require_running(self) -> None:
        """Do nothing while it runs; otherwise end the demo with the last lines of its log."""
        if self.running:
            return
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
        message = f"{self.name} ended with status {self._popen.returncode}:\n{tail}"
        raise CommandError(message, Exit.SERVER)


@dataclass(frozen=True, slots=True)
class Command:
    """How one of our own commands is started, time and again."""

    name: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    log: Path

    def start(self) -> Process:
        """Start it."""
        return Process(self.name, ["-m", "configsvc", *self.arguments], self.environ, self.log)


@dataclass(frozen=True, slots=True)
class EngineSpot:
    """Where an engine runs, and how it is started."""

    service: str
    port: int
    program: Path
    environ: Mapping[str, str]
    peers: Mapping[str, int]
    log: Path

    def start(self) -> Process:
        """Start the engine's process."""
        peers = [f"--peer={name}=127.0.0.1:{port}" for name, port in self.peers.items()]
        arguments = [str(self.program), self.service, "--port", str(self.port), *peers]
        return Process(self.service, arguments, self.environ, self.log)

    def get(self, path: str, within: int | None = None) -> dict[str, Any] | None:
        """The JSON answer to a GET; None while the engine does not answer.

        `within` are the milliseconds that the engine is told to have.
        """
        headers = {} if within is None else {"x-envoy-expected-rq-timeout-ms": str(within)}
        return self._ask(urllib.request.Request(self._url(path), headers=headers))  # noqa: S310

    def delay(self, seconds: float) -> None:
        """Make the engine slower by some seconds for each answer."""
        data = json.dumps({"seconds": seconds}).encode()
        self._ask(urllib.request.Request(self._url("/delay"), data))  # noqa: S310

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _ask(self, request: urllib.request.Request) -> dict[str, Any] | None:
        try:
            with urllib.request.urlopen(request, timeout=ANSWER) as response:  # noqa: S310
                answer: dict[str, Any] = json.load(response)
                return answer
        except (OSError, urllib.error.URLError, ValueError):
            return None
