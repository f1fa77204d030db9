"""What etcd and gRPC report, as errors of the store and as hints how to go on."""

from typing import Any, Final

import grpc

from configsvc.store.errors import StoreError, StoreFullError, StoreUnavailableError

_NO_SPACE: Final = "database space exceeded"
_COMPACTED: Final = "required revision has been compacted"
_FUTURE: Final = "required revision is a future revision"
_NEVER_SENT: Final = ("failed to connect to all addresses", "etcdserver: no leader")
_STALE_TOKEN: Final = ("invalid auth token", "revision of auth store is old")
_ELSEWHERE: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)


class GoneError(StoreUnavailableError):
    """The revision asked for was compacted. Never leaves the adapter."""


class AheadError(StoreUnavailableError):
    """The revision asked for is not there yet. Never leaves the adapter."""


class Fault:
    """One failed call. gRPC's errors carry code and details, but no type says so."""

    def __init__(self, error: Any) -> None:  # noqa: ANN401 grpc has no type information
        self.code: Any = error.code()
        self.details: str = error.details() or str(self.code)

    @property
    def stale_token(self) -> bool:
        """The token has expired or etcd was restarted; nothing was done, a new token helps."""
        return any(text in self.details for text in _STALE_TOKEN)

    @property
    def never_sent(self) -> bool:
        """Nothing was done: also a write may be tried again."""
        return any(text in self.details for text in _NEVER_SENT)

    @property
    def elsewhere(self) -> bool:
        """Another member may answer."""
        return self.code in _ELSEWHERE

    def translated(self, doing: str) -> StoreError:
        """Return the store's error."""
        if _NO_SPACE in self.details:
            advice = "etcd's quota: compact, defragment and disarm its alarm, or raise the quota"
            return StoreFullError(doing, f"{self.details}; {advice}")
        kind = StoreUnavailableError
        if _COMPACTED in self.details:
            kind = GoneError
        elif _FUTURE in self.details:
            kind = AheadError
        return kind(doing, f"etcd: {self.details}")
