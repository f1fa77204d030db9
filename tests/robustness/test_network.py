"""A fault proxy between real agents and a real agent plane; what is promised holds all the same."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from configsvc_agent import Agent, Change
from tests.robustness.faulty_network import Faults, Proxy
from tests.robustness.histories import Seen, violations
from tests.robustness.site import Site, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

AGENTS = 3
FIRST = 1_000_000


class Watched:
    """An agent behind the proxy, and what it had in force."""

    def __init__(self, site: Site, proxy: Proxy, number: int) -> None:
        self.history: list[Seen] = []
        self.agent = Agent(
            "player-engine",
            url=f"http://127.0.0.1:{proxy.port}",
            token=site.token,
            namespace="prod",
            cache_dir=site.directory / f"cache-{number}",
        )
        self.agent.on_change(self._note)
        self.agent.start()

    def _note(self, change: Change) -> None:
        if change.after.version:
            self.history.append(Seen(change.after.version, change.after.digest))


@contextmanager
def behind_a_proxy(directory: Path) -> Iterator[tuple[Site, Proxy, list[Watched]]]:
    """A site whose agents reach it through a proxy; all hold the first bundle."""
    site = Site(directory)
    with site.serving():
        proxy = Proxy(site.port)
        agents = [Watched(site, proxy, number) for number in range(AGENTS)]
        try:
            eventually(lambda: all(each.history for each in agents), "the first bundle")
            yield site, proxy, agents
        finally:
            for each in agents:
                each.agent.stop(5.0)
            proxy.close()
    site.store.close()


FAULTS: dict[str, Callable[[], Faults]] = {
    "blackhole": lambda: Faults(blackhole=True),
    "half-open": lambda: Faults(frozen_before=time.monotonic()),
    "delay": lambda: Faults(delay=0.1),
    "slow reader": lambda: Faults(bytes_a_second=4_000),
    "cut every 300 ms": lambda: Faults(cut_every=0.3),
    "loss": lambda: Faults(loss=0.2),
}

LASTING = {"delay", "slow reader", "half-open"}
"""Faults under which the change arrives while they last."""


QUICK = {"blackhole", "cut every 300 ms", "loss"}
"""Faults that the default suite has; the others take a while."""


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=() if fault in QUICK else (pytest.mark.robustness,))
        for fault in FAULTS
    ],
)
def test_changes_arrive_in_spite_of(tmp_path: Path, fault: str) -> None:
    """Whatever the network does, agents keep what they have, and get the newest once they can."""
    with behind_a_proxy(tmp_path) as (site, proxy, agents):
        proxy.faults = FAULTS[fault]()
        for step in range(1, 6):
            site.publish(FIRST + step)
            time.sleep(0.3)
        if fault not in LASTING:
            proxy.faults = Faults()
        newest = site.newest
        eventually(
            lambda: all(each.history[-1].version == newest for each in agents),
            "the newest bundle at every agent",
        )
        assert [violations(each.history, site.committed) for each in agents] == [[]] * AGENTS


@pytest.mark.robustness
def test_thirty_seconds_of_everything(tmp_path: Path) -> None:
    """Faults that change all the time, and a change every half second."""
    with behind_a_proxy(tmp_path) as (site, proxy, agents):
        for step in range(60):
            proxy.faults = list(FAULTS.values())[step // 2 % len(FAULTS)]()
            site.publish(FIRST + step + 1)
            time.sleep(0.5)
        proxy.faults = Faults()
        newest = site.newest
        eventually(
            lambda: all(each.history[-1].version == newest for each in agents),
            "the newest bundle at every agent",
            60.0,
        )
        assert [violations(each.history, site.committed) for each in agents] == [[]] * AGENTS


@pytest.mark.robustness
@pytest.mark.timeout(180)
def test_cut_every_thirty_seconds(tmp_path: Path) -> None:
    """A load balancer with an idle limit: every change in two minutes arrives."""
    with behind_a_proxy(tmp_path) as (site, proxy, agents):
        proxy.faults = Faults(cut_every=30.0)
        for step in range(1, 25):
            site.publish(FIRST + step)
            time.sleep(4.0)
        newest = site.newest
        eventually(
            lambda: all(each.history[-1].version == newest for each in agents),
            "the newest bundle at every agent",
        )
        assert [violations(each.history, site.committed) for each in agents] == [[]] * AGENTS
