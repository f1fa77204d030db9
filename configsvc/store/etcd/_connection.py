"""Calls to whichever member of an etcd answers.

One channel for each member; a call goes to the one in use, and what fails there moves the whole
process on to the next. A call that only reads is then tried again until its time is over. One that
writes is tried again only if it certainly was not carried out: everything else would be a guess.

Lock order: one lock around the member in use and the token, held for no call.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import grpc
from etcd3 import etcdrpc

from configsvc.store.errors import ForkedStoreError, StoreClosedError, StoreError
from configsvc.store.etcd._address import EtcdAddress, EtcdSecurity
from configsvc.store.etcd._faults import Fault

TIMEOUT: Final = 5.0
"""Seconds within which an operation must have succeeded."""

_READ_TIMEOUT: Final = 2.0
"""Seconds for one try of a read: a member that is frozen leaves time to ask another."""

_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.5

_CHANNEL: Final = (
    # A frozen member keeps its connections and is silent. etcd refuses pings more often than every
    # 5 s, and any while nothing is asked.
    ("grpc.keepalive_time_ms", 6_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.http2.ping_timeout_ms", 2_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A thousand revisions may come in one message.
    ("grpc.max_receive_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)


class Member:
    """One member of the cluster: its channel, and stubs on it."""

    def __init__(self, address: str, credentials: Any) -> None:  # noqa: ANN401 grpc has no types
        self.address = address
        self.channel = (
            grpc.secure_channel(address, credentials, _CHANNEL)
            if credentials
            else grpc.insecure_channel(address, _CHANNEL)
        )
        self.kv = etcdrpc.KVStub(self.channel)
        self.lease = etcdrpc.LeaseStub(self.channel)
        self.watch = etcdrpc.WatchStub(self.channel)
        self.auth = etcdrpc.AuthStub(self.channel)


Call = Callable[[Member], Any]
"""Picks a method of a member's stubs."""


class Connection:
    """To one etcd, from one process. Safe to share between threads, not across a fork."""

    def __init__(
        self, address: EtcdAddress, security: EtcdSecurity, timeout: float = TIMEOUT
    ) -> None:
        self._security = security
        self._timeout = timeout
        self._pid = os.getpid()
        credentials = _credentials(security)
        self._members = [Member(each, credentials) for each in address.members]
        self._lock = threading.Lock()
        self._current = os.getpid() % len(self._members)  # processes spread over the members
        self._token: str | None = None
        self._closed = False

    def read(self, method: Call, request: object, doing: str) -> Any:  # noqa: ANN401 a message
        """Carry out a call that changes nothing, on any member that answers in time.

        Raises `StoreUnavailableError`, naming what was being done, and `StoreClosedError`.
        """
        return self._call(method, request, doing, min(_READ_TIMEOUT, self._timeout), again=True)

    def write(self, method: Call, request: object, doing: str) -> Any:  # noqa: ANN401 a message
        """Carry out a call that changes something, at most once; raises as `read`."""
        return self._call(method, request, doing, self._timeout, again=False)

    def stream(
        self, method: Call, requests: Iterator[object], doing: str, timeout: float | None = None
    ) -> tuple[Member, Any]:
        """Open a stream at the member in use and return both.

        What ends the stream later is gRPC's own error; hand it to `failed`. Raises as `read`.
        """
        self.check_usable()
        member = self._member()
        try:
            metadata = self._metadata()
            return member, method(member)(requests, timeout=timeout, metadata=metadata)
        except grpc.RpcError as error:  # no token was to be had
            raise self.failed(member, error, doing) from error
        except ValueError as error:  # gRPC's answer to the use of a closed channel
            raise StoreClosedError from error

    def failed(self, member: Member, error: grpc.RpcError, doing: str) -> StoreError:
        """Return the store's error for gRPC's, and see that the next call has better chances."""
        if self._closed:
            return StoreClosedError()
        fault = Fault(error)
        self._react(member, fault)
        return fault.translated(doing)

    def forget_token(self) -> None:
        """Get another token for the next call; without effect where there is no user."""
        with self._lock:
            self._token = None

    def check_usable(self) -> None:
        """Raise `ForkedStoreError` in a forked child and `StoreClosedError` after `close`."""
        if self.inherited:
            raise ForkedStoreError(self._pid, os.getpid())
        if self._closed:
            raise StoreClosedError

    @property
    def inherited(self) -> bool:
        """Whether this is the copy that a forked child got."""
        return self._pid != os.getpid()

    def close(self) -> None:
        """End every call under way and close the channels."""
        self._closed = True
        if not self.inherited:
            for member in self._members:
                member.channel.close()

    def _call(self, method: Call, request: object, doing: str, each: float, *, again: bool) -> Any:  # noqa: ANN401 a message
        until = time.monotonic() + self._timeout
        pause = _PAUSE
        while True:
            self.check_usable()
            member = self._member()
            left = max(_PAUSE, until - time.monotonic())
            try:
                metadata = self._metadata()
                return method(member)(request, timeout=min(left, each), metadata=metadata)
            except grpc.RpcError as error:
                self.check_usable()
                fault = Fault(error)
                self._react(member, fault)
                retried = fault.stale_token or fault.never_sent or (again and fault.elsewhere)
                if not retried or time.monotonic() + pause >= until:
                    raise fault.translated(doing) from error
            except ValueError as error:  # gRPC's answer to the use of a closed channel
                raise StoreClosedError from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _member(self) -> Member:
        with self._lock:
            return self._members[self._current]

    def _react(self, member: Member, fault: Fault) -> None:
        with self._lock:
            if fault.stale_token:
                self._token = None
            elif fault.elsewhere and self._members[self._current] is member:
                self._current = (self._current + 1) % len(self._members)

    def _metadata(self) -> Sequence[tuple[str, str]]:
        """What goes with each call: a member cut off from the others shall say so at once."""
        leader = ("hasleader", "true")
        if not self._security.user:
            return (leader,)
        with self._lock:
            token = self._token
        if token is None:
            token = self._authenticate()
        return (leader, ("token", token))

    def _authenticate(self) -> str:
        """Get a token and keep it. Two threads that do so at once get two, which is harmless."""
        name, password = self._security.user, self._security.password
        request = etcdrpc.AuthenticateRequest(name=name, password=password)
        answer = self._member().auth.Authenticate(request, timeout=_READ_TIMEOUT)
        token = str(answer.token)
        with self._lock:
            self._token = token
        return token


def _credentials(security: EtcdSecurity) -> Any:  # noqa: ANN401 grpc has no type information
    if security.authorities is None:
        return None
    return grpc.ssl_channel_credentials(security.authorities, security.key, security.certificate)
