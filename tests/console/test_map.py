"""The map: found, focused, grouped, and live."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import EAGER, Desk

pytestmark = [
    pytest.mark.external("chromium"),
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the driver's pipes
]


def service(name: str, owner: str, *callees: str) -> dict[str, object]:
    """A service of somebody, which calls others."""
    operation = {
        "name": "get",
        "match": {"methods": ["GET"], "path": f"/{name}"},
        "calls": [{"to": callee, "operation": "get"} for callee in callees],
    }
    return {
        "apiVersion": "configsvc/v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"owner": owner, "operations": [operation]},
    }


def test_one_service_is_shown_with_its_neighbours(desk: Desk) -> None:
    """Those farther away are left out until everything is shown again."""
    desk.publish(service("web", "fronts", "player"), service("far", "others"), base=1)
    desk.sign_in("viewer")
    desk.open("map")
    graph = desk.page.get_by_role("group", name="Call graph")
    nodes = graph.get_by_role("button")
    expect(nodes).to_have_count(4)
    graph.get_by_role("button", name="Service score").press("Enter")
    expect(nodes).to_have_count(2)
    desk.page.get_by_role("button", name="around score").click()
    expect(nodes).to_have_count(4)


def test_services_are_grouped_by_owner(desk: Desk) -> None:
    """One node for each team, and the calls between teams."""
    desk.publish(
        service("web", "fronts", "player"), service("player", "games", "score"),
        service("score", "games"), base=1,
    )  # fmt: skip
    desk.sign_in("viewer")
    desk.open("map")
    desk.page.get_by_text("Owners", exact=True).click()
    graph = desk.page.get_by_role("group", name="Call graph")
    expect(graph.get_by_role("button")).to_have_count(2)
    expect(graph.get_by_role("link")).to_have_count(1)


def test_a_line_tells_its_finding_its_breaker_and_its_rate_as_they_change(desk: Desk) -> None:
    """Without a reload, from what agents report; a click opens the edge."""
    desk.publish(EAGER, base=1)
    desk.sign_in("viewer")
    desk.open("map")
    line = desk.page.get_by_role("group", name="Call graph").get_by_role("link")
    expect(line).to_contain_text("warning")
    desk.report(
        "player",
        breakers=[{"edge": "player -> score get", "state": "open"}],
        traffic=[{"to": "score", "operation": "get", "rate": 12.0, "failures": 12.0}],
    )
    expect(line).to_contain_text("12")
    expect(line).to_contain_text("open")
    line.press("Enter")
    expect(desk.page.get_by_role("region", name="Time budget")).to_be_visible()
