"""Running a gateway: an Envoy that is configured through xDS, kept running and fed when alone."""

from configsvc.gateway.binary import EnvoyMissingError, find_envoy
from configsvc.gateway.options import GatewayOptions
from configsvc.gateway.supervisor import run

__all__ = ["EnvoyMissingError", "GatewayOptions", "find_envoy", "run"]
