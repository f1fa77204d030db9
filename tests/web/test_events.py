"""The event stream: first everything, then what changes."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from configsvc.access import Principal, UnknownTokenError
from configsvc.fleet import AgentRow, AgentState, FleetAnswer, Traffic
from configsvc.web.api.errors import TooManyStreamsError
from configsvc.web.api.event_rendering import TOPICS
from configsvc.web.api.events import PACE, QUIET, Streams, narrate
from tests.usecases.world import NAMESPACE, SYSTEM, VIEWER, World, service
from tests.web.calling import Api

Told = tuple[str, dict[str, Any]]


@pytest.fixture
def world() -> World:
    """The small system, whose player service has one agent."""
    world = World()
    world.publish(*SYSTEM)
    world.fleet = FleetAnswer((row(),), ())
    return world


def row(rate: float = 1.0, **fields: Any) -> AgentRow:  # noqa: ANN401 fields of any type
    """An agent of the player service."""
    traffic = (Traffic("score", "get", rate, 0.0),)
    return AgentRow(NAMESPACE, "player", "a", "s", 1, 2, traffic=traffic, **fields)


def stream(
    world: World,
    *between: Callable[[], object],
    topics: frozenset[str] = frozenset(TOPICS),
    who: Callable[[], Principal] = lambda: VIEWER,
) -> list[bytes]:
    """What a stream says while things happen, one between each two looks."""
    ticks = (tick // 2 for tick in count())  # each look takes no time, and the next one is due
    world.plane.live._monotonic = lambda: next(ticks)
    steps = iter(between)
    alive = iter([True] * (len(between) + 1) + [False])

    def sleep(seconds: float) -> None:
        assert seconds == PACE
        next(steps, lambda: None)()

    frames = narrate(world.plane, who, NAMESPACE, topics, alive=lambda: next(alive), sleep=sleep)
    return list(frames)


def told(frames: list[bytes]) -> Iterator[Told]:
    """The events among what was said."""
    for frame in frames:
        if frame.startswith(b"event:"):
            name, data = frame.decode().strip().split("\n")
            yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_it_begins_with_everything(world: World) -> None:
    """Who has just come needs no other request to know how things stand."""
    events = dict(told(stream(world)))

    assert list(events) == list(TOPICS)
    assert events["change"]["revision"] == 1
    assert events["finding"] == {"open": {}, "opened": [], "resolved": []}
    assert [each["instance"] for each in events["fleet"]["items"]] == ["a"]
    assert events["edge"]["items"] == [
        {"from": "player", "to": "score", "operation": "get", "breakers": {}, "rate": 1.0,
         "failures": 0.0}
    ]  # fmt: skip
    assert events["fleet"]["whole"]
    assert events["edge"]["whole"]


def test_then_it_tells_a_change_and_what_the_rules_say_of_it(world: World) -> None:
    """A finding that a change opens comes with its text."""
    frames = stream(world, lambda: world.publish(service("third")))
    later = list(told(frames))[len(TOPICS) :]

    assert [name for name, _ in later] == ["change", "finding"]
    assert later[0][1]["revision"] == 2
    assert sum(later[1][1]["open"].values()) == len(later[1][1]["opened"])


def test_it_says_nothing_while_nothing_changes(world: World) -> None:
    """Being heard again is no news of an agent."""

    def heard() -> None:
        world.fleet = FleetAnswer((row(),), ())
        world.fleet.rows[0].last_heard = 99

    frames = stream(world, heard, heard)

    assert len(list(told(frames))) == len(TOPICS)


def test_it_tells_what_has_become_of_agents(world: World) -> None:
    """A row that differs, and one that is gone."""

    def reject() -> None:
        world.fleet = FleetAnswer((row(state=AgentState.REJECTED, reason="no"),), ())

    def leave() -> None:
        world.fleet = FleetAnswer((), ())

    events = list(told(stream(world, reject, leave, topics=frozenset({"fleet"}))))

    assert [data["whole"] for _, data in events] == [True, False, False]
    assert events[1][1]["items"][0]["reason"] == "no"
    assert events[2][1]["gone"] == [{"service": "player", "instance": "a"}]


def test_edges_are_told_by_what_differs(world: World) -> None:
    """A new rate is an item; an edge nobody calls any more is gone."""

    def faster() -> None:
        world.fleet = FleetAnswer((row(5.0),), ())

    def leave() -> None:
        world.fleet = FleetAnswer((), ())

    events = list(told(stream(world, faster, leave, topics=frozenset({"edge"}))))

    assert events[1][1]["items"][0]["rate"] == 5.0
    assert events[2][1]["gone"] == [{"from": "player", "to": "score", "operation": "get"}]


def test_after_a_silence_the_reader_is_looked_at_again(world: World) -> None:
    """Who may read no longer is shown out within seconds."""
    asked = iter([VIEWER])

    def who() -> Principal:
        try:
            return next(asked)
        except StopIteration:
            raise UnknownTokenError from None

    rounds = int(QUIET / PACE)
    frames = stream(world, *[lambda: None] * (rounds + 5), who=who)

    assert frames[-1] == b": still here\n\n"


def test_streams_of_a_process_are_bounded() -> None:
    """A quarter of its threads is left for requests."""
    streams = Streams(threads=8, alive=lambda: True)
    for _ in range(6):
        streams.enter()
    with pytest.raises(TooManyStreamsError, match="6 event streams"):
        streams.enter()
    streams.leave()
    streams.enter()


def test_one_more_stream_than_may_be_is_told_to_come_later(api: Api) -> None:
    """503 with Retry-After; and a stream that has ended makes room."""
    for _ in range(5):
        with api.get("events") as ended:
            assert ended.status_code == 200
    held = [
        api.app.test_client().get(
            f"/v1/namespaces/{NAMESPACE}/events",
            headers={"Authorization": f"Bearer {api.root}"},
            buffered=False,
        )
        for _ in range(3)
    ]
    refused = api.get("events")

    assert (refused.status_code, refused.get_json()["code"]) == (503, "too-many-streams")
    assert refused.headers["Retry-After"]
    for each in held:
        each.close()
    with api.get("events") as taken:
        assert taken.status_code == 200


def test_who_may_not_read_gets_no_stream(api: Api) -> None:
    """It is refused before it begins."""
    assert api.get("/v1/namespaces/elsewhere/events").status_code == 403
