"""Questions to the store that cannot wait for the watch: asked in a thread, each only once."""

import asyncio
from concurrent.futures import Executor
from http import HTTPStatus
from typing import Final, TypeVar

from configsvc.access import TokenRecord
from configsvc.agentgate.http import ProblemError, unavailable
from configsvc.agentgate.readings import TokenReading
from configsvc.errors import ConfigsvcError
from configsvc.store import Store

T = TypeVar("T")

MAX_TOKEN_LOOKUPS: Final = 16
"""Unknown tokens looked up at once: nobody keeps the store busy by making up tokens."""


class Lookups:
    """Bundles and tokens, read on demand. Those who ask for the same thing wait together.

    Args:
        store: opened in this process.
        tokens: reads records of tokens.
        loop: the running loop.
        executor: where the store is waited for.
    """

    def __init__(
        self,
        store: Store,
        tokens: TokenReading,
        loop: asyncio.AbstractEventLoop,
        executor: Executor,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._loop = loop
        self._executor = executor
        self._bundles: dict[str, asyncio.Future[bytes]] = {}
        self._token_lookups = 0

    async def bundle(self, digest: str) -> bytes:
        """The bytes of a bundle.

        Raises:
            ProblemError: 503, the store does not give them.
        """
        asked = self._bundles.get(digest)
        if asked is None:
            asked = self._loop.run_in_executor(self._executor, self._store.get_blob, digest)
            self._bundles[digest] = asked
            asked.add_done_callback(lambda _: self._bundles.pop(digest, None))
        return await _translated(asyncio.shield(asked))

    async def token(self, token_id: str) -> TokenRecord | None:
        """The record of a token; None if there is none.

        Raises:
            ProblemError: 429, too many are being looked up; 503, the store does not answer.
        """
        if self._token_lookups >= MAX_TOKEN_LOOKUPS:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-requests",
                "too many unknown tokens are presented: try again",
                {"Retry-After": "1"},
            )
        self._token_lookups += 1
        try:
            return await _translated(
                self._loop.run_in_executor(self._executor, self._tokens.get, token_id)
            )
        finally:
            self._token_lookups -= 1


async def _translated(asked: "asyncio.Future[T]") -> T:
    try:
        return await asked
    except ConfigsvcError as exc:
        raise unavailable(f"the store does not answer: {exc}") from exc
