"""What endpoints need of the process that they live in."""

import logging
from collections.abc import Coroutine
from typing import Any, Protocol

from configsvc.agentgate.capacity import Connections
from configsvc.agentgate.counters import Counters
from configsvc.agentgate.doorkeeper import Doorkeeper
from configsvc.agentgate.exchange import Exchange
from configsvc.agentgate.http import ProblemError, failed
from configsvc.agentgate.hub import Hub
from configsvc.agentgate.reports import Reported
from configsvc.agentgate.streams import AgentStream, Surroundings
from configsvc.push import Held, Offer

_log = logging.getLogger("configsvc.agentgate")


class Process(Surroundings, Protocol):
    """What the endpoints need of the process they live in."""

    hub: Hub
    doorkeeper: Doorkeeper
    counters: Counters
    connections: Connections
    pid: int
    owner: str
    """Begins every session of this process, and tells it from all others."""

    def refusal(self) -> ProblemError | None:
        """Why no request can be answered at present, if so."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something to its end beside everything else."""

    async def look_up(self, token_id: str) -> None:
        """Ask the store for a token's record."""

    async def bundle(self, digest: str) -> bytes:
        """The bytes of a bundle, from memory or from the store."""

    def opened(self, stream: AgentStream, held: Held | None, offer: Offer) -> None:
        """Take note of a stream."""

    def started(self, stream: AgentStream, offer: Offer) -> None:
        """Tell a stream that can be written to of the instances that it needs."""

    def report(self, reported: Reported) -> None:
        """Take a report of an agent with a stream here, or without any."""

    async def instances(self, namespace: str, digest: str) -> bytes:
        """The instances of all whom a bundle calls, as JSON."""

    async def forward(self, pid: int, report: bytes) -> int:
        """Hand a report to another process of this node; return the status it answers with."""


def answer_later(process: Process, exchange: Exchange, work: Coroutine[Any, Any, None]) -> None:
    """Have something that takes time answer; if it fails, that is the answer."""

    async def run() -> None:
        try:
            await work
        except ProblemError as problem:
            process.counters.add("requests_refused")
            exchange.respond(problem.response())
        except Exception:  # noqa: BLE001 whoever asked must not wait for ever
            _log.exception("a request failed", extra={"path": exchange.request.path})
            exchange.respond(failed().response())

    process.spawn(run())
