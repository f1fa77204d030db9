"""A peer that speaks the protocol, and agents that are stopped when their test is over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.python.tests.peer import TOKEN, Peer
from configsvc_agent import Agent

MakeAgent = Callable[..., Agent]


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A server without a bundle; heartbeats come only when a test sends them."""
    server = Peer()
    yield server
    server.close()


@pytest.fixture
def make_agent(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeAgent]:
    """Make an agent of ``peer`` with a cache of its own; not started."""
    for variable in ("URL", "TOKEN", "TOKEN_FILE", "NAMESPACE", "CACHE_DIR", "OVERRIDE_FILE"):
        monkeypatch.delenv(f"CONFIGSVC_{variable}", raising=False)
    made: list[Agent] = []

    def make(**options: object) -> Agent:
        given: dict[str, Any] = {
            "url": peer.url,
            "token": TOKEN,
            "namespace": "prod",
            "cache_dir": tmp_path / "cache",
            **options,
        }
        agent = Agent("player-engine", **given)
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.stop(timeout=10.0)
    left = {thread.name for thread in threading.enumerate()}
    assert left.isdisjoint({"configsvc-local", "configsvc-stream", "configsvc-uplink"})
