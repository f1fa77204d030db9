"""xDS between one Envoy and the server, over whatever stream to the server there is at the time."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final

import grpc
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.service.discovery.v3.ads_pb2_grpc import (
    AggregatedDiscoveryServiceServicer,
    AggregatedDiscoveryServiceStub,
)

from configsvc.errors import InputError
from configsvc.gateway.conversation import Conversation, Outcome
from configsvc.gateway.last_good import LastGood
from configsvc.gateway.options import GatewayOptions

_log = logging.getLogger("configsvc.gateway")

_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 10.0
_SAVE_AFTER: Final = 0.2
_LISTENERS: Final = f"type.googleapis.com/{Listener.DESCRIPTOR.full_name}"

_CHANNEL: Final = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


class Relay(AggregatedDiscoveryServiceServicer):  # type: ignore[misc]  # generated without types
    """Serves Envoys of this replica; two while one hands over to its successor.

    Args:
        options: where the server is.
        last_good: what to answer with at once.
        listening: called with the names of the listeners that Envoy has, when they change.
    """

    def __init__(
        self,
        options: GatewayOptions,
        last_good: LastGood,
        listening: Callable[[frozenset[str]], None],
    ) -> None:
        self._options = options
        self._last_good = last_good
        self._listening = listening
        self._saving: asyncio.TimerHandle | None = None

    async def DeltaAggregatedResources(  # noqa: N802 the protocol's name
        self,
        requests: AsyncIterator[Any],
        context: Any,  # noqa: ANN401 grpc has no types
    ) -> None:
        """Serve one Envoy for as long as it lives."""
        line = _Line(self._options, Conversation(self._last_good), context.write)
        calling = asyncio.create_task(line.keep_calling())
        try:
            async for request in requests:
                self._note(line, await line.heard(request))
        except asyncio.CancelledError:
            return  # Envoy has ended, or is about to
        finally:
            calling.cancel()
            with suppress(asyncio.CancelledError):
                await calling

    def _note(self, line: "_Line", outcome: Outcome | None) -> None:
        if outcome is None:
            return
        if outcome.reason is not None:
            _log.error(
                "Envoy refuses %s: %s; the last good configuration stays in force",
                ", ".join(outcome.names) or "what it was sent",
                outcome.reason,
            )
            return
        self._listening(line.conversation.held(_LISTENERS))
        if self._saving is None:
            loop = asyncio.get_running_loop()
            self._saving = loop.call_later(_SAVE_AFTER, self.save)

    def save(self) -> None:
        """Write the last good configuration, if there is something new to write."""
        if self._saving is None:
            return
        self._saving.cancel()
        self._saving = None
        try:
            self._last_good.save()
        except OSError as exc:
            _log.error("the last good configuration cannot be written: %s", exc)


class _Line:
    """One Envoy's line to the server: called again whenever it breaks."""

    def __init__(
        self, options: GatewayOptions, conversation: Conversation, write: Callable[[Any], Any]
    ) -> None:
        self.conversation = conversation
        self._options = options
        self._write = write
        self._writing = asyncio.Lock()
        self._outbox: asyncio.Queue[Any] | None = None
        self._failures = 0

    async def heard(self, request: Any) -> Outcome | None:  # noqa: ANN401 grpc has no types
        """Take a request of Envoy, answer it as far as that is possible here, and pass it on."""
        outcome = self.conversation.heard(request)
        await self._answer(self.conversation.from_last_good(request.type_url))
        message = self.conversation.to_server(request) if self._outbox is not None else None
        if self._outbox is not None and message is not None:
            self._outbox.put_nowait(message)
        return outcome

    async def keep_calling(self) -> None:
        """Call the server until cancelled."""
        while True:
            try:
                await self._converse()
            except grpc.RpcError as exc:
                self._report(exc.code().name.lower().replace("_", " "), exc.details())
            except (InputError, OSError) as exc:
                self._report("error", str(exc))
            finally:
                self._outbox = None
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(self._failures, 10))
            self._failures += 1
            await asyncio.sleep(longest * (0.5 + random.random() / 2))  # noqa: S311 spreads tries

    async def _converse(self) -> None:
        token = await asyncio.to_thread(self._options.token)
        async with _channel(self._options) as channel:
            stub = AggregatedDiscoveryServiceStub(channel)
            call = stub.DeltaAggregatedResources(metadata=(("authorization", f"Bearer {token}"),))
            sending = asyncio.create_task(self._keep_sending(call))
            try:
                async for response in call:
                    self._failures = 0
                    await self._answer(self.conversation.from_server(response))
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        _log.warning("the server ended the stream: calling again")

    async def _keep_sending(self, call: Any) -> None:  # noqa: ANN401 grpc has no types
        """One message after the other, the introduction first."""
        outbox: asyncio.Queue[Any] = asyncio.Queue()
        for message in self.conversation.introduction():
            outbox.put_nowait(message)
        self._outbox = outbox
        while True:
            await call.write(await outbox.get())

    async def _answer(self, response: Any) -> None:  # noqa: ANN401 grpc has no types
        if response is not None:
            async with self._writing:
                await self._write(response)

    def _report(self, what: str, detail: str) -> None:
        level = logging.ERROR if what in {"unauthenticated", "error"} else logging.WARNING
        if self._failures in {0, 5} or level == logging.ERROR:
            _log.log(
                level, "no stream to %s (%s: %s): going on with the configuration at hand",
                self._options.server, what, detail,
            )  # fmt: skip


def _channel(options: GatewayOptions) -> Any:  # noqa: ANN401 grpc has no types
    if options.ca is None:
        return grpc.aio.insecure_channel(options.server, options=_CHANNEL)
    credentials = grpc.ssl_channel_credentials(options.ca.read_bytes())
    return grpc.aio.secure_channel(options.server, credentials, options=_CHANNEL)
