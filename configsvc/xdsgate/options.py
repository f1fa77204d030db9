"""What can be chosen about the Envoy-facing process of a node, and its bounds."""

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MAX_STREAMS: Final = 2_000
"""Streams at once, one for each Envoy and each gRPC client."""

MAX_NAMES: Final = 20_000
"""Names of one kind that a stream may ask for."""

MAX_NAME: Final = 512
"""Characters of such a name."""

MAX_REQUEST: Final = 4 << 20
"""Bytes of one request; a client that comes back names all that it has."""


@dataclass(frozen=True, slots=True)
class XdsSettings:
    """How the xDS plane is served.

    Args:
        bind: ``host:port``.
        run_directory: where the process puts its socket for the operator plane.
        node: this node's name, part of the keys it writes; unique among nodes.
        certificate: PEM file of the certificate chain; None for no TLS.
        key: PEM file of its private key.
        verify: seconds between two looks whether the tokens of open streams are still good.
        grace: seconds that streams get to end when the process is stopped.
    """

    bind: str
    run_directory: Path
    node: str = field(default_factory=socket.gethostname)
    certificate: Path | None = None
    key: Path | None = None
    verify: float = 5.0
    grace: float = 2.0

    def socket_path(self) -> Path:
        """Where the calling process answers the operator plane."""
        return self.run_directory / f"xdsgate-{os.getpid()}.sock"
