"""The client that makes a Bff's calls: it obeys the agent, and reads no more than it will use."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

import httpx

from configsvc_agent import Agent
from configsvc_agent.integrations.httpx import AsyncGuardedTransport

MAX_ANSWER: Final = 8 << 20
"""Bytes of the answer to one call."""


class AnswerTooLargeError(httpx.DecodingError):
    """The answer has more bytes than are read, or would have when it is unpacked."""


def client_of(agent: Agent, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client whose calls obey the agent, each answer bounded; ``transport`` sends them."""
    return httpx.AsyncClient(
        transport=AsyncGuardedTransport(agent, BoundedTransport(transport)),
        headers={"accept-encoding": "identity"},
        timeout=None,  # noqa: S113 the agent limits each attempt as its policy says
        follow_redirects=False,
    )


class BoundedTransport(httpx.AsyncBaseTransport):
    """Stops reading an answer once it is too large, rather than when all of it is in memory."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See the base class; raises `AnswerTooLargeError` here or while the body is read."""
        response = await self._transport.handle_async_request(request)
        packed = response.headers.get("content-encoding", "identity") != "identity"
        if packed and response.status_code == HTTPStatus.OK:
            await response.aclose()
            raise AnswerTooLargeError("the answer is packed, which was not asked for")
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 as asynchronous transports do
        response.stream = _Bounded(stream)
        return response

    async def aclose(self) -> None:
        """See the base class."""
        await self._transport.aclose()


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MAX_ANSWER:
                raise AnswerTooLargeError(f"the answer has more than {MAX_ANSWER} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
