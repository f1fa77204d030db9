"""Remembered answers: a repeated request with one idempotency key is answered, not repeated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from configsvc.store import layout
from configsvc.store._json import Json
from configsvc.store.api import MAX_OPERATIONS, Clock, Compare, Store, Transaction
from configsvc.store.errors import CompareFailedError
from configsvc.store.records import Kept, Records

ANSWER_LIFETIME: Final = 24 * 3600 * 1_000_000
"""How long an answer is remembered, in microseconds."""

_PAGE: Final = MAX_OPERATIONS // 2  # one compare and one delete for each


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer given to the request with an idempotency key.

    `request` identifies the content of that request (a digest), so that a key used for another
    one can be told. `response` is UTF-8 text; `expires_at` an instant.
    """

    key: str
    request: str
    response: bytes
    expires_at: int


class Answers:
    """Reads remembered answers; they are written together with the change they belong to."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._records = Records(store, answer_to_json, answer_from_json)

    def get(self, namespace: str, key: str) -> Answer | None:
        """Return the answer remembered for a key, None when there is none any more."""
        kept = self.kept(namespace, key)
        return None if kept is None or self.expired(kept) else kept.value

    def kept(self, namespace: str, key: str) -> Kept[Answer] | None:
        """Return the record of a key even if it has expired."""
        return self._records.get(layout.idempotency_key(namespace, key))

    def expire(self, namespace: str) -> int:
        """Delete the expired answers of a namespace and return how many it deleted."""
        prefix, after, deleted = layout.idempotency_keys(namespace), None, 0
        while page := self._records.list(prefix, after=after, limit=_PAGE):
            deleted += self._drop([kept for kept in page if self.expired(kept)])
            after = page[-1].key
        return deleted

    def expired(self, kept: Kept[Answer]) -> bool:
        """Whether an answer is given no more."""
        return kept.value.expires_at <= self._clock()

    def _drop(self, expired: Sequence[Kept[Answer]]) -> int:
        """Delete answers unless one was written anew meanwhile: then the next round does."""
        transaction = Transaction(
            compares=tuple(Compare(kept.key, kept.mod_revision) for kept in expired),
            deletes=tuple(kept.key for kept in expired),
        )
        try:
            self._store.commit(transaction)
        except CompareFailedError:
            return 0
        return len(expired)


def answer_to_json(answer: Answer) -> Mapping[str, Json]:
    """Return the fields of an answer as they are stored."""
    return {
        "expires": answer.expires_at,
        "key": answer.key,
        "request": answer.request,
        "response": answer.response.decode(),
    }


def answer_from_json(fields: Mapping[str, Json]) -> Answer:
    """Return the answer that was stored as `fields`."""
    return Answer(
        key=cast("str", fields["key"]),
        request=cast("str", fields["request"]),
        response=cast("str", fields["response"]).encode(),
        expires_at=cast("int", fields["expires"]),
    )
