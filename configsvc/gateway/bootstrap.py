"""What Envoy is started with: where its supervisor is, and nothing that xDS brings."""

from pathlib import Path
from typing import Any, Final

MAX_CONNECTIONS: Final = 50_000
"""Connections of clients at once; further ones are closed at once."""

CLUSTER: Final = "configsvc"
"""The cluster of the supervisor."""


def bootstrap(node: str, cluster: str, xds: Path, admin: Path) -> dict[str, Any]:
    """Envoy's bootstrap as JSON.

    Args:
        node: the replica's name.
        cluster: the gateway's name.
        xds: the socket on which the supervisor speaks xDS.
        admin: the socket on which Envoy is to answer its supervisor; nobody else reaches it.
    """
    ads = {"ads": {}, "resource_api_version": "V3"}
    return {
        "node": {"id": node, "cluster": cluster},
        "admin": {"address": {"pipe": {"path": str(admin), "mode": 0o600}}},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [{"envoy_grpc": {"cluster_name": CLUSTER}}],
            },
            "cds_config": ads,
            "lds_config": ads,
        },
        "static_resources": {"clusters": [_supervisor(xds)]},
        "overload_manager": {"resource_monitors": [_connections()]},
    }


def _connections() -> dict[str, Any]:
    name = "envoy.resource_monitors.global_downstream_max_connections"
    kind = "envoy.extensions.resource_monitors.downstream_connections.v3"
    return {
        "name": name,
        "typed_config": {
            "@type": f"type.googleapis.com/{kind}.DownstreamConnectionsConfig",
            "max_active_downstream_connections": MAX_CONNECTIONS,
        },
    }


def _supervisor(socket: Path) -> dict[str, Any]:
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    return {
        "name": CLUSTER,
        "type": "STATIC",
        "connect_timeout": "5s",
        "typed_extension_protocol_options": {
            options: {
                "@type": f"type.googleapis.com/{options}",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": CLUSTER,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }
