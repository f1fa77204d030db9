"""Where a gateway listens, and what every request passes there."""

from collections.abc import Sequence

from envoy.config.listener.v3.listener_pb2 import Listener as ListenerMessage
from envoy.extensions.access_loggers.stream.v3.stream_pb2 import StdoutAccessLog
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2 as manager,
)
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext

from configsvc.envoy.clusters import socket_address
from configsvc.envoy.messages import YES, Resource, Tree, duration, extension, resource, wrapped
from configsvc.model.quantities import SECOND
from configsvc.model.routing import Gateway, Listener

_BUFFER = 32 << 10
"""Bytes of a connection that Envoy keeps while the other side is slow."""

_HEADERS_IN = 10 * SECOND
_IDLE = 300 * SECOND
_STREAMS = 100
_WINDOW = 64 << 10

_LOG_FIELDS = {
    "time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ:ORIG_OR_PATH)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "milliseconds": "%DURATION%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "route": "%ROUTE_NAME%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "instance": "%UPSTREAM_HOST%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "host": "%REQ(:AUTHORITY)%",
    "user_agent": "%REQ(USER-AGENT)%",
}
"""What the log of requests says. Neither a token nor a query, which may hold one, is in it."""


def listener(name: str, gateway: Gateway, at: Listener, filters: Sequence[Tree]) -> Resource:
    """One listener of the gateway ``name``; its routes are asked for under that name."""
    chain: Tree = {"filters": [_manager(name, gateway, filters)]}
    if at.certificate_file is not None:
        chain["transport_socket"] = _tls(at)
    identifier = f"{name}/{at.address}:{at.port}"
    tree = {
        "name": identifier,
        "address": socket_address(at.address, at.port),
        "filter_chains": [chain],
        "per_connection_buffer_limit_bytes": wrapped(_BUFFER),
        # Replicas on one machine share the port, and the one that remains takes what comes.
        "enable_reuse_port": YES,
    }
    return resource(ListenerMessage, identifier, tree)


def _manager(name: str, gateway: Gateway, filters: Sequence[Tree]) -> Tree:
    return extension(
        "envoy.filters.network.http_connection_manager",
        manager.HttpConnectionManager,
        stat_prefix=name,
        rds={
            "route_config_name": name,
            "config_source": {"ads": {}, "resource_api_version": "V3"},
        },
        http_filters=[
            *filters,
            extension("envoy.filters.http.router", Router),
        ],
        access_log=_access_log() if gateway.request_log else [],
        **_EDGE,
    )


_EDGE: Tree = {
    # The peer's own address counts, and what it says of other hops or of our policies does not.
    "use_remote_address": YES,
    "skip_xff_append": False,
    "internal_address_config": {
        "unix_sockets": False,
        "cidr_ranges": [{"address_prefix": "255.255.255.255", "prefix_len": wrapped(32)}],
    },
    "normalize_path": YES,
    "merge_slashes": True,
    "path_with_escaped_slashes_action": "REJECT_REQUEST",
    "common_http_protocol_options": {
        "idle_timeout": duration(_IDLE),
        "headers_with_underscores_action": "REJECT_REQUEST",
    },
    "request_headers_timeout": duration(_HEADERS_IN),
    "stream_idle_timeout": duration(_IDLE),
    "http2_protocol_options": {
        "max_concurrent_streams": wrapped(_STREAMS),
        "initial_stream_window_size": wrapped(_WINDOW),
        "initial_connection_window_size": wrapped(1 << 20),
    },
}
"""How Envoy's own guide wants a proxy at the edge."""


def _access_log() -> list[Tree]:
    log_format = {"json_format": _LOG_FIELDS}
    return [extension("envoy.access_loggers.stdout", StdoutAccessLog, log_format=log_format)]


def _tls(at: Listener) -> Tree:
    certificate = {
        "certificate_chain": {"filename": at.certificate_file},
        "private_key": {"filename": at.key_file},
    }
    common = {
        "tls_certificates": [certificate],
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
    }
    return extension("envoy.transport_sockets.tls", DownstreamTlsContext, common_tls_context=common)
