"""The editor: help, completion, errors as one types, and the difference to what is live."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import DOCUMENT, EAGER, Desk

pytestmark = [
    pytest.mark.external("chromium"),
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the driver's pipes
]


def test_fields_are_completed_and_explained(desk: Desk) -> None:
    """From the schema: what may stand here, and what it means."""
    desk.sign_in()
    desk.open("edit/Timeout/default")
    desk.write(DOCUMENT.format(attempt="500ms"))
    desk.page.keyboard.press("Control+End")
    desk.page.keyboard.type("  con")
    desk.page.keyboard.press("Control+Space")
    offered = desk.page.locator(".cm-tooltip-autocomplete")
    expect(offered).to_contain_text("connect")
    desk.page.keyboard.press("Escape")
    desk.page.locator(".cm-line", has_text="attempt").get_by_text("attempt").hover()
    expect(desk.page.locator(".help-card")).to_contain_text("attempt", ignore_case=True)


def test_an_unknown_field_is_marked_where_it_stands(desk: Desk) -> None:
    """With what is wrong and the nearest name."""
    desk.sign_in()
    desk.open("edit/Timeout/default")
    desk.write(DOCUMENT.format(attempt="500ms") + "  overal: 3s\n")
    expect(desk.page.locator(".cm-lintRange-error").first).to_contain_text("overal")
    side = desk.page.get_by_role("complementary", name="What the server says")
    expect(side).to_contain_text("overall")


def test_what_differs_from_what_is_live_stands_side_by_side(desk: Desk) -> None:
    """Before it is published."""
    desk.sign_in()
    desk.open("edit/Timeout/default")
    desk.write(DOCUMENT.format(attempt="700ms"))
    desk.page.get_by_text("Diff", exact=True).click()
    live, mine = (desk.page.locator(".cm-mergeViewEditor").nth(index) for index in (0, 1))
    expect(live).to_contain_text("500ms")
    expect(mine).to_contain_text("700ms")


def test_a_rollback_tells_what_todays_rules_say_and_asks_to_accept_it(desk: Desk) -> None:
    """What was resolved comes back only if somebody says so."""
    desk.publish(EAGER, base=1)
    desk.api("POST", "changes", {"message": "calm", "base": 2, "delete": ["Retry/eager"]})
    desk.sign_in()
    desk.open("history/2")
    desk.page.get_by_role("button", name="Roll back to r2…").click()
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Retry/eager")
    expect(dialog).to_contain_text("RT15")
    dialog.get_by_label("I accept what comes back").check()
    dialog.get_by_role("button", name="Roll back now").click()
    expect(desk.page.get_by_role("heading", name="r4")).to_be_visible()
