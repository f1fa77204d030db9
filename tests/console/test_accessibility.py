"""Every page and dialog of the console, scanned by axe-core in both colour schemes."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.conftest import AXE, DOCUMENT, EAGER, Desk
from tests.usecases.world import SYSTEM

pytestmark = [
    pytest.mark.external("chromium"),
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the driver's pipes
]


@pytest.mark.usefixtures("agents")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault_of_accessibility(desk: Desk, scheme: Any) -> None:  # noqa: ANN401 one of Playwright's words
    """By axe-core's rules, in both colour schemes."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make console")
    desk.page.emulate_media(color_scheme=scheme)
    faults = {"sign-in": _faults(desk, f"{desk.server.url}/console/")}
    desk.sign_in("admin")
    for path in (
        "map", "edges/player/score/get", "resources", "edit/Timeout/default", "history",
        "history/1", "fleet", "findings",
    ):  # fmt: skip
        faults[path] = _faults(desk, f"{desk.server.url}/console/{desk.namespace}/{path}")
    assert {path: found for path, found in faults.items() if found} == {}


def test_the_choice_of_namespaces_has_no_serious_fault_of_accessibility(desk: Desk) -> None:
    """Who may see two is asked which; who may see one never meets this page."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make console")
    other = f"{desk.namespace}-too"
    body = {"message": "m", "base": 0, "put": SYSTEM}
    status, answer = desk.server.request("POST", f"/v1/namespaces/{other}/changes", body)
    assert status == 200, answer
    grants = {desk.namespace: "viewer", other: "viewer"}
    desk.sign_in_with(desk.mint({"grants": grants, "label": "two"}))
    expect(desk.page.get_by_role("link", name=other)).to_be_visible()
    assert _serious(desk) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_dialog_has_a_serious_fault_of_accessibility(desk: Desk, scheme: Any) -> None:  # noqa: ANN401 as above
    """Dialogs lie above their page, and are scanned while they are open."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make console")
    desk.publish(EAGER, base=1)
    desk.page.emulate_media(color_scheme=scheme)
    desk.sign_in("admin")
    faults = {}
    for path, button in (("history/1", "Roll back to r1…"), ("findings", "Waive…")):
        desk.open(path)
        faults[button] = _faults_of_dialog(desk, button)
    desk.open("edit/Timeout/default")
    desk.write(DOCUMENT.format(attempt="700ms"))
    faults["Publish…"] = _faults_of_dialog(desk, "Publish…")
    assert {button: found for button, found in faults.items() if found} == {}


def _faults_of_dialog(desk: Desk, button: str) -> list[str]:
    desk.page.get_by_role("button", name=button).first.click()
    expect(desk.page.get_by_role("dialog")).to_be_visible()
    return _serious(desk)


def _faults(desk: Desk, url: str) -> list[str]:
    desk.page.goto(url)
    expect(desk.page.locator("h1").first).to_be_visible()
    return _serious(desk)


def _serious(desk: Desk) -> list[str]:
    desk.page.evaluate(AXE.read_text())
    found = desk.page.evaluate("axe.run()")
    return [
        f"{each['id']}: {each['nodes'][0]['target']}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
    ]
