"""The Envoy-facing transport: aggregated xDS v3 over gRPC. Needs the extra ``gateway``."""

from configsvc.xdsgate.options import XdsSettings
from configsvc.xdsgate.process import serve

__all__ = ["XdsSettings", "serve"]
