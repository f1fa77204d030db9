"""A service's tests need no server and no sleep."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from configsvc_agent import BundleError, CallTimeoutError, Change, OpenError, State, current_attempt
from configsvc_agent.testing import Clock, FakeAgent, bundle

RETRY: dict[str, Any] = {
    "attempts": 3,
    "retryOn": ["refused"],
    "backoff": {"base": 2_000_000, "multiplier": 2_000_000, "max": 8_000_000, "jitter": "none"},
    "retryAfter": {"honour": False, "max": 0},
    "otherInstance": False,
    "nonIdempotent": "always",
}
BREAKER: dict[str, Any] = {
    "window": {"kind": "count", "size": 2},
    "minimumCalls": 2,
    "failureRate": 1_000_000,
    "record": ["refused"],
    "ignore": [],
    "openFor": 5_000_000,
    "halfOpen": {"probes": 1},
    "scope": "pair",
}


def refuse() -> None:
    """What a callee that is down does."""
    raise ConnectionRefusedError("nobody listens")


def make(clock: Clock, **policy: Any) -> FakeAgent:  # noqa: ANN401  JSON
    """An agent of the player engine with one operation under ``policy``."""
    given = bundle("player-engine", {"score-engine": {"get-score": policy}})
    return FakeAgent("player-engine", given, clock=clock)


def test_back_off_takes_no_time() -> None:
    """Waits are noted and passed at once."""
    clock = Clock()
    agent = make(clock, retry=RETRY)
    began = time.monotonic()

    with pytest.raises(ConnectionRefusedError):
        agent.call("score-engine", "get-score", refuse)

    assert clock.slept == [2.0, 4.0]
    assert agent.attempts("score-engine", "get-score") == 3
    assert time.monotonic() - began < 1.0


def test_a_breaker_opens_and_recovers_when_the_clock_is_moved() -> None:
    """Half-open is a matter of the test's time."""
    clock = Clock()
    agent = make(clock, breaker=BREAKER)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            agent.call("score-engine", "get-score", refuse)
    with pytest.raises(OpenError, match="open for another 5s"):
        agent.call("score-engine", "get-score", lambda: 1)

    clock.advance(5.0)

    assert agent.call("score-engine", "get-score", lambda: 1) == 1


def test_asyncio_in_virtual_time() -> None:
    """A minute of a hanging callee passes at once, and is cut where the policy says."""
    clock = Clock()
    agent = make(clock, timeout={"overall": 60_000_000})
    began, start = time.monotonic(), clock.now()

    with pytest.raises(CallTimeoutError):
        clock.run(agent.acall("score-engine", "get-score", lambda: asyncio.sleep(3600)))

    assert clock.now() - start == pytest.approx(60_000_000, abs=10_000)
    assert time.monotonic() - began < 5.0


def test_asyncio_retries_in_virtual_time() -> None:
    """Back-off in an event loop takes no time either."""
    clock = Clock()
    agent = make(clock, retry=RETRY)
    start = clock.now()

    async def refuse_later() -> None:
        await asyncio.sleep(1)
        refuse()

    with pytest.raises(ConnectionRefusedError):
        clock.run(agent.acall("score-engine", "get-score", refuse_later))
    assert clock.now() - start == pytest.approx(9_000_000, abs=10_000)


def test_a_publish_is_a_line() -> None:
    """Another bundle is in force, and the callbacks have heard of it, when install returns."""
    agent = make(Clock(), timeout={"overall": 1_000_000})
    heard: list[Change] = []
    agent.on_change(heard.append)

    agent.install(
        bundle("player-engine", {"score-engine": {"get-score": {"timeout": {"overall": 7}}}})
    )

    attempt = agent.call("score-engine", "get-score", current_attempt)
    assert attempt is not None
    assert attempt.timeout == 7e-6
    assert (heard[0].before.version, heard[0].after.version) == (1, 2)
    assert agent.status().version == 2


def test_what_no_agent_would_take_is_refused() -> None:
    """A fake is as strict as the real one."""
    with pytest.raises(BundleError, match="unknown field"):
        make(Clock(), turbo={})


def test_a_file_of_json(tmp_path: Path) -> None:
    """A bundle that was saved from a server can be used as it is."""
    file = tmp_path / "bundle.json"
    file.write_text(
        '{"format":1,"namespace":"default","service":"a","outbound":[],'
        '"undeclared":{},"inbound":{"operations":[],"other":{}}}'
    )

    assert FakeAgent("a", file).status().version == 1


def test_states_can_be_played() -> None:
    """A service that shows the agent's state can be tested in each of them."""
    agent = FakeAgent("a")
    assert (agent.state, agent.wait_ready(0)) == (State.READY, True)

    agent.set_state(State.STALE, "the server was last heard 50 s ago")

    assert (agent.state, agent.status().reason) == (
        State.STALE,
        "the server was last heard 50 s ago",
    )
    assert not agent.wait_ready(0)


def test_the_same_seed_gives_the_same_waits() -> None:
    """Jitter is drawn from the seed."""
    jittered = RETRY | {"backoff": RETRY["backoff"] | {"jitter": "full"}}
    slept = []
    for _ in range(2):
        clock = Clock()
        agent = make(clock, retry=jittered)
        with pytest.raises(ConnectionRefusedError):
            agent.call("score-engine", "get-score", refuse)
        slept.append(clock.slept)

    assert slept[0] == slept[1]
    assert 0 < slept[0][0] < 2


def test_operations_may_be_matched() -> None:
    """A whole operation can be given, so that requests find it by path."""
    given = bundle(
        "a", {"b": {"get": {"match": {"methods": ["GET"], "path": "/x/{id}"}, "policy": {}}}}
    )
    agent = FakeAgent("a", given)

    found = agent.edge_at("b", 80, "GET", "/x/1")
    assert found is not None
    assert found.edge.operation == "get"
