"""What every watch does alike: iterate, and close at the end of a block."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from configsvc.store.api import Watch, WatchBatch
from configsvc.store.errors import WatchClosedError


class Watching:
    """The part of `Watch` that follows from its `next` and `close`."""

    def __iter__(self: Watch) -> Iterator[WatchBatch]:
        """See `Watch.__iter__`."""
        while True:
            try:
                batch = self.next(None)
            except WatchClosedError:
                return
            if batch is not None:
                yield batch

    def __enter__(self) -> Self:
        """See `Watch.__enter__`."""
        return self

    def __exit__(
        self: Watch,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """See `Watch.__exit__`."""
        self.close()
