"""A plan as text: resources, edges, bounds, findings, and a line that sums it up."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import isinf
from typing import Any, Final

from configsvc.analysis.formats import Locator, subject_text
from configsvc.analysis.formats.text import finding_text
from configsvc.analysis.interval import Range
from configsvc.cli.planning import Plan
from configsvc.cli.terminal import counted
from configsvc.cli.value_text import value_text
from configsvc.model.findings import EdgeId, Finding, Subject
from configsvc.model.names import Kind
from configsvc.model.quantities import format_duration
from configsvc.model.resources import Source
from configsvc.schema import Location, leaf_json
from configsvc.usecases.bound_changes import AmplificationChange, WayInChange
from configsvc.usecases.edge_changes import EdgeChange, FieldChange
from configsvc.usecases.graph_bounds import EdgeBounds

SHOWN: Final = 20
"""Edges, bounds and resources that are written out; JSON has all of them."""

_SIGNS = {"added": "+", "changed": "~", "deleted": "-", "removed": "-"}


def plan_text(plan: Plan, locate: Locator) -> str:
    """What a plan says to people."""
    if plan.is_empty:
        return f"nothing differs from {plan.comparison.origin.name}\n"
    blocks = [
        _block(f"against {plan.comparison.origin.name}", _resources(plan)),
        *(_edge(each, plan) for each in plan.edges.edges[:SHOWN]),
        _more(plan.edges.total - SHOWN, "more edge"),
        _block("longest time from each way in", _rest(_ways_in(plan), "more way in")),
        _block("requests for one at the way in", _rest(_amplifications(plan), "more path")),
        *(finding_text(each, locate) for each in plan.added),
        _block("newly waived", [_named(each) for each in plan.waived]),
        _block("resolved", [_named(each) for each in plan.resolved]),
        _verdict(plan),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _named(finding: Finding) -> str:
    return f"  {finding.code} on {subject_text(finding.subject)}"


def _block(head: str, lines: Sequence[str]) -> str:
    return "\n".join((head, *lines)) if lines else ""


def _rest(lines: Sequence[str], noun: str) -> list[str]:
    more = _more(len(lines) - SHOWN, noun)
    return [*lines[:SHOWN], *([f"  {more}"] if more else [])]


def _more(count: int, noun: str) -> str:
    return f"and {counted(count, noun)}" if count > 0 else ""


def _resources(plan: Plan) -> list[str]:
    lines = [f"  {_SIGNS[each.change]} {each.key}" for each in plan.resources]
    return _rest(lines, "more resource")


def _edge(change: EdgeChange, plan: Plan) -> str:
    lines = [f"{_SIGNS[change.change]} {change.edge}"]
    lines += (f"  {_field(each, plan)}" for each in change.fields if not _is_new_default(each))
    lines += (f"  {line}" for line in _new_defaults(change.fields))
    lines += (f"  {line}" for line in _edge_bounds(change.before, change.after))
    return "\n".join(lines)


def _is_new_default(field: FieldChange) -> bool:
    """Whether nobody wrote a field, neither what it is nor what it was."""
    return not (field.sources or field.sources_before)


def _new_defaults(fields: Iterable[FieldChange]) -> Iterator[str]:
    """The fields that come or go with those of their policy, without being written."""
    kinds = Counter(each.path.partition(".")[0] for each in fields if _is_new_default(each))
    for kind, count in kinds.items():
        yield f"and {counted(count, 'more field')} of {kind} by default"


def _field(field: FieldChange, plan: Plan) -> str:
    comparison = plan.comparison
    was = ", ".join(_source(each, None) for each in field.sources_before)
    now = ", ".join(
        _source(each, comparison.sources.locate(each.resource, each.pointer))
        for each in field.sources
    )
    before, after = (_value(field.path, value) for value in (field.before, field.after))
    return f"{field.path}: {_by(before, was)} -> {_by(after, now)}"


def _by(value: str | None, sources: str) -> str:
    return "unset" if value is None else f"{value} ({sources or 'default'})"


def _value(path: str, value: Any) -> str | None:  # noqa: ANN401 a leaf of any type
    kind, _, leaf = path.partition(".")
    return None if value is None else value_text(leaf_json(Kind(kind), leaf, value))


def _source(source: Source, location: Location | None) -> str:
    revision = "" if source.revision is None else f"@{source.revision}"
    return f"{source.resource}{revision}" + (f" at {location}" if location else "")


def _edge_bounds(before: EdgeBounds | None, after: EdgeBounds | None) -> Iterator[str]:
    was, now = (each.worst_case if each else None for each in (before, after))
    yield from _moved("worst case", _time_range(was), _time_range(now))
    was, now = (each.copies if each else None for each in (before, after))
    yield from _moved("requests for one", _copies(was), _copies(now))
    was, now = (each.abandoned if each else None for each in (before, after))
    if any(each and each.low for each in (was, now)):
        yield from _moved("work for nobody", _time_range(was), _time_range(now))


def _moved(name: str, before: str | None, after: str | None) -> Iterator[str]:
    if before == after:
        return
    both = (each for each in (before, after) if each is not None)
    yield f"{name}: {' to '.join(both)}"


def _ways_in(plan: Plan) -> list[str]:
    return [_way_in(each) for each in plan.bounds.ways_in]


def _way_in(change: WayInChange) -> str:
    """A way in on one line: its longest time, the path that decides it, and what goes on."""
    name = f"  {change.node}[{change.operation}]"
    before, after = change.before, change.after
    if after is None:
        was = _time_range(before.longest if before else None)
        return f"{name}: {was} (gone)"
    was = _time_range(before.longest) if before else None
    line = f"{name}: {_turned(was, _time_range(after.longest))}"
    if after.path:
        line += f" over {_path(after.path)}"
    if not any(way and way.abandoned.low for way in (before, after)):
        return line  # nothing goes on for sure; JSON has what could
    left = _time_range(before.abandoned) if before else None
    where = f" below {after.given_up}" if after.given_up else ""
    return f"{line}; work for nobody: {_turned(left, _time_range(after.abandoned))}{where}"


def _turned(before: str | None, after: str | None) -> str:
    """A value, after the one that it takes the place of."""
    return " to ".join(dict.fromkeys(each for each in (before, after) if each is not None))


def _amplifications(plan: Plan) -> list[str]:
    return [_amplification(each) for each in plan.bounds.amplifications]


def _amplification(change: AmplificationChange) -> str:
    before, after = _factor(change.before), _factor(change.after)
    return f"  {_path(change.path)}: {before} to {after}"


def _path(path: tuple[EdgeId, ...]) -> str:
    return subject_text(Subject(path=path))


def _copies(copies: Range | None) -> str | None:
    if copies is None:
        return None
    if copies.known:
        return _factor(copies.high)
    return f"{_factor(copies.low)}..{_factor(copies.high)}"


def _factor(number: float) -> str:
    return "unlimited" if isinf(number) else f"{round(number, 2):g}x"


def _time_range(time: Range | None) -> str | None:
    if time is None:
        return None
    if time.known:
        return _time(time.high)
    if isinf(time.high):
        return f"at least {_time(time.low)}"
    return f"{_time(time.low)}..{_time(time.high)}"


def _time(micros: float) -> str:
    return "unlimited" if isinf(micros) else format_duration(round(micros))


def _verdict(plan: Plan) -> str:
    errors = plan.comparison.sources.errors
    if errors:
        verdict = f"would be refused for {counted(len(errors), 'error')} in documents"
    elif plan.blocking:
        verdict = f"would be refused for {counted(len(plan.blocking), 'finding')}"
    else:
        verdict = "would be published"
    return (
        f"{verdict}: {counted(plan.edges.total, 'edge')} changed, "
        f"{counted(len(plan.added), 'finding')} added, {len(plan.resolved)} resolved"
    )
