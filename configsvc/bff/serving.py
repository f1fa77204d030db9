"""Serving a Bff: its agent, and uvicorn in front of the application."""

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from configsvc.errors import OperationError

READY_WITHIN: Final = 5.0
"""Seconds for which a start waits for the server's bundle; then it serves what it has."""

MAX_CONCURRENT: Final = 1_000
"""Requests served at once; more are shed."""


class MissingExtraError(OperationError):
    """What serves a Bff is not installed."""

    def __init__(self, package: str | None) -> None:
        super().__init__(f"{package} is not installed: pip install 'configsvc[bff]'")


@dataclass(frozen=True, slots=True)
class BffOptions:
    """How a Bff is served. The agent takes the rest from its ``CONFIGSVC_*`` variables.

    Args:
        name: which Bff of the namespace.
        host: address to listen on.
        port: port to listen on.
        certificate: PEM file of the certificate chain; None for no TLS.
        key: PEM file of its private key.
        register: tell the server where this instance serves.
    """

    name: str
    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    register: bool = False


def run(options: BffOptions, told: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first.

    Args:
        options: which one, and where.
        told: takes lines for whoever started it.

    Raises:
        MissingExtraError: a package of the extra is missing.
    """
    try:
        import uvicorn  # noqa: PLC0415 only who serves a Bff needs it

        from configsvc.bff.app import guarded  # noqa: PLC0415 as uvicorn
        from configsvc_agent import Agent  # noqa: PLC0415 as uvicorn
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name) from error
    with Agent(options.name) as agent:
        if not agent.wait_ready(READY_WITHIN):
            told(f"the agent is {agent.state}: {agent.status().reason}; serving what it has")
        if options.register:
            agent.register(port=options.port)
        for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn sends them again when it has ended
            signal.signal(number, lambda *_: None)
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every call, query and all
        told(f"serving {options.name} on {options.host}:{options.port}")
        uvicorn.run(
            guarded(agent, max_concurrent=MAX_CONCURRENT),
            host=options.host,
            port=options.port,
            ssl_certfile=options.certificate,
            ssl_keyfile=options.key,
            log_config=None,
            access_log=False,  # requests are logged by the gateway, without their queries
            server_header=False,
            timeout_graceful_shutdown=10,
            proxy_headers=False,  # who is in front of it is not to be believed by its word
        )
