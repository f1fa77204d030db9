"""A relay's processes: an agent plane over a copy of its upstream's store."""

import logging
import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from configsvc.agentgate import app
from configsvc.agentgate.options import AgentGateSettings
from configsvc.fleet import ask_nodes
from configsvc.relay import BlobCache, Copy, Follower, Reporter, StateFile, Upstream
from configsvc.settings import Settings
from configsvc.store import Store
from configsvc.store.memory import MemoryStore
from configsvc.wiring.agent_plane import DRAIN
from configsvc.wiring.assembly import now
from configsvc.wiring.listening import listen_agents

_log = logging.getLogger("configsvc.wiring")

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """What a relay is told beyond the settings that it shares with a node.

    Args:
        upstream: URL of the agent plane of a node, or of another relay.
        token_file: holds its token.
        ca_file: who vouches for the upstream; None for the system's authorities.
    """

    upstream: str
    token_file: Path
    ca_file: Path | None


class _FollowedCopy(Copy):
    """A copy that is followed until it is closed."""

    follower: Follower

    def close(self) -> None:
        """See `Store`."""
        self.follower.stop()
        super().close()


def open_copy(settings: Settings, options: RelayOptions) -> Store:
    """Open the copy in this process and begin to follow its upstream."""
    upstream = Upstream(options.upstream, options.token_file, options.ca_file)
    file = StateFile(settings.data / "state")
    blobs = BlobCache(settings.data / "blobs")
    copy = _FollowedCopy(MemoryStore(now), upstream, blobs, file.read())
    followed = partial(_touch, _mark(settings))
    copy.follower = Follower(copy, upstream, file, random.SystemRandom().random, followed)
    copy.follower.start()
    return copy


def serve(settings: Settings, options: RelayOptions) -> None:
    """Serve agents until SIGTERM or SIGINT; ends the process.

    Raises:
        InputError: the upstream, an address or a file cannot be what it should.
        OperationError: the agent plane cannot listen where it should.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    reporter = Reporter(
        Upstream(options.upstream, options.token_file, options.ca_file),
        lambda: ask_nodes(settings.run, None).rows,
        time.monotonic,
        partial(_marked_at, _mark(settings)),
    )
    listener = listen_agents(settings)
    gate = AgentGateSettings(
        bind=(f"fd://{listener.socket.detach()}",),
        run_directory=settings.run,
        processes=settings.agent_processes,
        heartbeat=settings.heartbeat * _SECOND,
        push_rate=settings.push_rate,
        node="relay",
        certificate=Path(settings.tls_certificate) if settings.tls else None,
        key=Path(settings.tls_key) if settings.tls else None,
        grace=DRAIN,
        log_level=settings.log_level,
    )
    threading.Thread(target=_report_when_serving, args=(reporter,), daemon=True).start()
    app.serve(gate, partial(open_copy, settings, options))


def _report_when_serving(reporter: Reporter) -> None:
    """Begin to report once the processes were forked: no thread of it is to be among them."""
    time.sleep(1.0)
    reporter.start()


def _mark(settings: Settings) -> Path:
    """Touched by each process when it follows a new stream: the one that reports has none."""
    return settings.run / "followed"


def _touch(mark: Path) -> None:
    with suppress(OSError):  # a disk without space must not keep news from a site
        mark.touch(0o600)


def _marked_at(mark: Path) -> int:
    try:
        return mark.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
