"""What can be chosen about the agent-facing processes of a node."""

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from configsvc.errors import InputError
from configsvc.push import HEARTBEAT

_MAX_SOCKET_PATH: Final = 107


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one peer may cost. Sizes are bytes, times seconds.

    Args:
        head: request line and headers together.
        body: body of a request.
        read: time to send a request completely, from its first byte or from the connection's start.
        idle: time between two requests on a connection.
        slow: time for which a peer may leave written bytes unread.
        high_water: unread bytes from which on nothing more is written.
        buffer: unread bytes at which a connection is cut, unless they are of one message alone.
        pipelined: whole requests that may wait for the answer to an earlier one.
        connections: how many at once; None for as many as the open-file limit allows.
    """

    head: int = 16 << 10
    body: int = 64 << 10
    read: float = 10.0
    idle: float = 60.0
    slow: float = 30.0
    high_water: int = 64 << 10
    buffer: int = 4 << 20
    pipelined: int = 8
    connections: int | None = None


@dataclass(frozen=True, slots=True)
class AgentGateSettings:
    """How the agent plane is served.

    Args:
        bind: addresses in gunicorn's form: ``host:port``, ``[::1]:port`` or ``fd://N``.
        run_directory: where each process puts its socket for the operator plane.
        processes: how many serve agents; one per core is the most that helps.
        heartbeat: mean time between two heartbeats to an agent, microseconds.
        push_rate: streams a second that each process tells of a change; 0 for no limit.
        stream_lifetime: mean time after which an agent is told to connect anew, microseconds;
            0 for never.
        node: this node's name, part of the keys it writes; unique among nodes.
        certificate: PEM file of the certificate chain; None for no TLS.
        key: PEM file of its private key.
        grace: seconds that streams get to end when a process is stopped.
        log_level: least severe line that gunicorn writes.
        advertised: where agents reach this node, as it says in the store; empty if it does not.
        limits: bounds on what one peer may cost.
    """

    bind: tuple[str, ...]
    run_directory: Path
    processes: int = 1
    heartbeat: int = HEARTBEAT
    push_rate: int = 0
    stream_lifetime: int = 0
    node: str = field(default_factory=socket.gethostname)
    certificate: Path | None = None
    key: Path | None = None
    grace: float = 5.0
    log_level: str = "info"
    advertised: str = ""
    limits: Limits = field(default_factory=Limits)

    def process_name(self) -> str:
        """The name of the calling process among all that run now, of all nodes."""
        return f"{self.node.replace('/', '-')}-{os.getpid()}"

    def socket_path(self) -> Path:
        """Where the calling process answers the operator plane."""
        return self.run_directory / f"agentgate-{os.getpid()}.sock"

    def check(self) -> None:
        """Do nothing if a process can be served so.

        Raises:
            InputError: the run directory's path is too long for a UNIX socket.
        """
        longest = len(bytes(self.run_directory / "agentgate-4194304.sock"))
        if longest > _MAX_SOCKET_PATH:
            raise InputError(
                f"the run directory {str(self.run_directory)!r} is too long: the paths of sockets "
                f"in it have {longest} bytes, and the system allows {_MAX_SOCKET_PATH}; use a data "
                "directory with a shorter path"
            )
