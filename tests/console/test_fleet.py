"""Who runs what, and why not."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Desk
from tests.usecases.world import timeout

pytestmark = [
    pytest.mark.external("chromium"),
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the driver's pipes
]


def test_a_rejection_is_told_with_its_reason(desk: Desk) -> None:
    """On the fleet's page and on that of the change."""
    desk.report("player")
    desk.publish(timeout(attempt="400ms"), base=1)
    desk.sign_in("viewer")
    desk.open("fleet")
    instances = desk.page.get_by_role("region", name="Instances")
    expect(instances).to_contain_text("by-hand")
    desk.report("player", state="rejected", reason="no room on the disk")
    expect(instances).to_contain_text("no room on the disk")
    desk.open("history/2")
    reach = desk.page.get_by_role("region", name="Convergence")
    expect(reach).to_contain_text("rejected")
    expect(reach).to_contain_text("no room on the disk")


@pytest.mark.usefixtures("agents")
def test_instances_are_filtered(desk: Desk) -> None:
    """By any word, and by state."""
    desk.sign_in("viewer")
    desk.open("fleet")
    rows = desk.page.get_by_role("region", name="Instances").locator("tbody tr")
    expect(rows).to_have_count(2)
    desk.page.get_by_placeholder("Filter").fill("scor")
    expect(rows).to_have_count(1)
    desk.page.get_by_placeholder("Filter").fill("")
    desk.page.get_by_role("button", name="applied").click()
    expect(rows).to_have_count(2)
