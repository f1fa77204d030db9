"""The events of a stream as bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from configsvc import __version__
from configsvc.push import Offer

STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/event-stream\r\n"
    b"Cache-Control: no-store\r\n"
    b"X-Accel-Buffering: no\r\n"
    b"Connection: close\r\n"
    b"\r\n"
)
"""The stream ends with the connection: every peer is then written the very same bytes."""

GONE: Final = b"event: gone\ndata: {}\n\n"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Advice:
    """How one agent should behave so that a fleet does not act as one. Times are microseconds.

    Args:
        reconnect_after: how long it waits if the stream breaks without a word.
        report_within: over how long it spreads its reports of bundles that it applied.
    """

    reconnect_after: int
    report_within: int


def session_event(session: str, epoch: str, heartbeat: int, advice: Advice) -> bytes:
    """The first event: the session, and the mean time between heartbeats in microseconds."""
    body = {
        "session": session,
        "epoch": epoch,
        "heartbeat": heartbeat,
        "reportWithin": advice.report_within,
        "server": __version__,
    }
    return b"event: session\nretry: %d\ndata: %b\n\n" % (_retry(advice), orjson.dumps(body))


def bundle_event(offer: Offer, data: bytes, *, reset: bool) -> bytes:
    """A bundle: its header, and its bytes unchanged (canonical JSON has no line breaks)."""
    header: dict[str, object] = {
        "epoch": offer.epoch,
        "version": offer.version,
        "digest": offer.digest,
        "revision": offer.revision,
        "committed": rfc3339(offer.committed),
    }
    if reset:
        header["reset"] = True
    return b"event: bundle\nid: %b\ndata: %b\ndata: %b\n\n" % (
        str(offer.resume_id).encode(),
        orjson.dumps(header),
        data,
    )


def heartbeat_event(epoch: str, head: int, digest: str, endpoints: int, advice: Advice) -> bytes:
    """What the agent should hold; the digest is empty while its service has no bundle."""
    body = {
        "epoch": epoch,
        "head": head,
        "digest": digest,
        "endpoints": endpoints,
        "reportWithin": advice.report_within,
    }
    return b"event: heartbeat\nretry: %d\ndata: %b\n\n" % (_retry(advice), orjson.dumps(body))


def instances_event(body: Mapping[str, object]) -> bytes:
    """The instances of a callee: all of them, or what has changed."""
    return b"event: instances\ndata: " + orjson.dumps(body) + b"\n\n"


def drain_event(retry: int, url: str = "") -> bytes:
    """The server is stopping: reconnect after so many microseconds, to another one if it is named.

    The same advice is given in milliseconds to readers that know server-sent events alone.
    """
    body: dict[str, object] = {"retry": retry, "url": url} if url else {"retry": retry}
    return b"event: drain\nretry: %d\ndata: %b\n\n" % (retry // 1000, orjson.dumps(body))


def _retry(advice: Advice) -> int:
    return advice.reconnect_after // 1000


def rfc3339(instant: int) -> str:
    """Microseconds since the Unix epoch as text."""
    text = (_EPOCH + timedelta(microseconds=instant)).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")
