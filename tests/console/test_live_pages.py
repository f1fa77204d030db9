"""What pages show by themselves: ages of findings, rollouts as they move."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import DOCUMENT, EAGER, Desk
from tests.usecases.world import service, timeout

pytestmark = [
    pytest.mark.external("chromium"),
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the driver's pipes
]


def test_a_finding_says_since_which_change_it_is_open(desk: Desk) -> None:
    """Not the last change of what it is about."""
    desk.publish(EAGER, base=1)
    desk.publish(timeout(attempt="400ms"), service("other"), base=2)
    desk.sign_in("viewer")
    desk.open("findings")
    finding = desk.page.get_by_role("article").filter(has_text="RT15")
    expect(finding.get_by_role("link", name="r2")).to_be_visible()
    desk.page.get_by_text("Oldest", exact=True).click()
    expect(finding).to_contain_text("a moment")


def test_the_witness_of_a_finding_is_run(desk: Desk) -> None:
    """The harm in numbers, not in words alone."""
    desk.publish(EAGER, timeout(attempt="900ms", overall="1800ms"), base=1)
    desk.sign_in("viewer")
    desk.open("findings")
    finding = desk.page.get_by_role("article").filter(has_text="RT03")
    finding.get_by_text("A run that shows it").click()
    finding.get_by_role("button", name="Run it").click()
    expect(finding).to_contain_text("The harm is seen")


@pytest.mark.usefixtures("agents")
def test_a_rollout_moves_on_the_page_and_is_aborted_there(desk: Desk) -> None:
    """Without a reload: begun elsewhere, given up here, gone."""
    desk.sign_in("admin")
    desk.open("fleet")
    expect(desk.page.get_by_role("region", name="Instances")).to_be_visible()
    plan = {"stages": [{"share": "50%", "bake": "1h"}]}
    begin = {"message": "half of them", "base": 1, "put": [timeout(attempt="400ms")]}
    desk.api("POST", "rollouts", {**begin, "rollout": plan})

    bar = desk.page.get_by_role("region", name="Rollout in progress")
    expect(bar).to_contain_text("stage 1 of 1, 50% of the fleet")
    bar.get_by_role("button", name="Pause").click()
    expect(bar).to_contain_text("paused")
    bar.get_by_role("button", name="Abort").click()
    expect(bar).to_have_count(0)


def test_comments_are_said_to_be_lost_before_they_are(desk: Desk) -> None:
    """What is published is the document alone."""
    desk.sign_in()
    desk.open("edit/Timeout/default")
    desk.write(DOCUMENT.format(attempt="600ms"))
    warning = desk.page.get_by_text("Comments are not kept")
    expect(desk.page.get_by_role("region", name="Your change")).to_be_visible()
    expect(warning).to_have_count(0)
    desk.write("# for the cup final\n" + DOCUMENT.format(attempt="600ms"))
    expect(warning).to_be_visible()
