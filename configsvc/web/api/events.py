"""The event stream: what goes on in a namespace, as server-sent events."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import orjson
from flask import Response

from configsvc.access import Principal, Right
from configsvc.errors import ConfigsvcError
from configsvc.usecases import ControlPlane, Picture
from configsvc.web.api.contract.operations import Answer, Routes
from configsvc.web.api.contract.parameters import Text
from configsvc.web.api.errors import MalformedRequestError, TooManyStreamsError
from configsvc.web.api.event_rendering import TOPICS, events
from configsvc.web.api.incoming import caller, namespace_of, plane, principal

MAX_STREAMS: Final = 48
"""Streams of one process; each holds one of its threads."""

PACE: Final = 0.25
"""Seconds between two looks: at most four events of a topic a second."""

QUIET: Final = 5.0
"""Seconds of silence after which a comment is sent, by which a peer that went away is noticed."""

RECONNECT: Final = 2000
"""Milliseconds after which a browser whose stream broke asks again."""

CONTENT_TYPE: Final = "text/event-stream"

TOPIC = Text(
    "topic", f"What to watch: one of {', '.join(TOPICS)}; all if there is none.", many=True
)


class Streams:
    """The streams of one process: how many there may be, and whether they may go on.

    Args:
        threads: of the process; at least a quarter is left for requests.
        alive: False once the process is to end.
    """

    def __init__(self, threads: int, alive: Callable[[], bool]) -> None:
        self.most = min(MAX_STREAMS, max(1, threads * 3 // 4))
        self.alive = alive
        self._free = threading.BoundedSemaphore(self.most)

    def enter(self) -> None:
        """Take one; raises `TooManyStreamsError`."""
        if not self._free.acquire(blocking=False):
            raise TooManyStreamsError(self.most)

    def leave(self) -> None:
        """Give it back."""
        self._free.release()


def event_routes(streams: Streams) -> Routes:
    """The route of the event stream."""
    routes = Routes("events")

    @routes.add(
        "GET",
        "/v1/namespaces/{ns}/events",
        {200: Answer("The events, without end.", "string", content_type=CONTENT_TYPE)},
        queries=(TOPIC,),
        problems=("too-many-streams",),
    )
    def watch(ns: str) -> Response:
        """Changes, rollouts, findings, agents and edges as they change, at most 4 a second."""
        namespace, topics = namespace_of(ns), _topics()
        principal().require(namespace, Right.READ)
        streams.enter()
        try:
            told = narrate(plane(), caller(), namespace, topics, alive=streams.alive)
            response = Response(told, content_type=CONTENT_TYPE)
        except BaseException:
            streams.leave()
            raise
        response.call_on_close(streams.leave)
        response.headers["X-Accel-Buffering"] = "no"
        return response

    return routes


def narrate(
    control: ControlPlane,
    who: Callable[[], Principal],
    namespace: str,
    topics: frozenset[str],
    *,
    alive: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[bytes]:
    """The stream's bytes: first everything, then what changes.

    It ends with the process, when `who` is no longer somebody who may read the namespace, and
    when the store does not answer; whoever listens asks again.
    """
    yield b"retry: %d\n\n" % RECONNECT
    told, reader, quiet = Picture(), who(), 0.0
    try:
        while alive():
            picture = control.live.look(reader, namespace)
            frames = list(events(told, picture, topics, control.moment.micros()))
            for name, data in frames:
                yield b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))
            told, quiet = picture, 0.0 if frames else quiet + PACE
            if quiet >= QUIET:
                yield b": still here\n\n"
                reader, quiet = who(), 0.0
            sleep(PACE)
    except ConfigsvcError:
        return


def _topics() -> frozenset[str]:
    wanted = frozenset(TOPIC.read_all())
    if unknown := wanted - set(TOPICS):
        raise MalformedRequestError(
            f"query topic is {min(unknown)[:40]!r}: use one of {', '.join(TOPICS)}"
        )
    return wanted or frozenset(TOPICS)
