"""The page of an edge: how its time is spent, and what faults would do, before it is saved."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import EAGER, Desk
from tests.usecases.world import document

pytestmark = [
    pytest.mark.external("chromium"),
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the driver's pipes
]

EDGE = "edges/player/score/get"
BREAKER = document("CircuitBreaker", "score", {"target": {"to": "score"}, "openFor": "10s"})


def score(limit: str) -> dict[str, object]:
    """The callee, with a limit of its own."""
    operation = {"name": "get", "match": {"methods": ["GET"], "path": "/score"}, "limit": limit}
    return document("Service", "score", {"operations": [operation]})


def test_three_faults_are_run_and_run_again_for_what_is_changed(desk: Desk) -> None:
    """A longer limit makes callers wait longer for a hang; nothing is saved."""
    desk.sign_in()
    desk.open(EDGE)
    faults = desk.page.get_by_role("region", name="What three faults do")
    hang = faults.get_by_role("article").first
    expect(faults.get_by_role("article")).to_have_count(3)
    expect(hang).to_contain_text("at most 500 ms")
    value = desk.page.get_by_role("textbox", name="Timeout.attempt")
    value.fill("900ms")
    value.press("Enter")

    expect(hang).to_contain_text("at most 900 ms")
    expect(desk.page.get_by_role("slider", name="attempt")).to_have_attribute(
        "aria-valuetext", "900 ms"
    )
    assert desk.api("GET", "changes")["items"][0]["revision"] == 1


def test_a_limit_follows_the_mouse(desk: Desk) -> None:
    """To the right it grows, and what the change does to the bounds stands below."""
    desk.sign_in()
    desk.open(EDGE)
    limit = desk.page.get_by_role("slider", name="attempt")
    box = limit.locator("circle").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 100, y, steps=4)
    desk.page.mouse.up()

    expect(desk.page.get_by_role("region", name="Your change")).to_contain_text("Fits together")
    expect(desk.page.get_by_role("region", name="Time budget")).to_contain_text("→")
    assert int(limit.get_attribute("aria-valuenow") or 0) > 500


def test_a_value_that_cannot_be_is_refused_where_it_is_typed(desk: Desk) -> None:
    """The page says what is wrong with it."""
    desk.sign_in()
    desk.open(EDGE)
    value = desk.page.get_by_role("textbox", name="Timeout.attempt")
    value.fill("900")
    value.press("Enter")
    expect(desk.page.get_by_role("region", name="Findings of this edge")).to_contain_text("900")


def test_back_off_and_open_time_are_dragged_too(desk: Desk) -> None:
    """The breaker has a scale of its own, which says what it is."""
    desk.publish(EAGER, BREAKER, base=1)
    desk.sign_in()
    desk.open(EDGE)
    for name in ("first back-off", "open for"):
        handle = desk.page.get_by_role("slider", name=name)
        before = handle.get_attribute("aria-valuetext")
        handle.focus()
        handle.press("ArrowRight")
        expect(handle).not_to_have_attribute("aria-valuetext", before or "")
    expect(desk.page.get_by_text("on a scale of its own")).to_be_visible()
    expect(desk.page.get_by_role("region", name="Your change")).to_contain_text("2 documents")


def test_who_waits_above_and_what_takes_time_below_stand_on_one_scale(desk: Desk) -> None:
    """The limits of the services on both sides."""
    desk.publish(score("300ms"), base=1)
    desk.sign_in("viewer")
    desk.open(EDGE)
    picture = desk.page.get_by_role("region", name="Drawn to scale")
    expect(picture).to_contain_text("score[get] limit: 300 ms")
    expect(desk.page.get_by_role("slider", name="attempt")).to_have_attribute(
        "aria-disabled", "true"
    )


def test_the_picture_fits_on_a_phone(desk: Desk) -> None:
    """Drawn for the width there is: neither cut off nor shrunk."""
    desk.publish(BREAKER, base=1)
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.sign_in("viewer")
    desk.open(EDGE)
    for name in ("Drawn to scale", "The breaker, to scale"):
        box = desk.page.get_by_role("region", name=name)
        expect(box).to_be_visible()
        assert box.evaluate("each => each.scrollWidth <= each.clientWidth")
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
