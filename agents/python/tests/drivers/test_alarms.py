"""Alarms cancel tasks in time, and only those that are still on."""

from __future__ import annotations

import asyncio

import pytest

from agents.python.tests.drivers.clocks import play
from configsvc_agent.drivers import alarms
from configsvc_agent.drivers.alarms import Alarm, set_alarm

MS = 1000


async def rung_after(microseconds: int) -> float:
    """Seconds until the alarm rang."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    began = loop.time()
    alarm = set_alarm(task, microseconds)
    try:
        await loop.create_future()
    except asyncio.CancelledError:
        assert alarm.was_it()
        return loop.time() - began
    finally:
        alarm.off()
    raise AssertionError


def line_of(microseconds: int) -> alarms._Line:
    """The line of a limit in this thread."""
    return alarms._LINES.by_limit[microseconds]


def test_alarms_of_one_limit_ring_each_in_its_time() -> None:
    """With one timer between them."""

    async def test() -> None:
        tasks = []
        for _ in range(3):
            tasks.append(asyncio.ensure_future(rung_after(50 * MS)))
            await asyncio.sleep(0.01)
        assert await asyncio.gather(*tasks) == pytest.approx([0.05] * 3)

    play(test())


def test_alarms_of_different_limits_do_not_wait_for_each_other() -> None:
    """A short one behind a long one."""

    async def test() -> None:
        lasted = await asyncio.gather(rung_after(90 * MS), rung_after(30 * MS))
        assert lasted == pytest.approx([0.09, 0.03])

    play(test())


def test_alarm_that_is_off_never_rings_and_is_let_go() -> None:
    """Also when the one before it is still on."""

    async def test() -> None:
        task = asyncio.current_task()
        assert task is not None
        first = set_alarm(task, 50 * MS)
        for _ in range(100):
            set_alarm(task, 50 * MS).off()
        first.off()
        await asyncio.sleep(0.2)
        assert task.cancelling() == 0
        set_alarm(task, 50 * MS).off()
        assert len(line_of(50 * MS)._alarms) == 1

    play(test())


def test_each_loop_of_a_thread_has_its_own_lines() -> None:
    """The timers of a loop that is closed are gone with it."""
    for _ in range(2):
        play(rung_after(20 * MS))


def test_lines_are_bounded_and_further_limits_ring_all_the_same() -> None:
    """An inbound deadline makes every limit another one."""

    async def test() -> None:
        limits = range(1, 100)
        lasted = await asyncio.gather(*(rung_after(each * MS) for each in limits))
        assert lasted == pytest.approx([each / 1000 for each in limits])
        assert len(alarms._LINES.by_limit) == 64

    play(test())


def test_cancellation_of_somebody_else_is_not_the_alarms() -> None:
    """Whatever the alarm does at the same time."""

    async def test() -> None:
        task = asyncio.current_task()
        assert task is not None
        alarm = Alarm(task, 0.0)
        alarm.ring()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(1)
        assert not alarm.was_it()
        assert task.uncancel() == 0

    play(test())
