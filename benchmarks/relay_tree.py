"""A change on its way through a tree of relays: ``python -m benchmarks.relay_tree``.

A simulation, not a measurement: a million agents do not fit on one machine. It takes the costs
that ``python -m benchmarks.distribution`` measures (time for one write to one stream, connections
taken in a second) and plays one commit through the tree, with pushes that are lost on the way and
relays that are killed in the middle of it. What is lost is found by the next heartbeat, who lost
its relay comes back with a jitter that the server scales to the fleet, as in production.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

WRITE = 65e-6
"""Seconds for one push of 2 kB to one stream (measured: 61 to 67 us)."""

ACCEPT = 1 / 3_500
"""Seconds for one agent that connects, is let in and gets what it lacks (measured)."""

HOP = 0.002
"""Seconds from a relay's reading of a head to its first write: one fetch on a near network."""

HEARTBEAT = 15.0
RESTART = 2.0
"""Seconds from the death of a relay to its successor's first accept."""

HERD = 3_500
"""Agents a second that a server asks to come back at most, see `configsvc.push`."""


@dataclass(frozen=True)
class Tree:
    """Relays below each relay, level by level, and the agents of each relay of the last level."""

    fanout: tuple[int, ...]
    agents: int

    @property
    def size(self) -> int:
        """All agents."""
        count = self.agents
        for width in self.fanout:
            count *= width
        return count


@dataclass(frozen=True)
class Trouble:
    """The share of pushes that are lost, and of relays that are killed during the push."""

    lost: float = 0.0
    killed: float = 0.0


def arrivals(tree: Tree, trouble: Trouble, chance: random.Random) -> Iterator[float]:
    """Seconds from the commit to each agent that has the change."""
    starts = [0.0]
    for width in tree.fanout:
        starts = [
            _delivered(start + place * WRITE, trouble.lost, chance) + HOP
            for start in starts
            for place in range(width)
        ]
    for start in starts:
        if chance.random() < trouble.killed:
            yield from _after_a_restart(start, tree.agents, chance)
        else:
            for place in range(tree.agents):
                yield _delivered(start + place * WRITE, trouble.lost, chance)


def _delivered(at: float, lost: float, chance: random.Random) -> float:
    """When a push has arrived: now, or a lost one after the next heartbeat and its jitter."""
    if chance.random() >= lost:
        return at
    return at + chance.random() * HEARTBEAT * 1.2 + chance.random()


def _after_a_restart(start: float, agents: int, chance: random.Random) -> Iterator[float]:
    """Killed half-way: the rest of its agents come back to its successor, spread by jitter."""
    reached = chance.randrange(agents)
    for place in range(reached):
        yield start + place * WRITE
    back = start + reached * WRITE + RESTART
    spread = agents / HERD
    free = back
    for arrival in sorted(back + chance.random() * spread for _ in range(agents - reached)):
        free = max(free, arrival) + ACCEPT
        yield free


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    trees = [Tree((), 10_000), Tree((10,), 10_000), Tree((100,), 10_000), Tree((10, 10), 10_000)]
    for tree in trees:
        for trouble in (Trouble(), Trouble(lost=0.001), Trouble(lost=0.001, killed=0.05)):
            _print(tree, trouble, options.runs, options.seed)


def _print(tree: Tree, trouble: Trouble, runs: int, seed: int) -> None:
    figures = []
    for run in range(runs):
        times = sorted(arrivals(tree, trouble, random.Random(seed + run)))
        assert len(times) == tree.size, "somebody was left behind"  # noqa: S101 the proof
        figures.append((times[len(times) // 2], times[len(times) * 99 // 100], times[-1]))
    middle, late, last = (median(each) for each in zip(*figures, strict=True))
    shape = " x ".join(map(str, (*tree.fanout, tree.agents)))
    print(
        f"  {shape:<16} {tree.size:>9,} agents   lost {trouble.lost:6.1%}  killed "
        f"{trouble.killed:4.0%}   p50 {middle:6.2f} s   p99 {late:6.2f} s   last {last:6.2f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
