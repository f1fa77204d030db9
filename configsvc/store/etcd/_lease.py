"""An entry that exists for as long as the process that put it keeps it alive."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import grpc
from etcd3 import etcdrpc

from configsvc.store.errors import StoreClosedError, StoreError
from configsvc.store.etcd._connection import Connection, Member

_log = logging.getLogger("configsvc.store.etcd")

_RENEWALS: Final = 4
"""Renewals in the time of a lease: two may fail in a row."""


class LeasedEntry:
    """Put by `start`, renewed by a thread, put again when it was lost, gone after `stop`.

    `seconds` is how long the entry outlives a process that cannot renew it: one that was killed,
    that is frozen, or that etcd does not hear. `value` is asked at each renewal; when it has
    changed, it is put again.
    """

    def __init__(
        self,
        connection: Connection,
        key: bytes,
        value: Callable[[], bytes],
        seconds: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._key = key
        self._value = value
        self._put_value = b""
        self._seconds = seconds
        self._clock = clock
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lease: int | None = None
        self._until = 0.0

    @property
    def held(self) -> bool:
        """Whether the entry certainly exists: it is no more believed before etcd drops it."""
        return self._lease is not None and self._clock() < self._until

    def start(self) -> None:
        """Begin to keep the entry; returns after the first try to put it, whatever its outcome."""
        self._stopping.clear()
        self._try()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Delete the entry, if etcd can be reached. Without effect if not started."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join()
        self._thread = None
        lease, self._lease = self._lease, None
        if lease is not None:
            self._revoke(lease)

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds / _RENEWALS):
            self._try()

    def _try(self) -> None:
        try:
            if self._lease is None or not self._renew(self._lease):
                self._grant()
        except StoreClosedError:
            self._stopping.set()
        except StoreError as error:
            _log.warning("the lease of this node was not renewed: %s", error)

    def _grant(self) -> None:
        """Put the entry under a new lease; what a former one left goes with that one."""
        asked = self._clock()
        request = etcdrpc.LeaseGrantRequest(TTL=self._seconds)
        lease = int(self._connection.write(_grant, request, "taking a lease").ID)
        self._put(lease)
        self._lease, self._until = lease, asked + self._seconds

    def _put(self, lease: int) -> None:
        value = self._value()
        request = etcdrpc.PutRequest(key=self._key, value=value, lease=lease)
        self._connection.write(_put, request, "registering this node")
        self._put_value = value

    def _renew(self, lease: int) -> bool:
        """Renew the lease; False if it has ended."""
        asked = self._clock()
        request = etcdrpc.LeaseKeepAliveRequest(ID=lease)
        doing, timeout = "renewing a lease", self._seconds / _RENEWALS
        member, answers = self._connection.stream(_keep_alive, iter((request,)), doing, timeout)
        try:
            left = int(next(answers).TTL)
        except grpc.RpcError as error:
            raise self._connection.failed(member, error, doing) from error
        finally:
            answers.cancel()
        if left <= 0:
            self._lease = None
            return False
        self._until = asked + self._seconds
        if self._value() != self._put_value:
            self._put(lease)
        return True

    def _revoke(self, lease: int) -> None:
        try:
            request = etcdrpc.LeaseRevokeRequest(ID=lease)
            self._connection.write(_revoke, request, "giving a lease back")
        except StoreError as error:
            _log.warning("the lease of this node ends by itself: %s", error)


def _grant(member: Member) -> Any:  # noqa: ANN401 grpc has no type information
    return member.lease.LeaseGrant


def _put(member: Member) -> Any:  # noqa: ANN401 grpc has no type information
    return member.kv.Put


def _keep_alive(member: Member) -> Any:  # noqa: ANN401 grpc has no type information
    return member.lease.LeaseKeepAlive


def _revoke(member: Member) -> Any:  # noqa: ANN401 grpc has no type information
    return member.lease.LeaseRevoke
