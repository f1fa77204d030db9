"""The agent plane's process: gunicorn with the agent gate's own worker."""

from functools import partial
from pathlib import Path
from typing import Final

from configsvc.agentgate import app
from configsvc.agentgate.options import AgentGateSettings
from configsvc.settings import Settings
from configsvc.wiring.assembly import open_store

DRAIN: Final = 3.0
"""Seconds that streams get to end when the process is stopped."""

_SECOND: Final = 1_000_000


def serve(settings: Settings, descriptor: int) -> None:
    """Serve agents on a listening socket until SIGTERM or SIGINT; ends the process."""
    gate = AgentGateSettings(
        bind=(f"fd://{descriptor}",),
        run_directory=settings.run,
        processes=settings.agent_processes,
        heartbeat=settings.heartbeat * _SECOND,
        push_rate=settings.push_rate,
        stream_lifetime=settings.stream_lifetime * _SECOND,
        certificate=Path(settings.tls_certificate) if settings.tls else None,
        key=Path(settings.tls_key) if settings.tls else None,
        grace=DRAIN,
        advertised=settings.advertise_agents,
        log_level=settings.log_level,
    )
    app.serve(gate, partial(open_store, settings))
