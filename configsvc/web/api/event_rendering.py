"""What changed between two pictures of a namespace, as events."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from configsvc.analysis import Report
from configsvc.analysis.formats import finding_data
from configsvc.fleet import AgentRow
from configsvc.model.findings import Finding
from configsvc.usecases import EdgeState, Picture
from configsvc.web.api.rendering import agent_json, edge_json, revision_json
from configsvc.web.api.rollout_rendering import rollout_json

TOPICS: Final = ("change", "rollout", "finding", "fleet", "edge")
"""What can be watched. An event's name is its topic."""

MAX_FINDINGS: Final = 100
"""Findings that one event lists as opened or resolved."""

Event = tuple[str, dict[str, Any]]


def events(before: Picture, after: Picture, topics: frozenset[str], now: int) -> Iterator[Event]:
    """The events that lead from one picture to the next; from an empty one they tell everything.

    Args:
        before: what was told last.
        after: what is to be told.
        topics: those of `TOPICS` that are wanted.
        now: microseconds since the Unix epoch, for lags.
    """
    if before is after:
        return
    if "change" in topics and after.newest is not None and before.head != after.head:
        yield "change", revision_json(after.newest)
    if "rollout" in topics and _moved(before, after):
        yield "rollout", {"newest": after.rollout and rollout_json(after.rollout)}
    if "finding" in topics and after.report is not None and before.report is not after.report:
        yield "finding", _findings(before.report, after.report)
    if "fleet" in topics:
        yield from _fleet(before, after, now)
    if "edge" in topics:
        yield from _edges(before.edges, after.edges or {})


def _moved(before: Picture, after: Picture) -> bool:
    """Whether the newest rollout is another or has moved, or nothing was told of any."""
    return before.head is None or before.rollout != after.rollout


def _findings(before: Report | None, after: Report) -> dict[str, Any]:
    """How many are open by severity, and which were opened and resolved."""
    counts: dict[str, int] = {}
    for finding in after.findings:
        counts[finding.severity.label] = counts.get(finding.severity.label, 0) + 1
    old, new = _by_fingerprint(before), _by_fingerprint(after)
    opened = [] if before is None else [new[each] for each in new.keys() - old.keys()]
    resolved = [old[each] for each in old.keys() - new.keys()]
    return {
        "open": counts,
        "opened": [finding_data(each) for each in opened[:MAX_FINDINGS]],
        "resolved": [finding_data(each) for each in resolved[:MAX_FINDINGS]],
    }


def _by_fingerprint(report: Report | None) -> dict[str, Finding]:
    return {each.fingerprints[0]: each for each in report.findings} if report else {}


def _fleet(before: Picture, after: Picture, now: int) -> Iterator[Event]:
    old, new = before.agents or {}, after.agents or {}
    changed = [row for key, row in new.items() if _differs(old.get(key), row)]
    gone = [{"service": service, "instance": instance}
            for _, service, instance in old.keys() - new.keys()]  # fmt: skip
    if changed or gone or before.agents is None or before.incomplete != after.incomplete:
        yield (
            "fleet",
            {
                "whole": before.agents is None,
                "items": [agent_json(row, now) for row in changed],
                "gone": gone,
                "incomplete": list(after.incomplete),
            },
        )


def _differs(old: AgentRow | None, new: AgentRow) -> bool:
    """Whether there is more to tell of an agent than that it was heard again."""
    return old is None or old != replace(new, last_heard=old.last_heard)


def _edges(
    before: Mapping[Any, EdgeState] | None, after: Mapping[Any, EdgeState]
) -> Iterator[Event]:
    old = before or {}
    changed = [(edge, state) for edge, state in after.items() if old.get(edge) != state]
    gone = [edge_json(edge) for edge in old.keys() - after.keys()]
    if changed or gone or before is None:
        items = [{**edge_json(edge), **_state_json(state)} for edge, state in changed]
        yield "edge", {"whole": before is None, "items": items, "gone": gone}


def _state_json(state: EdgeState) -> dict[str, Any]:
    return {
        "breakers": dict(state.breakers),
        "rate": round(state.rate, 2),
        "failures": round(state.failures, 2),
    }
