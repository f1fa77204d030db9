"""Serving the xDS plane: a gRPC server on an event loop, over one store."""

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from random import SystemRandom
from typing import Any, Final

import grpc
from envoy.service.discovery.v3.ads_pb2_grpc import (
    add_AggregatedDiscoveryServiceServicer_to_server as add_to_server,
)

from configsvc.access import Principal, TokenKind
from configsvc.fleet import Convergence
from configsvc.fleet.ack_writer import AckWriter
from configsvc.registry import InstanceReading
from configsvc.store import Clock, Namespaces, Store
from configsvc.store.following import Following
from configsvc.usecases import Tokens, Workspaces
from configsvc.xdsgate.gate import Gate
from configsvc.xdsgate.internal import serve_internally
from configsvc.xdsgate.options import MAX_REQUEST, MAX_STREAMS, XdsSettings
from configsvc.xdsgate.planes import Compiler
from configsvc.xdsgate.presence import Presence
from configsvc.xdsgate.readings import HeadReading, Registrations
from configsvc.xdsgate.service import Service

_log = logging.getLogger("configsvc.xdsgate")

_OPTIONS: Final = (
    ("grpc.so_reuseport", 1),  # the address is kept by the parent, which does not listen on it
    ("grpc.max_receive_message_length", MAX_REQUEST),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


def serve(settings: XdsSettings, store: Store, tokens: Tokens, clock: Clock) -> None:
    """Serve until SIGTERM or SIGINT; must be called in a process's main thread.

    Args:
        settings: how it is served.
        store: opened in this process; closed by the caller.
        tokens: tell whose a token is.
        clock: microseconds since the Unix epoch.
    """
    asyncio.run(_serve(settings, store, tokens, clock))


async def _serve(settings: XdsSettings, store: Store, tokens: Tokens, clock: Clock) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        await running(settings, store, tokens, clock, stack)
        _log.info("serving xDS", extra={"bind": settings.bind})
        await stop.wait()


async def running(
    settings: XdsSettings, store: Store, tokens: Tokens, clock: Clock, stack: AsyncExitStack
) -> Gate:
    """Serve for as long as the stack is open."""
    loop = asyncio.get_running_loop()
    namespaces = Namespaces(store, clock, lambda: secrets.token_hex(8))
    acks = _acks(settings, store, stack)

    def changed(namespace: str) -> None:
        loop.call_soon_threadsafe(gate.changed, namespace)

    def loaded() -> None:
        loop.call_soon_threadsafe(gate.loaded)

    registrations = Registrations(changed, loaded)
    compiler = _compiler(namespaces, registrations, clock)
    presence = Presence(acks.convergence, acks.poke)
    authenticate = partial(_authenticate, tokens)
    gate = Gate(store, compiler, authenticate, clock, presence, settings.verify)
    stack.push_async_callback(acks.finish)
    gate.start()
    stack.push_async_callback(gate.stop)
    for reading in (
        HeadReading(namespaces, changed),
        InstanceReading(store, namespaces.names, registrations.take),
    ):
        following = Following(store, reading, SystemRandom().random)
        following.start()
        stack.push_async_callback(asyncio.to_thread, following.stop)
    path = settings.socket_path()
    stack.callback(path.unlink, missing_ok=True)
    internal = await serve_internally(path, _answers(gate))
    stack.callback(internal.close)
    server = _server(settings, gate)
    await server.start()
    stack.push_async_callback(server.stop, settings.grace)
    return gate


def _acks(settings: XdsSettings, store: Store, stack: AsyncExitStack) -> AckWriter:
    executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="xdsgate-acks"))
    name = f"{settings.node.replace('/', '-')}-xds-{os.getpid()}-{secrets.token_hex(4)}"
    loop = asyncio.get_running_loop()
    return AckWriter(store, name, Convergence(), _nothing, loop, executor)


def _compiler(namespaces: Namespaces, registrations: Registrations, clock: Clock) -> Compiler:
    return Compiler(
        Workspaces(namespaces, ()).at_head,
        lambda head: namespaces.record(head.namespace, head.revision).time,
        registrations.of,
        clock,
    )


def _nothing() -> None:
    """A write that failed is logged, and counted nowhere."""


def _authenticate(tokens: Tokens, text: str) -> Principal:
    return tokens.authenticate(text, TokenKind.AGENT)


def _server(settings: XdsSettings, gate: Gate) -> Any:  # noqa: ANN401 grpc has no types
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=MAX_STREAMS)
    add_to_server(Service(gate), server)
    if settings.certificate is not None and settings.key is not None:
        pair = (settings.key.read_bytes(), settings.certificate.read_bytes())
        server.add_secure_port(settings.bind, grpc.ssl_server_credentials([pair]))
    else:
        server.add_insecure_port(settings.bind)
    return server


def _answers(gate: Gate) -> dict[str, Callable[[Mapping[str, str]], Mapping[str, Any]]]:
    def fleet(query: Mapping[str, str]) -> Mapping[str, Any]:
        rows = gate.presence.roster.rows(query.get("namespace"))
        return {"rows": [row.to_json() for row in rows]}

    return {"/internal/fleet": fleet, "/internal/metrics": lambda _: gate.metrics()}
