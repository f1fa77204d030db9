"""First load of the console and its map of 300 services: ``python -m benchmarks.console``.

A whole node on loopback and the distribution's Chromium. Printed are the bytes that crossed the
network (compressed) for signing in and for the map, and the time from the request for the page to
the map being drawn, each as minimum, median and maximum of several runs with an empty cache.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.serving import RunningServer, serving

SERVICES = 300
SEED = 7
LAYERS = 10
NAMESPACE = "map"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=SERVICES)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    program = shutil.which("chromium")
    if program is None:
        sys.exit("needs chromium on PATH")
    with tempfile.TemporaryDirectory() as directory, serving(Path(directory) / "data") as server:
        _publish(server, options.services)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            _print("sign-in page", [_first_load(browser, server) for _ in range(options.runs)])
            what = f"map of {options.services} services"
            _print(what, [_map(browser, server) for _ in range(options.runs)])
            browser.close()


def _publish(server: RunningServer, services: int) -> None:
    puts = [_limits(), *services_of(services, Random(SEED))]
    body = {"message": "m", "base": 0, "put": puts}
    status, answer = server.request("POST", f"/v1/namespaces/{NAMESPACE}/changes", body)
    if status != HTTPStatus.OK:
        sys.exit(f"the services were not published: {str(answer)[:2000]}")


def _limits() -> dict[str, Any]:
    return _document("Timeout", "default", {"target": {}, "attempt": "1s", "overall": "2s"})


def services_of(count: int, chance: Random) -> Iterator[dict[str, Any]]:
    """Ten layers, each service calling two of the next one."""
    width = count // LAYERS
    for number in range(count):
        below = (number // width + 1) * width
        callees = {below + chance.randrange(width) for _ in range(2)} if below < count else set()
        operation = {
            "name": "get",
            "match": {"methods": ["GET"], "path": "/{id}"},
            "calls": [{"to": f"service-{each}", "operation": "get"} for each in sorted(callees)],
        }
        spec = {"owner": f"team-{number % 12}", "operations": [operation]}
        yield _document("Service", f"service-{number}", spec)


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "configsvc/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _first_load(browser: Browser, server: RunningServer) -> tuple[float, float]:
    page = browser.new_context().new_page()
    page.goto(f"{server.url}/console/")
    page.get_by_label("Operator token").wait_for()
    return _figures(page)


def _map(browser: Browser, server: RunningServer) -> tuple[float, float]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/console/")
    page.get_by_label("Operator token").fill(server.token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
    fresh = context.new_page()
    session = context.new_cdp_session(fresh)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    fresh.goto(f"{server.url}/console/{NAMESPACE}/map")
    fresh.locator("svg .node, svg [class*=node]").first.wait_for()
    return _figures(fresh)


def _figures(page: Page) -> tuple[float, float]:
    """Seconds from the request to now, and kilobytes that crossed the network."""
    found: dict[str, Any] = page.evaluate(
        """() => ({
          time: performance.now(),
          bytes: [...performance.getEntriesByType("navigation"),
                  ...performance.getEntriesByType("resource")]
            .reduce((sum, each) => sum + (each.transferSize || 0), 0),
        })"""
    )
    page.context.close() if page.context.pages == [page] else page.close()
    return found["time"] / 1000, found["bytes"] / 1000


def _print(what: str, found: list[tuple[float, float]]) -> None:
    times, sizes = zip(*found, strict=True)
    print(
        f"  {what:<24} drawn after {min(times):.2f} / {median(times):.2f} / {max(times):.2f} s   "
        f"transferred {median(sizes):.0f} kB",
        flush=True,
    )


if __name__ == "__main__":
    main()
