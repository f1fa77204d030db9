"""Who is told of which instances, where answers of the store cross with pushes."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, cast

from configsvc.agentgate.callers import Callers
from configsvc.agentgate.exchange import Wire
from configsvc.agentgate.streams import AgentStream, Surroundings
from configsvc.push import Offer
from configsvc.registry import Mirror


def calling(callee: str) -> bytes:
    """A bundle that calls one service, at an instance of its choice."""
    return json.dumps({"outbound": [{"callee": callee, "discovery": {"mode": "client"}}]}).encode()


def open_stream(offer: Offer) -> AgentStream:
    """A stream whose agent should hold something; what is written to it goes nowhere."""
    around = SimpleNamespace(
        heartbeat=1,
        random=lambda: 0.5,
        loop=SimpleNamespace(call_later=lambda *_: None),
        in_force=lambda _: SimpleNamespace(offer=lambda *_: offer),
        event=lambda *_, **__: b"",
        pushed=lambda *_: None,
    )
    identity = ("prod", "player-engine", "one")
    stream = AgentStream(identity, "s", "token", None, cast("Surroundings", around), {})
    stream.start(cast("Wire", SimpleNamespace(write=lambda _: None)))
    return stream


def test_bundle_read_too_late_does_not_displace_a_newer_one() -> None:
    """Of two bundles the one that is wanted counts, whichever was read last."""

    async def scenario(spawn: Callable[[Coroutine[Any, Any, None]], None]) -> AgentStream:
        former, newer = (Offer("e", n, f"d{n}", n, n) for n in (1, 2))
        read = asyncio.Event()

        async def bundle(digest: str) -> bytes:
            if digest == former.digest:
                await read.wait()
                return calling("match-engine")
            return calling("score-engine")

        stream = open_stream(former)
        callers = Callers(Mirror(), bundle, spawn, lambda *_: None)
        callers.want([stream], former.digest)
        await asyncio.sleep(0)
        stream.take(newer)
        callers.want([stream], newer.digest)
        await asyncio.sleep(0)
        read.set()
        return stream

    async def whole() -> None:
        async with asyncio.TaskGroup() as tasks:
            stream = await scenario(lambda work: cast("None", tasks.create_task(work)))
        assert stream.callees == {"score-engine"}

    asyncio.run(whole())
