"""Waivers: what they accept, and for how long."""

from datetime import date

from tests.analysis.documents import codes, report_of

SERVICES = """
kind: Service
metadata: {name: shop}
spec: {operations: [{name: buy, calls: [{to: stock, operation: reserve}]}]}
---
kind: Service
metadata: {name: stock}
spec: {operations: [{name: reserve, match: {methods: [PUT], path: /reservations}}]}
---
"""
SLOW = """kind: Timeout
metadata: {name: slow}
spec: {target: {}, connect: 5s, attempt: 1s, overall: 2s}
---
"""
UNLIMITED = """kind: Timeout
metadata: {name: none}
spec: {target: {}, connect: 1s}
---
"""


def _waiver(code: str, scope: str = "", expires: str = "2026-07-01") -> str:
    return (
        f"kind: Waiver\nmetadata: {{name: later}}\nspec: {{code: {code}, {scope}"
        f"reason: It is moved next week., owner: team, expires: '{expires}'}}\n"
    )


def test_waived_finding_is_reported_apart() -> None:
    """A finding that is accepted is not open, and says by what."""
    report = report_of(SERVICES + UNLIMITED + _waiver("RT07", "edge: {to: stock}, "))
    assert codes(report) == []
    assert [(f.code, f.waived_by) for f in report.waived] == [("RT07", "later")]
    assert report.marks == {}


def test_waiver_holds_until_its_day_is_over() -> None:
    """On the day that it names it still holds, on the next it does not, and is a finding itself."""
    text = SERVICES + UNLIMITED + _waiver("RT07", "edge: {to: stock}, ")
    assert codes(report_of(text, today=date(2026, 7, 1))) == []
    assert codes(report_of(text, today=date(2026, 7, 2))) == ["RT07", "SC04"]


def test_waiver_of_another_edge_accepts_nothing() -> None:
    """Parts of an edge are globs, and all of them have to match."""
    accepted = ["edge: {from: 'sh*', to: st?ck, operation: '*'}, ", "edge: {operation: reserve}, "]
    refused = ["edge: {from: stock}, ", "edge: {from: shop, to: bank}, "]
    for scope in accepted:
        assert codes(report_of(SERVICES + UNLIMITED + _waiver("RT07", scope))) == []
    for scope in refused:
        assert codes(report_of(SERVICES + UNLIMITED + _waiver("RT07", scope))) == ["RT07", "SC04"]


def test_waiver_of_a_resource_accepts_what_is_written_there() -> None:
    """A resource glob matches the documents at both ends of the conflict."""
    for scope, expected in (("Timeout/slow", []), ("Timeout/*", []), ("Retry/*", ["RT09", "SC04"])):
        text = SERVICES + SLOW + _waiver("RT09", f"resource: '{scope}', ")
        assert codes(report_of(text)) == expected


def test_what_cannot_be_waived_stays() -> None:
    """A dangling reference is reported although a waiver names it."""
    text = SERVICES.replace("to: stock", "to: stok") + SLOW.replace("connect: 5s, ", "")
    waived = text + _waiver("CG02", "resource: Service/shop, ")
    assert codes(report_of(waived)) == ["CG02", "SC04"]


def test_consequences_of_an_accepted_finding_are_accepted() -> None:
    """What follows from a mistake that is accepted is not reported by itself."""
    dead = SLOW.replace("connect: 5s, ", "").replace("attempt: 1s", "attempt: 3s")
    retry = "kind: Retry\nspec: {target: {}, attempts: 3, budget: {ratio: 20%}}\n---\n"
    text = SERVICES + dead + retry + _waiver("RT01", "edge: {to: stock}, ")
    assert codes(report_of(text)) == []


def test_waiver_of_a_part_accepts_what_has_a_place_in_it() -> None:
    """A part holds for itself and what is inside of it, and for no other of a like name."""
    accepted = ["/spec/attempt", "/spec"]
    refused = ["/spec/att", "/metadata"]
    for pointer in (*accepted, *refused):
        scope = f"resource: 'Timeout/slow', pointers: [{pointer}], "
        found = codes(report_of(SERVICES + SLOW + _waiver("RT09", scope)))
        assert ("RT09" in found, "SC04" in found) == ((pointer in refused),) * 2
