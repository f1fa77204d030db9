"""How fast callers hear of instances: one killed, one new. The lease's grace is shown apart.

A real node and real processes: an instance is a process with an agent and an HTTP server; the
callers are 1,000 raw streams, and one agent that makes requests; at last it makes them without a
pause while the instances of a service restart.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from benchmarks.node import NAMESPACE, Node
from configsvc_agent import Agent
from configsvc_agent.integrations.httpx import GuardedTransport

GRACE = 2.0
BURST = 50

DOCUMENTS = [
    {
        "apiVersion": "configsvc/v1",
        "kind": "Service",
        "metadata": {"name": "score-engine"},
        "spec": {
            "discovery": {"mode": "client", "lease": {"grace": f"{GRACE:.0f}s"}},
            "operations": [
                {
                    "name": "get",
                    "match": {"methods": ["GET"], "path": "/scores"},
                    "idempotent": True,
                }
            ],
        },
    },
    {
        "apiVersion": "configsvc/v1",
        "kind": "Service",
        "metadata": {"name": "player-engine"},
        "spec": {
            "operations": [{"name": "play", "calls": [{"to": "score-engine", "operation": "get"}]}]
        },
    },
    {
        "apiVersion": "configsvc/v1",
        "kind": "Timeout",
        "metadata": {"name": "all"},
        "spec": {"target": {}, "attempt": "1s", "overall": "2s"},
    },
    {
        "apiVersion": "configsvc/v1",
        "kind": "Retry",
        "metadata": {"name": "to-score-engine"},
        "spec": {
            "target": {"to": "score-engine"},
            "attempts": 3,
            "retryOn": ["connect", "refused", "reset"],
            "backoff": {"base": "5ms", "max": "50ms"},
            "budget": {"ratio": "20%", "minPerSecond": 5},
            "otherInstance": True,
        },
    },
]


class _Serve(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def instance() -> None:
    """Serve, register, and run until standard input is closed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    agent = Agent("score-engine")
    agent.register(port=server.server_address[1])
    began = time.time_ns()
    agent.start()
    if not agent.wait_registered(30):
        raise RuntimeError(f"not registered: {agent.status()}")
    print(json.dumps({"began": began, "registered": time.time_ns()}), flush=True)
    sys.stdin.read()
    agent.stop()


def start_instance(node: Node, token: str) -> tuple[subprocess.Popen[str], dict[str, int]]:
    """A process with an instance, and when it was registered."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.discovery", "--instance"],
        env={**os.environ, **_environment(node, token)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdout is None:
        raise RuntimeError("the instance has no output")
    return process, json.loads(process.stdout.readline())


def _environment(node: Node, token: str) -> dict[str, str]:
    return {
        "CONFIGSVC_URL": f"http://{node.agents}",
        "CONFIGSVC_TOKEN": token,
        "CONFIGSVC_NAMESPACE": NAMESPACE,
        "CONFIGSVC_CACHE_DIR": "none",
    }


class Callers:
    """Raw streams of the player engine; each notes when it heard of the last change."""

    def __init__(self, node: Node, token: str) -> None:
        self._host, _, port = node.agents.rpartition(":")
        self._port = int(port)
        self._token = token
        self.heard: list[int] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self, count: int) -> None:
        """Open the streams."""
        ready = asyncio.Semaphore(0)
        for number in range(count):
            self._tasks.append(asyncio.create_task(self._follow(number, ready)))
            if number % BURST == 0:
                await asyncio.sleep(0.02)
        for _ in range(count):
            await asyncio.wait_for(ready.acquire(), 60)

    async def _follow(self, number: int, ready: asyncio.Semaphore) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=1 << 20)
        query = f"namespace={NAMESPACE}&service=player-engine&instance=caller-{number}"
        writer.write(
            f"GET /v1/agent/stream?{query} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {self._token}\r\n\r\n".encode()
        )
        try:
            await reader.readuntil(b"event: bundle")
            ready.release()
            while True:
                await reader.readuntil(b"event: instances\n")
                self.heard.append(time.time_ns())
        finally:
            writer.close()

    async def all_heard(self, count: int, patience: float = 60) -> list[int]:
        """When each heard of the change."""
        limit = time.monotonic() + patience
        while len(self.heard) < count:
            if time.monotonic() > limit:
                raise RuntimeError(f"only {len(self.heard)} of {count} callers heard of it")
            await asyncio.sleep(0.005)
        heard, self.heard = self.heard, []
        return heard

    async def close(self) -> None:
        """Close the streams."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def kills(node: Node, tokens: dict[str, str], callers: int, times: int) -> None:
    """Start an instance, kill it, and see when all callers have heard of either."""
    streams = Callers(node, tokens["player-engine"])
    await streams.connect(callers)
    new, gone = [], []
    for _ in range(times):
        process, told = await asyncio.to_thread(start_instance, node, tokens["score-engine"])
        heard = await streams.all_heard(callers)
        new.append((max(heard) - told["began"]) / 1e9)
        killed = time.time_ns()
        process.send_signal(signal.SIGKILL)
        heard = await streams.all_heard(callers)
        gone.append((max(heard) - killed) / 1e9)
        process.wait()
        process.communicate()
    await streams.close()
    print(f"  {callers} callers, median of {times}:")
    print(f"  start of an agent to the last caller told of it   {statistics.median(new):7.3f} s")
    print(
        f"  kill -9 to the last caller told of it             {statistics.median(gone):7.3f} s, of "
        f"which {GRACE:.1f} s are the grace"
    )


def first_request(node: Node, tokens: dict[str, str], times: int) -> None:
    """Start an instance for a caller that has none, and see when a request reaches it."""
    taken = []
    environment = _environment(node, tokens["player-engine"])
    with Agent(
        "player-engine",
        url=environment["CONFIGSVC_URL"],
        token=tokens["player-engine"],
        namespace=NAMESPACE,
        cache_dir="none",
    ) as agent:
        agent.wait_ready(10)
        with httpx.Client(transport=GuardedTransport(agent)) as client:
            for _ in range(times):
                process, told = start_instance(node, tokens["score-engine"])
                while agent.balancer("score-engine") is None:
                    time.sleep(0.0005)
                client.get("http://score-engine/scores").raise_for_status()
                taken.append((time.time_ns() - told["began"]) / 1e9)
                process.communicate()  # a clean stop
                while agent.balancer("score-engine") is not None:
                    time.sleep(0.001)
    print(
        f"  start of an agent to the first request answered   {statistics.median(taken):7.3f} s "
        f"(median of {times})"
    )


def restarts(node: Node, tokens: dict[str, str], count: int = 3) -> None:
    """Restart the instances one after another under load, and count what was repeated and lost."""
    environment = _environment(node, tokens["player-engine"])
    running = [start_instance(node, tokens["score-engine"])[0] for _ in range(count)]
    outcomes: Counter[str] = Counter()
    stop = threading.Event()
    with Agent(
        "player-engine",
        url=environment["CONFIGSVC_URL"],
        token=tokens["player-engine"],
        namespace=NAMESPACE,
        cache_dir="none",
    ) as agent:
        agent.wait_ready(10)
        _await_instances(agent, count)

        def load() -> None:
            with httpx.Client(transport=GuardedTransport(agent)) as client:
                while not stop.is_set():
                    outcomes[_outcome(client)] += 1

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for position, process in enumerate(running):
            process.communicate()  # a clean stop
            running[position] = start_instance(node, tokens["score-engine"])[0]
            _await_instances(agent, count)
        stop.set()
        for thread in threads:
            thread.join()
        retried = sum(edge.events.get("retry", 0) for edge in agent.metrics().edges)
    for process in running:
        process.communicate()
    print(
        f"  {count} instances restarted one after another     {outcomes.total():,} requests, "
        f"{retried} repeated, {outcomes['failed']} failed"
    )


def _await_instances(agent: Agent, count: int) -> None:
    while (balancer := agent.balancer("score-engine")) is None or len(balancer.addresses) < count:
        time.sleep(0.002)


def _outcome(client: httpx.Client) -> str:
    try:
        client.get("http://score-engine/scores").raise_for_status()
    except httpx.HTTPError:
        return "failed"
    return "answered"


def main(callers: int, times: int) -> None:
    """Measure and print."""
    with Node() as node:
        node.publish(DOCUMENTS)
        tokens = {each: node.agent_token(each) for each in ("player-engine", "score-engine")}
        asyncio.run(kills(node, tokens, callers, times))
        first_request(node, tokens, times)
        restarts(node, tokens)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--callers", type=int, default=1000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--instance", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.instance:
        instance()
    else:
        main(given.callers, given.times)
