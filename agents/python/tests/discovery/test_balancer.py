"""Which instance is next."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from agents.python.tests.documents import compiled, document
from configsvc_agent.bundle import Discovery, OutlierDetection
from configsvc_agent.discovery import Balancer, Balancers, Host, Listed, Registered
from configsvc_agent.engine.outcome import SUCCESS, failure
from configsvc_agent.engine.policy import PPM
from configsvc_agent.values import replace

SECOND = 1_000_000
OUTLIERS = OutlierDetection(
    consecutive_5xx=3,
    consecutive_gateway=2,
    interval=SECOND,
    base_ejection=5 * SECOND,
    max_ejection=PPM // 2,
    min_hosts=2,
    min_requests=2,
)


class World:
    """A balancer over hosts ``a``, ``b`` and so on, whose time stands still."""

    def __init__(self, hosts: str = "abcd", **discovery: object) -> None:
        self.now = 0
        self.discovery = Discovery(mode="client", **discovery)  # type: ignore[arg-type]
        self.balancer = Balancer(self.discovery, lambda: self.now, random.Random(7).random)
        self.hosts = {name: Host(name) for name in hosts}
        self.reconfigure()

    def reconfigure(self, **healthy: bool) -> None:
        """Let health checks say something."""
        for name, value in healthy.items():
            self.hosts[name] = Host(name, value)
        self.balancer.reconfigure(self.discovery, self.hosts.values())

    def chosen(self, count: int, *, key: str = "", avoid: str = "") -> Counter[str]:
        """How often each is chosen."""
        return Counter(self.balancer.choose(avoid, key) or "" for _ in range(count))

    def fail(self, name: str, times: int, kind: str = "5xx") -> None:
        """Let one fail so often."""
        for _ in range(times):
            self.balancer.began(name)
            self.balancer.ended(name, failure(kind))


def test_round_robin_takes_turns() -> None:
    """Exactly."""
    assert World().chosen(12) == {"a": 3, "b": 3, "c": 3, "d": 3}


def test_random_reaches_all() -> None:
    """About equally often."""
    assert all(200 < count < 300 for count in World(load_balancing="random").chosen(1000).values())


def test_least_request_leaves_the_busy_one_alone() -> None:
    """Of two different ones the less busy is taken, so the busiest never is."""
    world = World(load_balancing="least-request")
    for _ in range(5):
        world.balancer.began("b")
    assert "b" not in world.chosen(200)
    for _ in range(5):
        world.balancer.ended("b", SUCCESS)
    assert world.chosen(400)["b"] > 50


def test_consistent_hash_keeps_a_key_at_its_host() -> None:
    """And moves it only when the host goes."""
    world = World(load_balancing="consistent-hash")
    before = {f"k{number}": world.balancer.choose("", f"k{number}") for number in range(200)}
    assert set(before.values()) == set("abcd")
    world.hosts.pop("c")
    world.reconfigure()
    after = {key: world.balancer.choose("", key) for key in before}
    assert {key for key in before if before[key] != after[key]} == {
        key for key, host in before.items() if host == "c"
    }


def test_consistent_hash_bounds_the_load_of_one_host() -> None:
    """One hot key does not all go to one place."""
    world = World(load_balancing="consistent-hash")
    spread: Counter[str] = Counter()
    for _ in range(100):
        host = world.balancer.choose("", "hot") or ""
        world.balancer.began(host)
        spread[host] += 1
    assert max(spread.values()) <= 32


def test_another_one_is_chosen_where_there_is_another() -> None:
    """For a retry; with one host alone it is that one again."""
    assert "a" not in World().chosen(9, avoid="a")
    assert World("a").chosen(1, avoid="a") == {"a": 1}
    assert World("").balancer.choose("") is None


def test_unhealthy_ones_are_left_out_unless_too_few_remain() -> None:
    """Below the panic threshold all are used."""
    world = World(panic_threshold=PPM // 2)
    world.reconfigure(a=False, b=False)
    assert world.chosen(8) == {"c": 4, "d": 4}
    world.reconfigure(c=False)
    assert world.chosen(8) == {"a": 2, "b": 2, "c": 2, "d": 2}


def test_outlier_is_ejected_at_the_next_interval_and_returns() -> None:
    """Longer with each time."""
    world = World(outlier_detection=OUTLIERS)
    world.chosen(1)
    world.fail("a", 3)
    assert "a" in world.chosen(8)
    world.now = SECOND
    assert "a" not in world.chosen(8)
    world.now = 6 * SECOND
    assert "a" in world.chosen(8)
    world.fail("a", 3)
    world.now = 7 * SECOND
    assert "a" not in world.chosen(8)


def test_row_of_failures_ends_with_a_success() -> None:
    """Failures of the caller's own making do not count either."""
    world = World(outlier_detection=OUTLIERS)
    world.chosen(1)
    world.fail("a", 2)
    world.balancer.ended("a", SUCCESS)
    world.fail("a", 2)
    world.fail("b", 9, "4xx")
    world.now = SECOND
    assert set(world.chosen(8)) == set("abcd")


def test_nobody_there_counts_as_gateway_failure() -> None:
    """Two in a row are enough here; an ordinary error is none."""
    world = World(outlier_detection=OUTLIERS)
    world.chosen(1)
    world.fail("a", 2, "refused")
    world.fail("b", 2, "5xx")
    world.now = SECOND
    assert set(world.chosen(8)) == set("bcd")


def test_only_the_largest_share_is_ejected() -> None:
    """Half of four are two, whoever else fails."""
    world = World(outlier_detection=OUTLIERS)
    world.chosen(1)
    for name in "abcd":
        world.fail(name, 3)
    world.now = SECOND
    assert len(world.chosen(8)) == 2


def test_few_hosts_are_left_alone() -> None:
    """With fewer than the minimum none is ejected; nor is who was hardly asked."""
    world = World(outlier_detection=replace(OUTLIERS, min_hosts=5))
    world.chosen(1)
    world.fail("a", 9)
    world.now = SECOND
    assert "a" in world.chosen(8)
    rarely = World(outlier_detection=replace(OUTLIERS, min_requests=9))
    rarely.chosen(1)
    rarely.fail("a", 3)
    rarely.now = SECOND
    assert "a" in rarely.chosen(8)


def test_passed_health_check_ends_an_ejection_where_that_is_declared() -> None:
    """Not otherwise."""
    for unejects in (True, False):
        world = World(outlier_detection=OUTLIERS, unejects=unejects)
        world.chosen(1)
        world.fail("a", 3)
        world.now = SECOND
        world.reconfigure(a=False)
        world.chosen(1)
        world.reconfigure(a=True)
        assert ("a" in world.chosen(8)) is unejects


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=80),
    st.integers(0, PPM),
)
def test_never_more_than_the_share_is_ejected(answers: list[tuple[str, bool]], share: int) -> None:
    """Whatever is answered; one always may be, unless the share is nothing."""
    rules = replace(OUTLIERS, max_ejection=share, min_requests=0)
    world = World("abcdef", outlier_detection=rules, panic_threshold=0)
    for name, good in answers:
        world.balancer.ended(name, SUCCESS if good else failure("503"))
        world.now += SECOND // 3
        left = len(world.chosen(12))
        assert 6 - left <= max(1 if share else 0, share * 6 // PPM)


def test_balancers_follow_bundle_and_registry() -> None:
    """Declared and registered instances stand side by side; one stable address needs no choice."""
    balancers = Balancers(compiled(), lambda: 0, random.random)
    assert balancers.of("score-engine") is None
    balancers.apply(compiled())
    declared = balancers.of("score-engine")
    assert declared is not None
    assert declared.addresses == ("10.0.0.1:80",)
    balancers.known.take(Listed("score-engine", 1, (Registered("a", "10.0.0.2:80"),)), "e")
    assert declared.addresses == ("10.0.0.1:80", "10.0.0.2:80")
    body = document()
    body["outbound"][0]["discovery"] = {"mode": "server", "address": "scores:80", "instances": []}
    balancers.apply(compiled(body))
    assert balancers.of("score-engine") is None
