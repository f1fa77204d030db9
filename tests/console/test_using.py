"""Using the console without a mouse, by ear, and in the dark."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Desk
from tests.usecases.world import timeout

pytestmark = [
    pytest.mark.external("chromium"),
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the driver's pipes
]

MOST_STEPS = 60
FOCUSED = """() => {
    const found = document.activeElement;
    return found.getAttribute("aria-label") || found.textContent.trim();
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has that name is focused."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == name:
            return
    raise AssertionError(f"{name} is not reached by {MOST_STEPS} steps of Tab")


def test_a_change_is_made_and_published_by_the_keyboard_alone(desk: Desk) -> None:
    """A limit moved, a reason given, and one is where the change is shown."""
    desk.sign_in()
    desk.open("edges/player/score/get")
    expect(desk.page.get_by_role("slider", name="attempt")).to_be_visible()
    tab_to(desk.page, "attempt")
    desk.page.keyboard.press("ArrowLeft")
    expect(desk.page.get_by_role("region", name="Your change")).to_contain_text("Fits together")
    tab_to(desk.page, "Publish…")
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_label("Message")).to_be_focused()
    desk.page.keyboard.type("by hand")
    tab_to(desk.page, "Publish now")
    desk.page.keyboard.press("Enter")
    expect(desk.page).to_have_url(re.compile(r"/history/2$"))


def test_the_navigation_is_skipped_and_a_dialog_is_left(desk: Desk) -> None:
    """The first stop leads to the page; Escape leads back to what opened the dialog."""
    desk.publish(timeout(attempt="400ms"), base=1)
    desk.sign_in()
    desk.open("history/1")
    expect(desk.page.get_by_role("heading", name="r1")).to_be_visible()
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate(FOCUSED) == "Skip to the page"
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("main")).to_be_focused()
    tab_to(desk.page, "Roll back to r1…")
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("dialog")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_role("dialog")).to_have_count(0)
    assert desk.page.evaluate(FOCUSED) == "Roll back to r1…"


def test_a_screen_reader_finds_its_way(desk: Desk) -> None:
    """Landmarks, one heading that names the page, the current page, and whether it is live."""
    desk.sign_in("viewer")
    for path in ("map", "resources", "history", "fleet", "findings"):
        desk.open(path)
        _require_landmarks(desk.page)


def _require_landmarks(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("banner")).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    current = page.get_by_role("navigation", name="Pages").locator("[aria-current=page]")
    expect(current).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="Live")).to_have_text("Live")


def test_the_dark_theme_is_chosen_and_stays(desk: Desk) -> None:
    """Whatever the system prefers, and after a reload."""
    desk.page.emulate_media(color_scheme="light")
    desk.sign_in("viewer")
    background = "getComputedStyle(document.body).backgroundColor"
    light = desk.page.evaluate(background)
    theme = desk.page.get_by_role("button", name="Theme")
    while theme.inner_text().split()[-1] != "dark":
        theme.click()
    dark = desk.page.evaluate(background)
    desk.page.reload()
    expect(theme).to_be_visible()
    assert light != dark == desk.page.evaluate(background)
