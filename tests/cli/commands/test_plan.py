"""``configsvc plan``: what files would change, as text and as JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from configsvc.cli import root
from configsvc.cli.exits import Exit
from tests.cli.documents import BROKEN, RETRY, SYSTEM, TIMEOUT

Plan = Callable[..., Result]

CHAIN = """\
apiVersion: configsvc/v1
kind: Service
metadata: {name: checkout}
spec:
  operations:
    - {name: pay, calls: [{to: stock, operation: reserve}], idempotent: true, ownTime: 10ms}
---
apiVersion: configsvc/v1
kind: Service
metadata: {name: stock}
spec:
  operations:
    - {name: reserve, calls: [{to: db, operation: query}], idempotent: true, ownTime: 10ms}
---
apiVersion: configsvc/v1
kind: Service
metadata: {name: db}
spec:
  operations:
    - {name: query, idempotent: true, ownTime: 10ms}
---
apiVersion: configsvc/v1
kind: Timeout
metadata: {name: bounded}
spec: {target: {}, attempt: 100ms, overall: 10s}
---
apiVersion: configsvc/v1
kind: Retry
metadata: {name: near}
spec: {target: {to: db}, attempts: 4, backoff: {base: 1ms, max: 1ms}}
"""
FAR = """\
---
apiVersion: configsvc/v1
kind: Retry
metadata: {name: far}
spec: {target: {to: stock}, attempts: 3, backoff: {base: 1ms, max: 1ms}}
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Plan the folder `new`, beside a folder `old`; both have the sound system."""
    monkeypatch.chdir(tmp_path)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(f"{SYSTEM}---\n{TIMEOUT}")
    return lambda *args: CliRunner().invoke(root, ["plan", *args, "new"])


def data_of(result: Result) -> Any:  # noqa: ANN401 any JSON
    """The JSON that the command wrote."""
    return json.loads(result.stdout)


def test_nothing_to_do_is_said(plan: Plan) -> None:
    """The same policies are no change."""
    result = plan("--against", "old")

    assert (result.exit_code, result.stdout) == (Exit.CLEAN, "nothing differs from old\n")


def test_changed_field_is_shown_with_both_authors(plan: Plan) -> None:
    """Each effective field has its value and who set it, before and after."""
    Path("new/b.yaml").write_text(
        TIMEOUT.replace("bounded", "near")
        .replace("{to", "{from: shop, to")
        .replace("attempt: 2s", "attempt: 1500ms")
    )
    output = plan("--against", "old").stdout

    assert "~ shop -> stock reserve\n" in output
    expected = "  Timeout.attempt: 2s (Timeout/bounded) -> 1s500ms (Timeout/near at new/b.yaml:4:"
    assert expected in output
    assert "  worst case: 2s to 1s500ms\n" in output


def test_field_that_comes_into_force_was_unset(plan: Plan) -> None:
    """A policy that nobody had is told from one with other values; defaults are counted."""
    Path("new/b.yaml").write_text(RETRY)
    output = plan("--against", "old").stdout

    assert "  Retry.attempts: unset -> 4 (Retry/eager at new/b.yaml:6:3)\n" in output
    assert "more fields of Retry by default\n" in output


def test_added_findings_are_shown_in_full_and_resolved_ones_named(plan: Plan) -> None:
    """Whoever reads a plan sees what to repair, and what was repaired."""
    Path("old/a.yaml").write_text(SYSTEM)
    Path("new/b.yaml").write_text(RETRY)
    result = plan("--against", "old")

    assert "warning[RT03] dead-attempts: 4 attempts of 2s" in result.stdout
    assert "  --> new/b.yaml:6:3\n" in result.stdout
    assert "resolved\n  RT07 on shop -> stock reserve\n" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("would be published: 1 edge changed, ")
    assert result.exit_code == Exit.CLEAN


def test_plan_that_the_gate_refuses_ends_with_one(plan: Plan) -> None:
    """A new error refuses the change; an old one does not."""
    Path("new/a.yaml").write_text(SYSTEM)
    refused = plan("--against", "old")
    Path("old/a.yaml").write_text(SYSTEM)
    Path("new/b.yaml").write_text(RETRY.replace("to: stock", "to: shop"))

    assert refused.exit_code == Exit.FINDINGS
    assert "would be refused for 1 finding: " in refused.stdout
    assert plan("--against", "old").exit_code == Exit.CLEAN


def test_bounds_of_the_graph_are_compared(plan: Plan) -> None:
    """A retry far from what fails shows where its copies arrive, and whom it makes wait."""
    Path("old/a.yaml").write_text(CHAIN)
    Path("new/a.yaml").write_text(CHAIN + FAR)
    output = plan("--against", "old").stdout

    assert "requests for one at the way in\n" in output
    assert "  checkout -> stock[reserve] -> db[query]: 4x to 12x\n" in output
    assert "  checkout -> stock[reserve]: 1x to 3x\n" in output
    assert "longest time from each way in\n  checkout[pay]: 110ms to 2s310ms over " in output
    assert "over checkout -> stock[reserve] -> db[query]" in output


def test_json_has_everything(plan: Plan) -> None:
    """Programs get edges, bounds and findings of both sides."""
    Path("old/a.yaml").write_text(CHAIN)
    Path("new/a.yaml").write_text(CHAIN + FAR)
    data = data_of(plan("--against", "old", "--output", "json"))

    assert data["resources"] == [{"kind": "Retry", "name": "far", "change": "added"}]
    (edge,) = data["edges"]
    assert (edge["from"], edge["to"], edge["change"]) == ("checkout", "stock", "changed")
    assert edge["bounds"]["before"]["amplification"] == {"low": 1, "high": 1}
    assert edge["bounds"]["after"]["amplification"] == {"low": 3, "high": 3}
    attempts = next(each for each in edge["fields"] if each["path"] == "Retry.attempts")
    assert (attempts["before"], attempts["after"]) == (None, 3)
    assert (attempts["sourcesBefore"], attempts["sources"][0]["file"]) == ([], "new/a.yaml")
    steepest = data["bounds"]["amplification"][0]
    assert (steepest["before"], steepest["after"], len(steepest["path"])) == (4, 12, 2)
    slowest = data["bounds"]["waysIn"][0]["after"]
    assert slowest["worstCase"] == {"low": "2s310ms", "high": "2s310ms"}
    assert [each["to"] for each in slowest["path"]] == ["stock", "db"]
    assert data["publishable"] is True
    assert {"AM01"} <= {each["code"] for each in data["findings"]}
    assert len(data["added"]) >= 1


def test_without_an_origin_everything_is_new(plan: Plan) -> None:
    """A plan of files alone shows what they make."""
    data = data_of(plan("-o", "json"))

    assert data["against"] == "nothing"
    assert [each["change"] for each in data["edges"]] == ["added"]


def test_what_is_deleted_is_shown(plan: Plan) -> None:
    """A checkout replaces the other whole: what it lacks is gone, with its calls."""
    Path("new/a.yaml").write_text(SYSTEM.partition("---\n")[2])
    output = plan("--against", "old").stdout

    assert "  - Service/shop\n  - Timeout/bounded\n" in output
    assert "- shop -> stock reserve\n" in output


def test_broken_documents_end_with_two(plan: Plan) -> None:
    """What can be read is planned, and nothing is called publishable."""
    Path("new/b.yaml").write_text(BROKEN)
    Path("new/c.yaml").write_text(RETRY)
    result = plan("--against", "old")

    assert result.exit_code == Exit.INPUT
    assert "unknown field 'attempt'" in result.stderr
    assert "would be refused for 1 error in documents: 1 edge changed" in result.stdout
