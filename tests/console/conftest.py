"""A browser, a node, and what a person at it can do."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from playwright.sync_api import Request as BrowserRequest

from configsvc_agent import Agent
from tests.console.process import ProcessByHand
from tests.serving import RunningServer, serving
from tests.usecases.world import SYSTEM, Json, document

AXE = Path(__file__).parents[2] / "configsvc/web/console/frontend/node_modules/axe-core/axe.min.js"
BUILT = Path(__file__).parents[2] / "configsvc/web/console/_built/index.html"

EAGER = document(
    "Retry",
    "eager",
    {
        "target": {"to": "score"},
        "attempts": 3,
        "backoff": {"base": "10ms", "max": "10ms", "jitter": "none"},
    },
)
"""Raises findings: three attempts of a call, and nothing that spreads them."""

DOCUMENT = """\
apiVersion: configsvc/v1
kind: Timeout
metadata:
  name: default
spec:
  target: {{}}
  attempt: {attempt}
  overall: 2s
"""

expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The distribution's own Chromium."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium on PATH")
    if not BUILT.exists():
        pytest.skip("the console is not built: make console")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One node for all pages: each test has a namespace of its own."""
    with serving(tmp_path_factory.mktemp("console") / "data") as server:
        yield server


class Desk:
    """One namespace of a running node, and a person who works on it."""

    def __init__(self, server: RunningServer, namespace: str, page: Page) -> None:
        self.page = page
        self.server = server
        self.namespace = namespace
        self.faults: list[str] = []
        self._processes: dict[str, ProcessByHand] = {}
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._listen)
        page.on("request", self._stay_at_home)

    def api(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 any JSON
        """Ask the API inside the namespace as the admin; what it answers."""
        status, answer = self.server.request(
            method, f"/v1/namespaces/{self.namespace}/{path}", body
        )
        assert status == 200, answer
        return answer

    def publish(self, *put: Json, base: int) -> None:
        """Publish documents past the console."""
        self.api("POST", "changes", {"message": "elsewhere", "base": base, "put": list(put)})

    def report(
        self, service: str, state: str = "applied", reason: str = "", **said: object
    ) -> None:
        """Say something as a process of a service whose agent is written by hand."""
        process = self._processes.get(service)
        if process is None:
            token = self.mint({"agent": {"namespace": self.namespace, "service": service}})
            process = ProcessByHand(self.server.agents_url, token, self.namespace, service)
            self._processes[service] = process
        process.report(state, reason, **said)

    def leave(self) -> None:
        """End the processes that reported."""
        for process in self._processes.values():
            process.close()

    def _listen(self, message: ConsoleMessage) -> None:
        """What the page's policy stops is a fault of the page."""
        # The browser's own commands style what a test inserts into the editor, which is stopped.
        if "Security Policy" in message.text and "inline style" not in message.text:
            self.faults.append(message.text)

    def _stay_at_home(self, request: BrowserRequest) -> None:
        """No request leaves the server's own origin."""
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.faults.append(f"asked {request.url}")

    def mint(self, body: Json) -> str:
        """A new token."""
        status, minted = self.server.request("POST", "/v1/tokens", body)
        assert status == 201, minted
        return str(minted["token"])

    def sign_in(self, role: str = "editor") -> None:
        """With a token of that role in this namespace."""
        grants = {self.namespace: role}
        self.sign_in_with(self.mint({"grants": grants, "label": f"the {role}"}))

    def sign_in_with(self, token: str) -> None:
        """With a token of one's own."""
        self.page.goto(self.server.url)
        self.page.get_by_label("Operator token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def open(self, path: str) -> None:
        """A page of the namespace."""
        self.page.goto(f"{self.server.url}/console/{self.namespace}/{path}")

    def write(self, text: str) -> None:
        """Replace what is in the editor."""
        editor = self.page.locator(".cm-content").first
        expect(editor).to_contain_text("apiVersion")
        editor.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def publish_change(self, message: str) -> None:
        """Publish what was edited."""
        self.page.get_by_role("button", name="Publish…").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Message").fill(message)
        dialog.get_by_role("button", name="Publish now").click()
        expect(self.page).to_have_url(re.compile(r"/history/\d+$"))


@pytest.fixture
def desk(
    request: pytest.FixtureRequest, browser: Browser, running_server: RunningServer
) -> Iterator[Desk]:
    """A namespace with the small system as revision 1, and a window of its own."""
    name = re.sub(r"[^a-z]+", "-", request.node.name.removeprefix("test_"))[-45:].strip("-")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    desk = Desk(running_server, name, context.new_page())
    desk.publish(*SYSTEM, base=0)
    yield desk
    context.close()
    desk.leave()
    assert desk.faults == [], "the page threw, or asked for what it may not"


@pytest.fixture
def agents(desk: Desk, tmp_path: Path) -> Iterator[dict[str, Agent]]:
    """An agent of each service, with what is in force."""
    with ExitStack() as running:
        found = {}
        for service in ("player", "score"):
            token = desk.mint({"agent": {"namespace": desk.namespace, "service": service}})
            agent = Agent(
                service,
                url=desk.server.agents_url,
                token=token,
                namespace=desk.namespace,
                cache_dir=tmp_path / service,
            )
            found[service] = running.enter_context(agent)
            assert agent.wait_ready(30)
        yield found
