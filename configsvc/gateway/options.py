"""What can be chosen about one replica of a gateway."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from configsvc.errors import InputError

DRAIN: Final = 5.0
"""Seconds that requests under way get when a gateway stops, or hands over to its successor."""


class StateInUseError(InputError):
    """Two gateways would write one state directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"another gateway runs with the state directory {str(directory)!r}: give this one a "
            "name of its own with --replica"
        )


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """One replica of a gateway.

    Args:
        name: of the Gateway.
        namespace: where it is declared.
        replica: what this replica is called in the fleet view.
        server: ``host:port`` of the xDS plane.
        token_file: file with the gateway's own token.
        state: directory that is this replica's alone; its last good configuration is there.
        envoy: the program.
        ca: PEM file of whoever signed the server's certificate; None for a server without TLS.
        concurrency: threads of Envoy; None for one per core.
        drain: see `DRAIN`.
    """

    name: str
    namespace: str
    replica: str
    server: str
    token_file: Path
    state: Path
    envoy: Path
    ca: Path | None = None
    concurrency: int | None = None
    drain: float = DRAIN

    def token(self) -> str:
        """The token as the file has it now; raises `InputError`."""
        try:
            return self.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise InputError(
                f"the token file {str(self.token_file)!r} cannot be read: {exc}; mint a token with "
                f"'configsvc token create --agent {self.name} --to-file FILE'"
            ) from exc

    def lock(self) -> int:
        """Make the state directory this process's own, as long as the descriptor is open.

        Raises:
            StateInUseError: another process has it.
        """
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(descriptor)
            raise StateInUseError(self.state) from exc
        return descriptor
