"""Pictures of the console's pages, taken from a live node with agents and traffic: the demo's.

Usage: ``python -m tools.screenshots [FOLDER]`` (``docs/images`` by default). It plays the demo's
tour, leaves a finding open, and takes every page at the widths of a desk and of a phone.
"""

import base64
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from configsvc.cli.commands.demo import find_gateway
from configsvc.cli.demo.system import System
from configsvc.cli.demo.tour import Tour

FOLDER: Final = Path(__file__).parents[1] / "docs" / "images"
NAMESPACE: Final = "demo"
WIDTHS: Final = {1440: 900, 390: 844}
"""Heights by width, in pixels."""

MOST_BYTES: Final = 100_000
QUALITY: Final = 82

_EDGE: Final = "edges/player-engine/score-engine/get-score"
_TIMEOUT: Final = "edit/Timeout/to-score-engine"


def main(folder: Path) -> None:
    """Play the tour, then take every page."""
    folder.mkdir(parents=True, exist_ok=True)
    with System(find_gateway()) as system:
        Tour(system).play(after=lambda _: _shoot(system, folder))


def _shoot(system: System, folder: Path) -> None:
    system.start_node()
    revision = _leave_a_finding(system)
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("screenshots: needs chromium on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for width, height in WIDTHS.items():
            _Session(system, browser, folder, (width, height)).take_all(revision)
        browser.close()


def _leave_a_finding(system: System) -> int:
    """Publish attempts that all wait equally long: a warning, which refuses nothing."""
    client = system.client
    head = client.send("GET", f"/v1/namespaces/{NAMESPACE}").body["revision"]
    path = client.in_namespace("resources/Retry/to-score-engine")
    document = client.send("GET", path).body["document"]
    document["spec"].setdefault("backoff", {})["jitter"] = "none"
    change = {"message": "Repeat at once, all together", "base": head, "put": [document]}
    revision: int = client.send("POST", client.in_namespace("changes"), change).body["revision"]
    return revision


class _Session:
    """A signed-in window of one size."""

    def __init__(
        self, system: System, browser: Browser, folder: Path, size: tuple[int, int]
    ) -> None:
        self._url = f"http://{system.operator}/console/"
        self._token = system.admin_token.read_text().strip()
        self._folder = folder
        self._width, height = size
        self._page = browser.new_page(viewport={"width": self._width, "height": height})

    def take_all(self, revision: int) -> None:
        """Every page, signing in first."""
        page = self._page
        page.goto(self._url)
        field = page.get_by_label("Operator token")
        self._take("sign-in", field.wait_for)
        field.fill(self._token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        self._open("map", "map", page.locator(".link").first.wait_for)
        self._open("edge", _EDGE, page.locator(".series").first.wait_for)
        self._open("editor", _TIMEOUT, lambda: _conflict(page))
        self._open("history", "history", page.locator(".card").first.wait_for)
        self._open("change", f"history/{revision}", lambda: _converged(page))
        self._open("fleet", "fleet", lambda: _settled(page))
        self._open("findings", "findings", page.locator(".finding").first.wait_for)

    def _open(self, name: str, path: str, ready: Callable[[], Any]) -> None:
        self._page.goto(f"{self._url}{NAMESPACE}/{path}")
        self._take(name, ready)

    def _take(self, name: str, ready: Callable[[], Any]) -> None:
        ready()
        self._page.mouse.move(0, 0)
        self._page.wait_for_timeout(300)  # fonts and layout
        devtools = self._page.context.new_cdp_session(self._page)
        taken = devtools.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        picture = base64.b64decode(taken["data"])
        if len(picture) > MOST_BYTES:
            raise SystemExit(f"screenshots: {name} takes {len(picture)} bytes, over {MOST_BYTES}")
        (self._folder / f"{name}-{self._width}.webp").write_bytes(picture)


def _conflict(page: Page) -> None:
    """Type a limit that does not fit into the one around it."""
    line = page.locator(".cm-line", has_text="  attempt:").first
    line.click()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text("attempt: 600ms")
    expect(page.get_by_role("complementary")).to_contain_text("RT01")


def _converged(page: Page) -> None:
    expect(page.get_by_label("Convergence")).to_contain_text("applied")


def _settled(page: Page) -> None:
    instances = page.get_by_role("region", name="Instances")
    expect(instances.get_by_text("applied").nth(2)).to_be_visible()
    expect(instances.get_by_text("pending")).to_have_count(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
