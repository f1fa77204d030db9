"""Ranges of keys as etcd counts them: bytes, the upper bound left out."""

from collections.abc import Iterator
from typing import Final

from configsvc.store import layout

_BEYOND_TEXT: Final = b"\xff"
"""Greater than every UTF-8 text."""

STAMPS: Final = f"{layout.BLOBS}at/"
"""When each blob was put last; no digest has a ``t`` in it."""

Span = tuple[bytes, bytes]
"""First key, and the bound that follows the last one."""


class Keys:
    """Where things lie under one root. Blobs lie among the keys, and are none of them."""

    def __init__(self, root: str) -> None:
        self._root = root.encode()
        self._hidden = self._span(layout.BLOBS)
        self.anchor = self.key(layout.ROOT)
        """A key to ask for where any will do: one that this user may read."""

    def key(self, key: str) -> bytes:
        """Return a key of the port as etcd's."""
        return self._root + key.encode()

    def name(self, key: bytes) -> str:
        """Return the port's key for one of etcd's."""
        return key[len(self._root) :].decode()

    def blob(self, digest: str) -> bytes:
        """Return where a blob lies."""
        return self.key(layout.blob(digest))

    def stamp(self, digest: str) -> bytes:
        """Return where it is said when a blob was put."""
        return self.key(f"{STAMPS}{digest}")

    def stamps_after(self, digest: str | None) -> Span:
        """Return the span of the stamps of blobs after one, in digest order."""
        low, high = self._span(STAMPS)
        return (self.stamp(digest) + b"\0" if digest else low), high

    def whole(self, prefix: str) -> Span:
        """Return the span of a prefix, blobs included where it covers them: for a watch."""
        return self._span(prefix)

    def spans(self, prefix: str, after: str | None, *, reverse: bool) -> tuple[Span, ...]:
        """Return the spans that a range reads, in the order in which it reads them."""
        low, high = self._span(prefix)
        if after is not None and reverse:
            high = min(high, self.key(after))
        elif after is not None:
            low = max(low, self.key(after) + b"\0")
        spans = tuple(self._visible(low, high))
        return spans[::-1] if reverse else spans

    def hides(self, key: bytes) -> bool:
        """Whether a key belongs to a blob."""
        return self._hidden[0] <= key < self._hidden[1]

    def _visible(self, low: bytes, high: bytes) -> Iterator[Span]:
        for first, bound in (
            (low, min(high, self._hidden[0])),
            (max(low, self._hidden[1]), high),
        ):
            if first < bound:
                yield first, bound

    def _span(self, prefix: str) -> Span:
        low = self.key(prefix)
        return low or b"\0", beyond(low)


def beyond(prefix: bytes) -> bytes:
    """Return the bound that follows every key with a prefix; UTF-8 has no byte 255 to carry."""
    return prefix[:-1] + bytes((prefix[-1] + 1,)) if prefix else _BEYOND_TEXT
