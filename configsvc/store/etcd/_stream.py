"""One stream of watch responses, from one member, until it breaks or is cancelled."""

import threading
from collections.abc import Iterator
from typing import Any

import grpc

from configsvc.store.errors import StoreUnavailableError
from configsvc.store.etcd import _messages as messages
from configsvc.store.etcd._connection import Connection, Member
from configsvc.store.etcd._keys import Span


class Stream:
    """Opened when it is made. Iterating yields responses until `cancel`.

    Raises `StoreUnavailableError` when it breaks, `StoreClosedError` if the store was closed.
    """

    def __init__(self, connection: Connection, span: Span, first: int, doing: str) -> None:
        self._connection = connection
        self._doing = doing
        self._ended = threading.Event()
        request = messages.watch(span, first)
        self._member, self._call = connection.stream(_watch, self._requests(request), doing)

    def __iter__(self) -> Iterator[messages.Message]:
        try:
            yield from self._call
        except grpc.RpcError as error:
            if self._ended.is_set():
                return
            raise self._connection.failed(self._member, error, self._doing) from error
        finally:
            self._ended.set()
        raise StoreUnavailableError(self._doing, "etcd ended the stream")

    def refused(self, reason: str) -> StoreUnavailableError:
        """Return the error for a watch that etcd cancelled; the next try brings a new token."""
        self._connection.forget_token()
        return StoreUnavailableError(self._doing, f"etcd: {reason or 'the watch was cancelled'}")

    def cancel(self) -> None:
        """End the stream; harmless when it has ended."""
        self._ended.set()
        self._call.cancel()

    def _requests(self, request: object) -> Iterator[object]:
        """Send one request, and no end of requests before the stream has ended."""
        yield request
        self._ended.wait()


def _watch(member: Member) -> Any:  # noqa: ANN401 grpc has no type information
    return member.watch.Watch
