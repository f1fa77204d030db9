"""What one service's agent needs, verified and compiled: pure, bytes in, a frozen value out."""

from typing import TYPE_CHECKING

from configsvc_agent.bundle._compiled import (
    ANY_OPERATION,
    BUILT_IN,
    Bundle,
    Callee,
    ComposedCall,
    ComposedEndpoint,
    Discovery,
    Inbound,
    InboundOperation,
    Instance,
    Operation,
    OutlierDetection,
    built_in,
)
from configsvc_agent.bundle._matching import PathTree
from configsvc_agent.bundle._templates import Parameters, missing_parameters, read_path, write_path

if TYPE_CHECKING:
    from configsvc_agent.bundle._compile import (
        FORMAT,
        MAX_BUNDLE,
        DigestError,
        compile_bundle,
        digest_of,
    )
    from configsvc_agent.bundle._node import BundleError

__all__ = [
    "ANY_OPERATION",
    "BUILT_IN",
    "FORMAT",
    "MAX_BUNDLE",
    "Bundle",
    "BundleError",
    "Callee",
    "ComposedCall",
    "ComposedEndpoint",
    "DigestError",
    "Discovery",
    "Inbound",
    "InboundOperation",
    "Instance",
    "Operation",
    "OutlierDetection",
    "Parameters",
    "PathTree",
    "built_in",
    "compile_bundle",
    "digest_of",
    "missing_parameters",
    "read_path",
    "write_path",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import what reads bundles when one is there to be read: it needs json and hashlib."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from configsvc_agent.bundle import _compile  # noqa: PLC0415 - see above

        value = getattr(_compile, name)
        globals()[name] = value
        return value
