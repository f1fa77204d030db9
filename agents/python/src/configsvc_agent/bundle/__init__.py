"""What one service's agent needs, verified and compiled: pure, bytes in, a frozen value out."""

from configsvc_agent.bundle._compile import (
    FORMAT,
    MAX_BUNDLE,
    DigestError,
    compile_bundle,
    digest_of,
)
from configsvc_agent.bundle._compiled import (
    ANY_OPERATION,
    BUILT_IN,
    Bundle,
    Callee,
    Discovery,
    Inbound,
    InboundOperation,
    Instance,
    Operation,
    built_in,
)
from configsvc_agent.bundle._matching import PathTree
from configsvc_agent.bundle._node import BundleError

__all__ = [
    "ANY_OPERATION",
    "BUILT_IN",
    "FORMAT",
    "MAX_BUNDLE",
    "Bundle",
    "BundleError",
    "Callee",
    "DigestError",
    "Discovery",
    "Inbound",
    "InboundOperation",
    "Instance",
    "Operation",
    "PathTree",
    "built_in",
    "compile_bundle",
    "digest_of",
]
