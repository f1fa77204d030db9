"""The gRPC service: one stream a client, in either form of the protocol."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

import grpc
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceServicer

from configsvc.access import UnauthenticatedError
from configsvc.errors import ConfigsvcError
from configsvc.xdsgate.forms import DELTA, WHOLE, Form, TooMuchError
from configsvc.xdsgate.gate import Gate
from configsvc.xdsgate.session import Client, Session

_log = logging.getLogger("configsvc.xdsgate")

_UNUSABLE: Final = re.compile(r"[^A-Za-z0-9._:-]+")
_MAX_LABEL: Final = 128
IN_NODE: Final = "configsvc-token"
"""Where gRPC without a proxy puts its token: it can send no metadata but its node's."""

_FIRST_REQUEST: Final = 10.0
"""Seconds within which a client says something on its new stream."""


class Service(AggregatedDiscoveryServiceServicer):  # type: ignore[misc]  # generated without types
    """Serves the streams of a gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def StreamAggregatedResources(  # noqa: N802 the protocol's name
        self,
        requests: AsyncIterator[Any],
        context: Any,  # noqa: ANN401 grpc has no types
    ) -> None:
        """State of the world."""
        await self._serve(requests, context, WHOLE)

    async def DeltaAggregatedResources(  # noqa: N802 the protocol's name
        self,
        requests: AsyncIterator[Any],
        context: Any,  # noqa: ANN401 grpc has no types
    ) -> None:
        """Differences."""
        await self._serve(requests, context, DELTA)

    async def _serve(self, requests: AsyncIterator[Any], context: Any, form: Form) -> None:  # noqa: ANN401
        token = _bearer(context)
        identity = None if token is None else await self._admit(context, token)
        try:
            first = await asyncio.wait_for(anext(requests), _FIRST_REQUEST)
        except (StopAsyncIteration, TimeoutError):
            return  # a stream that says nothing
        if token is None or identity is None:
            token = _in_node(first.node)
            identity = await self._admit(context, token)
        client = Client(identity, _label(first.node, context), _program(first.node), token)
        await self._converse(client, first, requests, context, form)

    async def _converse(
        self,
        client: Client,
        first: Any,  # noqa: ANN401 grpc has no types
        requests: AsyncIterator[Any],
        context: Any,  # noqa: ANN401 as above
        form: Form,
    ) -> None:
        session = await self._gate.open(client, delta=form.delta)
        reader = asyncio.create_task(_read(session, form, first, requests))
        try:
            while (response := await session.next()) is not None:
                await context.write(form.write(response))
                self._gate.pushed()
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
            self._gate.close(session)
        if session.cut:
            await context.abort(grpc.StatusCode.ABORTED, session.cut)

    async def _admit(self, context: Any, token: str) -> tuple[str, str]:  # noqa: ANN401 as above
        if not token:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, _NO_TOKEN)
        try:
            return await self._gate.admit(token)
        except UnauthenticatedError as exc:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(exc))
        except ConfigsvcError as exc:
            await context.abort(grpc.StatusCode.UNAVAILABLE, f"the store does not answer: {exc}")
        raise AssertionError  # abort does not return


_NO_TOKEN: Final = (
    "send the client's token as metadata 'authorization: Bearer TOKEN', or, from a gRPC client "
    f"without a proxy, as {IN_NODE!r} in the metadata of 'node' in its bootstrap"
)


def _bearer(context: Any) -> str | None:  # noqa: ANN401 as above
    """The token in the stream's metadata; None if there is none."""
    metadata = {key.lower(): value for key, value in context.invocation_metadata()}
    scheme, _, token = str(metadata.get("authorization", "")).partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _in_node(node: Any) -> str:  # noqa: ANN401 as above
    """The token of a client that can add no metadata of its own; empty if there is none."""
    fields = node.metadata.fields
    return str(fields[IN_NODE].string_value) if IN_NODE in fields else ""


async def _read(session: Session, form: Form, first: Any, requests: AsyncIterator[Any]) -> None:  # noqa: ANN401 as above
    """Take requests until the client has no more; then its stream ends."""
    try:
        session.take(form.read(first))
        async for message in requests:
            session.take(form.read(message))
        session.end("")
    except TooMuchError as exc:
        session.end(str(exc))
    except Exception:  # noqa: BLE001 the client is told, whatever it was
        _log.exception("a stream failed")
        session.end("the server cannot read this request")


def _label(node: Any, context: Any) -> str:  # noqa: ANN401 as above
    """What the client calls itself: for people, and no proof of anything."""
    text = _UNUSABLE.sub("-", node.id or str(context.peer()))[:_MAX_LABEL]
    return text or "unnamed"


def _program(node: Any) -> str:  # noqa: ANN401 as above
    version = node.user_agent_build_version.version
    number = f"{version.major_number}.{version.minor_number}.{version.patch}"
    if node.HasField("user_agent_build_version"):
        return f"{node.user_agent_name} {number}"[:_MAX_LABEL]
    return f"{node.user_agent_name} {node.user_agent_version}"[:_MAX_LABEL]
