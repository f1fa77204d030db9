"""Commit to applied, side by side: our agent plane, a C server of the same bytes, and three peers.

``python -m benchmarks.distribution [AGENTS ...]`` (1,000 and 10,000 unless told otherwise). Agents
are processes in C with real sockets; each verifies every bundle by its digest and acknowledges it
in a request of its own (the peers have no acknowledgements: theirs is less work). The clock starts
just before our commit, and for the others just before the bundle is handed to the server; so ours
alone includes a durable commit. Rounds alternate between ours and the reference.
"""

import resource
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.distribution.fleet import PER_PROCESS, Fleet, fleet
from benchmarks.distribution.servers import OurPlane, Server, available, ours, peer, reference
from benchmarks.push.__main__ import memory_of, processor_time

SIZES = (2_000, 20_000)
ROUNDS = 7
PEERS = ("redis", "nats", "etcd")


def main(counts: Sequence[int]) -> None:
    """Measure and print."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    print(f"open files a process: {files}; agents a load process: at most {PER_PROCESS}")
    for count in counts:
        processes = -(-count // max(1, files * 9 // 10 - 2_000))
        print(f"\n{count} agents, {processes} of our processes")
        if files < PER_PROCESS:
            print("  not measured: the limit of open files is too low for the load")
            continue
        _compare(count, processes)
        _peers(count)
        if count <= PER_PROCESS:
            _slow_reader(count)
            _storm(count)


def _compare(count: int, processes: int) -> None:
    """Ours and the reference in turn, so that what else the machine does falls on both."""
    for acks in (False, True):
        with ExitStack() as stack:
            servers: list[Server] = [stack.enter_context(ours(processes))]
            servers.append(stack.enter_context(reference(count, processes)))
            before = [memory_of(pid) for pid in servers[0].pids()]
            fleets = [_open(stack, server, count, acks=acks) for server in servers]
            if not acks:
                _memory(servers[0], before, count)
            for size in SIZES:
                _rounds(servers, fleets, size, acks=acks)


def _open(stack: ExitStack, server: Server, count: int, *, acks: bool = False) -> Fleet:
    began = time.monotonic()
    agents = stack.enter_context(
        fleet(server.protocol, server.port, count, token=server.token, acks=acks)
    )
    print(f"  {server.name}: opened in {time.monotonic() - began:.1f} s")
    return agents


def _memory(server: Server, before: Sequence[int], count: int) -> None:
    grown = sum(memory_of(pid) for pid in server.pids()) - sum(before)
    print(f"  {server.name}: {grown / count:.2f} kB resident for each connected agent")


def _rounds(servers: Sequence[Server], fleets: Sequence[Fleet], size: int, *, acks: bool) -> None:
    lasts: dict[str, list[float]] = {server.name: [] for server in servers}
    spans: dict[str, list[float]] = {server.name: [] for server in servers}
    costs: dict[str, list[float]] = {server.name: [] for server in servers}
    for _ in range(ROUNDS):
        for server, agents in zip(servers, fleets, strict=True):
            used = sum(processor_time(pid) for pid in server.pids())
            times = _push(server, agents, size)
            used = sum(processor_time(pid) for pid in server.pids()) - used
            lasts[server.name].append(times[-1])
            spans[server.name].append(times[-1] - times[0])
            costs[server.name].append(used / len(times))
            if acks:
                agents.await_acknowledged()
    label = f"{size // 1000} kB{', with acknowledgements' if acks else ''}"
    base = servers[-1].name
    for server in servers:
        whole, fan_out = (_ratio(each, base, server.name) for each in (lasts, spans))
        compared = f"  rate {whole:.2f}, {fan_out:.2f} from the first agent on" * (len(servers) > 1)
        print(
            f"  {label:<28} {server.name:<18} last {statistics.median(lasts[server.name]):8.1f} ms"
            f"  {statistics.median(costs[server.name]):5.1f} us of processor each{compared}"
        )


def _ratio(times: dict[str, list[float]], base: str, name: str) -> float:
    """How much of the other's rate a server reaches, the median of rounds side by side."""
    return statistics.median(b / o for b, o in zip(times[base], times[name], strict=True))


def _push(server: Server, agents: Fleet, size: int) -> list[float]:
    """Milliseconds from the beginning of a change to each agent."""
    began = server.publish(size)
    return [(at - began) / 1e6 for at in agents.await_applied().times]


def _peers(count: int) -> None:
    for name in PEERS:
        reason = available(name) or ("one process of it" if count > PER_PROCESS else "")
        if reason:
            print(f"  {name}: not measured: {reason}")
            continue
        try:
            with ExitStack() as stack:
                server = stack.enter_context(peer(name))
                agents = _open(stack, server, count)
                for size in SIZES:
                    _rounds([server], [agents], size, acks=False)
        except RuntimeError as failure:
            print(f"  {name}: {failure}")


def _slow_reader(count: int) -> None:
    """One agent that reads nothing: what the others see of it."""
    with ExitStack() as stack:
        plane = stack.enter_context(ours())
        agents = _open(stack, plane, count)
        without = [_p99(_push(plane, agents, 20_000)) for _ in range(ROUNDS)]
        stack.enter_context(
            fleet(plane.protocol, plane.port, 1, token=plane.token, slow=True, first=10**6)
        )
        beside = [_p99(_push(plane, agents, 20_000)) for _ in range(ROUNDS)]
    print(
        f"  one slow reader: p99 of the others {statistics.median(beside):.1f} ms,"
        f" without it {statistics.median(without):.1f} ms"
    )


def _storm(count: int) -> None:
    """Kill what serves, change something meanwhile, and see how the fleet comes back."""
    with ExitStack() as stack:
        plane: OurPlane = stack.enter_context(ours())
        agents = _open(stack, plane, count)
        _push(plane, agents, 2_000)
        time.sleep(_HEARD)
        began = time.monotonic_ns()
        plane.kill()
        plane.publish(2_000)
        applied = agents.await_applied()
    waits = [(at - began) / 1e9 for at in applied.times]
    print(
        f"  after kill -9: half hold the change after {statistics.median(waits):.2f} s,"
        f" all after {waits[-1]:.2f} s; at most {applied.peak} requests a second"
    )


_HEARD = 20.0
"""Seconds after which every agent has had a heartbeat, and with it the advice for a full fleet."""


def _p99(times: Sequence[float]) -> float:
    return times[min(len(times) - 1, len(times) * 99 // 100)]


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [1_000, 10_000])
