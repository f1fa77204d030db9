"""A whole node as its users run it: ``configsvc serve`` on free ports, in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

STOPS_WITHIN = 15.0
"""Seconds; a node promises ten, and the machine that tests is busy."""


class ServeFailedError(AssertionError):
    """The node ended before it served."""


class RunningServer:
    """A node that serves.

    `url` is the operator plane, `agents_url` the agent plane, `token` the first admin's. What it
    wrote to standard error is in the file `log`.
    """

    def __init__(self, data: Path, *flags: str, environ: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.log = data.with_name(f"{data.name}.log")
        self.lines: list[str] = []
        free = ("--operator-listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0")
        command = (sys.executable, "-m", "configsvc", "serve", "--data", str(data), *free, *flags)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env={**surroundings(), **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def await_ready(self) -> None:
        """Return when both planes serve; raise with the log if they never will."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line == "ready\n":
                return
        self.process.wait()
        raise ServeFailedError(self.log.read_text())

    @property
    def facts(self) -> dict[str, Any]:
        """What the node says of itself in its file `ready`."""
        facts: dict[str, Any] = json.loads((self.data / "run" / "ready").read_text())
        return facts

    @property
    def url(self) -> str:
        """Where operators ask."""
        return str(self.facts["operator"])

    @property
    def agents_url(self) -> str:
        """Where agents ask."""
        return str(self.facts["agents"])

    @property
    def token(self) -> str:
        """The first admin's token."""
        return (self.data / "admin-token").read_text().strip()

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Ask the operator plane as the first admin; status and JSON body."""
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, {**sent, **(headers or {})}, method=method)  # noqa: S310 loopback
        try:
            with urlopen(request, timeout=30) as answer:  # noqa: S310 loopback
                return answer.status, _parsed(answer.read())
        except HTTPError as refusal:
            with refusal:
                return refusal.code, _parsed(refusal.read())

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.finish()

    def finish(self) -> int:
        """Wait until it has ended; kill it if it does not."""
        try:
            return self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()

    def child(self, name: str) -> int:
        """The process id of the child that was started last under a name, from the log."""
        records = [json.loads(line) for line in self.log.read_text().splitlines()]
        started = [each["child"] for each in records if each["message"] == f"started {name}"]
        return int(started[-1])


@contextmanager
def serving(
    data: Path, *flags: str, environ: Mapping[str, str] | None = None
) -> Iterator[RunningServer]:
    """Run a node over a data directory until the block ends."""
    server = RunningServer(data, *flags, environ=environ)
    try:
        server.await_ready()
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        else:
            server.finish()


def accepts(url: str) -> bool:
    """Whether somebody listens at a URL."""
    host, _, port = url.rpartition("//")[2].partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def surroundings() -> dict[str, str]:
    """The environment without settings that whoever runs the tests may have."""
    return {k: v for k, v in os.environ.items() if not k.startswith("CONFIGSVC_")}


def _parsed(content: bytes) -> Any:  # noqa: ANN401 any JSON
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode()
