"""What the server sends, read strictly; and what the agent says back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from configsvc_agent.cache import Position
from configsvc_agent.discovery import InstancesError, Listed
from configsvc_agent.stream import Event, StreamError
from configsvc_agent.values import Value

MAX_REASON = 500
"""Characters of a reason in a report."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_EPOCH = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHORTEST_HEARTBEAT = 10_000
_LONGEST_HEARTBEAT = 600_000_000
_LONGEST_REPORT = 30_000_000

ReportState: TypeAlias = Literal["applied", "rejected", "overridden"]


class Offer(Value):
    """A bundle as received. ``reset``: the server started anew, so its version may be lower."""

    position: Position
    data: bytes
    reset: bool = False


class Session(Value):
    """The first event of a stream; ``heartbeat`` is the time between two, in microseconds.

    ``report_within``: microseconds over which the fleet spreads its reports.
    """

    id: str
    epoch: str
    heartbeat: int
    report_within: int = 0


class Heartbeat(Value):
    """Which digest the agent should hold; empty where the server names none."""

    epoch: str
    digest: str
    endpoints: str = "0"
    report_within: int = 0


class Drain(Value):
    """The server is stopping; ``retry`` microseconds until it is worth coming back.

    ``url``: another server that is there meanwhile, empty where none is named.
    """

    retry: int
    url: str = ""


class Gone(Value):
    """The service no longer exists in the namespace."""


Message: TypeAlias = Session | Offer | Heartbeat | Drain | Gone | Listed


class Report(Value):
    """What became of one bundle."""

    version: int
    digest: str
    state: ReportState
    reason: str = ""
    revision: int = 0

    def to_json(self) -> dict[str, object]:
        """The element of a report's ``reports``."""
        body: dict[str, object] = {
            "version": self.version,
            "digest": self.digest,
            "state": self.state,
        }
        if self.reason:
            body["reason"] = self.reason[:MAX_REASON]
        if self.revision:
            body["revision"] = self.revision
        return body


def read_event(event: Event) -> Message | None:
    """The message of ``event``; None for a kind that this agent does not know.

    Raises:
        StreamError: the event does not hold what its kind promises.
    """
    if event.kind == "bundle":
        return _offer(event)
    if event.kind == "gone":
        return Gone()
    if event.kind == "instances":
        return _listed(event)
    if event.kind not in ("session", "heartbeat", "drain"):
        return None
    body = _object(event.kind, event.data)
    if event.kind == "session":
        return _session(body)
    if event.kind == "heartbeat":
        return _heartbeat(body)
    return Drain(_integer("drain", body, "retry"), _text("drain", body, "url", default=""))


def _offer(event: Event) -> Offer:
    header, _, data = event.data.partition(b"\n")
    body = _object("bundle", header)
    digest = _text("bundle", body, "digest")
    if not _DIGEST.fullmatch(digest):
        raise StreamError(f"a bundle event names {digest[:80]!r}, which is no digest")
    position = Position(
        epoch=_epoch("bundle", body),
        version=_integer("bundle", body, "version"),
        digest=digest,
        revision=_integer("bundle", body, "revision"),
        endpoints=_endpoints(event.id),
    )
    return Offer(position, data, reset=body.get("reset") is True)


def _listed(event: Event) -> Listed:
    try:
        return Listed.read(_object(event.kind, event.data))
    except InstancesError as error:
        raise StreamError(f"an instances event: {error}") from error


def _session(body: Mapping[str, object]) -> Session:
    heartbeat = _integer("session", body, "heartbeat")
    if not _SHORTEST_HEARTBEAT <= heartbeat <= _LONGEST_HEARTBEAT:
        raise StreamError(f"a session has a heartbeat of {heartbeat} us; that cannot be meant")
    return Session(
        _text("session", body, "session"), _epoch("session", body), heartbeat, _within(body)
    )


def _heartbeat(body: Mapping[str, object]) -> Heartbeat:
    digest = _text("heartbeat", body, "digest", default="")
    if digest and not _DIGEST.fullmatch(digest):
        raise StreamError(f"a heartbeat names {digest[:80]!r}, which is no digest")
    endpoints = str(body.get("endpoints", 0))[:64]
    return Heartbeat(_epoch("heartbeat", body), digest, endpoints, _within(body))


def _within(body: Mapping[str, object]) -> int:
    """The advice ``reportWithin``: bounded, and none from a server that gives none."""
    value = body.get("reportWithin")
    return min(value, _LONGEST_REPORT) if type(value) is int and value > 0 else 0


def _endpoints(event_id: str) -> str:
    """The last part of ``{epoch}.{version}.{endpoints}``."""
    return event_id.rpartition(".")[2][:64] or "0"


def _object(kind: str, data: bytes) -> Mapping[str, object]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StreamError(f"a {kind} event holds no JSON: {error}") from error
    if not isinstance(body, dict):
        raise StreamError(f"a {kind} event holds no JSON object, but {data[:80]!r}")
    return body


def _text(kind: str, body: Mapping[str, object], name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or len(value) > 256:  # noqa: PLR2004  ids and digests
        raise StreamError(f"a {kind} event has {name} {str(value)[:80]!r}, which is no short text")
    return value


def _epoch(kind: str, body: Mapping[str, object]) -> str:
    epoch = _text(kind, body, "epoch")
    if not _EPOCH.fullmatch(epoch):
        raise StreamError(f"a {kind} event has the epoch {epoch[:80]!r}")
    return epoch


def _integer(kind: str, body: Mapping[str, object], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or not 0 <= value < 2**63:
        raise StreamError(f"a {kind} event has {name} {str(value)[:80]!r}, which is no count")
    return value
