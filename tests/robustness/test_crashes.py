"""The crash matrix: every step of delivery x kill, exception, one second of sleep.

After each of them: no acknowledged change is lost, no agent is left behind, and none goes back.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from configsvc_agent.cache import Cache
from tests.robustness.failpoints import ACTIONS, AGENT, KILL, RELAY, SERVER
from tests.robustness.site import AgentProcess, Site, agent, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def matrix(points: dict[str, object], always: set[str]) -> list[object]:
    """Every point with every action; what is not killed at, outside `always`, only on demand."""
    return [
        pytest.param(
            point,
            action,
            marks=() if action == KILL and point in always else (pytest.mark.robustness,),
            id=f"{point.replace(' ', '-')}-{action}",
        )
        for point in points
        for action in ACTIONS
    ]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A store with one change."""
    made = Site(tmp_path)
    yield made
    made.store.close()


def rises(versions: list[int]) -> bool:
    """Whether an agent applied each version once and never went back."""
    return versions == sorted(set(versions))


@pytest.mark.parametrize(
    ("point", "action"),
    matrix(SERVER, {"during fan-out", "in the middle of a response", "a report was taken"}),
)
def test_server_fails(site: Site, point: str, action: str) -> None:
    """A process of the agent plane fails at a step; every agent ends up with the change."""
    with site.serving(point, action), agent(site) as one:
        eventually(lambda: site.newest in one.versions, "the first bundle")
        site.armed.touch()
        revision = site.publish(2_000_000)
        eventually(lambda: not site.armed.exists(), f"the step {point!r}")
        eventually(lambda: revision in one.versions, "the change after the failure")
        last = site.publish(3_000_000)
        eventually(lambda: last in one.versions, "the next change")
        eventually(lambda: site.applied(last), "the acknowledgement of the next change")
        assert rises(one.versions)


@pytest.mark.parametrize(
    ("point", "action"),
    matrix(
        AGENT,
        {"the snapshot was written, not renamed", "stored, not applied"},
    ),
)
def test_agent_fails(site: Site, point: str, action: str) -> None:
    """An agent fails at a step; whoever runs in its place ends up with the change."""
    with site.serving(), agent(site, point, action) as one:
        eventually(lambda: site.newest in one.versions, "the first bundle")
        eventually(lambda: _stored(site) == 1, "the first bundle on disk")
        site.armed.touch()
        revision = site.publish(2_000_000)
        eventually(lambda: not site.armed.exists(), f"the step {point!r}")
        if action == KILL:
            eventually(lambda: one.ended, "the end of the agent")
            assert _stored(site) in {1, revision}  # the old one or the new one, whole
            with agent(site) as another:
                _is_current(site, another, revision)
        else:
            _is_current(site, one, revision)
        assert rises(one.versions)


@pytest.mark.parametrize(
    ("point", "action"),
    matrix(RELAY, {"a file was written, not renamed", "acknowledgements were handed on"}),
)
def test_relay_fails(site: Site, point: str, action: str) -> None:
    """A relay fails at a step; its agents end up with the change, and the node hears of it."""
    with (
        site.serving(),
        site.relaying(point, action) as relay,
        agent(site, port=relay.port) as one,
    ):
        eventually(lambda: site.newest in one.versions, "the first bundle")
        site.armed.touch()
        revision = site.publish(2_000_000)
        eventually(lambda: not site.armed.exists(), f"the step {point!r}")
        healed = lambda: relay.keep_running() and revision in one.versions  # noqa: E731
        eventually(healed, "the change after the failure")
        last = site.publish(3_000_000)
        eventually(lambda: relay.keep_running() and last in one.versions, "the next change")
        eventually(lambda: site.applied(last), "the acknowledgement of the next change")
        assert rises(one.versions)


def _is_current(site: Site, running: AgentProcess, revision: int) -> None:
    eventually(lambda: revision in running.versions, "the change after the failure")
    eventually(lambda: _stored(site) == revision, "the change on disk")
    last = site.publish(3_000_000)
    eventually(lambda: last in running.versions, "the next change")
    eventually(lambda: site.applied(last), "the acknowledgement of the next change")
    assert rises(running.versions)


def _stored(site: Site) -> int:
    """The version on the agent's disk; damage would raise."""
    record = Cache(site.directory / "cache", namespace="prod", service="player-engine").load()
    return record.position.version if record else 0
