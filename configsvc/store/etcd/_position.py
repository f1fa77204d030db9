"""How far a watch came, and whether the store still can go on from there."""

from typing import Any

from configsvc.store.errors import CompactedError, FutureRevisionError
from configsvc.store.etcd import _messages as messages
from configsvc.store.etcd._connection import Connection, Member
from configsvc.store.etcd._faults import AheadError, GoneError
from configsvc.store.etcd._keys import Keys


class Position:
    """The `revision` up to which everything was read, in one lineage of one etcd."""

    def __init__(self, connection: Connection, keys: Keys, revision: int) -> None:
        self.revision = revision
        self._connection = connection
        self._key = keys.anchor
        self._cluster: int | None = None
        self._term = 0

    def check(self) -> None:
        """Raise unless everything after the position is there, or still to come.

        A member may lag behind, so the cluster as a whole is asked. A copy that was restored and
        has been written to since may be beyond the position; what gives it away is that it is
        another cluster, or one whose terms of leadership began anew.

        Raises `CompactedError`, `FutureRevisionError`, and as any read does.
        """
        try:
            header = self._ask(max(1, self.revision)).header
        except GoneError:
            raise CompactedError(self.revision, self._compacted()) from None
        except AheadError:
            raise FutureRevisionError(self.revision, self._newest()) from None
        if self._cluster not in (None, header.cluster_id) or header.raft_term < self._term:
            raise FutureRevisionError(self.revision, int(header.revision))
        self._cluster, self._term = header.cluster_id, header.raft_term

    def _compacted(self) -> int:
        """Return the first revision that can be read, by halving: etcd does not tell."""
        gone, kept = self.revision, self._newest()
        while gone + 1 < kept:
            middle = (gone + kept) // 2
            try:
                self._ask(middle)
            except GoneError:
                gone = middle
            else:
                kept = middle
        return kept

    def _newest(self) -> int:
        return int(self._ask(0).header.revision)

    def _ask(self, revision: int) -> Any:  # noqa: ANN401 a message
        request = messages.get_past(self._key, revision)
        return self._connection.read(_range, request, f"looking for revision {revision}")


def _range(member: Member) -> Any:  # noqa: ANN401 grpc has no type information
    return member.kv.Range
