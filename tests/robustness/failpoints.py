"""Failpoints: named steps of server and agent at which a process dies, fails or stalls, once.

Production code has no hooks for this: a test process wraps the step's own method before it starts.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configsvc.agentgate.connection import Connection
from configsvc.agentgate.gate import Gate
from configsvc.agentgate.readings import HeadReading
from configsvc.fleet.ack_writer import AckWriter
from configsvc.relay import BlobCache, Copy, StateFile, Upstream
from configsvc_agent.cache import Cache
from configsvc_agent.client import Client
from configsvc_agent.delivery._keeper import Keeper
from configsvc_agent.delivery._outbox import Outbox

KILL, EXCEPTION, SLEEP = ACTIONS = ("kill", "exception", "sleep")


class InjectedError(Exception):
    """What a failpoint raises."""


@dataclass(frozen=True, slots=True)
class Failpoint:
    """A step: the method that does it, and whether it fails before or after, or half-way."""

    owner: type
    method: str
    moment: str


SERVER = {
    "a head was read": Failpoint(HeadReading, "_take_news", "before"),
    "before fan-out": Failpoint(Gate, "_in_force", "before"),
    "during fan-out": Failpoint(Gate, "_tell", "before"),
    "after fan-out, before the books": Failpoint(Gate, "_told", "before"),
    "in the middle of a response": Failpoint(Connection, "write", "half"),
    "a report was taken": Failpoint(Gate, "report", "after"),
    "acknowledgements are written": Failpoint(AckWriter, "_put", "before"),
}

AGENT = {
    "a bundle was received": Failpoint(Keeper, "offer", "before"),
    "before the snapshot is written": Failpoint(Cache, "_write", "before"),
    "the snapshot was written, not renamed": Failpoint(Path, "replace", "before"),
    "the snapshot was renamed": Failpoint(Path, "replace", "after"),
    "stored, not applied": Failpoint(Keeper, "_replace", "before"),
    "applied, cursor not moved": Failpoint(Keeper, "_replace", "after"),
    "before the acknowledgement": Failpoint(Outbox, "put", "before"),
    "the acknowledgement was sent": Failpoint(Client, "report", "after"),
}

RELAY = {
    "a state or a change was received": Failpoint(Copy, "take", "before"),
    "the copy was taken, not written": Failpoint(StateFile, "write", "before"),
    "a file was written, not renamed": Failpoint(Path, "replace", "before"),
    "a file was renamed": Failpoint(Path, "replace", "after"),
    "a bundle was fetched, not kept": Failpoint(BlobCache, "put", "before"),
    "during the site's fan-out": Failpoint(Gate, "_tell", "before"),
    "before acknowledgements are handed on": Failpoint(Upstream, "acks", "before"),
    "acknowledgements were handed on": Failpoint(Upstream, "acks", "after"),
    "what agents hold was handed on": Failpoint(Upstream, "agents", "after"),
}

POINTS = {**SERVER, **AGENT, **RELAY}


def arm(point: str, action: str, armed: Path) -> None:
    """Make a step fail the first time that it is reached while the file `armed` exists."""
    failpoint = POINTS[point]
    original = getattr(failpoint.owner, failpoint.method)

    def fails(self: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 any method
        if failpoint.moment == "half" and _is_bundle(arguments[0]) and _trip(armed):
            original(self, arguments[0][: len(arguments[0]) // 2])
            _act(action)
            return original(self, arguments[0][len(arguments[0]) // 2 :])
        if failpoint.moment == "before" and _trip(armed):
            _act(action)
        result = original(self, *arguments, **options)
        if failpoint.moment == "after" and _trip(armed):
            _act(action)
        return result

    setattr(failpoint.owner, failpoint.method, fails)


def _is_bundle(data: bytes) -> bool:
    return data.startswith(b"event: bundle")


def _trip(armed: Path) -> bool:
    """Whether this is the one time; several processes may ask."""
    try:
        os.unlink(armed)  # noqa: PTH108 Path.replace is one of the steps; stay below it
    except FileNotFoundError:
        return False
    return True


def _act(action: str) -> None:
    actions: dict[str, Callable[[], None]] = {
        KILL: lambda: os.kill(os.getpid(), signal.SIGKILL),
        SLEEP: lambda: time.sleep(1.0),
        EXCEPTION: _raise,
    }
    actions[action]()


def _raise() -> None:
    raise InjectedError("injected")
