"""What a guarded call costs, beside the usual Python stacks and a bare call.

    python -m benchmarks.engine.overhead [--rounds 40] [--calls 2000]

All policies are on for ours (overall deadline, attempt limit, retry with budget, breaker with slow
calls, rate limit, bulkhead), on a guard alone and through an agent that lives from a file; the
peers are given what they have of it. Candidates take turns round by round in one process, by the
processor time of their thread, so that a busy machine is busy for all of them. Printed are the
median of the rounds, the fastest round, and the median's ratio to our guard. Peers are installed
into an environment of their own; without a registry they are left out.
"""

import argparse
import asyncio
import gc
import importlib
import json
import statistics
import threading
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from benchmarks.engine.peers import move_there
from configsvc_agent import Agent
from configsvc_agent.drivers import Guard, monotonic
from configsvc_agent.engine import CallPolicy, Edge, Machines
from configsvc_agent.engine.policy import (
    Backoff,
    Bulkhead,
    CircuitBreaker,
    RateLimit,
    Retry,
    RetryBudget,
    SlowCall,
    Timeout,
    Window,
)
from configsvc_agent.testing import bundle
from configsvc_agent.values import replace

PPM = SECOND = 1_000_000
FAILURES = frozenset({"connect", "refused", "reset", "timeout", "5xx"})
EDGE = Edge("player-engine", "score-engine", "get-score")
OURS = "configsvc guard"

ON_THE_WIRE: dict[str, Any] = {
    "timeout": {"connect": SECOND, "attempt": SECOND, "overall": 3 * SECOND},
    "retry": {
        "attempts": 3,
        "retryOn": sorted(FAILURES),
        "backoff": {"base": 100_000, "multiplier": 2 * PPM, "max": SECOND, "jitter": "full"},
        "budget": {"ratio": PPM // 5, "minPerSecond": 10, "scope": "pair"},
        "retryAfter": {"honour": True, "max": SECOND},
        "otherInstance": False,
        "nonIdempotent": "never",
    },
    "breaker": {
        "window": {"kind": "count", "size": 100},
        "minimumCalls": 20,
        "failureRate": PPM // 2,
        "slowCall": {"above": SECOND * 4 // 5, "rate": PPM // 2},
        "record": sorted(FAILURES),
        "ignore": [],
        "openFor": 10 * SECOND,
        "halfOpen": {"probes": 3},
        "scope": "pair",
    },
    "bulkhead": {"maxConcurrent": 64, "queue": 16, "maxWait": 100_000, "scope": "pair"},
    "rateLimit": {
        "limit": 1_000_000,
        "period": SECOND,
        "burst": 1_000_000,
        "maxWait": 0,
        "scope": "pair",
    },
}
"""What :func:`policy` is in a bundle."""

Candidates = dict[str, Callable[[], object]]
AsyncCandidates = dict[str, Callable[[], Awaitable[object]]]


def policy(kind: str = "count", size: int = 100) -> CallPolicy:
    """All policies on, none of them in the way."""
    return CallPolicy(
        timeout=Timeout(connect=SECOND, attempt=SECOND, overall=3 * SECOND),
        retry=Retry(3, FAILURES, Backoff(100_000), RetryBudget(PPM // 5, 10)),
        breaker=CircuitBreaker(
            Window(kind, size),  # type: ignore[arg-type]
            minimum_calls=20,
            failure_rate=PPM // 2,
            record=FAILURES,
            open_for=10 * SECOND,
            slow_call=SlowCall(SECOND * 4 // 5, PPM // 2),
        ),
        bulkhead=Bulkhead(64, queue=16, max_wait=100_000),
        rate_limit=RateLimit(1_000_000, SECOND),
        idempotent=True,
    )


def guard(rules: CallPolicy | None = None) -> Guard:
    """An edge of its own."""
    return Guard(Machines({EDGE: rules or policy()}, lock=threading.Lock), EDGE)


def agent_from_file(directory: Path) -> Agent:
    """An agent whose edge has the policies of :func:`policy`, from an override file."""
    given = bundle("player-engine", {"score-engine": {"get-score": {"policy": ON_THE_WIRE}}})
    given["outbound"][0]["operations"][0]["idempotent"] = True
    path = directory / "override.json"
    path.write_text(json.dumps(given))
    made = Agent("player-engine", override_file=path, cache_dir="none").start()
    if not made.wait_ready(10) or made.bundle.policy("score-engine", "get-score").retry is None:
        raise SystemExit(f"the agent does not obey {path}: {made.status()}")
    return made


def peer(name: str) -> ModuleType | None:
    """An installed library, or nothing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def work() -> int:
    """What is guarded."""
    return 1


async def awork() -> int:
    """What is guarded."""
    return 1


def sync_candidates(own: Agent) -> Candidates:
    """Each way to call ``work``."""
    count, timed = guard(), guard(policy("time", 10 * SECOND))
    found: Candidates = {
        "bare call": work,
        OURS: lambda: count.call(work),
        "  handed its attempt": lambda: count.run(lambda _attempt: 1),
        "  with a time window": lambda: timed.call(work),
        "agent.call": lambda: own.call("score-engine", "get-score", work),
    }
    tenacity, pybreaker = peer("tenacity"), peer("pybreaker")
    if tenacity and pybreaker:
        breaker = pybreaker.CircuitBreaker(fail_max=20, reset_timeout=10)
        stop = tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(3)
        wait = tenacity.wait_random_exponential(0.1)
        found["tenacity + pybreaker"] = tenacity.retry(stop=stop, wait=wait)(breaker(work))
    stamina, circuitbreaker = peer("stamina"), peer("circuitbreaker")
    if stamina and circuitbreaker:
        broken = circuitbreaker.CircuitBreaker(20, 10, name="sync")(work)
        found["stamina + circuitbreaker"] = stamina.retry(on=OSError, attempts=3, timeout=3)(broken)
    return found


def async_candidates(agent: Agent) -> AsyncCandidates:
    """Each way to await ``awork``."""
    own = guard()
    found: AsyncCandidates = {
        "bare call": awork,
        OURS: lambda: own.acall(awork),
        "agent.acall": lambda: agent.acall("score-engine", "get-score", awork),
    }
    tenacity, circuitbreaker = peer("tenacity"), peer("circuitbreaker")
    if tenacity and circuitbreaker:
        broken = circuitbreaker.CircuitBreaker(20, 10, name="tenacity")(awork)
        stop = tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(3)
        found["tenacity + circuitbreaker"] = tenacity.retry(stop=stop)(broken)
    stamina = peer("stamina")
    if stamina and circuitbreaker:
        broken = circuitbreaker.CircuitBreaker(20, 10, name="stamina")(awork)
        found["stamina + circuitbreaker"] = stamina.retry(on=OSError, attempts=3, timeout=3)(broken)
    hyx = hyx_stack()
    if hyx:
        found["hyx, all four"] = hyx
    return found


def hyx_stack() -> Callable[[], Awaitable[object]] | None:
    """Retry( breaker( bulkhead( timeout( call )))) of hyx."""
    if not peer("hyx"):
        return None
    breaker = importlib.import_module("hyx.circuitbreaker").consecutive_breaker(OSError, 20, 10)
    bulkhead = importlib.import_module("hyx.bulkhead").bulkhead(64, 80)
    timeout = importlib.import_module("hyx.timeout").timeout(1.0)
    retry = importlib.import_module("hyx.retry").retry(on=OSError, attempts=3)
    stack: Callable[[], Awaitable[object]] = retry(breaker(bulkhead(timeout(awork))))
    return stack


def measure(candidates: Candidates, rounds: int, calls: int) -> dict[str, list[float]]:
    """Microseconds of this thread per call, round by round: what others take is left out."""
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            began = time.thread_time_ns()
            for _ in range(calls):
                call()
            taken[name].append((time.thread_time_ns() - began) / calls / 1000)
    return taken


async def ameasure(agent: Agent, rounds: int, calls: int) -> dict[str, list[float]]:
    """As :func:`measure`; made inside the loop, because some ask for it at once."""
    candidates = async_candidates(agent)
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            began = time.thread_time_ns()
            for _ in range(calls):
                await call()
            taken[name].append((time.thread_time_ns() - began) / calls / 1000)
    return taken


def show(title: str, taken: dict[str, list[float]]) -> None:
    """One table."""
    ours = statistics.median(taken[OURS])
    print(f"\n{title:<28} {'median us':>10} {'fastest us':>11} {'ratio to ours':>14}")
    for name, rounds in taken.items():
        middle = statistics.median(rounds)
        print(f"  {name:<26} {middle:>10.2f} {min(rounds):>11.2f} {middle / ours:>14.2f}")


WORK = 0.2
"""Seconds that a call lasts where many are made at once."""


def together() -> None:
    """Calls of 0.2 s at the same time: as long as one lasts, if none waits for another."""
    print(f"\nat once, {WORK} s each: seconds from the first to the last")
    print(f"  {'8 threads':<26} {OURS} {_threads(guard().call, 8):.3f}")
    print(f"  {'1,000 tasks':<26} {OURS} {asyncio.run(_tasks(guard(roomy()).acall, 1000)):.3f}")
    bare = asyncio.run(_tasks(lambda fn, *given: fn(*given), 1000))
    print(f"  {'':<26} bare calls {bare:.3f}")
    pybreaker = peer("pybreaker")
    if pybreaker:
        taken = _threads(pybreaker.CircuitBreaker().call, 8)
        print(f"  {'8 threads':<26} pybreaker {taken:.3f}")


def roomy() -> CallPolicy:
    """All policies on, with room for a thousand at once."""
    return replace(policy(), bulkhead=Bulkhead(1000))


def _threads(call: Callable[..., object], count: int) -> float:
    """Seconds that ``count`` threads take for one call each."""
    threads = [threading.Thread(target=call, args=(time.sleep, WORK)) for _ in range(count)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


async def _tasks(call: Callable[..., Awaitable[object]], count: int) -> float:
    """Seconds that ``count`` tasks take for one call each."""
    began = time.perf_counter()
    await asyncio.gather(*(call(asyncio.sleep, WORK) for _ in range(count)))
    return time.perf_counter() - began


def reload(edges: int = 10_000, times: int = 5) -> None:
    """The longest call while the policies of all edges are replaced, and when nothing is."""
    every = [Edge("player-engine", f"callee-{number}", "get") for number in range(edges)]
    variants = [{edge: policy(size=size) for edge in every} for size in (100, 200)]
    machines = Machines(variants[0], lock=threading.Lock)
    guards = [Guard(machines, edge) for edge in every]
    gc.collect()
    gc.freeze()  # the collector's passes over 10,000 edges are not what is asked
    longest = {"quiet": 0.0, "reloading": 0.0}
    phase, stop = "quiet", threading.Event()

    def caller() -> None:
        while not stop.is_set():
            for each in guards[::97]:
                began = time.perf_counter()
                each.call(work)
                took = time.perf_counter() - began
                longest[phase] = max(longest[phase], took)

    thread = threading.Thread(target=caller)
    thread.start()
    time.sleep(0.5)
    phase = "reloading"
    began = time.perf_counter()
    for turn in range(times):
        machines.install(variants[(turn + 1) % 2], monotonic())
    took = (time.perf_counter() - began) / times
    stop.set()
    thread.join()
    gc.unfreeze()
    print(f"\n{edges} edges, all called before, replaced while one thread calls:")
    print(f"  a replacement takes {took * 1000:.0f} ms")
    for name, seconds in longest.items():
        print(f"  longest call while {name:<10} {seconds * 1000:>8.2f} ms")


def memory(edges: int = 1000) -> None:
    """Bytes per edge with all machines made."""
    every = [Edge("player-engine", f"callee-{number}", "get") for number in range(edges)]
    shared = policy()
    policies = dict.fromkeys(every, shared)
    gc.collect()
    tracemalloc.start()
    machines = Machines(policies, lock=threading.Lock)
    guards = [Guard(machines, edge) for edge in every]
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] / edges
    tracemalloc.stop()
    print(f"\nmemory per edge, all machines made: {size:.0f} bytes ({len(guards)} edges)")


def run(rounds: int = 40, calls: int = 2000) -> None:
    """Measure and print."""
    with TemporaryDirectory() as directory, agent_from_file(Path(directory)) as own:
        show("sync, successful call", measure(sync_candidates(own), rounds, calls))
        show("asyncio, successful call", asyncio.run(ameasure(own, rounds, calls)))
    together()
    memory()
    reload()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--calls", type=int, default=2000)
    given = parser.parse_args()
    move_there("benchmarks.engine.overhead")
    run(given.rounds, given.calls)
