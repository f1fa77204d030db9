"""Each process is an agent of its own, also where it was forked from a started one."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.python.tests.conftest import MakeAgent
from agents.python.tests.peer import PATIENCE, Peer, bundle
from configsvc_agent import Agent, State


def in_child(work: Callable[[], dict[str, Any]], result: Path) -> dict[str, Any]:
    """What ``work`` returns in a forked process, which then ends without any clean-up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is the case
        child = os.fork()
    if child == 0:
        try:
            result.write_text(json.dumps(work()))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    answer: dict[str, Any] = json.loads(result.read_text())
    return answer


def look(agent: Agent) -> dict[str, Any]:
    """What a child finds: a guarded call works, and the agent comes to life by it."""
    value = agent.call("score-engine", "get-score", lambda: 42)
    ready = agent.wait_ready(PATIENCE)
    status = agent.status()
    return {
        "value": value,
        "ready": ready,
        "instance": status.instance,
        "overall": agent.explain("score-engine", "get-score").policy.timeout.overall,
        "calls": dict(agent.metrics().edges[0].calls),
    }


@pytest.mark.conformance("fork-own-instance")
def test_a_started_agent_starts_anew_in_a_child(
    peer: Peer, make_agent: MakeAgent, tmp_path: Path
) -> None:
    """The child has a stream, an instance and figures of its own, and the parent's policies."""
    peer.publish(bundle(overall=5_000_000))
    agent = make_agent().start()
    peer.wait_report("applied", 1)
    agent.call("score-engine", "get-score", lambda: 1)

    found = in_child(lambda: look(agent), tmp_path / "result")

    assert found["value"] == 42
    assert found["ready"]
    assert found["instance"] != agent.status().instance
    assert found["overall"] == 5_000_000
    assert found["calls"] == {"ok": 1}
    assert {stream.instance for stream in peer.streams} == {
        agent.status().instance,
        found["instance"],
    }
    assert agent.state is State.READY


@pytest.mark.conformance("fork-own-instance")
def test_a_child_that_does_not_use_the_agent_opens_no_stream(
    peer: Peer, make_agent: MakeAgent, tmp_path: Path
) -> None:
    """Workers that only compute cost the server nothing."""
    peer.publish(bundle())
    make_agent().start()
    peer.wait_report("applied", 1)

    in_child(dict, tmp_path / "result")

    assert len(peer.streams) == 1


def test_an_agent_made_before_the_fork_is_started_after_it(
    peer: Peer, make_agent: MakeAgent, tmp_path: Path
) -> None:
    """The way that servers with a preloaded application use it."""
    peer.publish(bundle(overall=5_000_000))
    agent = make_agent()

    def work() -> dict[str, Any]:
        agent.start()
        return look(agent)

    assert in_child(work, tmp_path / "result")["overall"] == 5_000_000


@pytest.mark.parametrize("held", ["_keeper", "_outbox"])
def test_locks_that_other_threads_held_do_not_stop_the_child(
    peer: Peer, make_agent: MakeAgent, tmp_path: Path, held: str
) -> None:
    """A fork in the middle of delivery leaves nothing locked behind."""
    peer.publish(bundle())
    agent = make_agent().start()
    peer.wait_report("applied", 1)
    lock = getattr(agent._delivery, held).changed
    with lock, agent._edges._lock, agent._lock:
        found = in_child(lambda: look(agent), tmp_path / "result")

    assert found["ready"]
