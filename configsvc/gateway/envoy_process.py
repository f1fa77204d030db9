"""One Envoy: its command, its life, and how it hands over to the next."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from configsvc.gateway.admin import ask, open_requests
from configsvc.gateway.bootstrap import bootstrap
from configsvc.gateway.options import GatewayOptions

_LAUNCH = "configsvc.gateway.launch"


@dataclass(frozen=True, slots=True)
class Launch:
    """How one Envoy is started.

    Args:
        options: of the replica.
        run: directory of its sockets.
        epoch: 0 for one that starts by itself; each that takes over has one more.
    """

    options: GatewayOptions
    run: Path
    epoch: int

    @property
    def admin(self) -> Path:
        """Envoy's administration socket."""
        return self.run / f"admin-{self.epoch}.sock"

    @property
    def xds(self) -> Path:
        """The supervisor's socket."""
        return self.run / "xds.sock"

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; the request log goes to standard output, all else to standard error."""
        options = self.options
        config = self.run / f"bootstrap-{self.epoch}.json"
        tree = bootstrap(options.replica, options.name, self.xds, self.admin)
        config.write_text(json.dumps(tree))
        command = [sys.executable, "-m", _LAUNCH, str(os.getpid()), str(options.envoy)]
        return subprocess.Popen(  # noqa: S603 the program chosen, and our own module
            [*command, "--config-path", str(config), *self._flags()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _flags(self) -> list[str]:
        options = self.options
        drain = max(1, round(options.drain))
        flags = [
            *("--log-level", "warning"),
            *("--log-format", '{"level":"%l","logger":"envoy.%n","message":"%j"}'),
            *("--file-flush-interval-msec", "1000"),
            *("--drain-time-s", str(drain)),
            *("--parent-shutdown-time-s", str(drain + 2)),
            *("--restart-epoch", str(self.epoch)),
            *self._base(),
        ]
        if options.concurrency is not None:
            flags += ["--concurrency", str(options.concurrency)]
        return flags

    def _base(self) -> tuple[str, ...]:
        """The id under which an Envoy and its successor share memory."""
        file = self.run / "base-id"
        if self.epoch == 0:
            file.unlink(missing_ok=True)
            return ("--use-dynamic-base-id", "--base-id-path", str(file))
        return ("--base-id", file.read_text().strip())

    def drain(self) -> None:
        """Have it tell its clients to go elsewhere; what is under way goes on."""
        ask(self.admin, "POST", "/healthcheck/fail")
        ask(self.admin, "POST", "/drain_listeners?graceful")

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return open_requests(self.admin) == 0
