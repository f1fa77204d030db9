"""The console as an operator uses it: a browser, a node, and live agents."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import DOCUMENT, EAGER, Desk
from tests.usecases.world import BROKEN_TIMEOUT, timeout

pytestmark = [
    pytest.mark.external("chromium"),
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the driver's pipes
]

TYPE_FAST = """async (text) => {
    for (const character of text) {
        document.execCommand("insertText", false, character);
        await new Promise((resume) => setTimeout(resume, 0));
    }
}"""
"""Types as a fast hand on a slow machine does: keys arrive before the page is drawn again."""


def test_a_wrong_token_is_told(desk: Desk) -> None:
    """The page says so, and nobody is let in."""
    desk.page.goto(desk.server.url)
    desk.page.get_by_label("Operator token").fill("cfg_wrong")
    desk.page.get_by_role("button", name="Sign in").click()
    expect(desk.page.get_by_role("alert")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Sign out")).to_have_count(0)


def test_a_session_ends_with_signing_out(desk: Desk) -> None:
    """The map asks to sign in again then."""
    desk.sign_in()
    desk.page.get_by_role("button", name="Sign out").click()
    desk.open("map")
    expect(desk.page.get_by_label("Operator token")).to_be_visible()


def test_what_is_typed_fast_is_what_stands_there(desk: Desk) -> None:
    """Keys that follow each other faster than the page is drawn are neither lost nor put back."""
    desk.sign_in()
    desk.open("edit/Timeout/default")
    editor = desk.page.locator(".cm-content").first
    expect(editor).to_contain_text("attempt: 500ms")
    editor.locator(".cm-line", has_text="attempt: 500ms").click()
    desk.page.keyboard.press("End")
    comment = " # " + "typed in one go " * 4
    desk.page.evaluate(TYPE_FAST, comment)

    expect(editor).to_contain_text(f"attempt: 500ms{comment.rstrip()}")
    expect(desk.page.get_by_role("region", name="Your change")).to_contain_text("Fits together")


@pytest.mark.usefixtures("agents")
def test_a_conflict_is_refused_repaired_published_and_reaches_the_fleet(desk: Desk) -> None:
    """The finding shows while typing, its fix is one click away, and the fleet follows live."""
    desk.sign_in()
    fleet = desk.page.context.new_page()
    fleet.goto(f"{desk.server.url}/console/{desk.namespace}/fleet")
    instances = fleet.get_by_role("region", name="Instances")
    expect(instances.locator("td", has_text="r1")).to_have_count(2)

    desk.open("edit/Timeout/default")
    desk.write(DOCUMENT.format(attempt="5s"))
    side = desk.page.get_by_role("complementary", name="What the server says")
    expect(side).to_contain_text("RT01")
    desk.page.get_by_role("button", name="Publish…").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_label("Message").fill("too long")
    dialog.get_by_role("button", name="Publish now").click()
    expect(dialog).to_contain_text("RT01")
    desk.page.keyboard.press("Escape")

    side.get_by_role("button").filter(has_text=re.compile("limit", re.IGNORECASE)).first.click()
    expect(side).to_contain_text("No finding")
    desk.publish_change("repaired")
    expect(desk.page.get_by_label("Convergence")).to_contain_text("2")
    expect(instances.locator("td", has_text="r2")).to_have_count(2)
    expect(instances.get_by_text("applied")).to_have_count(2)


def test_a_rollback_shows_what_comes_back(desk: Desk) -> None:
    """Former content is a new revision."""
    desk.publish(timeout(attempt="1s"), base=1)
    desk.sign_in()
    desk.open("history/1")
    desk.page.get_by_role("button", name="Roll back to r1…").click()
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_contain_text("No finding comes back")
    dialog.get_by_label("Message").fill("not after all")
    dialog.get_by_role("button", name="Roll back now").click()
    expect(desk.page.get_by_role("heading", name="r3")).to_be_visible()
    stored = desk.api("GET", "resources/Timeout/default")
    assert stored["document"]["spec"]["attempt"] == "500ms"


def test_a_stale_base_is_shown_from_three_sides(desk: Desk) -> None:
    """Nothing is lost of either; what was decided is then published on the new head."""
    desk.sign_in()
    desk.open("edit/Timeout/default")
    desk.write(DOCUMENT.format(attempt="700ms"))
    expect(desk.page.get_by_role("button", name="Publish…")).to_be_visible()
    desk.publish(timeout(attempt="1s"), base=1)
    desk.page.get_by_role("button", name="Publish…").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_label("Message").fill("mine")
    dialog.get_by_role("button", name="Publish now").click()
    values = desk.page.get_by_role("region", name="Values of Timeout/default")
    for value in ("500ms", "1s", "700ms"):
        expect(values).to_contain_text(value)
    desk.page.get_by_role("button", name="Put my change on top").click()
    desk.page.get_by_role("button", name="Publish…").click()
    dialog.get_by_label("Message").fill("mine")
    dialog.get_by_role("button", name="Publish now").click()
    expect(desk.page.get_by_role("link", name="Revision r3")).to_be_visible()
    found = desk.api("GET", "resources/Timeout/default")["document"]
    assert found["spec"]["attempt"] == "700ms"


def test_what_was_only_opened_is_read_anew(desk: Desk) -> None:
    """Otherwise an old text would be edited as if it were the newest, and overwrite another's."""
    desk.sign_in()
    desk.open("edit/Timeout/default")
    editor = desk.page.locator(".cm-content").first
    expect(editor).to_contain_text("500ms")
    desk.publish(timeout(attempt="1s"), base=1)
    desk.page.get_by_role("link", name="Policies").click()
    desk.page.get_by_role("main").get_by_role("link", name="default").first.click()
    expect(editor).to_contain_text("attempt: 1s")


def test_a_viewer_cannot_publish(desk: Desk) -> None:
    """There is no button, and the session may not do it past the page either."""
    desk.sign_in("viewer")
    desk.open("edit/Timeout/default")
    expect(desk.page.get_by_text("read only")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Publish…")).to_have_count(0)
    status = desk.page.evaluate(
        """async (path) => {
          const session = await (await fetch("/v1/session")).json();
          const answer = await fetch(path, {
            method: "POST",
            headers: {"Content-Type": "application/json", "X-CSRF-Token": session.csrf},
            body: JSON.stringify({message: "m", base: 1, delete: ["Timeout/default"]}),
          });
          return answer.status;
        }""",
        f"/v1/namespaces/{desk.namespace}/changes",
    )
    assert status == 403


def test_a_write_without_its_token_is_refused(desk: Desk) -> None:
    """Another site cannot make the browser write."""
    desk.sign_in()
    status = desk.page.evaluate(
        """async (path) => (await fetch(path, {
          method: "POST", headers: {"Content-Type": "application/json"},
          body: JSON.stringify({message: "m", base: 1, delete: ["Timeout/default"]}),
        })).status""",
        f"/v1/namespaces/{desk.namespace}/changes",
    )
    assert status == 403


def test_a_conflict_made_elsewhere_appears_by_itself(desk: Desk) -> None:
    """Findings follow the head without a reload."""
    desk.sign_in("admin")
    desk.open("findings")
    expect(desk.page.locator("h1")).to_be_visible()
    body = {"message": "forced", "base": 1, "put": [BROKEN_TIMEOUT], "waivers": []}
    status, _ = desk.server.request("POST", f"/v1/namespaces/{desk.namespace}/changes", body)
    assert status == 422
    desk.publish(timeout(attempt="900ms", overall="1s"), base=1)
    expect(desk.page.get_by_role("link", name="r2")).to_be_visible()


def test_a_limit_is_dragged_before_anything_is_saved(desk: Desk) -> None:
    """By the keyboard too: picture and findings follow, and it is a change to be published."""
    desk.sign_in()
    desk.open("edges/player/score/get")
    limit = desk.page.get_by_role("slider", name="attempt")
    expect(limit).to_have_attribute("aria-valuetext", "500 ms")
    limit.focus()
    limit.press("ArrowLeft")
    expect(limit).not_to_have_attribute("aria-valuetext", "500 ms")
    expect(desk.page.get_by_role("button", name="Publish…")).to_be_visible()
    assert desk.api("GET", "changes")["items"][0]["revision"] == 1
    desk.page.get_by_text("answers with errors").click()
    expect(desk.page.get_by_role("region", name="Time budget")).to_contain_text("attempt")


def test_a_finding_is_waived_with_a_reason_and_an_end(desk: Desk) -> None:
    """The namespace has a waiver then, and the finding is waived."""
    desk.publish(EAGER, base=1)
    desk.sign_in("admin")
    desk.open("findings")
    desk.page.get_by_role("button", name="Waive…").first.click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("gone next week")
    dialog.get_by_label("Owner").fill("players")
    dialog.get_by_role("button", name="Waive until then").click()
    expect(dialog).to_have_count(0)
    (waiver,) = desk.api("GET", "resources?kind=Waiver")["items"]
    assert waiver["document"]["spec"]["reason"] == "gone next week"


def test_two_revisions_are_compared(desk: Desk) -> None:
    """Side by side, chosen in the history."""
    desk.publish(timeout(attempt="1s"), base=1)
    desk.sign_in("viewer")
    desk.open("history")
    for revision in (1, 2):
        desk.page.get_by_label(f"Compare revision {revision}").check(force=True)
    desk.page.get_by_role("button", name="Compare r1 and r2").click()
    main = desk.page.get_by_role("main")
    expect(main).to_contain_text("500ms")
    expect(main).to_contain_text("1s")


def test_the_form_writes_the_same_document(desk: Desk) -> None:
    """For those who do not like YAML."""
    desk.sign_in()
    desk.open("edit/Timeout/default")
    expect(desk.page.locator(".cm-content").first).to_contain_text("apiVersion")
    desk.page.get_by_text("Form", exact=True).click()
    desk.page.get_by_label("attempt").first.fill("900ms")
    desk.page.get_by_text("YAML", exact=True).click()
    expect(desk.page.locator(".cm-content").first).to_contain_text("attempt: 900ms")


def test_the_map_finds_a_service(desk: Desk) -> None:
    """And an edge is one click away in the table for those who do not see the picture."""
    desk.sign_in("viewer")
    desk.open("map")
    desk.page.get_by_placeholder("Find a service or owner").fill("scor")
    expect(desk.page.get_by_role("main")).to_contain_text("score")
    desk.page.get_by_text("Table", exact=True).click()
    desk.page.get_by_role("region", name="Calls").get_by_role("link").first.click()
    expect(desk.page.get_by_role("region", name="Effective policy")).to_contain_text("attempt")
